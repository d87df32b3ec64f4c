package bluegreen

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// A Right is actions of RDS that are allowed on resources. Resources are what
// follows arn:PARTITION:rds:REGION:ACCOUNT: in an ARN, or * alone for actions that
// know none.
type Right struct {
	Actions   []string
	Resources []string
}

// Rights returns what a Client needs to change a copy of a cluster whose name,
// and those of whose instances, begin with one of the names, as those do that
// CloudFormation gives in a stack. What they allow to delete is what RDS has
// called green or old, never the cluster in use.
func Rights(names ...string) []Right {
	// of are the patterns of a kind of resource, for each name.
	of := func(kind, rest string) (patterns []string) {
		for _, name := range names {
			patterns = append(patterns, kind+":"+name+rest)
		}
		return patterns
	}
	some := func(some ...string) []string { return some }
	var (
		cluster, green, old       = of("cluster", "*"), of("cluster", "*-green-*"), of("cluster", "*-old*")
		instances, greenInstances = of("db", "*"), of("db", "*-green-*")
		oldInstances              = of("db", "*-old*")
	)
	return []Right{
		{some(
			"rds:DescribeAccountAttributes", "rds:DescribeBlueGreenDeployments", "rds:DescribeDBClusterParameters", "rds:DescribeDBClusters",
			"rds:DescribeDBEngineVersions", "rds:DescribeDBInstances", "rds:DescribeDBParameters", "rds:DescribeDBProxies", "rds:DescribeDBProxyTargets",
			"rds:DescribeEngineDefaultClusterParameters", "rds:DescribeEngineDefaultParameters", "rds:DescribeIntegrations",
		), some("*")},
		{some("rds:CreateBlueGreenDeployment"), slices.Concat(some("deployment:*", "cluster-pg:*", "pg:*"), cluster)},
		{some("rds:SwitchoverBlueGreenDeployment", "rds:DeleteBlueGreenDeployment", "rds:AddTagsToResource"), slices.Concat(some("deployment:*"), cluster, instances)},
		// What RDS does in the name of whoever makes a deployment and switches it.
		{some("rds:CreateDBCluster"), slices.Concat(some("cluster-pg:*", "subgrp:*", "og:*"), green)},
		{some("rds:CreateDBInstance"), slices.Concat(some("pg:*", "subgrp:*", "og:*"), green, greenInstances)},
		{some("rds:CreateDBClusterEndpoint", "rds:DeleteDBClusterEndpoint"), slices.Concat(some("cluster-endpoint:*"), green, old)},
		{some("rds:ModifyDBCluster", "rds:PromoteReadReplicaDBCluster"), slices.Concat(some("cluster-pg:*", "pg:*", "og:*"), cluster)},
		{some("rds:DeleteDBCluster"), slices.Concat(some("cluster-snapshot:*"), green, old)},
		{some("rds:DeleteDBInstance"), slices.Concat(greenInstances, oldInstances)},
		{some("rds:CreateDBClusterSnapshot"), slices.Concat(some("cluster-snapshot:*"), old)},
	}
}

// Assume returns settings with which AWS is asked in the role. The session is
// called noren-ddl-copy, by which CloudTrail tells what was done by these verbs.
func Assume(cfg aws.Config, role string) aws.Config {
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "noren-ddl-copy"
	})
	assumed := cfg.Copy()
	assumed.Credentials = aws.NewCredentialsCache(provider)
	return assumed
}
