package turn

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/noren-cdk/noren/maintenance"
)

// LoadBalancer has the calls of Elastic Load Balancing that an Emergency makes.
type LoadBalancer interface {
	ModifyListener(context.Context, *elbv2.ModifyListenerInput, ...func(*elbv2.Options)) (*elbv2.ModifyListenerOutput, error)
	ModifyRule(context.Context, *elbv2.ModifyRuleInput, ...func(*elbv2.Options)) (*elbv2.ModifyRuleOutput, error)
}

// Step is a call of an Emergency.
type Step struct {
	// Resource is the logical id of a listener or a rule.
	Resource string

	// Refuses says that the step lets through less than before.
	Refuses bool

	listener *elbv2.ModifyListenerInput
	rule     *elbv2.ModifyRuleInput
}

// steps returns the calls that set every property to its value in the mode.
func (s Switch) steps(mode maintenance.Mode, n names) ([]Step, error) {
	var steps []Step
	for _, p := range s.Properties {
		arn := n.physical[p.Resource]
		if arn == "" {
			return nil, fmt.Errorf("the stack has no resource %s", p.Resource)
		}
		value, err := n.typed(p.in(mode))
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", p.Resource, p.Name, err)
		}
		i := slices.IndexFunc(steps, func(s Step) bool { return s.Resource == p.Resource })
		if i < 0 {
			i = len(steps)
			steps = append(steps, Step{Resource: p.Resource})
		}
		step := &steps[i]
		step.Refuses = step.Refuses || same(p.in(mode), p.Closed) && !same(p.Open, p.Closed)
		switch p.Name {
		case "DefaultActions":
			step.listener = &elbv2.ModifyListenerInput{ListenerArn: &arn}
			err = strictly(value, &step.listener.DefaultActions)
		case "Actions", "Conditions":
			if step.rule == nil {
				step.rule = &elbv2.ModifyRuleInput{RuleArn: &arn}
			}
			if p.Name == "Actions" {
				err = strictly(value, &step.rule.Actions)
			} else {
				err = strictly(value, &step.rule.Conditions)
			}
		default:
			err = errors.New("want DefaultActions, Actions or Conditions")
		}
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", p.Resource, p.Name, err)
		}
	}
	// What is closed to all requests closes before what is closed to reads, and
	// opens after it: a listener before its rules when closing, after them when
	// opening.
	slices.SortStableFunc(steps, func(a, b Step) int {
		rank := func(s Step) int {
			switch {
			case s.Refuses && s.listener != nil:
				return 0
			case s.Refuses:
				return 1
			case s.listener == nil:
				return 2
			}
			return 3
		}
		return rank(a) - rank(b)
	})
	return steps, nil
}

// typed returns a value for the API with its references resolved: numbers and
// booleans that are texts in the template are converted, and a login keeps the
// secret that the load balancer has.
func (n names) typed(value json.RawMessage) (any, error) {
	var v any
	if err := json.Unmarshal(value, &v); err != nil {
		return nil, err
	}
	return n.resolve(typed(v))
}

func typed(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = typed(v[i])
		}
	case map[string]any:
		if _, secret := v["ClientSecret"]; secret {
			delete(v, "ClientSecret")
			v["UseExistingClientSecret"] = true
		}
		for name, inner := range v {
			text, isText := inner.(string)
			switch name {
			case "Order", "Weight", "DurationSeconds", "SessionTimeout":
				if number, err := strconv.ParseInt(text, 10, 64); isText && err == nil {
					v[name] = number
				}
			case "Enabled", "UseExistingClientSecret":
				if isText {
					v[name] = text == "true"
				}
			default:
				v[name] = typed(inner)
			}
		}
	}
	return value
}

// strictly decodes a value into a type of the SDK, whose fields have
// CloudFormation's names. It fails if something would be lost.
func strictly(value, into any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// make makes the calls in order. If a call fails, later calls that refuse are
// still made.
func (e *Emergency) make(ctx context.Context, steps []Step) error {
	var errs []error
	for _, s := range steps {
		if len(errs) > 0 && !s.Refuses {
			break // half open is worse than closed
		}
		var err error
		if s.listener != nil {
			_, err = e.LoadBalancer.ModifyListener(ctx, s.listener)
		} else {
			_, err = e.LoadBalancer.ModifyRule(ctx, s.rule)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.Resource, err))
			continue
		}
		e.say("turned " + s.Resource)
	}
	return errors.Join(errs...)
}
