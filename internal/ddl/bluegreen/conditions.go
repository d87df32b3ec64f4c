package bluegreen

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// State is whether a condition is met.
type State string

// States of a condition. Unknown is one that could not be asked, or that RDS has
// changed over time.
const (
	Met     State = "met"
	Unmet   State = "unmet"
	Unknown State = "unknown"
)

// Condition is something that RDS demands of a cluster before it makes a
// deployment of it or switches it over.
type Condition struct {
	Name  string `json:"name"`
	State State  `json:"state"`

	// Found is what was found.
	Found string `json:"found"`

	// Do is what to do about it. Empty if it is met.
	Do string `json:"do,omitempty"`
}

const (
	engine = "aurora-mysql"
	inSync = "in-sync"
)

// A condition looks at a cluster and judges it.
type condition struct {
	name string
	look func(*inspection) (Condition, error)
}

// conditions are all that can be known before a deployment is made.
var conditions = []condition{
	{"engine", (*inspection).engine},
	{"status", (*inspection).status},
	{"target version", (*inspection).target},
	{"master password", (*inspection).masterPassword},
	{"parameter group", (*inspection).parameterGroup},
	{"binary log", (*inspection).binaryLog},
	{"event scheduler", (*inspection).eventScheduler},
	{"instance parameter groups", (*inspection).instanceParameterGroups},
	{"other deployments", (*inspection).otherDeployments},
	{"replication", (*inspection).replication},
	{"global database", (*inspection).globalDatabase},
	{"activity stream", (*inspection).activityStream},
	{"zero-ETL", (*inspection).integrations},
	{"custom endpoints", (*inspection).customEndpoints},
	{"backtrack", (*inspection).backtrack},
	{"proxies", (*inspection).proxies},
	{"quotas", (*inspection).quotas},
}

// inspection is what the conditions look at.
type inspection struct {
	*Client
	ctx        context.Context
	cluster    Cluster
	name       string            // of the deployment that is wanted
	version    string            // of green; empty for blue's
	parameters map[string]string // of the cluster's group, that someone has set
}

// Conditions looks at a cluster and says of each condition for a deployment of the
// name whether it is met. Version is green's; empty for blue's. What cannot be
// read is unknown, with the reason; only a cluster that cannot be read at all is
// an error.
func (c *Client) Conditions(ctx context.Context, cluster, name, version string) ([]Condition, error) {
	blue, err := c.Cluster(ctx, cluster)
	if err != nil {
		return nil, err
	}
	i := &inspection{Client: c, ctx: ctx, cluster: blue, name: name, version: version}
	var all []Condition
	for _, condition := range conditions {
		found, err := condition.look(i)
		if err != nil {
			found = Condition{State: Unknown, Found: err.Error(), Do: "look in the console of RDS"}
		}
		found.Name = condition.name
		all = append(all, found)
	}
	return all, nil
}

func met(format string, args ...any) (Condition, error) {
	return Condition{State: Met, Found: fmt.Sprintf(format, args...)}, nil
}

func unmet(do, format string, args ...any) (Condition, error) {
	return Condition{State: Unmet, Found: fmt.Sprintf(format, args...), Do: do}, nil
}

func unknown(do, format string, args ...any) (Condition, error) {
	return Condition{State: Unknown, Found: fmt.Sprintf(format, args...), Do: do}, nil
}

func (i *inspection) engine() (Condition, error) {
	d := i.cluster.described
	switch name, mode := aws.ToString(d.Engine), aws.ToString(d.EngineMode); {
	case name != engine:
		return unmet("", "the engine is %s: noren replicates %s only", name, engine)
	case mode != "" && mode != "provisioned":
		return unmet("move to Serverless v2 or to provisioned instances first", "the engine mode is %s, which has no deployments", mode)
	}
	return met("%s %s", engine, i.cluster.Version)
}

func (i *inspection) status() (Condition, error) {
	switch {
	case i.cluster.Status != "available":
		return unmet("wait, or start it", "the cluster is %s", i.cluster.Status)
	case len(i.cluster.Instances) == 0:
		return unmet("add an instance", "the cluster has no instance")
	}
	return met("available, with %d instances", len(i.cluster.Instances))
}

func (i *inspection) target() (Condition, error) {
	if i.version == "" || i.version == i.cluster.Version {
		return met("green has blue's version")
	}
	targets, err := i.Targets(i.ctx, i.cluster.Version)
	if err != nil {
		return Condition{}, err
	}
	var names []string
	for _, t := range targets {
		if t.Version == i.version {
			return met("%s can be upgraded to %s", i.cluster.Version, t.Version)
		}
		names = append(names, t.Version)
	}
	return unmet("choose another version", "%s cannot be upgraded to %s, but to: %s", i.cluster.Version, i.version, orNone(names))
}

func (i *inspection) masterPassword() (Condition, error) {
	if i.cluster.described.MasterUserSecret != nil {
		return unmet("set a password of your own, with rds modify-db-cluster --no-manage-master-user-password", "RDS manages the master password, and refuses to replicate from such a cluster")
	}
	return met("RDS does not manage it")
}

