package diff

import (
	"slices"
	"strings"
)

// Right is a part of who may do what, who may reach what, or what protects data,
// that differs between two templates.
type Right struct {
	LogicalID string `json:"logicalId"` // of the resource that states it
	Type      string `json:"type"`
	Change    Shift  `json:"change"`
	Before    string `json:"before,omitempty"` // in full; "" if it is new
	After     string `json:"after,omitempty"`  // in full; "" if it is removed

	deny  bool // a statement that denies
	broad bool // for everyone, or for everything
}

// Shift is how a right changes.
type Shift string

const (
	Granted  Shift = "added"
	Revoked  Shift = "removed"
	Widened  Shift = "widened"  // it matches everything that it matched, and more
	Narrowed Shift = "narrowed" // it matches nothing that it did not match
	Altered  Shift = "changed"
)

// compareRights compares what two templates state about rights, reach and
// protection.
func compareRights(old, next map[string]resource) []Right {
	before, after := factsOf(old), factsOf(next)
	keep := func(facts []fact, others []fact) []fact {
		count := map[string]int{}
		for _, f := range others {
			count[f.key()]++
		}
		return slices.DeleteFunc(slices.Clone(facts), func(f fact) bool { count[f.key()]--; return count[f.key()] >= 0 })
	}
	gone, come := keep(before, after), keep(after, before)
	rights := []Right{}
	for _, f := range come {
		i := slices.IndexFunc(gone, func(g fact) bool { return g.replacedBy(f) })
		if i < 0 {
			rights = append(rights, Right{f.id, f.resourceType, Granted, "", f.text, f.denies(), f.broad()})
			continue
		}
		rights = append(rights, Right{f.id, f.resourceType, gone[i].shiftTo(f), gone[i].text, f.text, f.denies(), f.broad()})
		gone = slices.Delete(gone, i, i+1)
	}
	for _, g := range gone {
		rights = append(rights, Right{g.id, g.resourceType, Revoked, g.text, "", g.denies(), g.denies() && g.broad()})
	}
	slices.SortStableFunc(rights, func(a, b Right) int { return a.rank() - b.rank() })
	return rights
}

// denies reports whether a fact is a statement that denies.
func (f fact) denies() bool { return f.statement != nil && f.statement.effect == "Deny" }

// broad reports whether a fact is for everyone, or for everything.
func (f fact) broad() bool {
	switch {
	case f.statement != nil:
		s := f.statement
		return s.notActions != nil || s.notPrincipals != nil || slices.Contains(s.actions, "*") || slices.Contains(s.principals, "*") || slices.Contains(s.principals, "AWS *")
	case f.rule != nil:
		return strings.Contains(f.rule.peer, "0.0.0.0/0") || strings.Contains(f.rule.peer, "::/0")
	}
	return strings.Contains(f.text, "AdministratorAccess")
}

// rank orders rights: first those that widen, then those that cannot be judged,
// then the rest; within these, those for everyone or everything come first.
func (r Right) rank() int {
	if r.broad {
		return 2 * r.order()
	}
	return 2*r.order() + 1
}

func (r Right) order() int {
	switch {
	case r.deny && r.Change == Revoked:
		return 0
	case r.deny && r.Change == Granted:
		return 4
	}
	return slices.Index([]Shift{Widened, Granted, Altered, Revoked, Narrowed}, r.Change)
}

// key returns a text that is equal for facts that state the same about the same
// subject.
func (f fact) key() string { return f.subject + "\x00" + f.text }

// replacedBy reports whether another fact replaces this one.
func (f fact) replacedBy(other fact) bool {
	if f.subject != other.subject {
		return false
	}
	switch {
	case f.statement != nil && other.statement != nil:
		a, b := f.statement, other.statement
		if a.effect != b.effect {
			return false
		}
		return a.sid != "" && a.sid == b.sid || shares(a.actions, b.actions) || shares(a.resources, b.resources) && !slices.Equal(a.resources, []string{"*"}) || a.covers(*b) || b.covers(*a)
	case f.rule != nil && other.rule != nil:
		return f.rule.peer == other.rule.peer || f.rule.ports == other.rule.ports
	}
	return f.statement == nil && other.statement == nil && f.rule == nil && other.rule == nil
}

func shares(a, b []string) bool {
	return slices.ContainsFunc(a, func(value string) bool { return slices.Contains(b, value) })
}

// shiftTo returns how a fact changes when another one replaces it.
func (f fact) shiftTo(other fact) Shift {
	var wider, narrower bool
	switch {
	case f.statement != nil && other.statement != nil:
		wider, narrower = other.statement.covers(*f.statement), f.statement.covers(*other.statement)
		if f.statement.effect == "Deny" {
			wider, narrower = narrower, wider
		}
	case f.rule != nil && other.rule != nil:
		wider, narrower = other.rule.covers(*f.rule), f.rule.covers(*other.rule)
	}
	switch {
	case wider && !narrower:
		return Widened
	case narrower && !wider:
		return Narrowed
	}
	return Altered
}
