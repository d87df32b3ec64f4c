package window

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Planned is something that is planned to happen.
type Planned struct {
	// At is the time. Zero: after the previous entry.
	At time.Time `json:"at,omitzero"`

	// Does says what happens, for people.
	Does string `json:"does"`
}

// Plan returns the night as a timeline: what begins at a fixed time and, in
// between, what follows one after the other.
func (w Window) Plan() []Planned {
	var all []Planned
	if w.Announces && w.Announce > 0 {
		all = append(all, Planned{w.Start.Add(-w.Announce), "clients are told of it"})
	}
	all = append(all, Planned{w.Start, fmt.Sprintf("it begins, by %s at the latest or not at all", w.Start.Add(Late).Format("15:04"))})
	for _, s := range w.Steps() {
		does := s.Does
		if s.Change.Rehearsed > 0 {
			does += ", which took " + s.Change.Rehearsed.String() + " when it was rehearsed"
		}
		all = append(all, Planned{Does: s.Name + ": " + does})
	}
	return append(all,
		Planned{w.End.Add(-Near), fmt.Sprintf("if it is not open: a mail, and clients are told %s", w.End.Add(Extension).Format("15:04"))},
		Planned{w.End, "the planned end, which opens nothing"})
}

// Text returns the plan in lines.
func (w Window) Text() []string {
	lines := []string{fmt.Sprintf("%s to %s (%s), %s", w.Start.Format("Monday, 2 January 2006, 15:04"), w.End.Format("15:04"), w.Start.Format("-07:00"), w.Mode)}
	for _, p := range w.Plan() {
		at := strings.Repeat(" ", len("02 Jan 15:04"))
		if !p.At.IsZero() {
			at = p.At.In(w.Start.Location()).Format("02 Jan 15:04")
		}
		lines = append(lines, at+"  "+p.Does)
	}
	if len(w.Verify) > 0 {
		var all []string
		for _, r := range w.Verify {
			all = append(all, fmt.Sprintf("%s %s -> %d", r.Method, r.Path, r.Status))
		}
		lines = append(lines, "verify: "+strings.Join(all, ", "))
	}
	return slices.Clip(lines)
}
