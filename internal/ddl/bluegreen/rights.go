package bluegreen

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// A Right allows RDS actions on resources. Resources are the parts of ARNs after
// arn:PARTITION:rds:REGION:ACCOUNT:, or only * for actions without resource-level
// permissions.
type Right struct {
	Actions   []string
	Resources []string
}

// Rights returns what a Client needs to change a copy of a cluster. The names of
// the cluster and its instances begin with one of names, as CloudFormation's
// generated names do. They allow deleting only what RDS has named green or old,
// never the cluster in use.
func Rights(names ...string) []Right {
	// of returns the patterns of a kind of resource, for each name.
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
		// What RDS does on behalf of whoever makes a deployment and switches it.
		{some("rds:CreateDBCluster"), slices.Concat(some("cluster-pg:*", "subgrp:*", "og:*"), green)},
		{some("rds:CreateDBInstance"), slices.Concat(some("pg:*", "subgrp:*", "og:*"), green, greenInstances)},
		{some("rds:CreateDBClusterEndpoint", "rds:DeleteDBClusterEndpoint"), slices.Concat(some("cluster-endpoint:*"), green, old)},
		{some("rds:ModifyDBCluster", "rds:PromoteReadReplicaDBCluster"), slices.Concat(some("cluster-pg:*", "pg:*", "og:*"), cluster)},
		{some("rds:DeleteDBCluster"), slices.Concat(some("cluster-snapshot:*"), green, old)},
		{some("rds:DeleteDBInstance"), slices.Concat(greenInstances, oldInstances)},
		{some("rds:CreateDBClusterSnapshot"), slices.Concat(some("cluster-snapshot:*"), old)},
	}
}

// Assume returns settings for calling AWS in the role. The session is named
// noren-ddl-copy, by which CloudTrail identifies the actions of these verbs.
func Assume(cfg aws.Config, role string) aws.Config {
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "noren-ddl-copy"
	})
	assumed := cfg.Copy()
	assumed.Credentials = aws.NewCredentialsCache(provider)
	return assumed
}
