package bluegreen

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

func (i *inspection) otherDeployments() (Condition, error) {
	found, err := i.Of(i.ctx, i.cluster.ARN)
	if err != nil {
		return Condition{}, err
	}
	for _, d := range found {
		if d.Name != i.name {
			return unmet("finish or abandon it first", "%s, of the same cluster", d)
		}
	}
	return met("the cluster has none")
}

func (i *inspection) replication() (Condition, error) {
	d := i.cluster.described
	switch {
	case aws.ToString(d.ReplicationSourceIdentifier) != "":
		return unmet("promote it first", "the cluster replicates from %s", aws.ToString(d.ReplicationSourceIdentifier))
	case len(d.ReadReplicaIdentifiers) > 0:
		return unmet("delete it first, and make it again afterwards", "the cluster has a replica in another region: %s", strings.Join(d.ReadReplicaIdentifiers, ", "))
	}
	return met("the cluster is not a replica and has none outside")
}

func (i *inspection) globalDatabase() (Condition, error) {
	if id := aws.ToString(i.cluster.described.GlobalClusterIdentifier); id != "" {
		return unknown("read the limitations of blue/green deployments for your region", "the cluster belongs to the global database %s, which RDS supports with limits", id)
	}
	return met("the cluster belongs to none")
}

func (i *inspection) activityStream() (Condition, error) {
	if s := i.cluster.described.ActivityStreamStatus; s != "" && s != types.ActivityStreamStatusStopped {
		return unknown("stop it, and start it again after the switchover", "the activity stream is %s, and green has none", s)
	}
	return met("there is none")
}

func (i *inspection) integrations() (Condition, error) {
	filter := types.Filter{Name: aws.String("source-arn"), Values: []string{i.cluster.ARN}}
	out, err := i.rds.DescribeIntegrations(i.ctx, &rds.DescribeIntegrationsInput{Filters: []types.Filter{filter}})
	if err != nil {
		return Condition{}, plain("reading the integrations", err)
	}
	if len(out.Integrations) > 0 {
		return unmet("delete it before the switchover, and make it again afterwards", "the cluster has the integration %s", aws.ToString(out.Integrations[0].IntegrationName))
	}
	return met("the cluster has no integration")
}

func (i *inspection) customEndpoints() (Condition, error) {
	if custom := i.cluster.described.CustomEndpoints; len(custom) > 0 {
		return unknown("use the cluster's own endpoints, or check these after the switchover", "custom endpoints that list instances do not survive the switchover: %s", strings.Join(custom, ", "))
	}
	return met("there are none")
}

func (i *inspection) backtrack() (Condition, error) {
	if window := aws.ToInt64(i.cluster.described.BacktrackWindow); window > 0 {
		return unknown("do not backtrack while the deployment exists", "the cluster can backtrack %d seconds, green cannot, and a backtrack breaks the deployment", window)
	}
	return met("it is off")
}

func (i *inspection) proxies() (Condition, error) {
	var names []string
	for pages := rds.NewDescribeDBProxiesPaginator(i.rds, &rds.DescribeDBProxiesInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(i.ctx)
		if err != nil {
			return Condition{}, plain("reading the proxies", err)
		}
		for _, proxy := range page.DBProxies {
			name := aws.ToString(proxy.DBProxyName)
			leads, err := i.leads(name)
			if err != nil {
				return Condition{}, err
			}
			if leads {
				names = append(names, name)
			}
		}
	}
	if len(names) > 0 {
		return unknown("try it in a test environment: RDS has supported proxies since April 2026, if they are registered before the deployment is made", "proxies lead to the cluster: %s", strings.Join(names, ", "))
	}
	return met("none leads to the cluster")
}

// leads reports whether a proxy forwards to the cluster.
func (i *inspection) leads(proxy string) (bool, error) {
	for pages := rds.NewDescribeDBProxyTargetsPaginator(i.rds, &rds.DescribeDBProxyTargetsInput{DBProxyName: &proxy}); pages.HasMorePages(); {
		page, err := pages.NextPage(i.ctx)
		if err != nil {
			return false, plain("reading the targets of proxy "+proxy, err)
		}
		for _, t := range page.Targets {
			if aws.ToString(t.TrackedClusterId) == i.cluster.Name || aws.ToString(t.RdsResourceId) == i.cluster.Name {
				return true, nil
			}
		}
	}
	return false, nil
}
