package maintenancemode_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/diff"
	"github.com/noren-cdk/noren/internal/function/guard"
	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

const guardType = "Custom::NorenReopenGuard"

// listeners are the kinds of listener: the app's own, one that it shares, one
// that another app defines, and one in front of several services.
var listeners = []string{"own", "shared", "imported", "services"}

// guarded synthesizes a guarded maintenance on a kind of listener.
func guarded(t *testing.T, kind string, mode maintenance.Mode, edits ...func(*maintenancemode.Props)) template {
	t.Helper()
	return mustSynth(t, func(p product) {
		props := fieldReports(mode)
		props.Clients.Values = props.Clients.Values[:1]
		props.Listener, props.AppTargetGroup = p.listener, p.app
		switch kind {
		case "shared":
			props.Hosts = []string{"app.example.com"}
		case "services":
			orders, users := p.microservices()
			props.Services = []maintenancemode.Service{{TargetGroup: orders, Allow: []string{"GET /orders/{id}"}}, {TargetGroup: users}}
		case "imported":
			props.Listener = elbv2.ApplicationListener_FromApplicationListenerAttributes(p.stack, jsii.String("Imported"), &elbv2.ApplicationListenerAttributes{
				ListenerArn:   jsii.String("arn:aws:elasticloadbalancing:us-east-1:111111111111:listener/app/shared/50dc6c495c0c9188/f2f7dc8efc522ab2"),
				SecurityGroup: awsec2.SecurityGroup_FromSecurityGroupId(p.stack, jsii.String("Group"), jsii.String("sg-1"), nil),
			})
		}
		for _, edit := range edits {
			edit(&props)
		}
		maintenancemode.New(p.stack, "Maintenance", props)
	})
}

// only returns the single resource of a type.
func (t template) only(tb testing.TB, resourceType string) (string, resource) {
	tb.Helper()
	var ids []string
	for id, r := range t.Resources {
		if r.Type == resourceType {
			ids = append(ids, id)
		}
	}
	if len(ids) != 1 {
		tb.Fatalf("%d resources of type %s, want 1", len(ids), resourceType)
	}
	return ids[0], t.Resources[ids[0]]
}

// TestTheGuardComesBeforeEverythingThatFlips checks every order in which
// CloudFormation may go from one mode to another: a refusal leaves the listener
// and its rules alone. Deletions happen after everything else has succeeded.
func TestTheGuardComesBeforeEverythingThatFlips(t *testing.T) {
	modes := []maintenance.Mode{maintenance.Open, maintenance.ReadOnly, maintenance.Closed}
	for _, kind := range listeners {
		synthesized := map[maintenance.Mode]template{}
		for _, mode := range modes {
			synthesized[mode] = guarded(t, kind, mode)
		}
		guardID, _ := synthesized[maintenance.Open].only(t, guardType)
		for _, from := range modes {
			for _, to := range modes {
				if from == to {
					continue
				}
				possible := orders(synthesized[from], synthesized[to])
				for _, order := range possible {
					if order[0].id != guardID {
						t.Errorf("%s, from %v to %v: %s may come before the guard", kind, from, to, order[0].id)
					}
				}
				if len(possible) == 0 {
					t.Errorf("%s, from %v to %v: no order is possible", kind, from, to)
				}
			}
		}
	}
}

