// Package bluegreen manages RDS Blue/Green deployments of Aurora MySQL clusters:
// what RDS requires of a cluster, and how a deployment is made, switched and
// deleted. Every call may be repeated: it finds what an earlier one left and
// continues.
//
// A deployment has a source, blue, which is in use, and a target, green, which is
// a clone of it that catches up through the binary log. The switchover renames
// both.
package bluegreen

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// Client calls RDS.
type Client struct {
	rds  *rds.Client
	poll time.Duration
}

// New returns a client. poll is the first wait between two calls, which grows up
// to four times that, and the longest wait after a throttled call. Default: 10
// seconds.
func New(cfg aws.Config, poll time.Duration) *Client {
	if poll <= 0 {
		poll = 10 * time.Second
	}
	return &Client{poll: poll, rds: rds.NewFromConfig(cfg, func(o *rds.Options) {
		// RDS throttles per account and region, so the calls of others count,
		// too.
		o.Retryer = retry.NewStandard(func(s *retry.StandardOptions) {
			s.MaxBackoff, s.RateLimiter = poll, ratelimit.None
		})
		o.RetryMaxAttempts = 10
	})}
}

// Phase is the progress of a deployment.
type Phase string

// Phases of a deployment. Failed is a switchover that RDS has given up: the two
// clusters keep their roles. Invalid is a green that RDS no longer accepts.
const (
	Provisioning Phase = "provisioning"
	Available    Phase = "available"
	Switching    Phase = "switching"
	Switched     Phase = "switched"
	Failed       Phase = "failed"
	Invalid      Phase = "invalid"
	Deleting     Phase = "deleting"
)

var phases = map[string]Phase{
	"PROVISIONING": Provisioning, "AVAILABLE": Available, "SWITCHOVER_IN_PROGRESS": Switching, "SWITCHOVER_COMPLETED": Switched,
	"SWITCHOVER_FAILED": Failed, "INVALID_CONFIGURATION": Invalid, "DELETING": Deleting,
}

// Deployment is a deployment as RDS describes it.
type Deployment struct {
	// ID is RDS's id, and Name the name given when it was made.
	ID   string `json:"id"`
	Name string `json:"name"`

	Phase Phase `json:"phase"`

	// Details are RDS's explanation of the phase; often empty.
	Details string `json:"details,omitempty"`

	// Source is the ARN of blue, Target that of green. After the switchover,
	// Target has the name that Source had, and the name of Source ends in -old1.
	Source string `json:"source"`
	Target string `json:"target,omitempty"`

	// Tasks are what RDS does to make green. Members are the pairs of clusters
	// and instances, with RDS's state of each.
	Tasks   []Task   `json:"tasks,omitempty"`
	Members []Member `json:"members,omitempty"`

	Created time.Time         `json:"created"`
	Tags    map[string]string `json:"tags,omitempty"`
}

// Task is a step in making green.
type Task struct {
	Name  string `json:"name"`
	State string `json:"state"` // PENDING, IN_PROGRESS, COMPLETED or FAILED
}

// Member is a cluster or an instance of blue and its counterpart.
type Member struct {
	Source string `json:"source"`
	Target string `json:"target,omitempty"`
	State  string `json:"state"`
}

// String returns the phase, the running task, and RDS's explanation.
func (d Deployment) String() string {
	text := fmt.Sprintf("deployment %s is %s", d.Name, d.Phase)
	for _, t := range d.Tasks {
		if t.State == "IN_PROGRESS" || t.State == "FAILED" {
			text += fmt.Sprintf(", %s %s", strings.ToLower(t.Name), strings.ToLower(t.State))
		}
	}
	for _, m := range d.Members {
		if strings.HasPrefix(m.State, "MISSING_") {
			text += fmt.Sprintf(", %s of %s", strings.ToLower(m.State), NameOf(m.Source))
		}
	}
	if d.Details != "" {
		text += ": " + d.Details
	}
	return text
}

// ErrNone says that a deployment does not exist.
var ErrNone = errors.New("there is no such deployment")

// Deployment reads the deployment with a name. It returns ErrNone if there is
// none.
func (c *Client) Deployment(ctx context.Context, name string) (Deployment, error) {
	found, err := c.deployments(ctx, "blue-green-deployment-name", name)
	if err != nil {
		return Deployment{}, err
	}
	if len(found) == 0 {
		return Deployment{}, fmt.Errorf("deployment %q: %w", name, ErrNone)
	}
	return found[0], nil
}

// Of lists the deployments in which the cluster with the ARN is blue, or in which
// it was green and has been in use since the switchover.
func (c *Client) Of(ctx context.Context, cluster string) ([]Deployment, error) {
	blue, err := c.deployments(ctx, "source", cluster)
	if err != nil {
		return nil, err
	}
	green, err := c.deployments(ctx, "target", cluster)
	return append(blue, green...), err
}

func (c *Client) deployments(ctx context.Context, filter, value string) ([]Deployment, error) {
	var all []Deployment
	in := &rds.DescribeBlueGreenDeploymentsInput{Filters: []types.Filter{{Name: &filter, Values: []string{value}}}}
	for pages := rds.NewDescribeBlueGreenDeploymentsPaginator(c.rds, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if none := (*types.BlueGreenDeploymentNotFoundFault)(nil); errors.As(err, &none) {
			return all, nil
		}
		if err != nil {
			return nil, plain("reading the blue/green deployments", err)
		}
		for _, d := range page.BlueGreenDeployments {
			one, err := deploymentOf(&d)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
	}
	return all, nil
}

func deploymentOf(d *types.BlueGreenDeployment) (Deployment, error) {
	if d == nil {
		return Deployment{}, errors.New("the answer of RDS has no deployment")
	}
	got := Deployment{
		ID: aws.ToString(d.BlueGreenDeploymentIdentifier), Name: aws.ToString(d.BlueGreenDeploymentName),
		Details: aws.ToString(d.StatusDetails), Source: aws.ToString(d.Source), Target: aws.ToString(d.Target), Created: aws.ToTime(d.CreateTime),
	}
	var known bool
	if got.Phase, known = phases[aws.ToString(d.Status)]; !known {
		return Deployment{}, fmt.Errorf("deployment %s has the status %q, which this version of noren does not know", got.Name, aws.ToString(d.Status))
	}
	for _, t := range d.Tasks {
		got.Tasks = append(got.Tasks, Task{aws.ToString(t.Name), aws.ToString(t.Status)})
	}
	for _, s := range d.SwitchoverDetails {
		got.Members = append(got.Members, Member{aws.ToString(s.SourceMember), aws.ToString(s.TargetMember), aws.ToString(s.Status)})
	}
	for _, tag := range d.TagList {
		if got.Tags == nil {
			got.Tags = map[string]string{}
		}
		got.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return got, nil
}

// until asks for the deployment until done reports true, and calls report with
// every answer that differs from the previous one.
func (c *Client) until(ctx context.Context, name string, report func(Deployment), done func(Deployment) bool) (Deployment, error) {
	said := ""
	for wait := c.poll; ; wait = min(wait*5/4, 4*c.poll) {
		d, err := c.Deployment(ctx, name)
		if ctx.Err() != nil {
			return d, fmt.Errorf("%w: RDS continues; run this again to wait for it", ctx.Err())
		}
		if err != nil {
			return d, err
		}
		if report != nil && d.String() != said {
			said = d.String()
			report(d)
		}
		if done(d) {
			return d, nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done(): // the next call reports it
		case <-timer.C:
		}
		timer.Stop()
	}
}
