package bluegreen

import (
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

// Rights are what a Client needs to change a copy of a cluster whose name, and
// those of whose instances, begin with prefix, as those do that CloudFormation
// gives in a stack. What they allow to delete is what RDS has called green or old,
// never the cluster in use.
func Rights(prefix string) []Right {
	some := func(kinds ...string) []string { return kinds }
	var (
		cluster, green, old = "cluster:" + prefix + "*", "cluster:" + prefix + "*-green-*", "cluster:" + prefix + "*-old*"
		instances           = "db:" + prefix + "*"
		greenInstances      = "db:" + prefix + "*-green-*"
		oldInstances        = "db:" + prefix + "*-old*"
	)
	return []Right{
		{some(
			"rds:DescribeAccountAttributes", "rds:DescribeBlueGreenDeployments", "rds:DescribeDBClusterParameters", "rds:DescribeDBClusters",
			"rds:DescribeDBEngineVersions", "rds:DescribeDBInstances", "rds:DescribeDBProxies", "rds:DescribeDBProxyTargets", "rds:DescribeIntegrations",
		), some("*")},
		{some("rds:CreateBlueGreenDeployment"), some("deployment:*", cluster, "cluster-pg:*", "pg:*")},
		{some("rds:SwitchoverBlueGreenDeployment", "rds:DeleteBlueGreenDeployment"), some("deployment:*", cluster, instances)},
		{some("rds:AddTagsToResource"), some("deployment:*", cluster, instances)},
		// What RDS does in the name of whoever makes a deployment and switches it.
		{some("rds:CreateDBCluster"), some(green, "cluster-pg:*", "subgrp:*", "og:*")},
		{some("rds:CreateDBInstance"), some(greenInstances, green, "pg:*", "subgrp:*", "og:*")},
		{some("rds:CreateDBClusterEndpoint", "rds:DeleteDBClusterEndpoint"), some("cluster-endpoint:*", green, old)},
		{some("rds:ModifyDBCluster", "rds:PromoteReadReplicaDBCluster"), some(cluster, "cluster-pg:*", "pg:*", "og:*")},
		{some("rds:DeleteDBCluster"), some(green, old, "cluster-snapshot:*")},
		{some("rds:DeleteDBInstance"), some(greenInstances, oldInstances)},
		{some("rds:CreateDBClusterSnapshot"), some(old, "cluster-snapshot:*")},
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