func (i *inspection) parameterGroup() (Condition, error) {
	group := i.cluster.ParameterGroup
	if strings.HasPrefix(group, "default.") {
		return unmet("give the cluster a parameter group of its own and restart its instances", "the cluster has the default group %s", group)
	}
	for _, m := range i.cluster.described.DBClusterMembers {
		if state := aws.ToString(m.DBClusterParameterGroupStatus); state != inSync {
			return unmet("restart that instance: only after it the parameters apply", "%s is %s on instance %s", group, state, aws.ToString(m.DBInstanceIdentifier))
		}
	}
	return met("%s applies to all instances", group)
}

// parameter is the value that someone has set in the cluster's parameter group, or
// empty.
func (i *inspection) parameter(name string) (string, error) {
	if i.parameters == nil {
		found := map[string]string{}
		in := &rds.DescribeDBClusterParametersInput{DBClusterParameterGroupName: &i.cluster.ParameterGroup, Source: aws.String("user")}
		for pages := rds.NewDescribeDBClusterParametersPaginator(i.rds, in); pages.HasMorePages(); {
			page, err := pages.NextPage(i.ctx)
			if err != nil {
				return "", plain("reading parameter group "+i.cluster.ParameterGroup, err)
			}
			for _, p := range page.Parameters {
				found[aws.ToString(p.ParameterName)] = aws.ToString(p.ParameterValue)
			}
		}
		i.parameters = found
	}
	return i.parameters[name], nil
}

func (i *inspection) binaryLog() (Condition, error) {
	format, err := i.parameter("binlog_format")
	if err != nil {
		return Condition{}, err
	}
	const do = "set binlog_format to ROW in the cluster's parameter group and restart the instances"
	switch {
	case strings.EqualFold(format, "ROW"):
		return met("binlog_format is ROW")
	case format == "" || strings.EqualFold(format, "OFF"):
		return unmet(do, "there is no binary log: binlog_format is %s", orNone([]string{format}))
	}
	return unmet(do, "binlog_format is %s: what a statement does may differ between the two definitions of a table", format)
}

func (i *inspection) eventScheduler() (Condition, error) {
	value, err := i.parameter("event_scheduler")
	if err != nil {
		return Condition{}, err
	}
	if strings.EqualFold(value, "ON") || value == "1" {
		return unmet("set event_scheduler to OFF, or give green a parameter group in which it is", "event_scheduler is %s: events would change green, too", value)
	}
	return met("the parameter group does not turn it on")
}

func (i *inspection) instanceParameterGroups() (Condition, error) {
	groups, err := i.Client.instanceParameterGroups(i.ctx, i.cluster)
	if err != nil {
		return Condition{}, err
	}
	var names []string
	for name, state := range groups {
		if state != inSync {
			return unmet("restart the instances that have it", "%s is %s", name, state)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	switch len(names) {
	case 0:
		return unknown("look in the console of RDS", "RDS names no parameter group of an instance")
	case 1:
		return met("%s applies to all instances", names[0])
	}
	return unknown("say which green gets", "the instances have several: %s", strings.Join(names, ", "))
}

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
			targets, err := i.rds.DescribeDBProxyTargets(i.ctx, &rds.DescribeDBProxyTargetsInput{DBProxyName: proxy.DBProxyName})
			if err != nil {
				return Condition{}, plain("reading the targets of proxy "+aws.ToString(proxy.DBProxyName), err)
			}
			for _, t := range targets.Targets {
				if aws.ToString(t.TrackedClusterId) == i.cluster.Name || aws.ToString(t.RdsResourceId) == i.cluster.Name {
					names = append(names, aws.ToString(proxy.DBProxyName))
					break
				}
			}
		}
	}
	if len(names) > 0 {
		return unknown("try it in a test environment: RDS has supported proxies since April 2026, if they are registered before the deployment is made", "proxies lead to the cluster: %s", strings.Join(names, ", "))
	}
	return met("none leads to the cluster")
}

func (i *inspection) quotas() (Condition, error) {
	out, err := i.rds.DescribeAccountAttributes(i.ctx, &rds.DescribeAccountAttributesInput{})
	if err != nil {
		return Condition{}, plain("reading the quotas", err)
	}
	needed := map[string]int64{"DBClusters": 1, "DBInstances": int64(len(i.cluster.Instances))}
	var short []string
	for _, quota := range out.AccountQuotas {
		name, used, most := aws.ToString(quota.AccountQuotaName), aws.ToInt64(quota.Used), aws.ToInt64(quota.Max)
		more, counts := needed[name]
		if counts && used+more > most {
			short = append(short, fmt.Sprintf("%d %s of %d are used, %d more are needed", used, name, most, more))
		}
		delete(needed, name)
	}
	switch {
	case len(short) > 0:
		return unmet("raise the quotas of RDS, or delete some", "%s", strings.Join(short, "; "))
	case len(needed) > 0:
		return unknown("look in the console of Service Quotas", "RDS does not name all quotas")
	}
	return met("there is room for a cluster with %d instances", len(i.cluster.Instances))
}

func orNone(names []string) string {
	if text := strings.Join(names, ", "); text != "" {
		return text
	}
	return "none"
}
