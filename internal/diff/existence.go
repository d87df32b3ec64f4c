package diff

import (
	"fmt"
	"maps"
)

// existence is whether a template makes a resource that it has: its condition
// decides.
type existence uint8

const (
	exists   existence = iota // it has no condition, or one that holds
	mayExist                  // only a deploy tells
	missing
)

// readExistence reads which resources the template makes.
func (t *Template) readExistence() {
	for id, r := range t.resources {
		switch made, sure := t.source.Exists(id); {
		case !sure:
			r.existence = mayExist
		case !made:
			r.existence = missing
		}
		t.resources[id] = r
	}
}

// existing are two templates without the resources that only the other one makes:
// one whose condition no longer holds is deleted, and one whose condition holds
// from now on is made. A resource that neither makes stays in both, since other
// values of the parameters may make it.
func existing(old, next Template) (was, is Template) {
	was, is = old, next
	was.resources, is.resources = maps.Clone(old.resources), maps.Clone(next.resources)
	for id, before := range old.resources {
		after, ok := next.resources[id]
		switch {
		case !ok:
		case after.existence == missing && before.existence != missing:
			before.ends = fmt.Sprintf("its condition %s does not hold any more", show(after.Condition))
			was.resources[id] = before
			delete(is.resources, id)
		case before.existence == missing && after.existence != missing:
			delete(was.resources, id)
		}
	}
	return was, is
}

// mayEnd reports whether a resource may be deleted by its condition: it depends
// on the deploy whether the new one holds.
func mayEnd(before, after resource, changes []Property) bool {
	if before.existence == missing || after.existence != mayExist {
		return false
	}
	for _, change := range changes {
		if change.Name == "(Condition)" {
			return true
		}
	}
	return false
}

// unsureWhen returns the condition of a resource where only a deploy decides it.
func (r resource) unsureWhen() any {
	if r.existence == mayExist {
		return r.Condition
	}
	return nil
}