// TestGuard_RefersToNothingThatWaitsForIt checks that the guard does not refer to
// the listener, not even indirectly, since the listener waits for the guard. CDK
// only warns about such a cycle.
func TestGuard_RefersToNothingThatWaitsForIt(t *testing.T) {
	for _, kind := range listeners {
		for _, mode := range []maintenance.Mode{maintenance.Open, maintenance.ReadOnly, maintenance.Closed} {
			data, err := json.Marshal(guarded(t, kind, mode))
			if err != nil {
				t.Fatal(err)
			}
			read, err := diff.Read(data, cfn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if cycle := read.Cycle(); cycle != nil {
				t.Errorf("%s, mode %v: these wait for each other: %q", kind, mode, cycle)
			}
		}
	}
}

// TestGuard_FindsTheListener checks that the function can read what the construct
// writes.
func TestGuard_FindsTheListener(t *testing.T) {
	for _, kind := range listeners {
		synthesized := guarded(t, kind, maintenance.Closed)
		_, resource := synthesized.only(t, guardType)
		properties := map[string]any{}
		for name, value := range resource.Properties {
			properties[name] = value
		}
		var deployed []any
		for _, l := range resource.Properties["Listeners"].([]any) {
			texts := map[string]any{}
			for name, value := range l.(map[string]any) {
				texts[name] = deployedText(value)
			}
			deployed = append(deployed, texts)
		}
		properties["Listeners"], properties["Responder"] = deployed, deployedText(properties["Responder"])
		got := guard.DecodeProperties(properties)
		if got.Mode != maintenance.Closed || len(got.Switch.Listeners) != 1 {
			t.Fatalf("%s: got %+v", kind, got)
		}
		at, said := got.Switch.Listeners[0], synthesized.probe(t).Switch
		if own := kind == "own"; (at.Name == "") != own || (at.LoadBalancer != "") != own || (at.Port != 0) != own || (len(at.Apps) == 1) != own {
			t.Errorf("%s: got %+v", kind, at)
		}
		want := said.Listeners[0]
		want.Name, want.LoadBalancer, want.Port = at.Name, at.LoadBalancer, at.Port
		if !reflect.DeepEqual(at, want) || got.Switch.Responder != said.Responder {
			t.Errorf("%s: the guard is told %+v, the probe %+v", kind, at, want)
		}
	}
}

// TestTheGuardMayDoNothingElse checks its role, statement by statement.
func TestTheGuardMayDoNothingElse(t *testing.T) {
	synthesized := guarded(t, "own", maintenance.Closed)
	var got []string
	for id, r := range synthesized.Resources {
		if r.Type != "AWS::IAM::Policy" || !strings.HasPrefix(id, "MaintenanceReopenGuard") {
			continue
		}
		for _, s := range r.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
			statement := s.(map[string]any)
			got = append(got, fmt.Sprint(text(statement["Action"]), " on ", text(statement["Resource"])))
		}
	}
	const parameter = `{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":ssm:",{"Ref":"AWS::Region"},":",{"Ref":"AWS::AccountId"},":parameter/",{"Ref":"%s"}]]}`
	var record, attribution, byHand, logs string
	for id, r := range synthesized.Resources {
		switch {
		case r.Type == "AWS::SSM::Parameter" && strings.HasPrefix(id, "MaintenanceModeRecord"):
			record = id
		case r.Type == "AWS::SSM::Parameter" && strings.HasPrefix(id, "MaintenanceModeByHand"):
			byHand = id
		case r.Type == "AWS::SSM::Parameter":
			attribution = id
		case r.Type == "AWS::Logs::LogGroup" && strings.HasPrefix(id, "MaintenanceReopenGuard"):
			logs = id
		}
	}
	want := []string{
		`["logs:CreateLogStream","logs:PutLogEvents"] on {"Fn::GetAtt":["` + logs + `","Arn"]}`,
		`["ssm:GetParameter","ssm:PutParameter"] on ` + fmt.Sprintf(parameter, record),
		`"ssm:GetParameter" on ` + fmt.Sprintf(parameter, attribution),
		`"ssm:GetParameter" on ` + fmt.Sprintf(parameter, byHand),
		`["cloudformation:DescribeStacks","cloudformation:DescribeStackEvents"] on {"Ref":"AWS::StackId"}`,
		`"events:PutEvents" on {"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":events:",{"Ref":"AWS::Region"},":",{"Ref":"AWS::AccountId"},":event-bus/default"]]}`,
		`["elasticloadbalancing:DescribeListeners","elasticloadbalancing:DescribeRules"] on "*"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func text(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// TestTheRecordIsNotWrittenByADeploy checks that the value in the template, and
// everything else about the parameters, is the same in every mode and with every
// flag.
func TestTheRecordIsNotWrittenByADeploy(t *testing.T) {
	mode := maintenance.Closed
	parameters := func(props maintenancemode.Props) string {
		var all []string
		for id, r := range mustSynth(t, func(p product) { p.new(props) }).Resources {
			if r.Type == "AWS::SSM::Parameter" {
				if r.Properties["Value"] != live.Placeholder {
					t.Errorf("%s has %v", id, r.Properties["Value"])
				}
				all = append(all, id+text(r))
			}
		}
		slices.Sort(all)
		return strings.Join(all, "\n")
	}
	open := parameters(fieldReports(maintenance.Open))
	flags := maintenancemode.Flags{Mode: &mode, Message: "Back at four.", Until: time.Now().Add(time.Hour)}
	if closed := parameters(flags.Apply(fieldReports(maintenance.Open))); closed != open || strings.Count(open, "AWS::SSM::Parameter") != 3 {
		t.Errorf("parameters\n%s\nbecome\n%s", open, closed)
	}
}

// TestAStackNeverHangs checks that CloudFormation does not wait for an hour, and
// that the function answers sooner than CloudFormation gives up.
func TestAStackNeverHangs(t *testing.T) {
	synthesized := guarded(t, "own", maintenance.Open)
	_, resource := synthesized.only(t, guardType)
	timeout := 0.0
	for _, r := range synthesized.Resources {
		if r.Type == "AWS::Lambda::Function" && r.Properties["Description"] == "Refuses a deploy that would open the application by accident" {
			timeout = r.Properties["Timeout"].(float64)
		}
	}
	if resource.Properties["ServiceTimeout"] != "120" || timeout != 90 {
		t.Errorf("CloudFormation waits %v s, the function may take %v s", resource.Properties["ServiceTimeout"], timeout)
	}
	_, queue := synthesized.only(t, "AWS::Lambda::EventInvokeConfig")
	if queue.Properties["MaximumRetryAttempts"] != 0.0 || queue.Properties["MaximumEventAgeInSeconds"] != 120.0 {
		t.Errorf("Lambda tries again when nobody waits any more: %v", queue.Properties)
	}
}

// TestTheFunctionKnowsEveryProperty checks that the function knows every
// property, and that each property it knows is in the template.
func TestTheFunctionKnowsEveryProperty(t *testing.T) {
	known := map[string]bool{"ServiceToken": true, "ServiceTimeout": true}
	for name := range (guard.Properties{}).Encode() {
		known[name] = true
	}
	seen := map[string]bool{}
	for _, kind := range listeners {
		_, resource := guarded(t, kind, maintenance.Open).only(t, guardType)
		for name, value := range resource.Properties {
			seen[name] = true
			if _, isText := value.(string); name != "Listeners" && !isText && !strings.Contains(text(value), `"Ref"`) && !strings.Contains(text(value), `"Fn::GetAtt"`) {
				t.Errorf("%s is not a text: %v", name, value)
			}
		}
	}
	if got, want := slices.Sorted(maps.Keys(seen)), slices.Sorted(maps.Keys(known)); !slices.Equal(got, want) {
		t.Errorf("the resource has %q, the function knows %q", got, want)
	}
}

func TestWhatWasTypedReachesTheGuard(t *testing.T) {
	closed := maintenance.Closed
	until := time.Date(2026, 12, 1, 4, 0, 0, 0, time.FixedZone("", 9*3600))
	base := fieldReports(maintenance.Open)
	base.Guard = maintenancemode.Guard{Enabled: true, Reopens: until, Command: "make deploy", ReopensAt: "reopen in shop.yaml", ByHand: "the runbook"}
	base.Answer.Until = until
	for _, test := range []struct {
		name  string
		flags maintenancemode.Flags
		want  map[string]any
	}{
		{"nothing", maintenancemode.Flags{}, map[string]any{"Mode": "open", "Explicit": "", "Message": "", "Until": "2026-11-30T19:00:00Z", "Reopens": "2026-11-30T19:00:00Z",
			"Command": "make deploy", "ReopensAt": "reopen in shop.yaml", "ByHand": "the runbook"}},
		{"the mode", maintenancemode.Flags{Mode: &closed}, map[string]any{"Mode": "closed", "Message": ""}},
		{"a message, the mode from the file", maintenancemode.Flags{Message: "Back at four."}, map[string]any{"Mode": "open", "Explicit": "", "Message": "Back at four."}},
		{"an end", maintenancemode.Flags{Until: until.AddDate(0, 0, 1)}, map[string]any{"Explicit": "", "Until": "2026-12-01T19:00:00Z"}},
	} {
		_, resource := mustSynth(t, func(p product) { p.new(test.flags.Apply(base)) }).only(t, guardType)
		for name, want := range test.want {
			if got := resource.Properties[name]; got != want {
				t.Errorf("%s: %s is %v, want %v", test.name, name, got, want)
			}
		}
	}
}

func TestGuard_Absent(t *testing.T) {
	synthesized := mustSynth(t, func(p product) {
		props := fieldReports(maintenance.Closed)
		props.Guard = maintenancemode.Guard{Absent: true, Typed: time.Now()}
		if guard := p.new(props).Guard; guard != (maintenancemode.ReopenGuard{}) {
			t.Errorf("got %+v", guard)
		}
	})
	for id, r := range synthesized.Resources {
		if r.Type == guardType || r.Type == "AWS::SSM::Parameter" && !strings.HasPrefix(id, "MaintenanceModeByHand") || strings.Contains(id, "Guard") || strings.Contains(text(r.DependsOn), "Guard") {
			t.Errorf("there is %s", id)
		}
	}
}

// TestTheSummaryIsWhatTheFunctionAnswersWith checks that the function returns the
// attribute that the stack reads; otherwise the stack would fail.
func TestTheSummaryIsWhatTheFunctionAnswersWith(t *testing.T) {
	mustSynth(t, func(p product) {
		summary := p.stack.Resolve(p.new(fieldReports(maintenance.Open)).Guard.Summary)
		if got := text(summary); !strings.HasSuffix(got, fmt.Sprintf(",%q]}", guard.Summary)) {
			t.Errorf("got %s", got)
		}
	})
}
