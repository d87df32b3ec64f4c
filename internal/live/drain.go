package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// Drain describes what continues of what began before the mode changed. A load
// balancer refuses only new requests: requests in flight, WebSockets and streams
// go on.
type Drain struct {
	// Idle is the idle timeout of the load balancer, in seconds, after which an
	// unused connection is closed.
	Idle int `json:"idle"`

	// Longest is how long a request may take, in seconds: the deregistration
	// delay of the application's target groups or, on a shared listener, of all
	// target groups to which it forwards.
	Longest int `json:"longest"`

	// From is when both times have passed since the mode changed.
	From time.Time `json:"from"`

	// Passed says that From has passed, and that Problem is empty. WebSockets in
	// use continue longer, and so does what the application does on its own.
	Passed bool `json:"passed"`

	// Connections is the number of connections that were open at a time,
	// including those of refused and waiting clients. Nil if it is not known.
	Connections *float64  `json:"connections"`
	At          time.Time `json:"at,omitzero"`

	// Problem says why Idle, Longest or From is not known. Default: they are.
	Problem string `json:"problem,omitempty"`

	// Uncounted says why Connections is not known. Default: it is.
	Uncounted string `json:"uncounted,omitempty"`
}

// MetricDelay is how late CloudWatch learns of a load balancer's connections.
const MetricDelay = 2 * time.Minute

// drain determines what may continue since the mode changed. It is nil while the
// product is open, and if the time of the change is not known. groups are the
// target groups to which the listeners forward.
func (q Query) drain(ctx context.Context, real rules.Switch, groups []string, status Status, now time.Time) *Drain {
	if status.Since.IsZero() || status.Listener.Mode == "" || status.Listener.Mode == maintenance.Open {
		return nil
	}
	var d Drain
	var problems, uncounted []string
	api := elbv2.NewFromConfig(q.AWS)
	add := func(to *[]string, err error) {
		if err != nil {
			*to = append(*to, q.explain(err).Error())
		}
	}
	seen := map[string]bool{}
	var apps []string
	for _, at := range real.Listeners {
		if apps = append(apps, at.Apps...); len(at.Apps) == 0 {
			apps = append(apps, groups...)
		}
		balancer := balancerOf(at.Name)
		if seen[balancer] {
			continue
		}
		seen[balancer] = true
		if balancer == "" {
			add(&problems, fmt.Errorf("the load balancer of listener %q is not known", at.Name))
			continue
		}
		out, err := api.DescribeLoadBalancerAttributes(ctx, &elbv2.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &balancer})
		if err == nil {
			err = longestOf(out.Attributes, func(a elbtypes.LoadBalancerAttribute) (*string, *string) { return a.Key, a.Value }, "idle_timeout.timeout_seconds", &d.Idle)
		}
		add(&problems, err)
		add(&uncounted, q.connections(ctx, balancer, now, &d))
	}
	for _, app := range apps {
		if seen[app] || app == real.Responder {
			continue
		}
		seen[app] = true
		out, err := api.DescribeTargetGroupAttributes(ctx, &elbv2.DescribeTargetGroupAttributesInput{TargetGroupArn: &app})
		if err == nil {
			err = longestOf(out.Attributes, func(a elbtypes.TargetGroupAttribute) (*string, *string) { return a.Key, a.Value }, "deregistration_delay.timeout_seconds", &d.Longest)
		}
		add(&problems, err)
	}
	if len(apps) == 0 {
		add(&problems, errors.New("no target group of the application is known"))
	}
	if d.Idle == 0 && len(problems) == 0 {
		add(&problems, errors.New("the load balancer has no idle time-out"))
	}
	d.Problem, d.Uncounted = strings.Join(problems, "; "), strings.Join(uncounted, "; ")
	d.From = status.Since.Add(time.Duration(d.Idle+d.Longest) * time.Second)
	d.Passed = d.Problem == "" && !now.Before(d.From)
	return &d
}

// longestOf raises seconds to the value of an attribute, if that is larger.
// Groups of functions have no such attribute.
func longestOf[A any](attributes []A, pair func(A) (key, value *string), key string, seconds *int) error {
	for _, a := range attributes {
		if name, value := pair(a); aws.ToString(name) == key {
			n, err := strconv.Atoi(aws.ToString(value))
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			*seconds = max(*seconds, n)
		}
	}
	return nil
}

// groups returns the target groups to which listeners forward, under their names
// in the API.
func (d *deployed) groups(listeners []*alb.Listener) []string {
	var all []string
	for _, l := range listeners {
		for _, r := range append(slices.Clone(l.Rules), l.Default) {
			forward, ok := r.Final().(alb.Forward)
			if !ok {
				continue
			}
			for _, g := range forward.Groups {
				name := g.Group.String()
				if physical, ok := d.physical[name]; ok {
					name = physical
				}
				all = append(all, name)
			}
		}
	}
	return all
}

// connections reads the number of connections of a load balancer.
func (q Query) connections(ctx context.Context, balancer string, now time.Time, d *Drain) error {
	_, name, ok := strings.Cut(balancer, ":loadbalancer/")
	if !ok {
		return fmt.Errorf("%q is not the ARN of a load balancer", balancer)
	}
	out, err := cloudwatch.NewFromConfig(q.AWS).GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(now.Add(-10 * time.Minute)), EndTime: &now, ScanBy: cwtypes.ScanByTimestampDescending,
		MetricDataQueries: []cwtypes.MetricDataQuery{{Id: aws.String("open"), MetricStat: &cwtypes.MetricStat{
			Metric: &cwtypes.Metric{
				Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("ActiveConnectionCount"),
				Dimensions: []cwtypes.Dimension{{Name: aws.String("LoadBalancer"), Value: &name}},
			},
			Period: aws.Int32(60), Stat: aws.String("Sum"),
		}}},
	})
	if err != nil {
		return err
	}
	for _, r := range out.MetricDataResults {
		if len(r.Values) > 0 && len(r.Timestamps) > 0 {
			if d.Connections == nil {
				d.Connections = new(float64)
			}
			*d.Connections += r.Values[0]
			d.At = r.Timestamps[0].UTC()
		}
	}
	return nil
}
