package turn

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// A switch that was turned without CloudFormation is locked against updates by
// its stack's policy: a statement denies updates of the listeners and rules that
// carry the mode. Statements have no name, so the lock is recognized by what it
// denies.

// allowAll is what a stack without a policy allows. Once a policy is set, it
// denies what it does not allow, and it cannot be removed.
const allowAll = `{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"}`

// lock returns the statement that locks a switch.
func (s Switch) lock() json.RawMessage {
	var resources []string
	for _, id := range s.locked() {
		resources = append(resources, "LogicalResourceId/"+id)
	}
	list, err := json.Marshal(resources)
	if err != nil {
		panic(err) // they are texts
	}
	return fmt.Appendf(nil, `{"Effect":"Deny","Action":"Update:*","Principal":"*","Resource":%s}`, list)
}

// locked returns the logical ids of the carriers of the mode.
func (s Switch) locked() []string {
	ids := slices.Clone(s.Carriers)
	for _, p := range s.Properties {
		if !slices.Contains(ids, p.Resource) {
			ids = append(ids, p.Resource)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// isLock reports whether a statement of a stack policy is the lock of the switch:
// it denies updates of the carriers of the mode and of nothing else.
func (s Switch) isLock(statement json.RawMessage) bool {
	var all map[string]any
	var is struct {
		Effect, Action, Principal string
		Resource                  []string
	}
	if json.Unmarshal(statement, &all) != nil || json.Unmarshal(statement, &is) != nil || len(all) != 4 || len(is.Resource) == 0 {
		return false
	}
	return is.Effect == "Deny" && is.Action == "Update:*" && is.Principal == "*" && !slices.ContainsFunc(is.Resource, func(r string) bool {
		id, ok := strings.CutPrefix(r, "LogicalResourceId/")
		return !ok || !slices.Contains(s.locked(), id)
	})
}

// isWholeLock reports whether a statement locks every carrier of the mode. A lock
// from before a deploy that added a carrier does not.
func (s Switch) isWholeLock(statement json.RawMessage) bool {
	var is struct{ Resource []string }
	return s.isLock(statement) && json.Unmarshal(statement, &is) == nil && !slices.ContainsFunc(s.locked(), func(id string) bool {
		return !slices.Contains(is.Resource, "LogicalResourceId/"+id)
	})
}

// withLock returns the stack policy with the lock of the switch, and whether that
// changes it. An empty text means a stack without a policy.
func (s Switch) withLock(policy string) (locked string, changed bool, err error) {
	return rewritten(policy, func(statements []json.RawMessage) []json.RawMessage {
		if slices.ContainsFunc(statements, s.isWholeLock) {
			return nil
		}
		statements = slices.DeleteFunc(slices.Clone(statements), s.isLock)
		if len(statements) == 0 {
			statements = append(statements, json.RawMessage(allowAll))
		}
		return append(statements, s.lock())
	})
}

// withoutLock returns the stack policy without the lock of the switch, and
// whether it had one.
func (s Switch) withoutLock(policy string) (unlocked string, changed bool, err error) {
	if policy == "" {
		return "", false, nil
	}
	return rewritten(policy, func(statements []json.RawMessage) []json.RawMessage {
		left := slices.DeleteFunc(slices.Clone(statements), s.isLock)
		switch len(left) {
		case len(statements):
			return nil
		case 0: // a policy without a statement would deny everything
			return []json.RawMessage{json.RawMessage(allowAll)}
		}
		return left
	})
}

// rewritten returns a stack policy with other statements, if rewrite returns any.
func rewritten(policy string, rewrite func([]json.RawMessage) []json.RawMessage) (string, bool, error) {
	document := map[string]json.RawMessage{}
	var statements []json.RawMessage
	if policy != "" {
		if err := json.Unmarshal([]byte(policy), &document); err != nil {
			return "", false, fmt.Errorf("the policy of the stack: %w", err)
		}
		if value := document["Statement"]; value != nil && json.Unmarshal(value, &statements) != nil {
			statements = []json.RawMessage{value} // a single statement
		}
	}
	next := rewrite(statements)
	if next == nil {
		return policy, false, nil
	}
	list, err := json.Marshal(next)
	if err != nil {
		return "", false, fmt.Errorf("the policy of the stack: %w", err)
	}
	document["Statement"] = list
	text, err := json.Marshal(document)
	if err != nil {
		return "", false, fmt.Errorf("the policy of the stack: %w", err)
	}
	return string(text), true, nil
}

// stackPolicy reads the policy of the stack, empty if it has none.
func (o *Operation) stackPolicy(ctx context.Context, stack string) (string, error) {
	out, err := o.API.GetStackPolicy(ctx, &cloudformation.GetStackPolicyInput{StackName: &stack})
	if err != nil {
		return "", fmt.Errorf("reading the policy of the stack: %w", err)
	}
	return aws.ToString(out.StackPolicyBody), nil
}

func (o *Operation) setStackPolicy(ctx context.Context, stack, policy string) error {
	if _, err := o.API.SetStackPolicy(ctx, &cloudformation.SetStackPolicyInput{StackName: &stack, StackPolicyBody: &policy}); err != nil {
		return fmt.Errorf("setting the policy of the stack: %w", err)
	}
	return nil
}

// lockStack locks or unlocks the switch.
func (o *Operation) lockStack(ctx context.Context, stack string, s Switch, lock bool) error {
	policy, err := o.stackPolicy(ctx, stack)
	if err != nil {
		return err
	}
	rewrite := s.withoutLock
	if lock {
		rewrite = s.withLock
	}
	next, changed, err := rewrite(policy)
	if err != nil || !changed {
		return err
	}
	return o.setStackPolicy(ctx, stack, next)
}

// seeLock records in the plan whether the switch is locked. If the caller may not
// read the policy, the plan says so; if the switch is locked, CloudFormation
// refuses.
func (o *Operation) seeLock(ctx context.Context, plan *Plan, s Switch) error {
	policy, err := o.stackPolicy(ctx, plan.Stack)
	if err != nil {
		plan.Unknown = err.Error()
		return nil
	}
	plan.policy = policy
	plan.unlocked, plan.Locked, err = s.withoutLock(policy)
	return err
}
