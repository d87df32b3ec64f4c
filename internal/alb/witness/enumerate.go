package witness

import (
	"encoding/binary"

	"github.com/noren-cdk/noren/internal/alb"
)

// mostCells limits the work of one enumeration: states times regexes.
const mostCells = 1 << 23

// enumerate returns a short text for each combination of matching regexes that
// the languages allow, from the first language that has such a text. cut is true
// if there may be more.
//
// The regexes run side by side, breadth first from the empty text.
func enumerate(regexes []string, languages []alb.Language) (texts []string, cut bool) {
	seen := map[string]bool{}
	for _, l := range languages {
		e := newEnumeration(regexes, l)
		e.run(seen)
		texts = append(texts, e.texts...)
		cut = cut || e.cut
	}
	return texts, cut
}

type enumeration struct {
	automata []*automaton // the last is the language
	letters  []rune
	nodes    []node
	known    map[string]bool // combinations of states that have a node
	texts    []string
	cut      bool
}

// node is a combination of states and the way to reach it.
type node struct {
	states []int32
	parent int
	letter rune
}

func newEnumeration(regexes []string, l alb.Language) *enumeration {
	e := &enumeration{known: map[string]bool{}}
	done := map[string]bool{}
	for _, regex := range regexes {
		if done[regex] {
			continue
		}
		done[regex] = true
		if a := newAutomaton(regex); a != nil {
			e.automata = append(e.automata, a)
		}
	}
	e.automata = append(e.automata, newAutomaton(l.Regex))
	e.letters = e.distinct(l.Letters)
	return e
}

// distinct returns the first of each set of letters that no automaton
// distinguishes.
func (e *enumeration) distinct(letters string) []rune {
	seen := map[string]bool{}
	var distinct []rune
	for _, r := range letters {
		signature := []byte{byte(kindOf(r))}
		for _, a := range e.automata {
			for i := range a.prog.Inst {
				if len(a.prog.Inst[i].Rune) > 0 {
					bit := byte(0)
					if a.prog.Inst[i].MatchRune(r) {
						bit = 1
					}
					signature = append(signature, bit)
				}
			}
		}
		if !seen[string(signature)] {
			seen[string(signature)] = true
			distinct = append(distinct, r)
		}
	}
	return distinct
}

// run visits every combination of states and keeps a text for each combination of
// matching regexes that is not in seen.
func (e *enumeration) run(seen map[string]bool) {
	first := make([]int32, len(e.automata))
	for i, a := range e.automata {
		first[i] = int32(a.start(e.letters))
	}
	e.visit(node{states: first, parent: -1})
	most := mostCells / len(e.automata) / len(e.letters)
	for i := 0; i < len(e.nodes); i++ {
		if e.isText(i) {
			if outcome := e.outcome(i); !seen[outcome] {
				seen[outcome] = true
				e.texts = append(e.texts, e.text(i))
			}
		}
		if i == most {
			e.cut = true
			break
		}
		for letter, r := range e.letters {
			states := make([]int32, len(e.automata))
			for j, a := range e.automata {
				states[j] = int32(a.step(int(e.nodes[i].states[j]), letter))
			}
			e.visit(node{states, i, r})
		}
	}
	for _, a := range e.automata {
		e.cut = e.cut || a.cut
	}
}

// visit adds a node for a combination of states that has none, unless no text of
// the language can come from it.
func (e *enumeration) visit(n node) {
	key := make([]byte, 0, 2*len(n.states))
	for _, state := range n.states {
		key = binary.AppendUvarint(key, uint64(state))
	}
	if e.known[string(key)] || len(n.states) > 0 && n.parent >= 0 && e.isDead(n) {
		return
	}
	e.known[string(key)] = true
	e.nodes = append(e.nodes, n)
}

// isDead reports whether the language, which is anchored, can no longer match.
func (e *enumeration) isDead(n node) bool {
	last := len(n.states) - 1
	s := e.automata[last].states[n.states[last]]
	return !s.matched && len(s.places) == 0
}

// isText reports whether the text of a node is in the language.
func (e *enumeration) isText(i int) bool {
	last := len(e.automata) - 1
	return e.automata[last].matches(int(e.nodes[i].states[last]))
}

// outcome returns which of the regexes match the text of a node.
func (e *enumeration) outcome(i int) string {
	bits := make([]byte, len(e.automata)-1)
	for j := range bits {
		if e.automata[j].matches(int(e.nodes[i].states[j])) {
			bits[j] = 1
		}
	}
	return string(bits)
}

func (e *enumeration) text(i int) string {
	var letters []rune
	for ; e.nodes[i].parent >= 0; i = e.nodes[i].parent {
		letters = append(letters, e.nodes[i].letter)
	}
	for a, b := 0, len(letters)-1; a < b; a, b = a+1, b-1 {
		letters[a], letters[b] = letters[b], letters[a]
	}
	return string(letters)
}
