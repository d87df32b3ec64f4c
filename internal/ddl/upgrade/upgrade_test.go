package upgrade_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/bluegreen"
	"github.com/noren-cdk/noren/internal/ddl/upgrade"
	"github.com/noren-cdk/noren/internal/testing/awsstub"
)

const to = "8.4.mysql_aurora.8.4.7"

var three = ddl.Server{Flavor: "Aurora MySQL", Version: "8.0.39", Aurora: "3.10.3"}

// answers are RDS's answers about a cluster that can be upgraded both ways.
var answers = map[string]string{
	"DescribeDBClusters": "<DBClusters><DBCluster><DBClusterIdentifier>shop</DBClusterIdentifier><DBClusterArn>arn:aws:rds:us-east-1:1:cluster:shop</DBClusterArn><Status>available</Status>" +
		"<Engine>aurora-mysql</Engine><EngineMode>provisioned</EngineMode><EngineVersion>8.0.mysql_aurora.3.10.3</EngineVersion><DBClusterParameterGroup>shop-parameters</DBClusterParameterGroup>" +
		"<DBClusterMembers><DBClusterMember><DBInstanceIdentifier>w</DBInstanceIdentifier><IsClusterWriter>true</IsClusterWriter><DBClusterParameterGroupStatus>in-sync</DBClusterParameterGroupStatus></DBClusterMember></DBClusterMembers></DBCluster></DBClusters>",
	"DescribeDBClusterParameters":  "<Parameters><Parameter><ParameterName>binlog_format</ParameterName><ParameterValue>ROW</ParameterValue></Parameter></Parameters>",
	"DescribeDBInstances":          "<DBInstances><DBInstance><DBParameterGroups><DBParameterGroup><DBParameterGroupName>i</DBParameterGroupName><ParameterApplyStatus>in-sync</ParameterApplyStatus></DBParameterGroup></DBParameterGroups></DBInstance></DBInstances>",
	"DescribeDBParameters":         "<Parameters><Parameter><ParameterName>slow_query_log</ParameterName></Parameter></Parameters>",
	"DescribeBlueGreenDeployments": "<BlueGreenDeployments></BlueGreenDeployments>",
	"DescribeDBProxies":            "<DBProxies></DBProxies>",
	"DescribeIntegrations":         "<Integrations></Integrations>",
	"DescribeAccountAttributes": "<AccountQuotas><AccountQuota><AccountQuotaName>DBClusters</AccountQuotaName><Used>1</Used><Max>40</Max></AccountQuota>" +
		"<AccountQuota><AccountQuotaName>DBInstances</AccountQuotaName><Used>1</Used><Max>40</Max></AccountQuota></AccountQuotas>",
	"DescribeDBEngineVersions": "<DBEngineVersions><DBEngineVersion><EngineVersion>8.0.mysql_aurora.3.10.3</EngineVersion><ValidUpgradeTarget>" +
		"<UpgradeTarget><EngineVersion>8.0.mysql_aurora.3.10.5</EngineVersion></UpgradeTarget>" +
		"<UpgradeTarget><EngineVersion>8.4.mysql_aurora.8.4.7</EngineVersion><IsMajorVersionUpgrade>true</IsMajorVersionUpgrade></UpgradeTarget></ValidUpgradeTarget></DBEngineVersion></DBEngineVersions>",
	"DescribeEngineDefaultClusterParameters": "<EngineDefaults><Parameters><Parameter><ParameterName>binlog_format</ParameterName><IsModifiable>true</IsModifiable></Parameter>" +
		"<Parameter><ParameterName>innodb_page_size</ParameterName><IsModifiable>false</IsModifiable></Parameter></Parameters></EngineDefaults>",
	"DescribeEngineDefaultParameters": "<EngineDefaults><Parameters><Parameter><ParameterName>slow_query_log</ParameterName><IsModifiable>true</IsModifiable></Parameter></Parameters></EngineDefaults>",
}

// templateOf returns a template with parameter groups of a family.
func templateOf(family, cluster, instance string) string {
	return fmt.Sprintf(`{"Resources": {
		"C": {"Type": "AWS::RDS::DBClusterParameterGroup", "Properties": {"Family": %q, "Parameters": {%q: "x"}}},
		"I": {"Type": "AWS::RDS::DBParameterGroup", "Properties": {"Family": %[1]q, "Parameters": {%[3]q: "x"}}},
		"Other": {"Type": "AWS::RDS::DBParameterGroup", "Properties": {"Family": "postgres16", "Parameters": {"work_mem": "x"}}}}}`, family, cluster, instance)
}

