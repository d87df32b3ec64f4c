package bluegreen_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/ddl/bluegreen"
	"github.com/noren-cdk/noren/internal/testing/awsstub"
)

// fit is a cluster, and an account, that meets every condition.
var fit = map[string]string{
	"DescribeDBClusters": "<DBClusters><DBCluster><DBClusterIdentifier>shop</DBClusterIdentifier><DBClusterArn>" + blueARN + "</DBClusterArn><Status>available</Status>" +
		"<Engine>aurora-mysql</Engine><EngineMode>provisioned</EngineMode><EngineVersion>8.0.mysql_aurora.3.10.3</EngineVersion><DBClusterParameterGroup>shop-parameters</DBClusterParameterGroup>" +
		"<DBClusterMembers><DBClusterMember><DBInstanceIdentifier>writer</DBInstanceIdentifier><IsClusterWriter>true</IsClusterWriter><DBClusterParameterGroupStatus>in-sync</DBClusterParameterGroupStatus></DBClusterMember></DBClusterMembers>" +
		"</DBCluster></DBClusters>",
	"DescribeDBClusterParameters":  "<Parameters><Parameter><ParameterName>binlog_format</ParameterName><ParameterValue>ROW</ParameterValue></Parameter></Parameters>",
	"DescribeDBInstances":          "<DBInstances><DBInstance><DBParameterGroups><DBParameterGroup><DBParameterGroupName>shop-instances</DBParameterGroupName><ParameterApplyStatus>in-sync</ParameterApplyStatus></DBParameterGroup></DBParameterGroups></DBInstance></DBInstances>",
	"DescribeBlueGreenDeployments": none,
	"DescribeDBProxies":            "<DBProxies></DBProxies>",
	"DescribeIntegrations":         "<Integrations></Integrations>",
	"DescribeAccountAttributes": "<AccountQuotas><AccountQuota><AccountQuotaName>DBClusters</AccountQuotaName><Used>1</Used><Max>40</Max></AccountQuota>" +
		"<AccountQuota><AccountQuotaName>DBInstances</AccountQuotaName><Used>39</Used><Max>40</Max></AccountQuota></AccountQuotas>",
	"DescribeDBEngineVersions": "<DBEngineVersions><DBEngineVersion><EngineVersion>8.0.mysql_aurora.3.10.3</EngineVersion><ValidUpgradeTarget>" +
		"<UpgradeTarget><EngineVersion>8.0.mysql_aurora.3.10.5</EngineVersion></UpgradeTarget>" +
		"<UpgradeTarget><EngineVersion>8.4.mysql_aurora.8.4.7</EngineVersion><IsMajorVersionUpgrade>true</IsMajorVersionUpgrade></UpgradeTarget></ValidUpgradeTarget></DBEngineVersion></DBEngineVersions>",
}

