package templatediff

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/alb/witness"
)

// Mode is the mode that a template is in, as it is typed after -c maintenance=.
type Mode string

const (
	Open     Mode = "false"
	ReadOnly Mode = "read-only"
	Closed   Mode = "true"
)

// Mode finds the mode by where requests go that no rule allows: closed if reads
// go to the function that answers during maintenance, read-only if only writes
// do, open if nothing does. The function is the target of a Lambda target
// group, so that any app that uses the construct can be asked.
func (t Template) Mode() (Mode, error) {
	responders := t.responders()
	if len(responders) == 0 {
		return "", errors.New("no function that answers during maintenance: no Lambda target group's function has a MAINTENANCE_ variable or is called Responder in its construct path")
	}
	var modes []Mode
	for _, group := range responders {
		modes = append(modes, t.modeBy(group))
	}
	for i, mode := range modes {
		if mode != modes[0] {
			return "", fmt.Errorf("the template is in two modes: %s by %s, %s by %s", modes[0], responders[0].LogicalID, mode, responders[i].LogicalID)
		}
	}
	return modes[0], nil
}

// modeBy is the mode by where a responder stands.
func (t Template) modeBy(responder *alb.TargetGroup) Mode {
	mode := Open
	for _, l := range t.Listeners {
		classes, _ := witness.Classes(l, l)
		for _, c := range classes { // the rules that decide any request
			switch {
			case !forwardsTo(c.New, responder):
			case !onlyWrites(c.New):
				return Closed
			default:
				mode = ReadOnly
			}
		}
	}
	return mode
}

// forwardsTo reports whether a rule sends all it decides to a target group.
func forwardsTo(r *alb.Rule, group *alb.TargetGroup) bool {
	forward, ok := r.Final().(alb.Forward)
	return ok && len(forward.Groups) == 1 && forward.Groups[0].Group.LogicalID == group.LogicalID
}

// onlyWrites reports whether a rule looks at methods and takes no reads.
func onlyWrites(r *alb.Rule) bool {
	for _, c := range r.Conditions {
		if methods, ok := c.(alb.Methods); ok {
			return !slices.ContainsFunc(methods, func(m string) bool { return m == "GET" || m == "HEAD" || m == "OPTIONS" })
		}
	}
	return false
}

// responders are the target groups of the functions that answer during
// maintenance.
func (t Template) responders() []*alb.TargetGroup {
	var found []*alb.TargetGroup
	for _, group := range t.TargetGroups {
		if !group.Lambda() {
			continue
		}
		for _, id := range references(t.resources[group.LogicalID].Properties["Targets"]) {
			if t.isResponder(id, 3) {
				found = append(found, group)
				break
			}
		}
	}
	return found
}

// isResponder reports whether a resource is the function, or an alias or a
// version of it.
func (t Template) isResponder(id string, depth int) bool {
	r := t.resources[id]
	switch r.Type {
	case "AWS::Lambda::Function":
		environment, _ := r.Properties["Environment"].(map[string]any)
		variables, _ := environment["Variables"].(map[string]any)
		for name := range variables {
			if strings.HasPrefix(name, "MAINTENANCE_") {
				return true
			}
		}
		return strings.HasSuffix(r.path(), "/Responder/Function/Resource")
	case "AWS::Lambda::Alias", "AWS::Lambda::Version":
		return depth > 0 && slices.ContainsFunc(references(r.Properties["FunctionName"]), func(inner string) bool {
			return t.isResponder(inner, depth-1)
		})
	}
	return false
}

// responderFunctions are the logical ids of the functions that answer during
// maintenance.
func (t Template) responderFunctions() []string {
	var ids []string
	for _, id := range sortedIDs(t.resources) {
		if t.resources[id].Type == "AWS::Lambda::Function" && t.isResponder(id, 0) {
			ids = append(ids, id)
		}
	}
	return ids
}