func TestMake(t *testing.T) {
	fitting := templateOf("aurora-mysql8.4", "binlog_format", "slow_query_log")
	found := func(level ddl.UpgradeLevel) []ddl.UpgradeFinding {
		return []ddl.UpgradeFinding{{Check: "of the server", Level: level, Found: "x", Do: "y"}}
	}
	managed := [2]string{"DescribeDBClusters", strings.Replace(answers["DescribeDBClusters"], "<Status>", "<MasterUserSecret><SecretArn>a</SecretArn></MasterUserSecret><Status>", 1)}
	tests := []struct {
		name             string
		server           ddl.Server
		found            []ddl.UpgradeFinding
		template         string
		answer           [2]string // of an operation, instead of the usual one
		window, measured time.Duration
		inPlace, copy    upgrade.Verdict
		because          string // in the checks that lead to one of them
		advice           string
	}{
		{name: "nothing in the way", template: fitting, inPlace: upgrade.Possible, copy: upgrade.Possible, advice: "give what it took with --rehearsed and --window"},
		{name: "that fits into the window", template: fitting, window: time.Hour, measured: 22 * time.Minute, inPlace: upgrade.Possible, copy: upgrade.Possible, advice: "in place, while the product is closed: it takes 22m0s of the window of 1h0m0s"},
		{name: "that is longer than the window", template: fitting, window: 20 * time.Minute, measured: 22 * time.Minute, inPlace: upgrade.Possible, copy: upgrade.Possible, advice: "by a copy: in place takes 22m0s and the window is 20m0s"},
		{name: "that is longer, and no copy can be made", template: fitting, answer: managed, window: 20 * time.Minute, measured: 22 * time.Minute, inPlace: upgrade.Possible, copy: upgrade.No, because: "master password", advice: "make the window longer, or change what is in the way of a copy"},
		{name: "slow", template: fitting, found: found(ddl.UpgradeSlow), inPlace: upgrade.Possible, copy: upgrade.Possible, advice: "in place"},
		{name: "a warning", template: fitting, found: found(ddl.UpgradeWarning), inPlace: upgrade.Possible, copy: upgrade.Possible, advice: "in place"},
		{name: "busy now", template: fitting, found: found(ddl.UpgradeBusy), inPlace: upgrade.Later, copy: upgrade.Possible, because: "of the server", advice: "in place"},
		{name: "blocked", template: fitting, found: found(ddl.UpgradeBlocks), inPlace: upgrade.No, copy: upgrade.No, because: "of the server", advice: "neither way is possible"},
		{name: "not looked at", template: fitting, found: found(ddl.UpgradeUnknown), inPlace: upgrade.NotKnown, copy: upgrade.NotKnown, because: "of the server", advice: "in place"},
		{name: "a managed password is in the way of a copy only", template: fitting, answer: managed, inPlace: upgrade.Possible, copy: upgrade.No, because: "master password", advice: "in place"},
		{name: "RDS does not upgrade to it", template: fitting, answer: [2]string{"DescribeDBEngineVersions", strings.Replace(answers["DescribeDBEngineVersions"], "8.4.7", "8.4.9", 1)}, inPlace: upgrade.No, copy: upgrade.No, because: "target version", advice: "neither"},
		{name: "RDS may not be asked", template: fitting, answer: [2]string{"DescribeDBClusters", awsstub.Refuse("AccessDenied", "not you")}, inPlace: upgrade.NotKnown, copy: upgrade.NotKnown, because: "target version", advice: "in place"},
		{name: "of 8.4 already", server: ddl.Server{Flavor: "Aurora MySQL", Version: "8.4.7", Aurora: "8.4.7"}, template: fitting, inPlace: upgrade.No, copy: upgrade.No, because: "version", advice: "neither"},
		{name: "of 5.7", server: ddl.Server{Flavor: "Aurora MySQL", Version: "5.7.44", Aurora: "2.12.0"}, template: fitting, inPlace: upgrade.No, copy: upgrade.No, because: "version", advice: "neither"},
		{name: "not Aurora", server: ddl.Server{Flavor: "MySQL", Version: "8.0.39"}, template: fitting, inPlace: upgrade.NotKnown, copy: upgrade.NotKnown, because: "version", advice: "in place"},
		{name: "no template, and deployed groups that fit", inPlace: upgrade.Possible, copy: upgrade.Possible, advice: "in place"},
		{name: "no template, and a deployed group that does not", answer: [2]string{"DescribeDBParameters", "<Parameters><Parameter><ParameterName>expire_logs_days</ParameterName></Parameter></Parameters>"}, inPlace: upgrade.No, copy: upgrade.No, because: "parameter groups", advice: "neither"},
		{name: "no template, and deployed groups that cannot be read", answer: [2]string{"DescribeDBParameters", awsstub.Refuse("AccessDenied", "not you")}, inPlace: upgrade.NotKnown, copy: upgrade.NotKnown, because: "parameter groups", advice: "in place"},
		{name: "groups that do not follow yet", template: templateOf("aurora-mysql8.0", "binlog_format", "slow_query_log"), inPlace: upgrade.Possible, copy: upgrade.Possible, advice: "in place"},
		{name: "a parameter that is gone", template: templateOf("aurora-mysql8.0", "expire_logs_days", "slow_query_log"), inPlace: upgrade.No, copy: upgrade.No, because: "parameter groups", advice: "neither"},
		{name: "a parameter that RDS does not name", template: templateOf("aurora-mysql8.4", "binlog_format", "some_new_one"), inPlace: upgrade.No, copy: upgrade.No, because: "parameter groups", advice: "neither"},
		{name: "a parameter that cannot be set", template: templateOf("aurora-mysql8.4", "innodb_page_size", "slow_query_log"), inPlace: upgrade.No, copy: upgrade.No, because: "parameter groups", advice: "neither"},
		{name: "a parameter of clusters in a group of instances", template: templateOf("aurora-mysql8.4", "binlog_format", "binlog_format"), inPlace: upgrade.No, copy: upgrade.No, because: "parameter groups", advice: "neither"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			stub := awsstub.New(t)
			for operation, answer := range answers {
				if operation == test.answer[0] {
					answer = test.answer[1]
				}
				stub.Answer(operation, answer)
			}
			s := subjectOf(t, test.server, test.found, test.template)
			s.RDS, s.Cluster, s.Window, s.Rehearsed = bluegreen.New(stub.Config(t), time.Millisecond), "shop", test.window, test.measured
			p := upgrade.Make(t.Context(), s)
			if p.InPlace.Verdict != test.inPlace || p.Copy.Verdict != test.copy {
				t.Errorf("in place %+v, want %s; copy %+v, want %s", p.InPlace, test.inPlace, p.Copy, test.copy)
			}
			if test.because != "" && !slices.ContainsFunc(slices.Concat(p.InPlace.Because, p.Copy.Because), func(b string) bool { return strings.Contains(b, test.because) }) {
				t.Errorf("in place %+v, copy %+v: not because of %s", p.InPlace, p.Copy, test.because)
			}
			if !strings.Contains(p.Advice, test.advice) {
				t.Errorf("advice %q, want %q", p.Advice, test.advice)
			}
			for _, f := range p.Findings {
				if (f.Level == ddl.UpgradeOK) != (f.Do == "") {
					t.Errorf("%+v: says what to do, or does not", f)
				}
			}
		})
	}
}

