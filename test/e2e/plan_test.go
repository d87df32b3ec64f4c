//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fakeAWS acts as the AWS CLI, with the template in the file that DEPLOYED names.
const fakeAWS = `#!/bin/sh
case "$*" in
"cloudformation "*" --stack-name fieldreports-prod --region ap-northeast-1 "*) ;;
*) echo "unexpected: aws $*" >&2; exit 252 ;;
esac
case "$DEPLOYED" in
none) echo "An error occurred (ValidationError) when calling the DescribeStacks operation: Stack with id fieldreports-prod does not exist" >&2; exit 254 ;;
denied) echo "An error occurred (AccessDenied) when calling the DescribeStacks operation: not authorized" >&2; exit 254 ;;
esac
case "$2" in
describe-stacks) echo "{\"StackStatus\": \"${STATUS:-UPDATE_COMPLETE}\", \"Parameters\": [{\"ParameterKey\": \"BootstrapVersion\", \"ParameterValue\": \"${VALUE:-/v}\"}]}" ;;
get-template) cat "$DEPLOYED" ;;
esac
`

// TestPlan checks that the workflows deploy what they were asked for, whatever is
// deployed: a flip and nothing else, or everything except a flip.
func TestPlan(t *testing.T) {
	dir := scratch(t)
	workplace := filepath.Join(dir, "workplace")
	if err := os.Mkdir(workplace, 0o755); err != nil {
		t.Fatal(err)
	}
	deployable(t, workplace, "prod")
	command(t, dir, "aws", fakeAWS)
	planned := filepath.Join(workplace, "cdk.out/prod/planned/fieldreports-prod.template.json")

	plan := func(deployed string, env []string, args ...string) (said string, ok bool) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "scripts/plan.sh", args...)
		cmd.Dir = workplace
		cmd.Env = append(plainEnvironment(dir), "PATH="+dir+":"+os.Getenv("PATH"), "DEPLOYED="+deployed)
		cmd.Env = append(cmd.Env, env...)
		out, err := cmd.CombinedOutput()
		return string(out), err == nil
	}
	want := func(said string, ok, wantOK bool, texts ...string) {
		t.Helper()
		if ok != wantOK {
			t.Errorf("ended well: %v, want %v\n%s", ok, wantOK, said)
		}
		for _, text := range texts {
			if !strings.Contains(said, text) {
				t.Errorf("does not say %q:\n%s", text, said)
			}
		}
	}
	// keep copies the planned template as if it were deployed now.
	keep := func(name string, edits ...string) string {
		t.Helper()
		data, err := os.ReadFile(planned)
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		for i := 0; i < len(edits); i += 2 {
			if !strings.Contains(text, edits[i]) {
				t.Fatalf("no %s in the template", edits[i])
			}
			text = strings.ReplaceAll(text, edits[i], edits[i+1])
		}
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}

	digest := func() string {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(workplace, "cdk.out/prod/plan.digest"))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}

	if out, err := exec.Command("scripts/plan.sh", "prod").CombinedOutput(); err == nil || !strings.Contains(string(out), "environments/prod.yaml:8:1: account: the value is a placeholder") {
		t.Errorf("placeholders: %v\n%s", err, out)
	}
	said, ok := plan("none", nil, "prod", "ture")
	want(said, ok, false, `unknown mode "ture": want open, read-only or closed`)
	said, ok = plan("denied", nil, "prod")
	want(said, ok, false, `describe-stacks of stack "fieldreports-prod" in ap-northeast-1: An error occurred (AccessDenied)`)
	said, ok = plan("none", nil, "prod", "closed")
	want(said, ok, false, "nothing is deployed to prod yet")
	said, ok = plan("none", nil, "prod")
	want(said, ok, true, "this is the first deploy", "**Rights, reach and protection:**", "**Digest** of")
	said, ok = plan("none", []string{"STATUS=REVIEW_IN_PROGRESS", "DEPLOYED=/dev/null"}, "prod")
	want(said, ok, true, "this is the first deploy")

	open := keep("open.json")
	said, ok = plan(open, nil, "prod")
	want(said, ok, true, "No differences.", "**Live:** not known: ")
	unchanged := digest()
	if plan(open, nil, "prod"); digest() != unchanged {
		t.Error("the same plan has another digest")
	}
	if plan(open, []string{"VALUE=/w"}, "prod"); digest() == unchanged {
		t.Error("the digest knows no parameters")
	}
	other := keep("other.json", `"Cpu": "1024"`, `"Cpu": "2048"`)
	said, ok = plan(other, nil, "prod")
	want(said, ok, true, "Cpu: 2048 -> 1024", "the rules send every request where they did")
	said, ok = plan(other, nil, "prod", "closed")
	want(said, ok, false, "not only the flip to closed", "Cpu changes")

	// An edited version is a major upgrade, whatever was meant.
	eightFour := keep("major.json", "8.0.mysql_aurora.3.10.3", "8.4.mysql_aurora.8.4.7")
	said, ok = plan(eightFour, nil, "prod")
	want(said, ok, false, "from version 8.4.mysql_aurora.8.4.7 to 8.0.mysql_aurora.3.10.3, another major version, which the template does not name", `say database.majorUpgrade: "8.0"`)
	if _, err := os.Stat(filepath.Join(workplace, "cdk.out/prod/plan.digest")); err == nil {
		t.Error("what was refused has a digest")
	}
	file := filepath.Join(workplace, "environments/prod.yaml")
	yaml, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	meant := strings.Replace(string(yaml), `majorUpgrade: ""`, `majorUpgrade: "8.0"`, 1)
	if err := errors.Join(os.Remove(file), os.WriteFile(file, []byte(meant), 0o644)); err != nil {
		t.Fatal(err)
	}
	said, ok = plan(eightFour, nil, "prod")
	want(said, ok, true, "which the template names")
	if err := os.WriteFile(file, yaml, 0o644); err != nil {
		t.Fatal(err)
	}

	message := "Back at \"four\" $(date).\n\n- second line\n"
	typed := []string{"MAINTENANCE_MESSAGE=" + message, "MAINTENANCE_UNTIL=2036-12-01T04:00:00+09:00"}
	said, ok = plan(open, typed, "prod", "closed")
	want(said, ok, true, "open → closed", `Message: "" -> Back at "four" $(date).`)
	approved := digest()
	if plan(open, typed, "prod", "closed"); digest() != approved {
		t.Error("a plan that is made again later has another digest")
	}
	closed := keep("closed.json")
	said, ok = plan(closed, nil, "prod") // during maintenance, with no mode given
	want(said, ok, true, "No differences.")
	said, ok = plan(closed, []string{"MAINTENANCE_MESSAGE=Back at five."}, "prod")
	want(said, ok, true, "Back at five.", "closed, as before")
	said, ok = plan(closed, nil, "prod", "open")
	want(said, ok, true, "closed → open", "2036-12-01")

	// Deployed by a version of noren that did not restrict itself to ASCII: the
	// text that came back is not the message.
	data, err := os.ReadFile(closed)
	if err != nil {
		t.Fatal(err)
	}
	mangled := filepath.Join(dir, "mangled.json")
	text := strings.NewReplacer("noren:switch", "other", "Back at ", "Ferm? ").Replace(string(data))
	if err := os.WriteFile(mangled, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	said, ok = plan(mangled, nil, "prod")
	want(said, ok, false, "the deployed message cannot be read", "Ferm? ", "Give it again in MAINTENANCE_MESSAGE")
	said, ok = plan(mangled, []string{"MAINTENANCE_MESSAGE=Closed."}, "prod")
	want(said, ok, true, "closed, as before", "Closed.")
}

