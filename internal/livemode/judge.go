package livemode

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/noren-cdk/noren/maintenance"
)

// writeMethods are the methods that read-only refuses.
var writeMethods = []string{"POST", "PUT", "PATCH", "DELETE"}

// judge tells the mode of a listener by its default action and its rules.
func (s Switch) judge(defaultActions []types.Action, rules []types.Rule) (maintenance.Mode, error) {
	closed, err := s.closedByDefault(defaultActions)
	if err != nil {
		return "", err
	}
	var refused []string // methods
	for i := range rules {
		to := targets(rules[i].Actions)
		if aws.ToBool(rules[i].IsDefault) || !slices.Contains(to, s.Responder) {
			continue
		}
		switch taken := takenBy(rules[i]); {
		case taken.part || len(to) > 1:
			return "", neither("rule %s refuses a part of the requests only", aws.ToString(rules[i].Priority))
		case taken.methods == nil:
			closed = true
		default:
			refused = append(refused, taken.methods...)
		}
	}
	refusesWrites := !slices.ContainsFunc(writeMethods, func(method string) bool { return !slices.Contains(refused, method) })
	switch {
	case !closed && len(refused) == 0:
		return maintenance.Open, nil
	case !closed && !refusesWrites:
		return "", neither("%s is refused, other writes are not", strings.Join(refused, " and "))
	}
	if err := s.hole(rules); err != nil {
		return "", err
	}
	if closed {
		return maintenance.Closed, nil
	}
	return maintenance.ReadOnly, nil
}

func neither(format string, args ...any) error { return &Neither{fmt.Sprintf(format, args...)} }

// closedByDefault tells whether the default action refuses.
func (s Switch) closedByDefault(actions []types.Action) (bool, error) {
	to := targets(actions)
	switch {
	case len(to) == 1 && to[0] == s.Responder:
		return true, nil
	case s.App == "" || len(to) == 1 && to[0] == s.App:
		return false, nil
	case len(to) == 0:
		return false, neither("the default action of the listener is no forward: neither the application nor the answer of maintenance")
	}
	return false, neither("the default action of the listener forwards to %q: neither the application alone nor the answer of maintenance alone", to)
}

// hole finds a rule that lets through, while the listener refuses, what is not
// on the allowlist. Only on a listener whose default action is turned: on one
// that is shared, the rules of others are their own affair.
func (s Switch) hole(rules []types.Rule) error {
	if s.App == "" {
		return nil
	}
	for _, rule := range rules {
		priority, err := strconv.Atoi(aws.ToString(rule.Priority))
		if err != nil || !slices.Contains(targets(rule.Actions), s.App) {
			continue // the default rule has no number
		}
		if foreign := s.Last != 0 && (priority < s.First || priority > s.Last); foreign || !takenBy(rule).part && !takenBy(rule).path {
			return neither("rule %d lets requests through to the application that are not on the allowlist", priority)
		}
	}
	return nil
}

// targets returns the target groups that get requests by the actions of a rule.
func targets(actions []types.Action) []string {
	var arns []string
	for _, action := range actions {
		switch {
		case action.Type != types.ActionTypeEnumForward:
		case action.ForwardConfig == nil:
			arns = append(arns, aws.ToString(action.TargetGroupArn))
		default:
			for _, group := range action.ForwardConfig.TargetGroups {
				if group.Weight == nil || *group.Weight > 0 {
					arns = append(arns, aws.ToString(group.TargetGroupArn))
				}
			}
		}
	}
	return arns
}

// taken is which requests a rule matches, of any host.
type taken struct {
	methods []string // nil: of every method
	path    bool     // it looks at the path, as every rule of an allowlist does
	part    bool     // of some paths, or by a header or an address
}

func takenBy(rule types.Rule) taken {
	var t taken
	for _, condition := range rule.Conditions {
		switch aws.ToString(condition.Field) {
		case "host-header":
		case "http-request-method":
			if condition.HttpRequestMethodConfig != nil {
				t.methods = condition.HttpRequestMethodConfig.Values
			}
		case "path-pattern":
			values := condition.Values
			if condition.PathPatternConfig != nil {
				values = condition.PathPatternConfig.Values
			}
			t.path = true
			t.part = t.part || !slices.Contains(values, "*") && !slices.Contains(values, "/*")
		default:
			t.part = true
		}
	}
	return t
}
