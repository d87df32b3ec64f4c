//go:build e2e

package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// preparedCDK is the cdk CLI with assemblies that were synthesized before, in
// ASSEMBLY. It runs what others do before it prepares or executes a change set.
const preparedCDK = `#!/bin/bash
if [ "$1" = synth ]; then cp -r "$ASSEMBLY" "${@: -1}"; exit; fi
case "$*" in
*--method=prepare-change-set*) CDK "$@" && eval "$AFTER_PREPARING"; exit ;;
*--method=execute-change-set*) eval "$BEFORE_EXECUTING" ;;
esac
exec CDK "$@"
`

// TestDeploy_OnlyWhatWasApproved checks that an older run whose plan was approved
// does not take back what a newer run has deployed, whenever that happens.
func TestDeploy_OnlyWhatWasApproved(t *testing.T) {
	dir := scratch(t)
	workplace := filepath.Join(dir, "workplace")
	if err := os.Mkdir(workplace, 0o755); err != nil {
		t.Fatal(err)
	}
	env := deployable(t, workplace, "dev")
	program := filepath.Join(dir, "app")
	run(t, "go build", root, plainEnvironment(dir), "go", "build", "-o", program, ".")
	e := startEmulator(t, dir, "123456789012", env.Region)
	e.bootstrap(t)
	e.dir = workplace // where cdk.json is
	base := e.synthesize(t, program, env.StackName, "false", "-c", "env=dev")
	e.dir = dir
	with := func(name string, statements ...map[string]any) string {
		t.Helper()
		return assemblyWith(t, base.dir, filepath.Join(dir, name), env.StackName, statements)
	}
	sends := map[string]any{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
	denies := map[string]any{"Effect": "Deny", "Action": "glue:*", "Resource": "*"}
	older, newer, both := with("older", sends), with("newer", denies), with("both", sends, denies)

	if err := os.Remove(filepath.Join(workplace, "node_modules")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(workplace, "node_modules", ".bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	command(t, filepath.Join(workplace, "node_modules", ".bin"), "cdk", strings.ReplaceAll(preparedCDK, "CDK", filepath.Join(root, "node_modules/.bin/cdk")))
	script := func(wantOK bool, assembly string, extra []string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
		cmd.Dir = workplace
		cmd.Env = append(e.environment(), "PATH="+filepath.Join(root, ".venv/awscli/bin")+":"+os.Getenv("PATH"), "ASSEMBLY="+assembly, "STACK="+env.StackName)
		cmd.Env = append(cmd.Env, extra...)
		out, err := cmd.CombinedOutput()
		if (err == nil) != wantOK {
			t.Fatalf("%s: %v, want success %v\n%s%s", strings.Join(args, " "), err, wantOK, out, lastTraceback(dir))
		}
		return string(out)
	}
	digest := func() string {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(workplace, "cdk.out/dev/plan.digest"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(data))
	}
	plan := func(assembly string, texts ...string) string {
		t.Helper()
		said := script(true, assembly, nil, "scripts/plan.sh", "dev")
		for _, text := range append(texts, "`"+digest()+"`") {
			if !strings.Contains(said, text) {
				t.Errorf("the plan does not say %q:\n%s", text, said)
			}
		}
		return digest()
	}
	deployed := func(want ...string) {
		t.Helper()
		s := e.stack(t, env.StackName)
		text := s.template(t)
		for _, action := range []string{"sqs:SendMessage", "glue:*"} {
			if got, wanted := strings.Contains(text, action), strings.Contains(strings.Join(want, " "), action); got != wanted {
				t.Errorf("%s is deployed: %v, want %v", action, got, wanted)
			}
		}
		sets, err := s.formation.ListChangeSets(t.Context(), &cloudformation.ListChangeSetsInput{StackName: &env.StackName})
		if err != nil {
			t.Fatal(err)
		}
		for _, set := range sets.Summaries {
			if set.ExecutionStatus == "AVAILABLE" {
				t.Errorf("change set %s is left behind", *set.ChangeSetName)
			}
		}
	}

	first := plan(base.dir, "this is the first deploy", "+ ")
	script(true, base.dir, nil, "scripts/deploy.sh", "dev", first)
	deployed()
	said := script(true, base.dir, nil, "scripts/plan.sh", "dev")
	if again := script(true, base.dir, nil, "scripts/deploy.sh", "dev"); !strings.Contains(said, "No differences.") || strings.Contains(again, "UPDATE_IN_PROGRESS") {
		t.Errorf("the same again is a deploy:\n%s%s", said, again)
	}

	approvedOlder := plan(older, "+ MaintenanceProbeRole", "Allow sqs:SendMessage on *", "the load balancer is open, as deployed")
	approvedNewer := plan(newer, "Deny glue:* on *")
	if approvedOlder == approvedNewer || approvedOlder != plan(older) {
		t.Error("the digest does not tell plans apart, or the same plan from itself")
	}
	plan(newer)
	script(true, newer, nil, "scripts/deploy.sh", "dev", approvedNewer)
	deployed("glue:*")

	plan(older) // like the job whose plan was approved before
	if said := script(false, older, nil, "scripts/deploy.sh", "dev", approvedOlder); !strings.Contains(said, "this is not what was approved") {
		t.Errorf("an older plan ended with\n%s", said)
	}
	deployed("glue:*")

	// Another deploy while this one prepares, and before it executes.
	for _, other := range []struct{ when, assembly, flags, said, deployed string }{
		{"AFTER_PREPARING", older, "--method=direct --no-previous-parameters", "this is not what was approved", "sqs:SendMessage"},
		{"AFTER_PREPARING", newer, "--change-set-name other", "the change set is gone", "glue:*"},
		{"BEFORE_EXECUTING", older, "--change-set-name other", "does not exist", "sqs:SendMessage"},
	} {
		approved := plan(both)
		command := other.when + "=node_modules/.bin/cdk deploy $STACK --app " + other.assembly + " --require-approval never " + other.flags
		if said := script(false, both, []string{command}, "scripts/deploy.sh", "dev", approved); !strings.Contains(said, other.said) {
			t.Errorf("%s, %s: it ended with\n%s", other.when, other.flags, said)
		}
		deployed(other.deployed)
	}

	// Turned by hand: the plan shows the live mode.
	s := e.stack(t, env.StackName)
	responder, listener := s.resources[s.only(t, "MaintenanceTargetGroup")], s.resources[base.listener.Ref.LogicalID]
	if _, err := s.elbv2.ModifyListener(t.Context(), &elbv2.ModifyListenerInput{ListenerArn: &listener, DefaultActions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: aws.String(responder)}}}); err != nil {
		t.Fatal(err)
	}
	plan(older, "**The load balancer is", "what is deployed open.**")
}

// assemblyWith returns an assembly with additional statements in the policy of
// the probe.
func assemblyWith(t *testing.T, from, to, stack string, statements []map[string]any) string {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(to, stack+".template.json")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var template map[string]any
	if err := json.Unmarshal(data, &template); err != nil {
		t.Fatal(err)
	}
	found := false
	for id, resource := range maps.All(template["Resources"].(map[string]any)) {
		r := resource.(map[string]any)
		if r["Type"] != "AWS::IAM::Policy" || !strings.Contains(id, "Probe") {
			continue
		}
		document := r["Properties"].(map[string]any)["PolicyDocument"].(map[string]any)
		for _, s := range statements {
			document["Statement"] = append(document["Statement"].([]any), s)
		}
		found = true
	}
	if data, err = json.MarshalIndent(template, "", " "); err != nil || !found {
		t.Fatalf("the probe has a policy: %v, %v", found, err)
	}
	// The template is uploaded under its hash.
	before, hash := templateHash(t, to, stack), fmt.Sprintf("%x", sha256.Sum256(data))
	for _, name := range []string{stack + ".assets.json", "manifest.json"} {
		text, err := os.ReadFile(filepath.Join(to, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), bytes.ReplaceAll(text, []byte(before), []byte(hash)), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return to
}

// templateHash returns the name under which the template of an assembly is
// uploaded.
func templateHash(t *testing.T, dir, stack string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, stack+".assets.json"))
	if err != nil {
		t.Fatal(err)
	}
	var assets struct {
		Files map[string]struct{ Source struct{ Path string } }
	}
	if err := json.Unmarshal(data, &assets); err != nil {
		t.Fatal(err)
	}
	for hash, file := range assets.Files {
		if file.Source.Path == stack+".template.json" {
			return hash
		}
	}
	t.Fatal("the template is not an asset")
	return ""
}
