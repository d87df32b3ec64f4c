package diff

import (
	"strings"
	"testing"
)

// TestHazards checks what goes wrong between two templates, and the changes for
// clients that no rule shows.
func TestHazards(t *testing.T) {
	cluster := func(engine, version string) string {
		return `"D": {"Type": "AWS::RDS::DBCluster", "Properties": {"Engine": "` + engine + `", "EngineVersion": "` + version + `"}}`
	}
	named := func(cluster, major string) string {
		return strings.Replace(cluster, `"Properties"`, `"Metadata": {"noren:majorUpgrade": "`+major+`"}, "Properties"`, 1)
	}
	listener := func(properties string) string {
		return `"L": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"LoadBalancerArn": {"Ref": "B"}, "Port": 443, "Protocol": "HTTPS", "Certificates": [{"CertificateArn": "c"}],
			"DefaultActions": [{"Type": "forward", "TargetGroupArn": "g"}]` + properties + `}}`
	}
	parameterized := strings.Replace(cluster("aurora-mysql", "x"), `"x"`, `{"Ref": "V"}`, 1)
	rule := func(id string) string {
		return `"` + id + `": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": "l", "Priority": {"Ref": "V"}, "Conditions": [{"Field": "path-pattern", "Values": ["/a"]}], "Actions": [{"Type": "forward", "TargetGroupArn": "g"}]}}`
	}
	withDefault := func(parameter, value, resources string) string {
		return resources + `}, "Parameters": {"` + parameter + `": {"Type": "String", "Default": "` + value + `"}`
	}
	for _, test := range []struct {
		name, before, after string
		want                string // the prefixes of the lines about the deploy, and beside the rules
	}{
		{"a renamed rule with its priority", `"R1": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": "l", "Priority": 7, "Conditions": [{"Field": "path-pattern", "Values": ["/a"]}], "Actions": [{"Type": "forward", "TargetGroupArn": "g"}]}}`,
			`"R2": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": "l", "Priority": 7, "Conditions": [{"Field": "path-pattern", "Values": ["/a"]}], "Actions": [{"Type": "forward", "TargetGroupArn": "g"}]}}`,
			"this deploy fails: R2 wants priority 7 of l, which R1 has until it is deleted, at the end. Take another rule priority, or delete R1 in a deploy before this one"},
		{"a renamed resource with its name", `"A": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q"}}`, `"B": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q"}}`,
			"this deploy fails: B wants the name q, which A has until it is deleted"},
		{"a replaced resource with its name", `"A": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q.fifo", "FifoQueue": false}}`, `"A": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q.fifo", "FifoQueue": true}}`,
			"this deploy fails: A is replaced, and the new one wants the name q.fifo while the old one has it"},
		{"two of one name in different clusters", `"A": {"Type": "AWS::ECS::Service", "Properties": {"ServiceName": "s", "Cluster": "x"}}`, `"B": {"Type": "AWS::ECS::Service", "Properties": {"ServiceName": "s", "Cluster": "y"}}`, ""},
		{"a major version", cluster("aurora-mysql", "5.7.mysql_aurora.2.12.0"), cluster("aurora-mysql", "8.0.mysql_aurora.3.08.0"), "database D goes from version 5.7.mysql_aurora.2.12.0 to 8.0.mysql_aurora.3.08.0, another major version, which the template does not name: it is offline while it is upgraded, and cannot go back in place. If it is meant, say database.majorUpgrade: \"8.0\" in the environment's file"},
		{"a major version that is meant", cluster("aurora-mysql", "8.0.mysql_aurora.3.08.0"), named(cluster("aurora-mysql", "8.4.mysql_aurora.8.4.7"), "8.4"), "database D goes from version 8.0.mysql_aurora.3.08.0 to 8.4.mysql_aurora.8.4.7, another major version, which the template names: it is offline while it is upgraded, and cannot go back in place. Close the product first"},
		{"another major version than the one that is meant", cluster("aurora-mysql", "8.0.mysql_aurora.3.08.0"), named(cluster("aurora-mysql", "9.7.mysql_aurora.9.7.1"), "8.4"), "database D goes from version 8.0.mysql_aurora.3.08.0 to 9.7.mysql_aurora.9.7.1, another major version, which the template does not name"},
		{"a major version back", named(cluster("aurora-mysql", "8.4.mysql_aurora.8.4.7"), "8.4"), named(cluster("aurora-mysql", "8.0.mysql_aurora.3.08.0"), "8.4"), "database D goes from version 8.4.mysql_aurora.8.4.7 to 8.0.mysql_aurora.3.08.0, another major version, which the template does not name"},
		{"a minor version", cluster("aurora-mysql", "8.0.mysql_aurora.3.05.0"), cluster("aurora-mysql", "8.0.mysql_aurora.3.08.0"), ""},
		{"a minor version of PostgreSQL", cluster("aurora-postgresql", "16.1"), cluster("aurora-postgresql", "16.4"), ""},
		{"a major version of PostgreSQL", cluster("postgres", "16.4"), cluster("postgres", "17.1"), "database D goes from version 16.4 to 17.1, another major version"},
		{"a TLS policy", listener(`, "SslPolicy": "ELBSecurityPolicy-2016-08"`), listener(`, "SslPolicy": "ELBSecurityPolicy-TLS13-1-3-2021-06"`),
			"TLS policy of L: ELBSecurityPolicy-2016-08 -> ELBSecurityPolicy-TLS13-1-3-2021-06: clients that do not know TLS 1.3 are cut off"},
		{"mutual TLS", listener(``), listener(`, "MutualAuthentication": {"Mode": "verify", "TrustStoreArn": "t"}`),
			"mutual TLS of L: MutualAuthentication.Mode none -> verify: clients without a certificate are cut off\nmutual TLS of L: MutualAuthentication.TrustStoreArn none -> t"},
		{"another certificate", listener(``), strings.Replace(listener(``), `"c"`, `"d"`, 1), "certificate of L: c -> d"},
		{"another address", `"B": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Scheme": "internal"}}`, `"B": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Scheme": "internet-facing"}}`,
			"load balancer B is replaced: its address changes"},
		{"who may reach it", `"B": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"SecurityGroups": [{"Ref": "S"}]}}, "S": {"Type": "AWS::EC2::SecurityGroup", "Properties": {}}`,
			`"B": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"SecurityGroups": [{"Ref": "S"}]}}, "S": {"Type": "AWS::EC2::SecurityGroup", "Properties": {}}, "I": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {"GroupId": {"Ref": "S"}, "CidrIp": "10.0.0.0/8", "IpProtocol": "-1"}}`,
			"security group of a load balancer: I added"},
		{"nothing of it", listener(`, "Tags": []`), listener(`, "Tags": [{"Key": "a", "Value": "b"}]`), ""},
		{"a major version that a parameter gives", withDefault("V", "8.0.mysql_aurora.3.08.0", parameterized), withDefault("V", "8.4.mysql_aurora.8.4.7", parameterized), "database D goes from version 8.0.mysql_aurora.3.08.0 to 8.4.mysql_aurora.8.4.7, another major version"},
		{"a renamed rule whose priority a parameter gives", withDefault("V", "7", rule("R1")), withDefault("V", "7", rule("R2")), "this deploy fails: R2 wants priority 7 of l, which R1 has until it is deleted"},
		{"a renamed queue whose name a parameter gives", withDefault("V", "q", `"A": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "V"}}}`), `"B": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q"}}`,
			"this deploy fails: B wants the name q, which A has until it is deleted"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := Compare(templateOf(t, test.before), templateOf(t, test.after))
			var lines []string
			for _, h := range d.Deploy {
				lines = append(lines, h.String())
			}
			got := strings.Join(append(lines, d.Beside...), "\n")
			if (test.want == "") != (got == "") || !strings.HasPrefix(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
