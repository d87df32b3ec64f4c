package bluegreen

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// State is whether a condition is met.
type State string

// States of a condition. Unknown means that it could not be checked, or that RDS
// has changed the condition over time.
const (
	Met     State = "met"
	Unmet   State = "unmet"
	Unknown State = "unknown"
)

// Condition is a requirement of RDS for a cluster before it makes a deployment of
// it or switches it over.
type Condition struct {
	Name  string `json:"name"`
	State State  `json:"state"`

	// Found is what was found.
	Found string `json:"found"`

	// Do says what to do about it. Empty if it is met.
	Do string `json:"do,omitempty"`
}

const (
	engine = "aurora-mysql"
	inSync = "in-sync"
)

// A condition checks a cluster.
type condition struct {
	name string
	look func(*inspection) (Condition, error)
}

// conditions are all conditions that can be checked before a deployment is made.
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
	name       string            // of the planned deployment
	version    string            // of green; empty for blue's
	parameters map[string]string // set in the cluster's group
}

// Conditions reports for each condition whether a cluster meets it for a
// deployment with the name. version is green's, empty for blue's. What cannot be
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