func TestConditions(t *testing.T) {
	// in returns a change that adds a property to the cluster.
	in := func(property string) [2]string {
		return [2]string{"<Status>available</Status>", "<Status>available</Status>" + property}
	}
	tests := []struct {
		name      string
		operation string    // whose answer differs
		change    [2]string // of the answer: old and new; only new: all of it
		version   string
		condition string
		state     bluegreen.State
		found     string
	}{
		{"another engine", "DescribeDBClusters", [2]string{"<Engine>aurora-mysql", "<Engine>aurora-postgresql"}, "", "engine", bluegreen.Unmet, "the engine is aurora-postgresql"},
		{"Serverless v1", "DescribeDBClusters", [2]string{"provisioned", "serverless"}, "", "engine", bluegreen.Unmet, "the engine mode is serverless"},
		{"stopped", "DescribeDBClusters", [2]string{"<Status>available", "<Status>stopped"}, "", "status", bluegreen.Unmet, "the cluster is stopped"},
		{"no instance", "DescribeDBClusters", [2]string{"<DBInstanceIdentifier>writer</DBInstanceIdentifier><IsClusterWriter>true</IsClusterWriter><DBClusterParameterGroupStatus>in-sync</DBClusterParameterGroupStatus>", ""}, "", "parameter group", bluegreen.Unmet, "on instance "},
		{"a minor version", "", [2]string{}, "8.0.mysql_aurora.3.10.5", "target version", bluegreen.Met, "can be upgraded"},
		{"a major version", "", [2]string{}, "8.4.mysql_aurora.8.4.7", "target version", bluegreen.Met, "can be upgraded"},
		{"a version that is too far", "", [2]string{}, "8.4.mysql_aurora.8.4.9", "target version", bluegreen.Unmet, "but to: 8.0.mysql_aurora.3.10.5, 8.4.mysql_aurora.8.4.7"},
		{"a version that RDS does not know any more", "DescribeDBEngineVersions", [2]string{"", "<DBEngineVersions></DBEngineVersions>"}, "8.4.mysql_aurora.8.4.7", "target version", bluegreen.Unknown, "RDS does not know version 8.0.mysql_aurora.3.10.3"},
		{"a password that RDS manages", "DescribeDBClusters", in("<MasterUserSecret><SecretArn>arn:aws:secretsmanager:x</SecretArn></MasterUserSecret>"), "", "master password", bluegreen.Unmet, "RDS manages the master password"},
		{"the default group", "DescribeDBClusters", [2]string{"shop-parameters", "default.aurora-mysql8.0"}, "", "parameter group", bluegreen.Unmet, "the default group default.aurora-mysql8.0"},
		{"a group that waits for a restart", "DescribeDBClusters", [2]string{"in-sync", "pending-reboot"}, "", "parameter group", bluegreen.Unmet, "shop-parameters is pending-reboot on instance writer"},
		{"no binary log", "DescribeDBClusterParameters", [2]string{"", "<Parameters></Parameters>"}, "", "binary log", bluegreen.Unmet, "binlog_format is none"},
		{"no binary log, in so many words", "DescribeDBClusterParameters", [2]string{"ROW", "OFF"}, "", "binary log", bluegreen.Unmet, "binlog_format is OFF"},
		{"by statement", "DescribeDBClusterParameters", [2]string{"ROW", "MIXED"}, "", "binary log", bluegreen.Unmet, "binlog_format is MIXED"},
		{"parameters that may not be read", "DescribeDBClusterParameters", [2]string{"", awsstub.Refuse("AccessDenied", "not you")}, "", "binary log", bluegreen.Unknown, "not you (AccessDenied)"},
		{"events", "DescribeDBClusterParameters", [2]string{"</Parameters>", "<Parameter><ParameterName>event_scheduler</ParameterName><ParameterValue>ON</ParameterValue></Parameter></Parameters>"}, "", "event scheduler", bluegreen.Unmet, "events would change green"},
		{"an instance that waits for a restart", "DescribeDBInstances", [2]string{"in-sync", "pending-reboot"}, "", "instance parameter groups", bluegreen.Unmet, "shop-instances is pending-reboot"},
		{"instances of two groups", "DescribeDBInstances", [2]string{"</DBParameterGroup></DBParameterGroups>", "</DBParameterGroup><DBParameterGroup><DBParameterGroupName>other</DBParameterGroupName><ParameterApplyStatus>in-sync</ParameterApplyStatus></DBParameterGroup></DBParameterGroups>"}, "", "instance parameter groups", bluegreen.Unknown, "other, shop-instances"},
		{"another deployment", "DescribeBlueGreenDeployments", [2]string{"", strings.ReplaceAll(described("AVAILABLE", ""), ">visits<", ">orders<")}, "", "other deployments", bluegreen.Unmet, "deployment orders is available"},
		{"its own deployment", "DescribeBlueGreenDeployments", [2]string{"", described("AVAILABLE", "")}, "", "other deployments", bluegreen.Met, ""},
		{"a replica", "DescribeDBClusters", in("<ReplicationSourceIdentifier>arn:aws:rds:x</ReplicationSourceIdentifier>"), "", "replication", bluegreen.Unmet, "replicates from arn:aws:rds:x"},
		{"a replica in another region", "DescribeDBClusters", in("<ReadReplicaIdentifiers><ReadReplicaIdentifier>arn:aws:rds:y</ReadReplicaIdentifier></ReadReplicaIdentifiers>"), "", "replication", bluegreen.Unmet, "another region: arn:aws:rds:y"},
		{"a global database", "DescribeDBClusters", in("<GlobalClusterIdentifier>world</GlobalClusterIdentifier>"), "", "global database", bluegreen.Unknown, "world"},
		{"an activity stream", "DescribeDBClusters", in("<ActivityStreamStatus>started</ActivityStreamStatus>"), "", "activity stream", bluegreen.Unknown, "started"},
		{"a stopped activity stream", "DescribeDBClusters", in("<ActivityStreamStatus>stopped</ActivityStreamStatus>"), "", "activity stream", bluegreen.Met, ""},
		{"zero-ETL", "DescribeIntegrations", [2]string{"", "<Integrations><Integration><IntegrationName>redshift</IntegrationName></Integration></Integrations>"}, "", "zero-ETL", bluegreen.Unmet, "redshift"},
		{"custom endpoints", "DescribeDBClusters", in("<CustomEndpoints><member>reports.cluster-custom-x</member></CustomEndpoints>"), "", "custom endpoints", bluegreen.Unknown, "reports.cluster-custom-x"},
		{"backtrack", "DescribeDBClusters", in("<BacktrackWindow>3600</BacktrackWindow>"), "", "backtrack", bluegreen.Unknown, "a backtrack breaks the deployment"},
		{"a proxy", "DescribeDBProxies", [2]string{"", "<DBProxies><member><DBProxyName>pool</DBProxyName></member></DBProxies>"}, "", "proxies", bluegreen.Unknown, "proxies lead to the cluster: pool"},
		{"proxies that may not be read", "DescribeDBProxies", [2]string{"", awsstub.Refuse("AccessDenied", "not you")}, "", "proxies", bluegreen.Unknown, "not you"},
		{"no room for an instance", "DescribeAccountAttributes", [2]string{"39", "40"}, "", "quotas", bluegreen.Unmet, "40 DBInstances of 40 are used, 1 more are needed"},
		{"quotas that RDS does not name", "DescribeAccountAttributes", [2]string{"DBInstances", "Instances"}, "", "quotas", bluegreen.Unknown, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found, others := conditionsOf(t, test.operation, test.change, test.version)
			got, ok := found[test.condition]
			if !ok || got.State != test.state || !strings.Contains(got.Found, test.found) {
				t.Errorf("got %+v, want %s, %q", got, test.state, test.found)
			}
			if got.State != bluegreen.Met && got.Do == "" && test.condition != "engine" {
				t.Errorf("%+v does not say what to do", got)
			}
			if test.operation == "DescribeAccountAttributes" && len(others) > 0 {
				t.Errorf("others: %v", others)
			}
		})
	}
	t.Run("all met", func(t *testing.T) {
		found, others := conditionsOf(t, "", [2]string{}, "")
		if len(found) != 17 || len(others) > 0 {
			t.Errorf("%d conditions, of which not met: %v", len(found), others)
		}
	})
	t.Run("no such cluster", func(t *testing.T) {
		c, stub := client(t)
		stub.Answer("DescribeDBClusters", awsstub.Refuse("DBClusterNotFoundFault", "none"))
		if _, err := c.Conditions(t.Context(), "shop", "visits", ""); err == nil || !strings.Contains(err.Error(), "check the name of the cluster and the region") {
			t.Errorf("got %v", err)
		}
	})
}