// TestComment checks that the first comment on a pull request is created, and
// that later ones overwrite it.
func TestComment(t *testing.T) {
	dir := scratch(t)
	command(t, dir, "gh", `#!/bin/sh
for argument; do case "$argument" in body=@*) cp "${argument#body=@}" "$SAID.body" ;; esac; done
case "$*" in *--paginate*) printf "$IDS" ;; *) echo "$*" >>"$SAID" ;; esac
`)
	file := filepath.Join(dir, "diff.md")
	if err := os.WriteFile(file, []byte("### What changes\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for ids, want := range map[string]string{
		"":                 "--method POST repos/{owner}/{repo}/issues/7/comments ",
		"12" + `\n` + "15": "--method PATCH repos/{owner}/{repo}/issues/comments/12 ",
	} {
		log := filepath.Join(dir, "said"+strings.ReplaceAll(ids, `\n`, "-"))
		env := append(plainEnvironment(dir), "PATH="+dir+":"+os.Getenv("PATH"), "IDS="+ids, "SAID="+log)
		run(t, "scripts/comment.sh", root, env, "scripts/comment.sh", "7", file)
		said, err := os.ReadFile(log)
		if err != nil || !strings.Contains(string(said), want) || strings.Count(string(said), "\n") != 1 {
			t.Errorf("with comments %q: %s, %v; want %q", ids, said, err, want)
		}
		if body, err := os.ReadFile(log + ".body"); err != nil || string(body) != "<!-- noren diff -->\n### What changes\n" {
			t.Errorf("with comments %q the comment is %q, %v", ids, body, err)
		}
	}
}

// TestTemplatesOfEveryEnvironment checks that the templates by which two commits
// are compared exist for each environment, in the mode of its file.
func TestTemplatesOfEveryEnvironment(t *testing.T) {
	run(t, "make templates", root, plainEnvironment(scratch(t)), "make", "templates")
	files, err := filepath.Glob("cdk.out/templates/*.template.json")
	if err != nil {
		t.Fatal(err)
	}
	for i := range files {
		files[i] = strings.TrimSuffix(filepath.Base(files[i]), ".template.json")
		data, err := os.ReadFile(filepath.Join("cdk.out/templates", files[i]+".template.json"))
		if err != nil || !json.Valid(data) || !bytes.Contains(data, []byte("AWS::ElasticLoadBalancingV2::Listener")) {
			t.Errorf("%s is not a template of the product: %v", files[i], err)
		}
	}
	if want := []string{"fieldreports-dev", "fieldreports-prod", "fieldreports-staging"}; !slices.Equal(files, want) {
		t.Errorf("templates of %q, want %q", files, want)
	}
}

// command puts a program on PATH.
func command(t *testing.T, dir, name, script string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
}
