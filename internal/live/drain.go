package live

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// Drain is what goes on of what began before the mode was turned: a load balancer
// refuses new requests only. Requests in flight, WebSockets and streams go on.
type Drain struct {
	// Idle is the idle time-out of the load balancer, in seconds: a connection on
	// which nothing is sent for so long is closed.
	Idle int `json:"idle"`

	// Longest is how long a request may take, in seconds, as the application's
	// target group has it in its deregistration delay.
	Longest int `json:"longest"`

	// From is when both have passed since the mode was turned.
	From time.Time `json:"from"`

	// Passed says that From has passed. WebSockets on which something is sent go on
	// longer, and so does what the application does of its own.
	Passed bool `json:"passed"`

	// Connections are the connections that were open at a time, those of clients
	// that are refused and wait included. Nil if it is not known.
	Connections *float64  `json:"connections"`
	At          time.Time `json:"at,omitzero"`

	// Problem is why something of this is not known.
	Problem string `json:"problem,omitempty"`
}

// MetricDelay is how late CloudWatch knows of a load balancer's connections.
const MetricDelay = 2 * time.Minute

// drain finds out what may go on since the mode was turned. It is nil while the
// product is open, and if it is not known since when it is not.
func (q Query) drain(ctx context.Context, real rules.Switch, status Status, now time.Time) *Drain {
	if status.Since.IsZero() || status.Listener.Mode == "" || status.Listener.Mode == maintenance.Open {
		return nil
	}
	var d Drain
	var problems []string
	api := elbv2.NewFromConfig(q.AWS)
	failed := func(err error) bool {
		if err != nil {
			problems = append(problems, q.explain(err).Error())
		}
		return err != nil
	}
	attribute := func(text string, to *int) {
		if seconds, err := strconv.Atoi(text); err == nil {
			*to = max(*to, seconds)
		}
	}
	seen := map[string]bool{}
	for _, at := range real.Listeners {
		balancer := balancerOf(at.Name)
		if balancer == "" || seen[balancer] {
			continue
		}
		seen[balancer] = true
		out, err := api.DescribeLoadBalancerAttributes(ctx, &elbv2.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &balancer})
		if failed(err) {
			continue
		}
		for _, a := range out.Attributes {
			if aws.ToString(a.Key) == "idle_timeout.timeout_seconds" {
				attribute(aws.ToString(a.Value), &d.Idle)
			}
		}
		if err := q.connections(ctx, balancer, now, &d); err != nil {
			failed(err)
		}
	}
	for _, at := range real.Listeners {
		for _, app := range at.Apps {
			if seen[app] {
				continue
			}
			seen[app] = true
			out, err := api.DescribeTargetGroupAttributes(ctx, &elbv2.DescribeTargetGroupAttributesInput{TargetGroupArn: &app})
			if failed(err) {
				continue
			}
			for _, a := range out.Attributes {
				if aws.ToString(a.Key) == "deregistration_delay.timeout_seconds" {
					attribute(aws.ToString(a.Value), &d.Longest)
				}
			}
		}
	}
	d.Problem = strings.Join(problems, "; ")
	d.From = status.Since.Add(time.Duration(d.Idle+d.Longest) * time.Second)
	d.Passed = d.Idle > 0 && !now.Before(d.From)
	return &d
}

// connections reads how many connections a load balancer had.
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