func subjectOf(t *testing.T, server ddl.Server, found []ddl.UpgradeFinding, template string) upgrade.Subject {
	t.Helper()
	version, err := upgrade.ParseVersion(to)
	if err != nil {
		t.Fatal(err)
	}
	s := upgrade.Subject{Server: three, Findings: found, To: version, NoGroups: "no template was read"}
	if server.Flavor != "" {
		s.Server = server
	}
	if template != "" {
		if s.Groups, err = upgrade.Groups(strings.NewReader(template)); err != nil {
			t.Fatal(err)
		}
		s.NoGroups = ""
	}
	return s
}

// TestMake_WithoutRDS checks that without RDS only what is known to be gone is
// found, and that nothing is called possible.
func TestMake_WithoutRDS(t *testing.T) {
	without := subjectOf(t, ddl.Server{}, nil, "")
	if p := upgrade.Make(t.Context(), without); !slices.Contains(p.InPlace.Because, "parameter groups") || p.InPlace.Verdict != upgrade.NotKnown {
		t.Errorf("without a template: %+v", p.InPlace)
	}
	for parameter, level := range map[string]ddl.UpgradeLevel{"expire_logs_days": ddl.UpgradeBlocks, "binlog_format": ddl.UpgradeUnknown} {
		s := subjectOf(t, ddl.Server{}, nil, templateOf("aurora-mysql8.0", parameter, "slow_query_log"))
		s.NoRDS = "the cluster is not known"
		p := upgrade.Make(t.Context(), s)
		i := slices.IndexFunc(p.Findings, func(f ddl.UpgradeFinding) bool { return f.Check == "parameter groups" })
		if p.Findings[i].Level != level {
			t.Errorf("%s: %+v, want %s", parameter, p.Findings[i], level)
		}
		if p.InPlace.Verdict == upgrade.Possible || p.Copy.Verdict != upgrade.NotKnown {
			t.Errorf("%s: in place %+v, copy %+v", parameter, p.InPlace, p.Copy)
		}
	}
}

func TestParseVersion(t *testing.T) {
	for _, text := range []string{"8.4.mysql_aurora.8.4.7", "8.4.mysql_aurora.8.4.12"} {
		if v, err := upgrade.ParseVersion(text); err != nil || v.Family() != "aurora-mysql8.4" || v.Full != text {
			t.Errorf("%s: %+v, %v", text, v, err)
		}
	}
	for _, text := range []string{"", "8.4", "8.4.7", "8.4.mysql_aurora.8.4.x", "8.0.mysql_aurora.3.10.3", "9.7.mysql_aurora.9.7.1", "8.4.mysql_aurora.3.10.3"} {
		if _, err := upgrade.ParseVersion(text); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("got %q", text)) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestGroups_Unreadable(t *testing.T) {
	const template = `{"Resources": {"C": {"Type": "AWS::RDS::DBClusterParameterGroup", "Properties": {"Family": "aurora-mysql8.0", "Parameters": "x"}}}}`
	if got, err := upgrade.Groups(strings.NewReader(template)); err == nil || !strings.Contains(err.Error(), "parameters of C cannot be read") {
		t.Errorf("got %v, %v", got, err)
	}
}
