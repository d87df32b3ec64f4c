package window_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/window"
)

// A world is every situation in the middle of a night: the execution, the
// product, and what permits opening it. Step Functions behaves as documented: a
// name can be used once, a failed execution continues from the state that failed,
// and a token is valid while its state waits.
type world struct {
	at       string // empty before the execution is started
	status   string // of the execution: none, running, failed, succeeded
	product  string
	checked  bool   // whether the changes would run, by this execution
	verified bool   // by this execution, since the product was closed
	yes      bool   // from a person, with the token of this execution
	ran      string // the last step that began
	named    string // the step that is reported as unfinished
}

// A move is one thing that can happen next.
type move struct {
	name string
	to   world
}

// walker explores a definition.
type walker struct {
	t       *testing.T
	states  map[string]state
	first   string
	ask     bool
	changes bool
	opened  int
	touched map[string]bool // "STATE: MOVE"
}

// done returns the world after a state has done its work. allowed judges whether
// it may.
func (w *walker) done(from world) world {
	switch from.at {
	case window.CheckChanges:
		from.checked = true
	case window.Close:
		from.product, from.verified, from.yes = "closed", false, false
	case window.Verify:
		from.verified = true
	case window.Open:
		from.product = "open"
	}
	return from
}

// enter goes to a state.
func (w *walker) enter(from world, next string, end bool) world {
	if end {
		from.at, from.status = "", "succeeded"
		return from
	}
	if _, ok := w.states[next]; !ok {
		w.t.Fatalf("%s leads to %q, which does not exist", from.at, next)
	}
	from.at, from.ran = next, next
	return from
}

// fails ends a state without success: through a Catch if there is one.
func (w *walker) fails(from world, how string) []move {
	s := w.states[from.at]
	var moves []move
	for _, c := range s.Catch {
		moves = append(moves, move{how + ", caught", w.enter(from, c.Next, false)})
	}
	if len(s.Catch) == 0 {
		from.named, from.status = from.at, "failed"
		moves = append(moves, move{how, from})
	}
	return moves
}

func (w *walker) moves(from world) []move {
	var moves []move
	add := func(name string, to world) { moves = append(moves, move{name, to}) }
	switch from.status {
	case "none":
		started := w.enter(from, w.first, false)
		started.status = "running"
		add("start", started)
	case "running":
		s := w.states[from.at]
		if s.Type != "Task" {
			w.t.Fatalf("%s is a %s, which the walk does not know", from.at, s.Type)
		}
		after := w.done(from)
		success := "success"
		if from.at == window.Ask {
			after.yes, success = true, "a person says yes"
		}
		add(success, w.enter(after, s.Next, s.End))
		// A step that fails, times out or is ended may or may not have done its
		// work, except for a question, whose answer did not come.
		for _, how := range []string{"failure", "time-out", "abort"} {
			moves = append(moves, w.fails(from, how)...)
			if from.at != window.Ask && from.at != window.Verify {
				moves = append(moves, w.fails(after, how+" after its work")...)
			}
		}
	case "failed":
		again := from
		again.status, again.ran = "running", from.at
		add("redrive", again)
		add("late token", from) // no state waits for it
	}
	if from.status != "none" {
		add("start of the same name", from) // the name is taken, for 90 days
		// Under another name, preflight does not let it begin, so nothing
		// happens.
		add("start of another name", from)
	}
	return moves
}

// allowed judges a move by the world before it.
func (w *walker) allowed(before world, m move) error {
	if before.product == "closed" && m.to.product == "open" {
		w.opened++
		switch {
		case w.ask && !before.yes:
			return fmt.Errorf("opened without a person's yes")
		case !w.ask && !before.verified:
			return fmt.Errorf("opened without verification")
		}
	}
	if before.product == "open" && m.to.product == "closed" && w.changes && !before.checked {
		return fmt.Errorf("closed before the changes were checked")
	}
	if m.to.status == "failed" && m.to.named != m.to.ran {
		return fmt.Errorf("%s ran, and %q is told", m.to.ran, m.to.named)
	}
	if m.to.status == "succeeded" && m.to.product == "closed" {
		return fmt.Errorf("a success with the product closed")
	}
	return nil
}

