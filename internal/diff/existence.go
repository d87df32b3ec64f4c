package diff

import (
	"fmt"
	"maps"
)

// existence is whether a template creates one of its resources, which its
// condition decides.
type existence uint8

const (
	exists   existence = iota // it has no condition, or one that holds
	mayExist                  // only a deploy decides
	missing
)

// readExistence determines which resources the template creates.
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

// existing returns two templates without the resources that only the other one
// creates: a resource whose condition no longer holds is deleted, and one whose
// condition now holds is created. A resource that neither creates stays in both,
// since other parameter values may create it.
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

// mayEnd reports whether a resource may be deleted because of its condition: only
// the deploy decides whether the new one holds.
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

// unsureWhen returns the condition of a resource if only a deploy decides it.
func (r resource) unsureWhen() any {
	if r.existence == mayExist {
		return r.Condition
	}
	return nil
}