// TestTypeConversions checks that wider types reach green if blue's parameter
// group, which green gets, allows it.
func TestTypeConversions(t *testing.T) {
	const set, has = "DescribeDBClusterParameters", "DescribeEngineDefaultClusterParameters"
	value := func(name, value string) string {
		return "<Parameters><Parameter><ParameterName>" + name + "</ParameterName><ParameterValue>" + value + "</ParameterValue></Parameter></Parameters>"
	}
	family := func(name string) string {
		return "<EngineDefaults><Parameters><Parameter><ParameterName>" + name + "</ParameterName><IsModifiable>true</IsModifiable></Parameter></Parameters></EngineDefaults>"
	}
	for _, test := range []struct {
		name    string
		answers map[string]string // from RDS
		state   bluegreen.State
		found   string
	}{
		{"set", map[string]string{set: value("replica_type_conversions", "ALL_NON_LOSSY")}, bluegreen.Met, "replica_type_conversions is ALL_NON_LOSSY"},
		{"set by the name of before", map[string]string{set: value("slave_type_conversions", "ALL_NON_LOSSY,ALL_UNSIGNED")}, bluegreen.Met, "slave_type_conversions is ALL_NON_LOSSY"},
		{"lossy", map[string]string{set: value("replica_type_conversions", "ALL_LOSSY,ALL_NON_LOSSY")}, bluegreen.Unmet, "ALL_LOSSY shortens values"},
		{"not set", map[string]string{has: family("replica_type_conversions")}, bluegreen.Unknown, "shop-parameters does not set replica_type_conversions"},
		{"something else set", map[string]string{set: value("replica_type_conversions", "ALL_UNSIGNED"), has: family("replica_type_conversions")}, bluegreen.Unknown, "does not set"},
		{"not there to be set", map[string]string{has: family("binlog_format")}, bluegreen.Unmet, "aurora-mysql8.0 has neither replica_type_conversions nor slave_type_conversions"},
		{"the family may not be read", map[string]string{has: awsstub.Refuse("AccessDenied", "not you")}, bluegreen.Unknown, "not you"},
		{"the group may not be read", map[string]string{set: awsstub.Refuse("AccessDenied", "not you")}, bluegreen.Unknown, "not you"},
		{"no such cluster", map[string]string{"DescribeDBClusters": awsstub.Refuse("DBClusterNotFoundFault", "none")}, bluegreen.Unknown, "none"},
	} {
		c, stub := client(t)
		for _, answers := range []map[string]string{fit, test.answers} {
			for operation, answer := range answers {
				stub.Answer(operation, answer)
			}
		}
		got := c.TypeConversions(t.Context(), "shop", "ALL_NON_LOSSY")
		if got.Name != "type conversions" || got.State != test.state || !strings.Contains(got.Found, test.found) || (got.State == bluegreen.Met) != (got.Do == "") {
			t.Errorf("%s: got %+v, want %s, %q", test.name, got, test.state, test.found)
		}
	}
}

