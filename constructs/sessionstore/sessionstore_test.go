package sessionstore_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/testing/tempdir"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/sessionstore"
)

// TestMain starts one jsii kernel for the package and closes it once.
func TestMain(m *testing.M) {
	tempdir.Use()
	os.Setenv("CDK_VALIDATION", "false") // make synth validates; here it costs seconds
	jsii.Close()                         // drop the client made at init, so Node starts with this environment
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// synth returns the properties of the resources, by type, of a stack with a
// store.
func synth(t *testing.T, props sessionstore.Props) (resources map[string][]map[string]any, text string, err error) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(t.TempDir())})
	stack := awscdk.NewStack(app, jsii.String("FieldReports-With-A-Name-That-Is-Long"), nil)
	vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{
		MaxAzs: jsii.Number(2), NatGateways: jsii.Number(0),
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{{Name: jsii.String("data"), SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED}},
	})
	props.Vpc = vpc
	service := awsec2.NewSecurityGroup(stack, jsii.String("Service"), &awsec2.SecurityGroupProps{Vpc: vpc})
	role := awsiam.NewRole(stack, jsii.String("Role"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(jsii.String("ecs-tasks.amazonaws.com"), nil)})
	sessionstore.New(stack, "Sessions", props).Allow(service, role)
	data, err := json.Marshal(app.Synth(nil).GetStackArtifact(stack.ArtifactId()).Template())
	if err != nil {
		return nil, "", err
	}
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties map[string]any
		}
	}
	if err := json.Unmarshal(data, &template); err != nil {
		return nil, "", err
	}
	resources = map[string][]map[string]any{}
	for _, r := range template.Resources {
		resources[r.Type] = append(resources[r.Type], r.Properties)
	}
	return resources, string(data), nil
}

func TestSessionStore_Resources(t *testing.T) {
	resources, text, err := synth(t, sessionstore.Props{Replicas: 2})
	if err != nil {
		t.Fatal(err)
	}
	group := resources["AWS::ElastiCache::ReplicationGroup"][0]
	for property, want := range map[string]any{
		"Engine": "valkey", "NumNodeGroups": 1.0, "ReplicasPerNodeGroup": 2.0, "AutomaticFailoverEnabled": true, "MultiAZEnabled": true,
		"TransitEncryptionEnabled": true, "TransitEncryptionMode": "required", "AtRestEncryptionEnabled": true, "SnapshotRetentionLimit": 1.0,
	} {
		if got := group[property]; got != want {
			t.Errorf("%s is %v, want %v", property, got, want)
		}
	}
	if parameters := resources["AWS::ElastiCache::ParameterGroup"][0]["Properties"].(map[string]any); parameters["maxmemory-policy"] != "noeviction" || parameters["cluster-enabled"] != "yes" {
		t.Errorf("parameters %v", parameters)
	}
	if n := len(resources["AWS::CloudWatch::Alarm"]); n != 4 {
		t.Errorf("%d alarms, want evictions, memory, connections, failover", n)
	}
	id := fmt.Sprint(group["ReplicationGroupId"])
	if !regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`).MatchString(id) || strings.Contains(id, "--") {
		t.Errorf("the group is %q: want small letters, digits and single hyphens, at most 40", id)
	}
	if !strings.Contains(text, id+"-0001-003") {
		t.Error("the alarms do not look at the third node")
	}
	for _, rule := range resources["AWS::EC2::SecurityGroupIngress"] {
		if rule["FromPort"] != float64(sessionstore.Port) || rule["CidrIp"] != nil {
			t.Errorf("let in: %v", rule)
		}
	}
	if n := len(resources["AWS::EC2::SecurityGroupIngress"]); n != 1 {
		t.Errorf("%d rules let in, want the service's alone", n)
	}
}

// TestUsers checks that the service has the documented rights and no others, that
// it logs in with IAM tokens, and that default is disabled.
func TestUsers(t *testing.T) {
	resources, _, err := synth(t, sessionstore.Props{})
	if err != nil {
		t.Fatal(err)
	}
	access, err := os.ReadFile("access.txt")
	if err != nil {
		t.Fatal(err)
	}
	users := map[string]map[string]any{}
	for _, user := range resources["AWS::ElastiCache::User"] {
		users[fmt.Sprint(user["UserName"] == "default")] = user
	}
	service, off := users["false"], users["true"]
	if len(users) != 2 || service["AccessString"] != strings.TrimSpace(string(access)) || service["UserId"] != service["UserName"] ||
		service["AuthenticationMode"].(map[string]any)["Type"] != "iam" || !strings.HasPrefix(fmt.Sprint(off["AccessString"]), "off ") {
		t.Errorf("users %v", users)
	}
	policy, _ := json.Marshal(resources["AWS::IAM::Policy"][0]["PolicyDocument"])
	for _, want := range []string{`"Action":"elasticache:Connect"`, fmt.Sprintf(`:replicationgroup:%s"`, resources["AWS::ElastiCache::ReplicationGroup"][0]["ReplicationGroupId"]), fmt.Sprintf(`:user:%s"`, service["UserId"])} {
		if !strings.Contains(string(policy), want) {
			t.Errorf("policy %s, want %s", policy, want)
		}
	}
	if strings.Contains(string(policy), "*") {
		t.Errorf("policy %s has a wildcard", policy)
	}
}

func TestWrongProps(t *testing.T) {
	for want, props := range map[string]sessionstore.Props{
		`NodeType must be one such as cache.t4g.small, got "t4g.small"`: {NodeType: "t4g.small"},
		"Replicas must be 1 to 5, got 6":                                {Replicas: 6},
		"SnapshotDays must be 1 to 35, got 36":                          {SnapshotDays: 36},
	} {
		if _, _, err := synth(t, props); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
