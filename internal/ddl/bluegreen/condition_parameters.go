package bluegreen

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

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

// parameter returns the value that the cluster's parameter group sets, or "".
func (i *inspection) parameter(name string) (string, error) {
	if i.parameters == nil {
		set, err := i.clusterParameters(i.ctx, i.cluster.ParameterGroup)
		if err != nil {
			return "", err
		}
		found := map[string]string{}
		for _, p := range set {
			found[aws.ToString(p.ParameterName)] = aws.ToString(p.ParameterValue)
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

// TypeConversions says whether green, which gets blue's parameter group, will
// convert to the types that a change needs: wanted is ALL_NON_LOSSY. On Aurora,
// the user who changes green may not set this.
func (c *Client) TypeConversions(ctx context.Context, cluster, wanted string) Condition {
	found, err := c.typeConversions(ctx, cluster, wanted)
	if err != nil {
		found = Condition{State: Unknown, Found: err.Error(), Do: "look in the console of RDS"}
	}
	found.Name = "type conversions"
	return found
}

func (c *Client) typeConversions(ctx context.Context, cluster, wanted string) (Condition, error) {
	blue, err := c.Cluster(ctx, cluster)
	if err != nil {
		return Condition{}, err
	}
	i := &inspection{Client: c, ctx: ctx, cluster: blue}
	names := []string{"replica_type_conversions", "slave_type_conversions"}
	for _, name := range names {
		value, err := i.parameter(name)
		switch has := strings.Split(strings.ToUpper(value), ","); {
		case err != nil:
			return Condition{}, err
		case slices.Contains(has, "ALL_LOSSY"):
			return unmet("set it to "+wanted+" alone", "%s is %s: ALL_LOSSY shortens values without an error", name, value)
		case slices.Contains(has, wanted):
			return met("%s is %s", name, value)
		}
	}
	major, _, _ := strings.Cut(blue.Version, ".mysql_aurora.")
	family, err := c.FamilyParameters(ctx, engine+major, true)
	if err != nil {
		return Condition{}, err
	}
	for _, name := range names {
		if slices.Contains(family, name) {
			return unknown("set it to "+wanted+" where the group is defined, and deploy: it takes no restart",
				"%s does not set %s, and start may not", blue.ParameterGroup, name)
		}
	}
	return unmet("make a change that needs no wider type", "%s%s has neither %s", engine, major, strings.Join(names, " nor "))
}
