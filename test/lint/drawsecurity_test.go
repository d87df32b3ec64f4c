//go:build judges

package lint

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

type object = map[string]any

// securityDrawer generates resources that determine who may do, and reach, what.
type securityDrawer struct{ *rand.Rand }

func (d securityDrawer) one(of ...any) any { return of[d.IntN(len(of))] }

// some returns one value, or a list of some.
func (d securityDrawer) some(of ...any) any {
	if d.IntN(3) == 0 {
		return d.one(of...)
	}
	d.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
	return of[:1+d.IntN(len(of))]
}

func (d securityDrawer) statement(principals bool) object {
	s := object{
		"Effect": d.one("Allow", "Allow", "Deny"),
		"Action": d.some("*", "s3:GetObject", "s3:*", "kms:Decrypt", "sts:AssumeRole", "dynamodb:PutItem"),
	}
	if principals {
		s["Principal"] = d.one("*", object{"AWS": "*"}, object{"AWS": d.some("arn:aws:iam::111111111111:root", object{"Fn::GetAtt": []any{"Role0", "Arn"}})}, object{"Service": d.some("ecs.amazonaws.com", "lambda.amazonaws.com")})
	}
	if !principals || d.IntN(2) == 0 {
		s["Resource"] = d.some("*", "arn:aws:s3:::data/*", object{"Fn::GetAtt": []any{"Table", "Arn"}})
	}
	if d.IntN(4) == 0 {
		s["Condition"] = object{d.one("StringEquals", "StringLike").(string): object{"aws:SourceAccount": d.one("111111111111", "222222222222")}}
	}
	if d.IntN(4) == 0 {
		s["Sid"] = d.one("A", "B")
	}
	return s
}

func (d securityDrawer) document(principals bool) object {
	statements := make([]any, 1+d.IntN(4))
	for i := range statements {
		statements[i] = d.statement(principals)
	}
	return object{"Version": "2012-10-17", "Statement": statements}
}

func (d securityDrawer) portRule(source string) object {
	rule := object{"IpProtocol": d.one("tcp", "udp", "-1")}
	if rule["IpProtocol"] != "-1" {
		port := d.one(22, 80, 443, 3306).(int)
		rule["FromPort"], rule["ToPort"] = port, port+d.IntN(2)
	}
	switch d.IntN(4) {
	case 0:
		rule["CidrIp"] = d.one("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16")
	case 1:
		rule["CidrIpv6"] = "::/0"
	case 2:
		rule[source+"SecurityGroupId"] = d.one("sg-1", object{"Fn::GetAtt": []any{"Group0", "GroupId"}})
	default:
		rule[source+"PrefixListId"] = d.one("pl-1", "pl-2")
	}
	return rule
}

func (d securityDrawer) portRules(source string) []any {
	rules := make([]any, d.IntN(4))
	for i := range rules {
		rules[i] = d.portRule(source)
	}
	return rules
}

func with(properties, more object) object {
	maps.Copy(properties, more)
	return properties
}

