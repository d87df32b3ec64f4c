package stacks

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
)

// sessionFindings are the accepted findings of AwsSolutions and NIST about a
// session store.
var sessionFindings = map[string]string{
	"/Sessions/Group AwsSolutions-AEC6":                                               "AUTH has one password for everybody; users log in with IAM tokens.",
	"/Sessions/Group NIST.800.53.R5-ElastiCacheRedisClusterAutomaticBackup":           "Sessions are not restored: whoever is logged out logs in again.",
	"/Sessions/DefaultPassword/Resource NIST.800.53.R5-SecretsManagerRotationEnabled": "The password is of a user who is off: nobody can log in with it.",
	"/Sessions/DefaultPassword/Resource NIST.800.53.R5-SecretsManagerUsingKMSKey":     "The password is of a user who is off: nobody can log in with it.",
	"/Sessions/DefaultPassword/Resource AwsSolutions-SMG4":                            "The password is of a user who is off: nobody can log in with it.",
}

// TestSessionStore checks that, with a store of its own, the service finds it and
// only the service reaches it, that its alarms notify the operators, and that
// cdk-nag has no unexplained finding.
func TestSessionStore(t *testing.T) {
	env := loadEnvironment(t, "dev")
	env.Sessions.Store = "valkey"
	app := newTestApp(t.TempDir())
	stack := Build(app, env, maintenancemode.Flags{}).Stack
	data, err := json.Marshal(app.Synth(nil).GetStackArtifact(stack.ArtifactId()).Template())
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties map[string]any
		}
	}
	if err := json.Unmarshal(data, &template); err != nil {
		t.Fatal(err)
	}
	alarms, told := 0, 0
	for id, resource := range template.Resources {
		properties, _ := json.Marshal(resource.Properties)
		text := string(properties)
		switch {
		case resource.Type == "AWS::CloudWatch::Alarm" && strings.HasPrefix(id, "Sessions"):
			alarms++
			if resource.Properties["AlarmActions"] != nil {
				told++
			}
		case resource.Type == "AWS::ECS::TaskDefinition":
			if got, want := strings.Contains(text, "SESSIONS_HOST"), strings.HasPrefix(id, "ApiTask"); got != want {
				t.Errorf("%s: SESSIONS_HOST is there: %v, want %v", id, got, want)
			}
		case resource.Type == "AWS::EC2::SecurityGroupIngress" && strings.Contains(text, `"FromPort":6379`):
			if !strings.Contains(text, "ServiceSecurityGroup") {
				t.Errorf("%s lets in %s", id, text)
			}
		}
	}
	if alarms != 4 || told != 4 {
		t.Errorf("%d alarms, of which %d notify someone, want 4", alarms, told)
	}
	for _, r := range string(data) {
		if r > 127 {
			t.Fatalf("the template has %q", r)
		}
	}
	var meant []suppression
	for _, s := range suppressions {
		if s.when == nil || s.when(env) {
			meant = append(meant, s)
		}
	}
	found := map[string]bool{}
	for _, finding := range nag(t, env, meant) {
		finding = strings.TrimPrefix(finding, *stack.StackName())
		if found[finding] = true; sessionFindings[finding] == "" {
			t.Error("unexplained: ", finding)
		}
	}
	for finding := range sessionFindings {
		if !found[finding] {
			t.Error("explained, and not found: ", finding)
		}
	}
}
