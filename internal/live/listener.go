// Package live describes a product as it is now: the mode of its listeners, who
// changed it, what the last deploy recorded, and what noren status says about all
// that.
package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules"
)

// ErrNoListener says that a load balancer has no listener on the port, as during
// the deploy that creates it.
var ErrNoListener = errors.New("the load balancer has no listener on the port")

// API has the calls of Elastic Load Balancing that Read makes.
type API interface {
	DescribeListeners(context.Context, *elbv2.DescribeListenersInput, ...func(*elbv2.Options)) (*elbv2.DescribeListenersOutput, error)
	DescribeRules(context.Context, *elbv2.DescribeRulesInput, ...func(*elbv2.Options)) (*elbv2.DescribeRulesOutput, error)
}

// Read reads the listeners of a switch, whose names are ARNs, and returns the
// mode of each. If someone changes them between the calls, the next Read shows
// it.
func Read(ctx context.Context, api API, s rules.Switch) ([]rules.Verdict, error) {
	var all []rules.Verdict
	for _, at := range s.Listeners {
		l, err := find(ctx, api, at)
		if err != nil {
			return nil, err
		}
		read, err := readListener(ctx, api, l, nil)
		if err != nil {
			return nil, err
		}
		at.Name = aws.ToString(l.ListenerArn)
		all = append(all, s.Mode(at, read))
	}
	return all, nil
}

// find returns the listener.
func find(ctx context.Context, api API, at rules.Listener) (types.Listener, error) {
	input := &elbv2.DescribeListenersInput{LoadBalancerArn: &at.LoadBalancer}
	if at.Name != "" {
		input = &elbv2.DescribeListenersInput{ListenerArns: []string{at.Name}}
	}
	for pages := elbv2.NewDescribeListenersPaginator(api, input); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return types.Listener{}, fmt.Errorf("reading the listener: %w", err)
		}
		for _, listener := range page.Listeners {
			if at.Name != "" || int(aws.ToInt32(listener.Port)) == at.Port {
				return listener, nil
			}
		}
	}
	if at.Name != "" {
		return types.Listener{}, fmt.Errorf("reading the listener: there is none called %s", at.Name)
	}
	return types.Listener{}, fmt.Errorf("%w: %s, port %d", ErrNoListener, at.LoadBalancer, at.Port)
}

// readListener reads a listener and its rules. named maps ARNs to names.
func readListener(ctx context.Context, api API, l types.Listener, named map[string]string) (*alb.Listener, error) {
	list, err := json.Marshal(elbv2.DescribeListenersOutput{Listeners: []types.Listener{l}})
	if err != nil {
		return nil, err
	}
	described := alb.Described{Listeners: [][]byte{list}, Names: named}
	groups := map[string]bool{}
	refer(groups, l.DefaultActions)
	for pages := elbv2.NewDescribeRulesPaginator(api, &elbv2.DescribeRulesInput{ListenerArn: l.ListenerArn}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the rules of the listener: %w", err)
		}
		for _, rule := range page.Rules {
			refer(groups, rule.Actions)
		}
		list, err := json.Marshal(page)
		if err != nil {
			return nil, err
		}
		described.Rules = append(described.Rules, list)
	}
	// Only the existence of these target groups matters.
	var references []string
	for arn := range groups {
		references = append(references, fmt.Sprintf(`{"TargetGroupArn": %q}`, arn))
	}
	described.TargetGroups = [][]byte{[]byte(`{"TargetGroups": [` + strings.Join(references, ",") + `]}`)}
	template, err := alb.ReadDescribed(described)
	if err != nil {
		return nil, fmt.Errorf("understanding the listener %s: %w", aws.ToString(l.ListenerArn), err)
	}
	if len(template.Listeners) != 1 {
		return nil, fmt.Errorf("understanding the listener %s: it is not one of an application load balancer, or its rules are of another", aws.ToString(l.ListenerArn))
	}
	return template.Listeners[0], nil
}

// refer records the target groups that actions forward to.
func refer(groups map[string]bool, actions []types.Action) {
	for _, action := range actions {
		if action.TargetGroupArn != nil {
			groups[*action.TargetGroupArn] = true
		}
		if action.ForwardConfig != nil {
			for _, g := range action.ForwardConfig.TargetGroups {
				groups[aws.ToString(g.TargetGroupArn)] = true
			}
		}
	}
}