// kinds are the kinds of resources, by the prefix of their logical ids.
var kinds = map[string]func(d securityDrawer) object{
	"Role": func(d securityDrawer) object {
		p := object{"AssumeRolePolicyDocument": d.document(true)}
		if d.IntN(2) == 0 {
			p["ManagedPolicyArns"] = []any{d.one("arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/ReadOnlyAccess")}
		}
		if d.IntN(2) == 0 {
			p["Policies"] = []any{object{"PolicyName": "own", "PolicyDocument": d.document(false)}}
		}
		return object{"Type": "AWS::IAM::Role", "Properties": p}
	},
	"Policy": func(d securityDrawer) object {
		p := object{"PolicyName": "p", "PolicyDocument": d.document(false)}
		p[d.one("Roles", "Users", "Groups").(string)] = []any{d.one("name", object{"Ref": "Role0"}), d.one("other", object{"Ref": "Role1"})}
		return object{"Type": "AWS::IAM::Policy", "Properties": p}
	},
	"User": func(d securityDrawer) object {
		return object{"Type": d.one("AWS::IAM::User", "AWS::IAM::Group"), "Properties": object{"ManagedPolicyArns": []any{d.one("arn:aws:iam::aws:policy/PowerUserAccess", "arn:aws:iam::aws:policy/ReadOnlyAccess")}, "Policies": []any{object{"PolicyName": "own", "PolicyDocument": d.document(false)}}}}
	},
	"Managed": func(d securityDrawer) object {
		return object{"Type": "AWS::IAM::ManagedPolicy", "Properties": object{"PolicyDocument": d.document(false), "Roles": []any{object{"Ref": "Role0"}}}}
	},
	"Bucket": func(d securityDrawer) object {
		return object{"Type": "AWS::S3::BucketPolicy", "Properties": object{"Bucket": object{"Ref": "Data"}, "PolicyDocument": d.document(true)}}
	},
	"Queue": func(d securityDrawer) object {
		return object{"Type": d.one("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"), "Properties": object{"Queues": []any{"q"}, "Topics": []any{"t"}, "PolicyDocument": d.document(true)}}
	},
	"Key": func(d securityDrawer) object {
		return object{"Type": "AWS::KMS::Key", "Properties": object{"KeyPolicy": d.document(true)}}
	},
	"Permission": func(d securityDrawer) object {
		p := object{"FunctionName": d.one("f", object{"Fn::GetAtt": []any{"F", "Arn"}}), "Action": "lambda:InvokeFunction", "Principal": d.one("*", "elasticloadbalancing.amazonaws.com", "111111111111")}
		if d.IntN(2) == 0 {
			p["SourceArn"] = "arn:aws:s3:::data"
		}
		return object{"Type": "AWS::Lambda::Permission", "Properties": p}
	},
	"Group": func(d securityDrawer) object {
		return object{"Type": "AWS::EC2::SecurityGroup", "Properties": object{"GroupDescription": "g", "SecurityGroupIngress": d.portRules("Source"), "SecurityGroupEgress": d.portRules("Destination")}}
	},
	"Ingress": func(d securityDrawer) object {
		return object{"Type": "AWS::EC2::SecurityGroupIngress", "Properties": with(d.portRule("Source"), object{"GroupId": d.one("sg-1", object{"Fn::GetAtt": []any{"Group1", "GroupId"}})})}
	},
	"Egress": func(d securityDrawer) object {
		return object{"Type": "AWS::EC2::SecurityGroupEgress", "Properties": with(d.portRule("Destination"), object{"GroupId": object{"Fn::GetAtt": []any{"Group0", "GroupId"}}})}
	},
	"Assignment": func(d securityDrawer) object {
		return object{"Type": "AWS::SSO::Assignment", "Properties": object{"InstanceArn": "arn:i", "PermissionSetArn": d.one("arn:p", "arn:q"), "PrincipalId": d.one("a", "b"), "PrincipalType": d.one("USER", "GROUP"), "TargetId": "111111111111", "TargetType": "AWS_ACCOUNT"}}
	},
	"Permissions": func(d securityDrawer) object {
		return object{"Type": "AWS::SSO::PermissionSet", "Properties": object{"InstanceArn": "arn:i", "Name": d.one("a", "b"), "ManagedPolicies": []any{d.one("arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/ReadOnlyAccess")}, "InlinePolicy": d.document(false)}}
	},
}

// drawSecurity generates the resources of a template.
func drawSecurity(r *rand.Rand) object {
	d := securityDrawer{r}
	resources := object{}
	for range 1 + d.IntN(6) {
		kind := d.kind()
		resources[kind+d.one("0", "1").(string)] = kinds[kind](d)
	}
	return resources
}

func (d securityDrawer) kind() string {
	names := slices.Sorted(maps.Keys(kinds))
	return names[d.IntN(len(names))]
}

// changeSecurity returns a template after a change: resources stay, are added or
// removed, are replaced under their id, or lose and gain a statement.
func changeSecurity(r *rand.Rand, resources object) object {
	d := securityDrawer{r}
	changed := drawSecurity(r)
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		switch d.IntN(5) {
		case 0: // removed, or replaced by a new one
		case 1:
			changed[id] = d.edited(resources[id].(object))
		default:
			changed[id] = resources[id]
		}
	}
	return changed
}

// edited returns a copy of a resource with its lists in another order, and with
// fewer statements.
func (d securityDrawer) edited(value object) object {
	data, _ := json.Marshal(value)
	var copied object
	_ = json.Unmarshal(data, &copied)
	var find func(holder object)
	find = func(holder object) {
		for _, key := range slices.Sorted(maps.Keys(holder)) {
			switch v := holder[key].(type) {
			case object:
				find(v)
			case []any:
				if strings.HasPrefix(key, "Fn::") {
					continue
				}
				slices.Reverse(v)
				if key == "Statement" && len(v) > 1 && d.IntN(2) == 0 {
					holder[key] = v[1:]
				}
			}
		}
	}
	find(copied)
	return copied
}