// conditionsOf checks a fit cluster with one change. It returns its conditions by
// name, and the names of those that are not met except for the quotas.
func conditionsOf(t *testing.T, operation string, change [2]string, version string) (map[string]bluegreen.Condition, []string) {
	t.Helper()
	c, stub := client(t)
	for name, answer := range fit {
		if name == operation {
			before := answer
			if answer = change[1]; change[0] != "" {
				answer = strings.ReplaceAll(before, change[0], change[1])
			}
			if answer == before {
				t.Fatalf("%s is as before", operation)
			}
		}
		stub.Answer(name, answer)
	}
	stub.Answer("DescribeDBProxyTargets", "<Targets></Targets><Marker>more</Marker>", "<Targets><member><TrackedClusterId>shop</TrackedClusterId></member></Targets>")
	all, err := c.Conditions(t.Context(), "shop", "visits", version)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bluegreen.Condition{}
	var others []string
	for _, condition := range all {
		found[condition.Name] = condition
		if condition.State != bluegreen.Met && condition.Name != "quotas" {
			others = append(others, condition.Name)
		}
	}
	return found, others
}

// inTheirName are actions that RDS performs on behalf of whoever makes a
// deployment, and that this package does not call.
var inTheirName = []string{
	"rds:CreateDBCluster", "rds:CreateDBInstance", "rds:CreateDBClusterEndpoint", "rds:DeleteDBClusterEndpoint",
	"rds:PromoteReadReplicaDBCluster", "rds:CreateDBClusterSnapshot",
}

// TestRightsAreThoseOfTheCalls checks that the rights are exactly those of the
// calls in this package and of what RDS does on the caller's behalf.
func TestRightsAreThoseOfTheCalls(t *testing.T) {
	var called []string
	files, _ := filepath.Glob("*.go")
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range regexp.MustCompile(`\brds\.New(\w+)Paginator\(|\brds\.([A-Z]\w+)\(`).FindAllStringSubmatch(string(source), -1) {
			if name := "rds:" + call[1] + call[2]; name != "rds:NewFromConfig" && !slices.Contains(called, name) {
				called = append(called, name)
			}
		}
	}
	if len(called) < 12 {
		t.Fatalf("only %q are called", called)
	}
	var allowed []string
	for _, right := range bluegreen.Rights("shop-") {
		allowed = append(allowed, right.Actions...)
	}
	for _, action := range called {
		if !slices.Contains(allowed, action) {
			t.Errorf("%s is called and not allowed", action)
		}
	}
	for _, action := range allowed {
		if !slices.Contains(called, action) && !slices.Contains(inTheirName, action) {
			t.Errorf("%s is allowed and not called", action)
		}
	}
}

// TestRights_TheClusterInUseCannotBeDeleted checks that the rights do not allow
// deleting the cluster in use.
func TestRights_TheClusterInUseCannotBeDeleted(t *testing.T) {
	deletions := 0
	for _, right := range bluegreen.Rights("shop-") {
		for _, action := range right.Actions {
			if action != "rds:DeleteDBCluster" && action != "rds:DeleteDBInstance" {
				continue
			}
			deletions++
			for _, pattern := range right.Resources {
				match := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$").MatchString
				for _, used := range []string{"cluster:shop-database-x", "db:shop-writer-x", "cluster:other-green-abc", "db:other-old1"} {
					if match(used) {
						t.Errorf("%s is allowed on %s, by %s", action, used, pattern)
					}
				}
			}
		}
	}
	if deletions != 2 {
		t.Errorf("%d deletions were looked at, want 2", deletions)
	}
}
