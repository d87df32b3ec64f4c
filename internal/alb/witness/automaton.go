package witness

import (
	"encoding/binary"
	"regexp/syntax"
	"slices"
)

// automaton decides, character by character, whether a regex matches a text. It
// searches, like [regexp.Regexp.MatchString]. It creates its states when they are
// first reached.
type automaton struct {
	prog    *syntax.Prog
	letters []rune // representatives of all letters
	states  []dfaState
	byKey   map[string]int
	cut     bool // there are more states than it creates
}

// dfaState is a set of places in the program at which a match may continue.
type dfaState struct {
	places  []uint32
	before  rune // the previous character, as far as it matters; -1 at the start
	matched bool // whatever follows
	next    []int
}

// mostStates limits the number of states of an automaton.
const mostStates = 4000

// newAutomaton returns an automaton, or nil if the regex does not compile. Such a
// regex matches nothing.
func newAutomaton(regex string) *automaton {
	tree, err := syntax.Parse(regex, syntax.Perl)
	if err != nil {
		return nil
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil || len(prog.Inst) > mostStates {
		return nil
	}
	return &automaton{prog: prog, byKey: map[string]int{}}
}

// start creates the first state, over the given letters.
func (a *automaton) start(letters []rune) int {
	a.letters = letters
	return a.state(nil, -1, false)
}

// state returns the number of a state. A state that the regex cannot leave is the
// same whatever came before.
func (a *automaton) state(places []uint32, before rune, matched bool) int {
	if matched {
		places, before = nil, -2
	}
	key := make([]byte, 0, 8+4*len(places))
	key = binary.AppendVarint(key, int64(kindOf(before)))
	for _, place := range places {
		key = binary.AppendUvarint(key, uint64(place))
	}
	number, ok := a.byKey[string(key)]
	if !ok {
		number = len(a.states)
		a.byKey[string(key)] = number
		a.states = append(a.states, dfaState{places: places, before: before, matched: matched, next: make([]int, len(a.letters))})
		for i := range a.states[number].next {
			a.states[number].next[i] = -1
		}
	}
	return number
}

// kindOf returns what a regex can tell about the previous character: whether
// there is one, whether it ends a line, whether it belongs to a word.
func kindOf(r rune) int {
	switch {
	case r < 0:
		return int(r)
	case r == '\n':
		return 1
	case syntax.IsWordChar(r):
		return 2
	}
	return 3
}

// step returns the state after a letter.
func (a *automaton) step(number, letter int) int {
	if next := a.states[number].next[letter]; next >= 0 {
		return next
	}
	s := a.states[number]
	next := number
	if !s.matched {
		r := a.letters[letter]
		open, matched := a.follow(s, r)
		var places []uint32
		for _, place := range open {
			if inst := &a.prog.Inst[place]; inst.MatchRune(r) && !slices.Contains(places, inst.Out) {
				places = append(places, inst.Out)
			}
		}
		slices.Sort(places)
		if next = a.state(places, r, matched); len(a.states) > mostStates {
			a.cut = true
			next = a.state(nil, -2, true)
		}
	}
	a.states[number].next[letter] = next
	return next
}

// matches reports whether the text that led to a state matches as it is.
func (a *automaton) matches(number int) bool {
	s := a.states[number]
	if s.matched {
		return true
	}
	_, matched := a.follow(s, -1)
	return matched
}

// follow continues from a state without consuming a character, up to the places
// that need one; after is the next character, -1 at the end.
func (a *automaton) follow(s dfaState, after rune) (open []uint32, matched bool) {
	seen := make([]bool, len(a.prog.Inst))
	holds := syntax.EmptyOpContext(max(s.before, -1), after)
	var walk func(uint32)
	walk = func(place uint32) {
		if seen[place] {
			return
		}
		seen[place] = true
		switch inst := &a.prog.Inst[place]; inst.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			walk(inst.Out)
			walk(inst.Arg)
		case syntax.InstCapture, syntax.InstNop:
			walk(inst.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(inst.Arg)&^holds == 0 {
				walk(inst.Out)
			}
		case syntax.InstMatch:
			matched = true
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			open = append(open, place)
		}
	}
	for _, place := range s.places {
		walk(place)
	}
	walk(uint32(a.prog.Start)) // a search may start anywhere
	return open, matched
}
