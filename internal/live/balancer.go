package live

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules"
)

// Seen is the state of the load balancers of a switch.
type Seen struct {
	// Listeners are the listeners of the switch, in its order.
	Listeners []*alb.Listener

	// Others are the other listeners of their load balancers.
	Others []*alb.Listener
}

// See reads every listener of the load balancers of a switch, whose names are
// ARNs. named maps ARNs to names.
func See(ctx context.Context, api API, s rules.Switch, named map[string]string) (Seen, error) {
	var seen Seen
	var mine, balancers []string
	for _, at := range s.Listeners {
		l, err := find(ctx, api, at)
		if err != nil {
			return Seen{}, err
		}
		read, err := readListener(ctx, api, l, named)
		if err != nil {
			return Seen{}, err
		}
		seen.Listeners = append(seen.Listeners, read)
		arn := aws.ToString(l.ListenerArn)
		mine = append(mine, arn)
		if balancer := balancerOf(arn); balancer != "" && !slices.Contains(balancers, balancer) {
			balancers = append(balancers, balancer)
		}
	}
	for _, balancer := range balancers {
		for pages := elbv2.NewDescribeListenersPaginator(api, &elbv2.DescribeListenersInput{LoadBalancerArn: &balancer}); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return Seen{}, fmt.Errorf("reading the other listeners of the load balancer: %w", err)
			}
			for _, l := range page.Listeners {
				if slices.Contains(mine, aws.ToString(l.ListenerArn)) {
					continue
				}
				read, err := readListener(ctx, api, l, named)
				if err != nil {
					return Seen{}, err
				}
				seen.Others = append(seen.Others, read)
			}
		}
	}
	return seen, nil
}

// Modes returns the mode of each listener of the switch.
func (s Seen) Modes(of rules.Switch) []rules.Verdict {
	var all []rules.Verdict
	for i, at := range of.Listeners {
		all = append(all, of.Mode(at, s.Listeners[i]))
	}
	return all
}

// balancerOf returns the ARN of the load balancer of a listener, given the
// listener's.
func balancerOf(listener string) string {
	before, name, ok := strings.Cut(listener, ":listener/")
	end := strings.LastIndexByte(name, '/')
	if !ok || end < 0 {
		return ""
	}
	return before + ":loadbalancer/" + name[:end]
}
