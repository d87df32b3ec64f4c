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

// FamilyParameters returns the names of the parameters that can be set in groups
// of a family: cluster parameter groups or, if cluster is false, instance
// parameter groups.
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

// ParameterGroup is a parameter group of a cluster or of its instances.
type ParameterGroup struct {
	Name    string
	Cluster bool     // of the cluster; otherwise of instances
	Set     []string // the names of the parameters that it sets
}

// ParameterGroups returns the groups of a cluster and of its instances.
func (c *Client) ParameterGroups(ctx context.Context, cluster string) ([]ParameterGroup, error) {
	found, err := c.Cluster(ctx, cluster)
	if err != nil {
		return nil, err
	}
	of, user := ParameterGroup{Name: found.ParameterGroup, Cluster: true}, aws.String("user")
	parameters, err := c.clusterParameters(ctx, of.Name)
	if err != nil {
		return nil, err
	}
	of.Set = names(parameters)
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

// clusterParameters returns the parameters that a cluster parameter group sets.
func (c *Client) clusterParameters(ctx context.Context, group string) ([]types.Parameter, error) {
	var all []types.Parameter
	in := &rds.DescribeDBClusterParametersInput{DBClusterParameterGroupName: &group, Source: aws.String("user")}
	for pages := rds.NewDescribeDBClusterParametersPaginator(c.rds, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, plain("reading parameter group "+group, err)
		}
		all = append(all, page.Parameters...)
	}
	return all, nil
}

// instanceParameterGroup returns the parameter group that all instances of a
// cluster share, or "" if they differ.
func (c *Client) instanceParameterGroup(ctx context.Context, cluster Cluster) (string, error) {
	groups, err := c.instanceParameterGroups(ctx, cluster)
	if err != nil || len(groups) != 1 {
		return "", err
	}
	for name := range groups {
		return name, nil
	}
	return "", nil
}

// instanceParameterGroups returns the parameter groups of a cluster's instances,
// with the worst state in which an instance has applied it.
func (c *Client) instanceParameterGroups(ctx context.Context, cluster Cluster) (map[string]string, error) {
	groups := map[string]string{}
	name, filter := cluster.Name, "db-cluster-id"
	for pages := rds.NewDescribeDBInstancesPaginator(c.rds, &rds.DescribeDBInstancesInput{Filters: []types.Filter{{Name: &filter, Values: []string{name}}}}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, plain("reading the instances of "+name, err)
		}
		for _, i := range page.DBInstances {
			for _, g := range i.DBParameterGroups {
				group, state := aws.ToString(g.DBParameterGroupName), aws.ToString(g.ParameterApplyStatus)
				if before, ok := groups[group]; !ok || before == inSync {
					groups[group] = state
				}
			}
		}
	}
	return groups, nil
}
