// Package livemode tells which mode of maintenance a load balancer is in: what
// it does now, whoever made it do so, a deploy or a hand, not what a template
// says.
package livemode

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/noren-cdk/noren/maintenance"
)

// ErrNoListener is the error of a load balancer without a listener on the port,
// as in the deploy that makes it.
var ErrNoListener = errors.New("the load balancer has no listener on the port")

// Neither is the error of a listener that is in no mode: half one and half
// another, or something else altogether. Its text says what it does instead.
type Neither struct{ Why string }

func (n *Neither) Error() string { return n.Why }

// Switch is what the flip of one maintenance mode turns.
type Switch struct {
	// ListenerARN is the listener. Default: found by LoadBalancerARN and Port.
	ListenerARN string

	// LoadBalancerARN and Port find the listener: for whom the listener waits,
	// and who therefore cannot be told its ARN.
	LoadBalancerARN string
	Port            int32

	// Responder is the ARN of the target group of the function that answers
	// while the application is closed. Required.
	Responder string

	// App is the ARN of the target group of the application, to which the default
	// action forwards while it is open. Default: the default action belongs to
	// somebody else, and only rules close.
	App string

	// First and Last bound the priorities that belong to the maintenance mode. A
	// rule outside that lets requests through to App while it is closed is
	// somebody's own. Default: not known, and only a rule that lets everything
	// through is.
	First, Last int
}

// API are the calls of Elastic Load Balancing that Read makes.
type API interface {
	DescribeListeners(context.Context, *elbv2.DescribeListenersInput, ...func(*elbv2.Options)) (*elbv2.DescribeListenersOutput, error)
	DescribeRules(context.Context, *elbv2.DescribeRulesInput, ...func(*elbv2.Options)) (*elbv2.DescribeRulesOutput, error)
}

// Read returns the mode that the listener is in, by what happens to requests
// that no rule lets through: closed if all of them are sent to the responder,
// read-only if those that write are, open if none is. Anything between is the
// error Neither. Between the calls somebody may change the listener: the next
// reading shows it.
func Read(ctx context.Context, api API, s Switch) (maintenance.Mode, error) {
	listener, err := s.find(ctx, api)
	if err != nil {
		return "", err
	}
	var rules []types.Rule
	for pages := elbv2.NewDescribeRulesPaginator(api, &elbv2.DescribeRulesInput{ListenerArn: listener.ListenerArn}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("reading the rules of the listener: %w", err)
		}
		rules = append(rules, page.Rules...)
	}
	return s.judge(listener.DefaultActions, rules)
}

// find returns the listener.
func (s Switch) find(ctx context.Context, api API) (types.Listener, error) {
	input := &elbv2.DescribeListenersInput{LoadBalancerArn: &s.LoadBalancerARN}
	if s.ListenerARN != "" {
		input = &elbv2.DescribeListenersInput{ListenerArns: []string{s.ListenerARN}}
	}
	for pages := elbv2.NewDescribeListenersPaginator(api, input); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return types.Listener{}, fmt.Errorf("reading the listener: %w", err)
		}
		for _, listener := range page.Listeners {
			if s.ListenerARN != "" || aws.ToInt32(listener.Port) == s.Port {
				return listener, nil
			}
		}
	}
	if s.ListenerARN != "" {
		return types.Listener{}, fmt.Errorf("reading the listener: there is none called %s", s.ListenerARN)
	}
	return types.Listener{}, fmt.Errorf("%w: %s, port %d", ErrNoListener, s.LoadBalancerARN, s.Port)
}
