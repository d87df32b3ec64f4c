package diff

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/noren-cdk/noren/internal/cfn"
)

// TestRights checks that who may do and reach what, and what protects data, is
// shown in full, before and after.
func TestRights(t *testing.T) {
	policy := func(statements string) string {
		return `"P": {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "R"}], "PolicyDocument": {"Statement": ` + statements + `}}}`
	}
	group := func(properties string) string {
		return `"G": {"Type": "AWS::EC2::SecurityGroup", "Properties": {` + properties + `}}`
	}
	for _, test := range []struct {
		name, before, after string // the resources
		want                string // a line for each change
	}{
		{"nothing", policy(`[{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]`), policy(`{"Resource": ["*"], "Action": ["s3:*"], "Effect": "Allow"}`), ""},
		{"a statement among others", policy(`[{"Effect": "Allow", "Action": ["b:B", "a:A"], "Resource": "*"}]`), policy(`[{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"x": true}}}, {"Effect": "Allow", "Action": ["a:A", "b:B"], "Resource": "*"}]`),
			`added: R: Allow * on * if {"Bool":{"x":true}}`},
		{"widened", policy(`[{"Effect": "Allow", "Action": "s3:GetObject", "Resource": {"Fn::GetAtt": ["B", "Arn"]}}]`), policy(`[{"Effect": "Allow", "Action": "s3:*", "Resource": [{"Fn::GetAtt": ["B", "Arn"]}, "*"]}]`),
			"widened: R: Allow s3:GetObject on ${B.Arn} > R: Allow s3:* on ${B.Arn}, *"},
		{"a condition goes", policy(`[{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"x": true}}}]`), policy(`[{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]`),
			`widened: R: Allow s3:* on * if {"Bool":{"x":true}} > R: Allow s3:* on *`},
		{"a refusal goes first", policy(`[{"Effect": "Deny", "Action": "kms:*", "Resource": "*"}]`), policy(`[]`) + `, "D": {"Type": "AWS::RDS::DBCluster", "DeletionPolicy": "Snapshot"}`,
			"removed: R: Deny kms:* on *\nadded: D: DeletionPolicy Snapshot"},
		{"a refusal of less", policy(`[{"Effect": "Deny", "Action": "kms:*", "Resource": "*"}]`), policy(`[{"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"}]`),
			"widened: R: Deny kms:* on * > R: Deny kms:Decrypt on *"},
		{"what is allowed to everything but a list", policy(`[]`), policy(`[{"Effect": "Allow", "NotAction": "iam:*", "NotResource": "x"}]`), "added: R: Allow everything but iam:* on everything but x"},
		{"under a condition of the template", policy(`[]`), policy(`[{"Fn::If": ["Prod", {"Effect": "Allow", "Action": "a:A", "Resource": "*"}, {"Ref": "AWS::NoValue"}]}]`), "added: R: Allow a:A on * (when Prod)"},
		{"what cannot be read", policy(`[]`), policy(`{"Fn::FindInMap": ["M", "a", "b"]}`), `added: R: {"Fn::FindInMap":["M","a","b"]}`},
		{"another holder", policy(`[{"Effect": "Allow", "Action": "a:A", "Resource": "*"}]`), strings.Replace(policy(`[{"Effect": "Allow", "Action": "a:A", "Resource": "*"}]`), `[{"Ref": "R"}]`, `[{"Ref": "R"}, {"Ref": "S"}]`, 1),
			`added: S: Allow a:A on *` + "\n" + `changed: P: Roles ["${R}"] > P: Roles ["${R}","${S}"]`},
		{"trust", `"R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs.amazonaws.com"}}]}}}`,
			`"R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}]}}}`,
			"widened: R may be assumed: Allow Service ecs.amazonaws.com: sts:AssumeRole > R may be assumed: Allow *: sts:AssumeRole"},
		{"a policy as text, of a type that nobody thought of", `"X": {"Type": "Some::New::Thing", "Properties": {}}`, `"X": {"Type": "Some::New::Thing", "Properties": {"Doc": "{\"Statement\": {\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"x:Y\"}}"}}`,
			"added: X (Doc): Allow *: x:Y"},
		{"a port is opened wider", group(`"SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/8"}]`), group(`"SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": "443", "ToPort": "443", "CidrIp": "0.0.0.0/0"}]`),
			"widened: G may be reached from 10.0.0.0/8, tcp 443 > G may be reached from 0.0.0.0/0, tcp 443"},
		{"egress that EC2 adds", group(`"SecurityGroupEgress": []`), group(``), "added: G may reach 0.0.0.0/0, all protocols and ports"},
		{"a rule moves to a resource of its own", group(`"SecurityGroupEgress": [], "SecurityGroupIngress": [{"IpProtocol": "-1", "SourceSecurityGroupId": {"Fn::GetAtt": ["H", "GroupId"]}}]`),
			group(`"SecurityGroupEgress": []`) + `, "I": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {"GroupId": {"Fn::GetAtt": ["G", "GroupId"]}, "IpProtocol": "-1", "SourceSecurityGroupId": {"Ref": "H"}}}`, ""},
		{"public", `"D": {"Type": "AWS::RDS::DBInstance", "Properties": {}}`, `"D": {"Type": "AWS::RDS::DBInstance", "Properties": {"PubliclyAccessible": true}}`, "added: D: PubliclyAccessible true"},
		{"unencrypted", `"D": {"Type": "AWS::RDS::DBCluster", "Properties": {"StorageEncrypted": true}}`, `"D": {"Type": "AWS::RDS::DBCluster", "Properties": {"StorageEncrypted": false}}`, "changed: D: StorageEncrypted true > D: StorageEncrypted false"},
		{"an attribute of a load balancer", `"B": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"LoadBalancerAttributes": [{"Key": "deletion_protection.enabled", "Value": "true"}]}}`,
			`"B": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"LoadBalancerAttributes": [{"Key": "idle_timeout.timeout_seconds", "Value": "9"}, {"Key": "deletion_protection.enabled", "Value": "false"}]}}`,
			"changed: B: LoadBalancerAttributes[deletion_protection.enabled] true > B: LoadBalancerAttributes[deletion_protection.enabled] false"},
		{"a function that anybody may call", ``, `"P": {"Type": "AWS::Lambda::Permission", "Properties": {"Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "F"}, "Principal": "*"}}`,
			"added: P: Allow *: lambda:InvokeFunction on ${F}"},
		{"a function that more may call", `"P": {"Type": "AWS::Lambda::Permission", "Properties": {"Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "F"}, "Principal": "s3.amazonaws.com", "SourceArn": "arn:b"}}`,
			`"P": {"Type": "AWS::Lambda::Permission", "Properties": {"Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "F"}, "Principal": "s3.amazonaws.com"}}`,
			`widened: P: Allow Service s3.amazonaws.com: lambda:InvokeFunction on ${F} if {"SourceArn":"arn:b"} > P: Allow Service s3.amazonaws.com: lambda:InvokeFunction on ${F}`},
		{"messages and logs go to others", `"T": {"Type": "AWS::SNS::Topic", "Properties": {}}`, `"T": {"Type": "AWS::SNS::Topic", "Properties": {"Subscription": [{"Protocol": "email", "Endpoint": "a@b.example"}]}},
			"S": {"Type": "AWS::SNS::Subscription", "Properties": {"Protocol": "https", "Endpoint": "https://x.example", "TopicArn": {"Ref": "T"}}},
			"L": {"Type": "AWS::Logs::SubscriptionFilter", "Properties": {"LogGroupName": "g", "DestinationArn": "arn:d", "FilterPattern": ""}}`,
			`added: L: {"DestinationArn":"arn:d","FilterPattern":"","LogGroupName":"g"}` + "\n" + `added: S: {"Endpoint":"https://x.example","Protocol":"https","TopicArn":"${T}"}` + "\n" +
				"added: T: Subscription[0].Endpoint a@b.example\nadded: T: Subscription[0].Protocol email"},
		{"certificates that are exchanged for credentials", ``, `"A": {"Type": "AWS::RolesAnywhere::Profile", "Properties": {"RoleArns": ["arn:r"], "Enabled": true}}`,
			"added: A: Enabled true\nadded: A: RoleArns [\"arn:r\"]"},
		{"a function acts as another role", `"F": {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Fn::GetAtt": ["R", "Arn"]}}}`, `"F": {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Fn::GetAtt": ["Admin", "Arn"]}}}`,
			"changed: F: Role ${R.Arn} > F: Role ${Admin.Arn}"},
		{"a task gets the machine, a shell and another role", `"T": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"TaskRoleArn": "a", "ContainerDefinitions": [{"Name": "c"}]}}`,
			`"T": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"TaskRoleArn": "b", "ContainerDefinitions": [{"Name": "c", "Privileged": true}]}}, "S": {"Type": "AWS::ECS::Service", "Properties": {"EnableExecuteCommand": true}}`,
			"added: S: EnableExecuteCommand true\nadded: T: ContainerDefinitions[0].Privileged true\nchanged: T: TaskRoleArn a > T: TaskRoleArn b"},
		{"links that need no signature", `"D": {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": {"DefaultCacheBehavior": {"TrustedKeyGroups": ["k"]}}}}`,
			`"D": {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": {"DefaultCacheBehavior": {}}}}`, `removed: D: DistributionConfig.DefaultCacheBehavior.TrustedKeyGroups ["k"]`},
		{"a choice that takes the place of a list of rules", group(`"SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "CidrIp": "10.0.0.0/8"}]`),
			group(`"SecurityGroupIngress": {"Fn::If": ["Prod", [{"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "CidrIp": "10.0.0.0/8"}], [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}]]}`),
			"added: G may be reached from 0.0.0.0/0, all protocols and ports (when not Prod)\nnarrowed: G may be reached from 10.0.0.0/8, tcp 3306 > G may be reached from 10.0.0.0/8, tcp 3306 (when Prod)"},
		{"what a group reaches where it has no rules for that", group(`"SecurityGroupEgress": []`), group(`"SecurityGroupEgress": {"Fn::If": ["Prod", [], {"Ref": "AWS::NoValue"}]}`),
			"added: G may reach 0.0.0.0/0, all protocols and ports (when not Prod)"},
		{"a group that a condition chooses", `"I": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {"GroupId": {"Ref": "Web"}, "CidrIp": "0.0.0.0/0", "IpProtocol": "-1"}}`,
			`"I": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {"GroupId": {"Fn::If": ["P", {"Ref": "Web"}, "sg-1"]}, "CidrIp": "0.0.0.0/0", "IpProtocol": "-1"}}`,
			`added: {"Fn::If":["P","${Web}","sg-1"]} may be reached from 0.0.0.0/0, all protocols and ports` + "\n" + `removed: Web may be reached from 0.0.0.0/0, all protocols and ports`},
		{"another entry of a list of groups", `"I": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {"GroupId": {"Fn::Select": [0, {"Ref": "Groups"}]}, "CidrIp": "0.0.0.0/0", "IpProtocol": "-1"}}`,
			`"I": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {"GroupId": {"Fn::Select": [1, {"Ref": "Groups"}]}, "CidrIp": "0.0.0.0/0", "IpProtocol": "-1"}}`,
			`added: {"Fn::Select":[1,"${Groups}"]} may be reached from 0.0.0.0/0, all protocols and ports` + "\n" + `removed: {"Fn::Select":[0,"${Groups}"]} may be reached from 0.0.0.0/0, all protocols and ports`},
		{"a choice around a whole policy", policy(`[]`), `"P": {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "R"}], "PolicyDocument": {"Fn::If": ["Prod", {"Statement": []}, {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}]}}}`,
			"added: R: Allow * on * (when not Prod)"},
		{"a choice around whom a role trusts", `"R": {"Type": "AWS::IAM::Role", "Properties": {}}`, `"R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Fn::If": ["Prod", {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}, {"Ref": "AWS::NoValue"}]}}}`,
			"added: R may be assumed: Allow *: sts:AssumeRole (when Prod)"},
		{"a choice around a part of properties", `"S": {"Type": "AWS::ECS::Service", "Properties": {"NetworkConfiguration": {"AwsvpcConfiguration": {"AssignPublicIp": "DISABLED"}}}}`,
			`"S": {"Type": "AWS::ECS::Service", "Properties": {"NetworkConfiguration": {"Fn::If": ["Prod", {"AwsvpcConfiguration": {"AssignPublicIp": "DISABLED"}}, {"AwsvpcConfiguration": {"AssignPublicIp": "ENABLED"}}]}}}`,
			"added: S: NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp ENABLED (when not Prod)\nchanged: S: NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp DISABLED > S: NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp DISABLED (when Prod)"},
		{"what was under a condition is there always", `"P": {"Type": "AWS::SNS::TopicPolicy", "Condition": "Prod", "Properties": {"PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "a:A", "Principal": "*"}}}}`,
			`"P": {"Type": "AWS::SNS::TopicPolicy", "Properties": {"PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "a:A", "Principal": "*"}}}}`,
			"widened: P (PolicyDocument): Allow *: a:A (when Prod) > P (PolicyDocument): Allow *: a:A"},
		{"variables that an old version takes for text", `"P": {"Type": "AWS::SNS::TopicPolicy", "Properties": {"PolicyDocument": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "a:A", "Resource": "b/${aws:username}"}}}}`,
			`"P": {"Type": "AWS::SNS::TopicPolicy", "Properties": {"PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "a:A", "Resource": "b/${aws:username}"}}}}`,
			"added: P (PolicyDocument): ${aws:...} is not replaced before Version 2012-10-17"},
		{"a transform that adds to a policy", policy(`[]`), strings.Replace(policy(`[]`), `"Statement"`, `"Fn::Transform": {"Name": "AWS::Include"}, "Statement"`, 1), `added: R: Fn::Transform {"Name":"AWS::Include"}`},
		{"a firewall that lets through what it blocked", `"W": {"Type": "AWS::WAFv2::WebACL", "Properties": {"DefaultAction": {"Block": {}}}}`, `"W": {"Type": "AWS::WAFv2::WebACL", "Properties": {"DefaultAction": {"Allow": {}}}}`,
			"added: W: DefaultAction.Allow {}\nremoved: W: DefaultAction.Block {}"},
		{"who may do what in a cluster", `"E": {"Type": "AWS::EKS::AccessEntry", "Properties": {}}`, `"E": {"Type": "AWS::EKS::AccessEntry", "Properties": {"KubernetesGroups": ["system:masters"]}}`, `added: E: KubernetesGroups ["system:masters"]`},
		{"a user of Redis", `"U": {"Type": "AWS::ElastiCache::User", "Properties": {"AccessString": "on ~a"}}`, `"U": {"Type": "AWS::ElastiCache::User", "Properties": {"AccessString": "on ~* +@all"}}`, "changed: U: AccessString on ~a > U: AccessString on ~* +@all"},
		{"policies and log-in in the terms of SAM", `"F": {"Type": "AWS::Serverless::Function", "Properties": {"FunctionUrlConfig": {"AuthType": "AWS_IAM"}}}`, `"F": {"Type": "AWS::Serverless::Function", "Properties": {"Policies": ["AdministratorAccess"], "FunctionUrlConfig": {"AuthType": "NONE"}}}`,
			`added: F: Policies ["AdministratorAccess"]` + "\nchanged: F: FunctionUrlConfig.AuthType AWS_IAM > F: FunctionUrlConfig.AuthType NONE"},
		{"a subnet whose routes are others", `"A": {"Type": "AWS::EC2::SubnetRouteTableAssociation", "Properties": {"RouteTableId": {"Ref": "Private"}}}`, `"A": {"Type": "AWS::EC2::SubnetRouteTableAssociation", "Properties": {"RouteTableId": {"Ref": "Public"}}}`,
			`changed: A: {"RouteTableId":"${Private}"} > A: {"RouteTableId":"${Public}"}`},
		{"the database answers over the web", `"D": {"Type": "AWS::RDS::DBCluster", "Properties": {"EnableHttpEndpoint": false}}`, `"D": {"Type": "AWS::RDS::DBCluster", "Properties": {"EnableHttpEndpoint": true}}`, "changed: D: EnableHttpEndpoint false > D: EnableHttpEndpoint true"},
		{"nothing that has to do with it", `"T": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Cpu": "1"}}`, `"T": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Cpu": "2"}}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var lines []string
			for _, r := range Compare(templateOf(t, test.before), templateOf(t, test.after)).Rights {
				parts := []string{r.Before, r.After}
				lines = append(lines, string(r.Change)+": "+strings.Trim(strings.Join(parts, " > "), " >"))
			}
			if got := strings.Join(lines, "\n"); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// TestRights_NoStatementIsLost checks that a statement added to a policy of any
// resource is shown, whatever else changes.
func TestRights_NoStatementIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		statement := rapid.Custom(func(t *rapid.T) string {
			part := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
			return `{"Effect": "` + part("effect", "Allow", "Deny") + `", "Action": ` + part("action", `"*"`, `["a:A", "b:*"]`, `{"Ref": "X"}`) + `, "Resource": ` + part("resource", `"*"`, `{"Fn::GetAtt": ["B", "Arn"]}`, `{"Fn::Sub": "${B.Arn}/*"}`) +
				part("condition", "", `, "Condition": {"Bool": {"c": "true"}}`) + part("sid", "", `, "Sid": "S"`) + `}`
		})
		common := rapid.SliceOfN(statement, 0, 3).Draw(t, "common")
		added := statement.Draw(t, "added")
		kind := rapid.SampledFrom([]string{"AWS::IAM::Policy", "AWS::S3::BucketPolicy", "AWS::KMS::Key", "Some::Other::Type"}).Draw(t, "type")
		template := func(statements []string) Template {
			read, err := Read([]byte(`{"Resources": {"P": {"Type": "`+kind+`", "Properties": {"PolicyDocument": {"Statement": [`+strings.Join(statements, ", ")+`]}}}}}`), cfn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return read
		}
		rights := Compare(template(common), template(append([]string{added}, common...))).Rights
		if len(rights) != 1 || rights[0].Change != Granted || rights[0].After == "" {
			t.Fatalf("%s is added to %q: got %+v", added, common, rights)
		}
	})
}
