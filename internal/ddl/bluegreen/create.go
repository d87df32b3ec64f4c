package bluegreen

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// Request is the deployment to make.
type Request struct {
	// Name is the name of the deployment: letters, digits and hyphens, a letter
	// first, at most 60. Required. An existing deployment with this name and the
	// same source and Tags is taken for the wanted one.
	Name string

	// Source is the cluster whose copy is changed. Required.
	Source Cluster

	// Version is green's engine version. Default: blue's.
	Version string

	// ParameterGroup and InstanceParameterGroup are green's. Default: blue's; for
	// another major version both are required.
	ParameterGroup, InstanceParameterGroup string

	// Tags are the tags of the deployment.
	Tags map[string]string
}

var deploymentName = regexp.MustCompile(`^[A-Za-z](-?[A-Za-z0-9])*$`)

func (r Request) validate() error {
	if len(r.Name) > 60 || !deploymentName.MatchString(r.Name) {
		return fmt.Errorf("the name of the deployment must have letters, digits and single hyphens, a letter first, at most 60, got %q", r.Name)
	}
	if r.Source.ARN == "" {
		return fmt.Errorf("deployment %q has no source", r.Name)
	}
	return nil
}

// Create makes a deployment, or finds the one that an earlier call has made. It
// does not wait.
func (c *Client) Create(ctx context.Context, r Request) (Deployment, error) {
	if err := r.validate(); err != nil {
		return Deployment{}, err
	}
	in := &rds.CreateBlueGreenDeploymentInput{
		BlueGreenDeploymentName: &r.Name, Source: &r.Source.ARN,
		// It is named because green would not get blue's own automatically.
		TargetDBClusterParameterGroupName: optional(r.ParameterGroup, r.Source.ParameterGroup),
	}
	group := r.InstanceParameterGroup
	if group == "" && r.Version == "" {
		var err error
		if group, err = c.instanceParameterGroup(ctx, r.Source); err != nil {
			return Deployment{}, err
		}
	}
	in.TargetDBParameterGroupName, in.TargetEngineVersion = optional(group, ""), optional(r.Version, "")
	for key, value := range r.Tags {
		in.Tags = append(in.Tags, types.Tag{Key: &key, Value: &value})
	}
	slices.SortFunc(in.Tags, func(a, b types.Tag) int { return strings.Compare(*a.Key, *b.Key) })
	out, err := c.rds.CreateBlueGreenDeployment(ctx, in)
	if err == nil {
		return deploymentOf(out.BlueGreenDeployment)
	}
	refusal := plain("making deployment "+r.Name, err)
	if !refusedAs(refusal, "BlueGreenDeploymentAlreadyExistsFault") {
		return Deployment{}, refusal
	}
	existing, err := c.Deployment(ctx, r.Name)
	if err != nil {
		return Deployment{}, err
	}
	if existing.Source != r.Source.ARN {
		return existing, fmt.Errorf("deployment %q exists already, of %s and not of %s: use another name, or abandon it", r.Name, NameOf(existing.Source), r.Source.Name)
	}
	for key, value := range r.Tags {
		if got, ok := existing.Tags[key]; !ok || got != value {
			return existing, fmt.Errorf("deployment %q exists already, and its tag %s is %q where this one's is %q: it was made for something else", r.Name, key, got, value)
		}
	}
	return existing, nil
}

// Await waits until green is available, and fails if that cannot happen.
func (c *Client) Await(ctx context.Context, name string, report func(Deployment)) (Deployment, error) {
	d, err := c.until(ctx, name, report, func(d Deployment) bool { return d.Phase != Provisioning })
	if err == nil && (d.Phase == Invalid || d.Phase == Deleting) {
		err = fmt.Errorf("%s: green cannot be used; blue is as it was", d)
	}
	return d, err
}

func optional(value, otherwise string) *string {
	if value == "" {
		value = otherwise
	}
	if value == "" {
		return nil
	}
	return &value
}