// walk follows every path, and returns the first error.
func (w *walker) walk() error {
	type step struct {
		to   world
		path []string
	}
	seen := map[world]bool{}
	queue := []step{{world{status: "none", product: "open"}, nil}}
	for len(queue) > 0 {
		from := queue[0]
		queue = queue[1:]
		for _, m := range w.moves(from.to) {
			path := append(from.path[:len(from.path):len(from.path)], from.to.at+": "+m.name)
			w.touched[from.to.at+": "+m.name] = true
			if err := w.allowed(from.to, m); err != nil {
				return fmt.Errorf("%w:\n  %s", err, strings.Join(path, "\n  "))
			}
			if !seen[m.to] {
				seen[m.to] = true
				queue = append(queue, step{m.to, path})
			}
		}
	}
	return nil
}

func newWalker(t *testing.T, w window.Window) *walker {
	d := parse(t, w)
	return &walker{t: t, states: d.States, first: d.StartAt, ask: w.Ask, changes: len(w.Changes) > 0, touched: map[string]bool{}}
}

// windows returns all shapes of a window.
func windows() map[string]window.Window {
	all := map[string]window.Window{}
	for i := range 16 {
		w := night()
		w.Ask = i&1 == 0
		w.Announces, w.Mutes = i&2 == 0, i&2 == 0
		if i&4 != 0 {
			w.Changes = nil
		}
		if i&8 != 0 && w.Ask { // otherwise the environment file needs something to verify
			w.Verify = nil
		}
		all[fmt.Sprint(names(w))] = w
	}
	return all
}

func TestNoPathOpensWithoutVerificationOrAYes(t *testing.T) {
	for name, w := range windows() {
		t.Run(name, func(t *testing.T) {
			walker := newWalker(t, w)
			if err := walker.walk(); err != nil {
				t.Error(err)
			}
			if walker.opened == 0 {
				t.Error("no path opens")
			}
			for _, step := range names(w) {
				for _, how := range []string{"failure", "time-out", "abort", "redrive", "late token", "start of the same name", "start of another name"} {
					if !walker.touched[step+": "+how] {
						t.Errorf("%s: %s was not walked", step, how)
					}
				}
			}
		})
	}
}

// TestTheWalkFindsWhatLeadsPast breaks the definition in the ways that must never
// happen.
func TestTheWalkFindsWhatLeadsPast(t *testing.T) {
	edit := func(w *walker, name string, change func(*state)) {
		s := w.states[name]
		change(&s)
		w.states[name] = s
	}
	tests := map[string]struct {
		ask    bool
		breaks func(*walker)
		want   string
	}{
		"a catch that opens": {true, func(w *walker) {
			edit(w, window.Drained, func(s *state) { s.Catch = []struct{ Next string }{{window.Open}} })
		}, "without a person's yes"},
		"a time-out of the question that opens": {true, func(w *walker) {
			edit(w, window.Ask, func(s *state) { s.Catch = []struct{ Next string }{{window.Open}} })
		}, "without a person's yes"},
		"a question that is left out": {true, func(w *walker) {
			edit(w, window.Verify, func(s *state) { s.Next = window.Open })
		}, "without a person's yes"},
		"a change that skips verification": {false, func(w *walker) {
			edit(w, window.Drained, func(s *state) { s.Next = window.Open })
		}, "without verification"},
		"a check that is left out": {true, func(w *walker) {
			edit(w, window.Preflight, func(s *state) { s.Next = window.Close })
		}, "closed before the changes were checked"},
		"a check whose failure is caught": {true, func(w *walker) {
			edit(w, window.CheckChanges, func(s *state) { s.Catch = []struct{ Next string }{{window.Close}} })
		}, "closed before the changes were checked"},
		"a failure that is caught and told as the end": {true, func(w *walker) {
			edit(w, window.Close, func(s *state) { s.Catch = []struct{ Next string }{{window.Report}} })
		}, "a success with the product closed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			night := night()
			night.Ask = test.ask
			w := newWalker(t, night)
			test.breaks(w)
			if err := w.walk(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
