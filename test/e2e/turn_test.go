//go:build e2e

package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/goccy/go-yaml"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/turn"
	"github.com/noren-cdk/noren/maintenance"
)

// turned is a deployed stack that noren turns.
type turned struct {
	e       *emulator
	program string // the noren binary
	name    string
	way     *way
	closed  []byte   // the synthesized template in the mode closed
	turning []string // what may change: first a listener or a rule, last the function that answers
}

// way is a proxy between noren and the emulator: it counts calls, and can do
// something before one of them.
type way struct {
	url    string
	mu     sync.Mutex
	calls  []string
	before func(n int, operation string, w http.ResponseWriter) bool // true: already answered
}

// wayTo starts a proxy to the emulator.
func wayTo(t *testing.T, e *emulator) *way {
	t.Helper()
	target, err := url.Parse(e.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	w := &way{}
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		form, _ := url.ParseQuery(string(body))
		operation := cmp.Or(form.Get("Action"), r.Header.Get("X-Amz-Target"), r.Method)
		w.mu.Lock()
		w.calls = append(w.calls, operation)
		n, before := len(w.calls), w.before
		w.mu.Unlock()
		if before == nil || !before(n, operation, rw) {
			proxy.ServeHTTP(rw, r)
		}
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// reset resets the count of calls.
func (w *way) reset(before func(n int, operation string, w http.ResponseWriter) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls, w.before = nil, before
}

// noren runs the program and returns its exit code and its output.
func (s *turned) noren(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	cmd := s.command(t, args...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func (s *turned) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	// The emulator balances no load: other tests check the requests.
	cmd := exec.CommandContext(ctx, s.program, append(args, "--stack", s.name, "--region", s.e.region, "--yes", "--wait", "0")...)
	cmd.Dir = s.e.dir // it has no repository
	cmd.Env = append(s.e.environment(), "AWS_ENDPOINT_URL="+s.way.url, "PATH=/nonexistent")
	return cmd
}

// mode returns the mode of the deployed template.
func (s *turned) mode(t *testing.T) maintenance.Mode {
	t.Helper()
	template := s.e.stack(t, s.name).template(t)
	result, err := turn.Turn([]byte(template), "", turn.Wish{Mode: maintenance.Open})
	if err != nil {
		t.Fatal(err)
	}
	return result.From
}

// sets returns the change sets that have not been executed.
func (s *turned) sets(t *testing.T) []string {
	t.Helper()
	out, err := s.e.stack(t, s.name).formation.ListChangeSets(t.Context(), &cloudformation.ListChangeSetsInput{StackName: &s.name})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, summary := range out.Summaries {
		if summary.ExecutionStatus == types.ExecutionStatusAvailable {
			names = append(names, *summary.ChangeSetName)
		}
	}
	return names
}

// settle waits until the stack is stable.
func (s *turned) settle(t *testing.T) types.Stack {
	t.Helper()
	for range 600 {
		out, err := s.e.stack(t, s.name).formation.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: &s.name})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(string(out.Stacks[0].StackStatus), "_IN_PROGRESS") {
			return out.Stacks[0]
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("the stack does not come to rest")
	return types.Stack{}
}

// turn turns to a mode and checks that nothing else has changed.
func (s *turned) turn(t *testing.T, verb string, mode maintenance.Mode, args ...string) {
	t.Helper()
	from := s.mode(t)
	before := s.e.stack(t, s.name).events(t)
	start := time.Now()
	code, said := s.noren(t, append([]string{verb}, args...)...)
	took(t, "noren "+verb, start)
	if code != 0 || s.mode(t) != mode {
		t.Fatalf("noren %s: exit code %d, %s\n%s", verb, code, s.mode(t), said)
	}
	events := s.e.stack(t, s.name).events(t)[len(before):]
	if from == mode && len(args) == 0 {
		if len(events) > 0 {
			t.Errorf("noren %s of what is %s: %v", verb, mode, events)
		}
		return
	}
	for _, e := range events {
		if e.resource != s.name && !slices.Contains(s.turning, e.resource) || e.status != "UPDATE_COMPLETE" && e.resource != s.name {
			t.Errorf("noren %s: %s of %s", verb, e.status, e.resource)
		}
	}
	if left := s.sets(t); len(left) > 0 {
		t.Errorf("noren %s left %q", verb, left)
	}
}

// deployed deploys an app in the mode open, as JSON or YAML.
func deployed(t *testing.T, e *emulator, noren, program, name string, inYAML bool, flags ...string) *turned {
	t.Helper()
	open := e.synthesizeWith(t, turnable, program, name, "false", flags...)
	closed := e.synthesizeWith(t, turnable, program, name, "true", flags...)
	s := &turned{e: e, program: noren, name: name, way: wayTo(t, e), closed: closed.template}
	if inYAML {
		data, err := yaml.JSONToYAML(open.template)
		if err != nil {
			t.Fatal(err)
		}
		s.create(t, data)
	} else {
		e.deploy(t, "cdk deploy "+name, open.dir, name)
	}
	described := struct {
		Resources map[string]struct{ Metadata map[string]any }
	}{}
	if err := json.Unmarshal(open.template, &described); err != nil {
		t.Fatal(err)
	}
	for _, r := range described.Resources {
		text, _ := r.Metadata[turn.MetadataKey].(string)
		if text == "" {
			continue
		}
		var d turn.Switch
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
		s.turning = append(slices.Clone(d.Carriers), d.Guard, d.Responder)
	}
	return s
}

// create creates a stack from a template in the bucket of the bootstrap.
func (s *turned) create(t *testing.T, template []byte) {
	t.Helper()
	cfg := s.e.config(t)
	bucket := fmt.Sprintf("cdk-hnb659fds-assets-%s-%s", s.e.account, s.e.region)
	store := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := store.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("own.yaml"), Body: bytes.NewReader(template)}); err != nil {
		t.Fatal(err)
	}
	_, err := cloudformation.NewFromConfig(cfg).CreateStack(t.Context(), &cloudformation.CreateStackInput{
		StackName: &s.name, TemplateURL: aws.String("https://s3." + s.e.region + ".amazonaws.com/" + bucket + "/own.yaml"),
		Capabilities: []types.Capability{types.CapabilityCapabilityIam}, RoleARN: aws.String("arn:aws:iam::" + s.e.account + ":role/cdk-hnb659fds-cfn-exec-role"),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.settle(t)
}

// checkClosed checks that the deployed template is the synthesized one in the
// mode closed, except for the values that were given, including the message.
func (s *turned) checkClosed(t *testing.T) {
	t.Helper()
	template, err := cfn.JSON([]byte(s.e.stack(t, s.name).template(t)))
	if err != nil {
		t.Fatal(err)
	}
	decode := func(data []byte) map[string]any {
		var document struct{ Resources map[string]any }
		if err := json.Unmarshal(data, &document); err != nil {
			t.Fatal(err)
		}
		for _, r := range document.Resources {
			if r := r.(map[string]any); r["Type"] == maintenance.GuardType {
				delete(r["Properties"].(map[string]any), "Explicit")
				delete(r["Properties"].(map[string]any), "Digest") // the filter changes it
			}
		}
		return document.Resources
	}
	got, want := decode(template), decode(s.closed)
	for id := range want {
		a, _ := json.Marshal(got[id])
		b, _ := json.Marshal(want[id])
		if !bytes.Equal(a, b) {
			t.Errorf("%s is\n%s\nand a synthesis has\n%s", id, a, b)
		}
	}
	if bytes.Contains(template, []byte("???")) {
		t.Error("question marks were deployed")
	}
}

// TestTurn checks that noren close, read-only and open turn what is deployed and
// nothing else, in any app: the product, and other apps, on their own listener
// and by rule, in JSON and YAML.
func TestTurn(t *testing.T) {
	dir := scratch(t)
	noren, product := filepath.Join(dir, "noren"), filepath.Join(dir, "app")
	run(t, "go build ./cmd/noren", root, plainEnvironment(dir), "go", "build", "-o", noren, "./cmd/noren")
	run(t, "go build", root, plainEnvironment(dir), "go", "build", "-o", product, ".")
	for _, name := range []string{"dev", "prod"} {
		t.Run(name, func(t *testing.T) {
			dir := scratch(t)
			env := workplace(t, dir, name)
			e := startEmulator(t, dir, cmp.Or(env.Account, "123456789012"), env.Region)
			e.bootstrap(t)
			s := deployed(t, e, noren, product, env.StackName, false, "-c", "env="+name)
			s.turn(t, "close", maintenance.Closed)
			s.checkClosed(t)
			s.turn(t, "close", maintenance.Closed)
			s.turn(t, "read-only", maintenance.ReadOnly)
			s.turn(t, "close", maintenance.Closed, "--message", "再開は4時です。", "--until", "2036-12-01T04:00:00+09:00")
			if template := s.e.stack(t, s.name).template(t); !strings.Contains(template, `\\u518d\\u958b\\u306f4`) {
				t.Error("the message is not as it was typed")
			}
			s.turn(t, "open", maintenance.Open)
			if name == "dev" {
				s.turn(t, "close", maintenance.Closed)
				closed := e.synthesizeWith(t, turnable, product, env.StackName, "true", "-c", "env="+name)
				before := s.e.stack(t, s.name).events(t)
				e.deploy(t, "cdk deploy -c maintenance=true after noren close", closed.dir, s.name)
				for _, event := range s.e.stack(t, s.name).events(t)[len(before):] {
					if event.resource != s.name && !strings.HasPrefix(event.resource, "MaintenanceGuard") {
						t.Errorf("a deploy of the same mode changes %s", event.resource)
					}
				}
			}
			s.now(t)
		})
	}
	for _, own := range []bool{true, false} {
		t.Run(map[bool]string{true: "an app of others, own listener, YAML", false: "an app of others, by rule, JSON"}[own], func(t *testing.T) {
			dir := scratch(t)
			e := startEmulator(t, dir, "123456789012", "us-east-1")
			moduleOf(t, dir, "test/e2e/testdata/shop")
			if own {
				file := filepath.Join(dir, "main.go")
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				source := strings.Replace(string(data), `		Hosts:          []string{"shop.example.com"},`+"\n", "		KeepOpen: []constructs.IConstruct{listener.Node().FindChild(jsii.String(\"BillingRule\")), listener.Node().FindChild(jsii.String(\"StatusRule\"))},\n", 1)
				source = strings.Replace(source, "jsii.Number(300)", "jsii.Number(90)", 1) // what is allowed must not match the other's requests
				source = strings.Replace(source, `	"github.com/aws/jsii-runtime-go"`, "	\"github.com/aws/constructs-go/constructs/v10\"\n	\"github.com/aws/jsii-runtime-go\"", 1)
				if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			program := filepath.Join(dir, "shop")
			run(t, "go mod tidy", dir, plainEnvironment(dir), "go", "mod", "tidy")
			run(t, "go build", dir, plainEnvironment(dir), "go", "build", "-o", program, ".")
			e.bootstrap(t)
			s := deployed(t, e, noren, program, "Shop", own)
			s.turn(t, "close", maintenance.Closed)
			s.checkClosed(t)
			s.turn(t, "open", maintenance.Open)
			s.now(t)
			if !own { // the smallest, so that many flips are fast
				s.interrupt(t)
				s.others(t)
			} else {
				s.compare(t)
			}
		})
	}
}

// interrupt kills noren before each of its calls, or with -short before every
// fourth: running it again finishes what it began, and leaves no change set.
func (s *turned) interrupt(t *testing.T) {
	t.Helper()
	step := 1
	if testing.Short() {
		step = 4
	}
	for at := 1; ; at += step {
		s.turn(t, "open", maintenance.Open)
		cmd := s.command(t, "close")
		killed := make(chan struct{})
		s.way.reset(func(n int, _ string, w http.ResponseWriter) bool {
			if n == at {
				_ = cmd.Process.Signal(syscall.SIGKILL)
				close(killed)
			}
			return n >= at
		})
		_ = cmd.Run() // it was killed
		s.way.mu.Lock()
		calls := slices.Clone(s.way.calls)
		s.way.mu.Unlock()
		s.way.reset(nil)
		if len(calls) < at {
			if at < 10 {
				t.Errorf("only %d calls: %q", at-1, calls)
			}
			t.Logf("killed before each of %d calls, or every %d of them", len(calls), step)
			break
		}
		<-killed
		s.settle(t)
		if code, said := s.noren(t, "close"); code != 0 || s.mode(t) != maintenance.Closed || len(s.sets(t)) > 0 {
			t.Errorf("killed before call %d (%s), run again: exit code %d, %s, left %q\n%s", at, calls[at-1], code, s.mode(t), s.sets(t), said)
		}
	}
}

// others tests other people who act at the same time, and a busy account.
func (s *turned) others(t *testing.T) {
	t.Helper()
	formation := cloudformation.NewFromConfig(s.e.config(t))

	s.turn(t, "open", maintenance.Open)
	once := false
	s.way.reset(func(_ int, operation string, _ http.ResponseWriter) bool {
		if operation == "ExecuteChangeSet" && !once {
			once = true
			if code, said := (&turned{e: s.e, program: s.program, name: s.name, way: wayTo(t, s.e)}).noren(t, "close", "--message", "Of another."); code != 0 {
				t.Errorf("the other one: exit code %d\n%s", code, said)
			}
		}
		return false
	})
	code, said := s.noren(t, "close")
	s.way.reset(nil)
	if template := s.e.stack(t, s.name).template(t); code != 3 || !strings.Contains(template, "Of another.") || !strings.Contains(said, "the last operation is noren-closed-") {
		t.Errorf("who comes second: exit code %d, %s\n%s", code, s.mode(t), said)
	}

	throttled := map[string]bool{}
	s.way.reset(func(_ int, operation string, w http.ResponseWriter) bool {
		if throttled[operation] {
			return false
		}
		throttled[operation] = true
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>`)
		return true
	})
	s.turn(t, "open", maintenance.Open)
	s.way.reset(nil)
	s.turn(t, "close", maintenance.Closed)

	policy := fmt.Sprintf(`{"Statement":[{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"},{"Effect":"Deny","Action":"Update:*","Principal":"*","Resource":"LogicalResourceId/%s"}]}`, s.turning[0])
	if _, err := formation.SetStackPolicy(t.Context(), &cloudformation.SetStackPolicyInput{StackName: &s.name, StackPolicyBody: &policy}); err != nil {
		t.Fatal(err)
	}
	code, said = s.noren(t, "open")
	if stack := s.settle(t); code != 1 || stack.StackStatus != types.StackStatusUpdateRollbackComplete || s.mode(t) != maintenance.Closed || !strings.Contains(said, "Action denied by stack policy") {
		t.Errorf("a rollback: exit code %d, %s, %s\n%s", code, stack.StackStatus, s.mode(t), said)
	}
	all := `{"Statement":[{"Effect":"Allow","Action":"Update:*","Principal":"*","Resource":"*"}]}`
	if _, err := formation.SetStackPolicy(t.Context(), &cloudformation.SetStackPolicyInput{StackName: &s.name, StackPolicyBody: &all}); err != nil {
		t.Fatal(err)
	}
	s.turn(t, "open", maintenance.Open)
	s.between(t, formation)
	s.rights(t, formation)
}

// between tests another person's deploy that begins and ends between two calls of
// noren. The change set would revert it, so noren does not execute it, whatever
// CloudFormation lists. Running noren again turns what is deployed by then.
func (s *turned) between(t *testing.T, formation *cloudformation.Client) {
	t.Helper()
	bucket, key := fmt.Sprintf("cdk-hnb659fds-assets-%s-%s", s.e.account, s.e.region), "theirs.json"
	store := s3.NewFromConfig(s.e.config(t), func(o *s3.Options) { o.UsePathStyle = true })
	for i, deploy := range []struct {
		name, old, next string
		before          string // the call of noren before which it happens
	}{
		{"a function, before the change set is made", `"MemorySize": 256`, `"MemorySize": 320`, "CreateChangeSet"},
		{"a function, before the change set is looked at", `"MemorySize": 320`, `"MemorySize": 384`, "DescribeChangeSet"},
		{"a function, before it is executed", `"MemorySize": 384`, `"MemorySize": 256`, "ExecuteChangeSet"},
		{"nothing that is listed, before the change set is made", `"Parameters": {`, `"Metadata": {
  "By": "them"
 },
 "Parameters": {`, "CreateChangeSet"},
	} {
		s.turn(t, "open", maintenance.Open)
		template := s.e.stack(t, s.name).template(t)
		edited := strings.Replace(template, deploy.old, deploy.next, 1)
		if edited == template {
			t.Fatalf("%s: nothing to be edited", deploy.name)
		}
		if _, err := store.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(edited)}); err != nil {
			t.Fatal(err)
		}
		once := false
		s.way.reset(func(_ int, operation string, _ http.ResponseWriter) bool {
			if operation == deploy.before && !once {
				once = true
				set := fmt.Sprintf("theirs-%d", i)
				if _, err := formation.CreateChangeSet(t.Context(), &cloudformation.CreateChangeSetInput{
					StackName: &s.name, ChangeSetName: &set, ChangeSetType: types.ChangeSetTypeUpdate, TemplateURL: aws.String("https://s3." + s.e.region + ".amazonaws.com/" + bucket + "/" + key),
					RoleARN: aws.String("arn:aws:iam::" + s.e.account + ":role/cdk-hnb659fds-cfn-exec-role"), Capabilities: []types.Capability{types.CapabilityCapabilityIam},
					Parameters: []types.Parameter{{ParameterKey: aws.String("BootstrapVersion"), UsePreviousValue: aws.Bool(true)}},
				}); err != nil {
					t.Error(err)
				}
				if _, err := formation.ExecuteChangeSet(t.Context(), &cloudformation.ExecuteChangeSetInput{StackName: &s.name, ChangeSetName: &set}); err != nil {
					t.Error(err)
				}
				s.settle(t)
			}
			return false
		})
		code, said := s.noren(t, "close")
		s.way.reset(nil)
		if now := s.e.stack(t, s.name).template(t); !once || code != 3 || now != edited || !strings.Contains(said, "another change of the stack came first") || !strings.Contains(said, "nothing was changed by this one: run it again") {
			t.Errorf("%s: exit code %d, the deploy is kept: %v\n%s", deploy.name, code, now == edited, said)
		}
		if left := s.sets(t); len(left) > 0 {
			t.Errorf("%s: left %q", deploy.name, left)
		}
		s.turn(t, "close", maintenance.Closed)
		if now := s.e.stack(t, s.name).template(t); !strings.Contains(now, deploy.next) {
			t.Errorf("%s: the deploy was taken back by the next turn", deploy.name)
		}
	}
	s.turn(t, "open", maintenance.Open)
}

// rights checks that the role of the switch executes no change set that has
// anything else in it: it fails for lack of rights, and is rolled back.
func (s *turned) rights(t *testing.T, formation *cloudformation.Client) {
	t.Helper()
	role := aws.ToString(s.settle(t).RoleARN)
	if !strings.Contains(role, "TurningRole") {
		t.Fatalf("the stack was turned with the role %s", role)
	}
	template := s.e.stack(t, s.name).template(t)
	edited := strings.Replace(template, `"MemorySize": 256`, `"MemorySize": 512`, 1) // of the guard's function
	if edited == template {
		t.Fatal("no function to be edited")
	}
	bucket, key := fmt.Sprintf("cdk-hnb659fds-assets-%s-%s", s.e.account, s.e.region), "noren/more.json"
	store := s3.NewFromConfig(s.e.config(t), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := store.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(edited)}); err != nil {
		t.Fatal(err)
	}
	url, set := "https://s3."+s.e.region+".amazonaws.com/"+bucket+"/"+key, "noren-more"
	_, err := formation.CreateChangeSet(t.Context(), &cloudformation.CreateChangeSetInput{
		StackName: &s.name, ChangeSetName: &set, ChangeSetType: types.ChangeSetTypeUpdate, TemplateURL: &url, RoleARN: &role, Capabilities: []types.Capability{types.CapabilityCapabilityIam},
		Parameters: []types.Parameter{{ParameterKey: aws.String("BootstrapVersion"), UsePreviousValue: aws.Bool(true)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := formation.ExecuteChangeSet(t.Context(), &cloudformation.ExecuteChangeSetInput{StackName: &s.name, ChangeSetName: &set}); err != nil {
		t.Fatal(err)
	}
	stack := s.settle(t)
	events, err := formation.DescribeStackEvents(t.Context(), &cloudformation.DescribeStackEventsInput{StackName: &s.name})
	if err != nil {
		t.Fatal(err)
	}
	refused := slices.ContainsFunc(events.StackEvents, func(e types.StackEvent) bool {
		return strings.Contains(aws.ToString(e.ResourceStatusReason), "is not authorized to perform: lambda:UpdateFunctionConfiguration")
	})
	if stack.StackStatus != types.StackStatusUpdateRollbackComplete || !refused {
		t.Errorf("more than the switch with its role: %s, refused: %v", stack.StackStatus, refused)
	}
}

// now turns without CloudFormation, and then reconciles.
func (s *turned) now(t *testing.T) {
	t.Helper()
	s.turn(t, "open", maintenance.Open)
	code, said := s.noren(t, "close", "--now", "--why", "a test")
	policy := func() string {
		out, err := s.e.stack(t, s.name).formation.GetStackPolicy(t.Context(), &cloudformation.GetStackPolicyInput{StackName: &s.name})
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(out.StackPolicyBody)
	}
	if code != 0 || s.mode(t) != maintenance.Open || !strings.Contains(policy(), `"Deny"`) || strings.Contains(said, "not recorded") {
		t.Fatalf("--now: exit code %d, the template is %s, policy %s\n%s", code, s.mode(t), policy(), said)
	}
	if code, said := s.noren(t, "read-only", "--now"); strings.HasPrefix(s.name, "Shop") && code != 1 {
		t.Errorf("read-only, which is not prepared: exit code %d\n%s", code, said)
	}
	if code, said := s.noren(t, "close", "--now"); code != 0 {
		t.Errorf("--now again: exit code %d\n%s", code, said)
	}
	s.turn(t, "close", maintenance.Closed)
	if strings.Contains(policy(), `"Deny"`) {
		t.Errorf("locked still: %s", policy())
	}
	s.turn(t, "open", maintenance.Open)
}

// compare prints how long the listener takes to change after "yes", by noren and
// by executing the same change set by hand.
func (s *turned) compare(t *testing.T) {
	t.Helper()
	cfg := s.e.config(t)
	formation := cloudformation.NewFromConfig(cfg)
	deployed := s.e.stack(t, s.name)
	measure := func(mode maintenance.Mode, execute func(*turn.Operation, turn.Plan) error) time.Duration {
		o := &turn.Operation{API: formation, Stack: s.name}
		o.Upload = func(ctx context.Context, key string, template []byte) (string, error) {
			bucket, err := o.BootstrapBucket(ctx, template)
			if err != nil {
				return "", err
			}
			return bucket.Upload(cfg)(ctx, key, template)
		}
		plan, err := o.Prepare(t.Context(), turn.Wish{Mode: mode, Typed: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		before := stateOf(deployed.mustListener(t, s.turning[0]))
		start, done := time.Now(), make(chan error, 1)
		go func() { done <- execute(o, plan) }()
		for stateOf(deployed.mustListener(t, s.turning[0])) == before {
			if time.Since(start) > time.Minute {
				t.Fatal("the listener does not change")
			}
			time.Sleep(5 * time.Millisecond)
		}
		took := time.Since(start)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		s.settle(t)
		return took
	}
	noren := measure(maintenance.Closed, func(o *turn.Operation, plan turn.Plan) error { return o.Execute(t.Context(), plan, nil) })
	hand := measure(maintenance.Open, func(_ *turn.Operation, plan turn.Plan) error {
		_, err := formation.ExecuteChangeSet(t.Context(), &cloudformation.ExecuteChangeSetInput{StackName: &plan.Stack, ChangeSetName: &plan.ChangeSet})
		return err
	})
	t.Logf("from yes to the listener's change: %v by noren, %v by hand", noren.Round(time.Millisecond), hand.Round(time.Millisecond))
	if noren > hand+5*time.Second {
		t.Errorf("noren takes %v longer than executing the same change set by hand", noren-hand)
	}
}
