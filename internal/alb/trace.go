package alb

import (
	"maps"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Stack is one of several templates that are deployed together.
type Stack struct {
	Name string // unique among them
	*Template

	// Parent is the name of the stack that it is nested in, and LogicalID its id
	// there. Default: it is not nested.
	Parent, LogicalID string

	// If is the parent's condition under which it exists, where that cannot be
	// decided.
	If string
}

// stacks are templates that are read as one.
type stacks []Stack

// child returns the nested stack with a logical id in a stack, if it was read.
func (s stacks) child(parent, id string) (Stack, bool) {
	i := slices.IndexFunc(s, func(child Stack) bool {
		return child.LogicalID == id && child.Parent == parent && child.LogicalID != ""
	})
	if i < 0 {
		return Stack{}, false
	}
	return s[i], true
}

func (s stacks) named(name string) (Stack, bool) {
	i := slices.IndexFunc(s, func(stack Stack) bool { return stack.Name == name })
	if i < 0 {
		return Stack{}, false
	}
	return s[i], true
}

// carrier carries a name in a stack: a logical id, a parameter, or an output of a
// nested stack.
type carrier struct{ stack, id, attribute string }

// trace calls visit for each place that the name of a resource reaches, through
// the parameters and outputs of the nested stacks that were read.
func (s stacks) trace(stack, id string, visit func(in Stack, use cfn.Use)) {
	seen := map[carrier]bool{}
	var follow func(c carrier)
	follow = func(c carrier) {
		in, ok := s.named(c.stack)
		if seen[c] || !ok || in.document == nil {
			return
		}
		seen[c] = true
		uses := in.document.Uses(c.id)
		if c.attribute != "" {
			uses = in.document.UsesOf(c.id, c.attribute)
		}
		for _, use := range uses {
			child, nested := s.child(c.stack, use.Resource.LogicalID)
			switch {
			case nested:
				parameters, _ := use.Resource.Properties["Parameters"].(map[string]any)
				for _, name := range slices.Sorted(maps.Keys(parameters)) {
					if slices.Contains(cfn.References(parameters[name]), c.id) {
						follow(carrier{child.Name, name, ""})
					}
				}
				continue
			case use.Output != "" && in.Parent != "":
				follow(carrier{in.Parent, in.LogicalID, "Outputs." + use.Output})
				if in.output(use.Output).Export == "" {
					continue // only the parent gets it
				}
			}
			visit(in, use)
		}
	}
	follow(carrier{stack, id, ""})
}

// output returns an output of the stack's template.
func (s Stack) output(name string) cfn.Output {
	for _, output := range s.document.Outputs() {
		if output.Name == name {
			return output
		}
	}
	return cfn.Output{}
}

// resolve returns the resource that a text in a stack refers to, if it is in one
// of the stacks: by name, by import, or by a parameter or an output of a nested
// stack.
func (s stacks) resolve(stack, text string) (in Stack, id string, ok bool) {
	for range maxSteps {
		if from, value, ok := s.exported(text); ok {
			stack, text = from.Name, value
		}
		scope, name, ok := cfn.Scope(cfn.Scoped(text, stack))
		if !ok {
			return Stack{}, "", false
		}
		if in, ok = s.named(scope); !ok {
			return Stack{}, "", false
		}
		id, attribute, _ := strings.Cut(name, ".")
		child, nested := s.child(scope, id)
		output, isOutput := strings.CutPrefix(attribute, "Outputs.")
		if !nested || !isOutput || child.document == nil {
			return in, id, slices.Contains(in.Resources, id)
		}
		stack, text = child.Name, child.output(output).Value
	}
	return Stack{}, "", false
}

// maxSteps limits how many outputs of nested stacks a name is followed through.
const maxSteps = 20

// exported returns the exported value that a text imports, and the stack that
// exports it.
func (s stacks) exported(text string) (in Stack, value string, ok bool) {
	for _, stack := range s {
		if stack.document == nil {
			continue
		}
		for _, output := range stack.document.Outputs() {
			if output.Export != "" && cfn.Import(output.Export) == text {
				return stack, output.Value, true
			}
		}
	}
	return Stack{}, "", false
}
