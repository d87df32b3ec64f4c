package diff

import (
	"slices"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Cycle returns resources that wait for each other, each for the next one and the
// last for the first. It returns nil if there are none. CloudFormation refuses
// such a template, CDK only warns about it.
func (t Template) Cycle() []string {
	done := map[string]bool{}
	var path []string
	var visit func(id string) []string
	visit = func(id string) []string {
		if at := slices.Index(path, id); at >= 0 {
			return slices.Clone(path[at:])
		}
		if done[id] {
			return nil
		}
		path = append(path, id)
		for _, next := range t.waitsFor(id) {
			if cycle := visit(next); cycle != nil {
				return cycle
			}
		}
		path = path[:len(path)-1]
		done[id] = true
		return nil
	}
	for _, id := range sortedIDs(t.resources) {
		if cycle := visit(id); cycle != nil {
			return cycle
		}
	}
	return nil
}

// waitsFor returns the resources that a resource refers to or depends on.
func (t Template) waitsFor(id string) []string {
	r := t.resources[id]
	names := cfn.References(r.Properties)
	switch on := r.DependsOn.(type) {
	case string:
		names = append(names, on)
	case []any:
		for _, name := range on {
			if name, ok := name.(string); ok {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { _, ok := t.resources[name]; return !ok })
}
