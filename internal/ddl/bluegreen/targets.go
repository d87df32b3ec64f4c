package bluegreen

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// Target is a version to which a version of Aurora MySQL can be upgraded.
type Target struct {
	Version string `json:"version"`
	Major   bool   `json:"major"` // another major version
}

// Targets are the versions to which a version can be upgraded in place.
func (c *Client) Targets(ctx context.Context, version string) ([]Target, error) {
	in := &rds.DescribeDBEngineVersionsInput{Engine: aws.String(engine), EngineVersion: &version, IncludeAll: aws.Bool(true)}
	out, err := c.rds.DescribeDBEngineVersions(ctx, in)
	if err != nil {
		return nil, plain("reading the versions", err)
	}
	for _, v := range out.DBEngineVersions {
		if aws.ToString(v.EngineVersion) != version {
			continue
		}
		var targets []Target
		for _, t := range v.ValidUpgradeTarget {
			targets = append(targets, Target{aws.ToString(t.EngineVersion), aws.ToBool(t.IsMajorVersionUpgrade)})
		}
		return targets, nil
	}
	return nil, fmt.Errorf("RDS does not know version %s of %s in this region", version, engine)
}

// FamilyParameters are the names of the parameters that can be set in groups of a
// family: those of clusters, or else of instances.
func (c *Client) FamilyParameters(ctx context.Context, family string, cluster bool) ([]string, error) {
	var names []string
	add := func(defaults *types.EngineDefaults) (marker *string) {
		if defaults == nil {
			return nil
		}
		for _, p := range defaults.Parameters {
			if aws.ToBool(p.IsModifiable) {
				names = append(names, aws.ToString(p.ParameterName))
			}
		}
		return defaults.Marker
	}
	for marker := aws.String(""); ; {
		var err error
		if cluster {
			var out *rds.DescribeEngineDefaultClusterParametersOutput
			if out, err = c.rds.DescribeEngineDefaultClusterParameters(ctx, &rds.DescribeEngineDefaultClusterParametersInput{DBParameterGroupFamily: &family, Marker: marker}); err == nil {
				marker = add(out.EngineDefaults)
			}
		} else {
			var out *rds.DescribeEngineDefaultParametersOutput
			if out, err = c.rds.DescribeEngineDefaultParameters(ctx, &rds.DescribeEngineDefaultParametersInput{DBParameterGroupFamily: &family, Marker: marker}); err == nil {
				marker = add(out.EngineDefaults)
			}
		}
		if err != nil {
			return nil, plain("reading the parameters of "+family, err)
		}
		if aws.ToString(marker) == "" {
			break
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("RDS names no parameter of %s", family)
	}
	return names, nil
}

// ParameterGroup is a parameter group that a cluster or its instances have.
type ParameterGroup struct {
	Name    string
	Cluster bool     // of the cluster; else of instances
	Set     []string // the names of the parameters that someone has set
}

// ParameterGroups are those of a cluster and of its instances.
func (c *Client) ParameterGroups(ctx context.Context, cluster string) ([]ParameterGroup, error) {
	found, err := c.Cluster(ctx, cluster)
	if err != nil {
		return nil, err
	}
	of, user := ParameterGroup{Name: found.ParameterGroup, Cluster: true}, aws.String("user")
	for pages := rds.NewDescribeDBClusterParametersPaginator(c.rds, &rds.DescribeDBClusterParametersInput{DBClusterParameterGroupName: &of.Name, Source: user}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, plain("reading parameter group "+of.Name, err)
		}
		of.Set = append(of.Set, names(page.Parameters)...)
	}
	groups := []ParameterGroup{of}
	instances, err := c.instanceParameterGroups(ctx, found)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(instances)) {
		of := ParameterGroup{Name: name}
		for pages := rds.NewDescribeDBParametersPaginator(c.rds, &rds.DescribeDBParametersInput{DBParameterGroupName: &name, Source: user}); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, plain("reading parameter group "+name, err)
			}
			of.Set = append(of.Set, names(page.Parameters)...)
		}
		groups = append(groups, of)
	}
	return groups, nil
}

func names(parameters []types.Parameter) []string {
	var all []string
	for _, p := range parameters {
		all = append(all, aws.ToString(p.ParameterName))
	}
	return all
}
