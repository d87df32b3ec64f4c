package diff

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/alb/witness"
	"github.com/noren-cdk/noren/maintenance"
)

// Mode finds the mode by where requests go that no rule allows: closed if reads
// go to the function that answers during maintenance, read-only if only writes
// do, open if nothing does. The function is the target of a Lambda target
// group, so that any app that uses the construct can be asked.
func (t Template) Mode() (maintenance.Mode, error) {
	responders := t.responders()
	if len(responders) == 0 {
		return "", errors.New("no function that answers during maintenance: the function of no Lambda target group is the Responder of a construct, or has MAINTENANCE_ variables")
	}
	var modes []maintenance.Mode
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
func (t Template) modeBy(responder *alb.TargetGroup) maintenance.Mode {
	mode := maintenance.Open
	for _, l := range t.Listeners {
		classes, _ := witness.Classes(l, l)
		for _, c := range classes { // the rules that decide any request
			switch {
			case !forwardsTo(c.New, responder):
			case !onlyWrites(c.New):
				return maintenance.Closed
			default:
				mode = maintenance.ReadOnly
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
	methods := r.Methods()
	return methods != nil && !slices.ContainsFunc(methods, func(m string) bool { return m == "GET" || m == "HEAD" || m == "OPTIONS" })
}

// responders are the target groups of the functions that answer during
// maintenance.
func (t Template) responders() []*alb.TargetGroup {
	var found []*alb.TargetGroup
	functions := t.responderFunctions()
	for _, group := range t.TargetGroups {
		if group.Lambda() && slices.ContainsFunc(references(t.resources[group.LogicalID].Properties["Targets"]), func(id string) bool {
			return slices.Contains(functions, t.function(id, 3))
		}) {
			found = append(found, group)
		}
	}
	return found
}

// function is the function that a resource is, or that an alias or a version is
// of.
func (t Template) function(id string, depth int) string {
	r := t.resources[id]
	if depth > 0 && (r.Type == "AWS::Lambda::Alias" || r.Type == "AWS::Lambda::Version") {
		for _, inner := range references(r.Properties["FunctionName"]) {
			return t.function(inner, depth-1)
		}
	}
	return id
}

// responderFunctions are the logical ids of the functions that answer during
// maintenance: those that are called so, or else those that are told what to
// answer.
func (t Template) responderFunctions() []string {
	var named, told []string
	for _, id := range sortedIDs(t.resources) {
		r := t.resources[id]
		if r.Type != "AWS::Lambda::Function" {
			continue
		}
		if strings.HasSuffix(r.path(), "/"+maintenance.ResponderID+"/Function/Resource") || r.path() == "" && isCalled(id, maintenance.ResponderID+"Function") {
			named = append(named, id)
		}
		environment, _ := r.Properties["Environment"].(map[string]any)
		variables, _ := environment["Variables"].(map[string]any)
		for _, name := range sortedIDs(variables) {
			if strings.HasPrefix(name, maintenance.AnswerVariables) {
				told = append(told, id)
				break
			}
		}
	}
	if len(named) > 0 {
		return named
	}
	return told
}

// Answer is what a template tells the refused: the message by language tag, and
// the expected end as it is written, empty if there is none. What the template
// leaves to the deploy, or cannot be read, is left out.
func (t Template) Answer() (message map[string]string, until string) {
	functions := t.responderFunctions()
	if len(functions) == 0 {
		return nil, ""
	}
	environment, _ := t.resources[functions[0]].Properties["Environment"].(map[string]any)
	variables, _ := environment["Variables"].(map[string]any)
	until, _ = variables["MAINTENANCE_UNTIL"].(string)
	if text, ok := variables["MAINTENANCE_MESSAGE"].(string); ok && json.Unmarshal([]byte(text), &message) != nil {
		message = nil
	}
	return message, until
}
