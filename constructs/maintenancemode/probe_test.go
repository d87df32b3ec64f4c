package maintenancemode_test

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/noren-cdk/noren/internal/function/probe"
	"github.com/noren-cdk/noren/internal/livemode"
	"github.com/noren-cdk/noren/maintenance"
)

// inJSON is a value of a template as a text: a reference stands for the ARN.
func inJSON(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// deployedListener answers as Elastic Load Balancing does when a template is
// deployed.
type deployedListener struct {
	defaultActions []types.Action
	rules          []types.Rule
}

func (d deployedListener) DescribeListeners(context.Context, *elbv2sdk.DescribeListenersInput, ...func(*elbv2sdk.Options)) (*elbv2sdk.DescribeListenersOutput, error) {
	return &elbv2sdk.DescribeListenersOutput{Listeners: []types.Listener{{DefaultActions: d.defaultActions}}}, nil
}

func (d deployedListener) DescribeRules(context.Context, *elbv2sdk.DescribeRulesInput, ...func(*elbv2sdk.Options)) (*elbv2sdk.DescribeRulesOutput, error) {
	return &elbv2sdk.DescribeRulesOutput{Rules: d.rules}, nil
}

// deploy returns the listener of that name and the rules on it.
func (t template) deploy(tb testing.TB, listener string) deployedListener {
	tb.Helper()
	d := deployedListener{defaultActions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: aws.String("of another stack")}}}
	actions := func(value any) []types.Action {
		action := value.([]any)[0].(map[string]any)
		return []types.Action{{Type: types.ActionTypeEnum(action["Type"].(string)), TargetGroupArn: aws.String(inJSON(action["TargetGroupArn"]))}}
	}
	for id, r := range t.Resources {
		switch {
		case inJSON(map[string]string{"Ref": id}) == listener:
			d.defaultActions = actions(r.Properties["DefaultActions"])
		case r.Type == "AWS::ElasticLoadBalancingV2::ListenerRule" && inJSON(r.Properties["ListenerArn"]) == listener:
			rule := types.Rule{Priority: aws.String(strconv.Itoa(int(r.Properties["Priority"].(float64)))), Actions: actions(r.Properties["Actions"])}
			for _, condition := range r.Properties["Conditions"].([]any) {
				c := condition.(map[string]any)
				if c["Field"] == "http-header" { // whose value may be a secret
					c = map[string]any{"Field": c["Field"]}
				}
				var read types.RuleCondition
				if err := json.Unmarshal([]byte(inJSON(c)), &read); err != nil { // the names are the API's
					tb.Fatal(err)
				}
				rule.Conditions = append(rule.Conditions, read)
			}
			d.rules = append(d.rules, rule)
		}
	}
	return d
}

// probe returns the probe's function and its settings.
func (t template) probe(tb testing.TB) probe.Settings {
	tb.Helper()
	for _, r := range t.Resources {
		environment, _ := r.Properties["Environment"].(map[string]any)
		variables, _ := environment["Variables"].(map[string]any)
		if variables["MODEPROBE_LISTENER"] == nil {
			continue
		}
		s := probe.ParseEnvironment(func(name string) string {
			if variables[name] == nil {
				return ""
			}
			return inJSON(variables[name])
		})
		if s.Err != nil {
			tb.Fatal(s.Err)
		}
		return s
	}
	tb.Fatal("no probe")
	return probe.Settings{}
}

func TestTheProbeSeesTheModeThatIsDeployed(t *testing.T) {
	for _, kind := range listeners {
		for _, mode := range []maintenance.Mode{maintenance.Open, maintenance.ReadOnly, maintenance.Closed} {
			template := guarded(t, kind, mode)
			settings := template.probe(t)
			got, err := livemode.Read(t.Context(), template.deploy(t, settings.Switch.ListenerARN), settings.Switch)
			if err != nil || string(got) != string(mode) {
				t.Errorf("%s listener, %v: got %q, %v", kind, mode, got, err)
			}
		}
	}
}

func TestNothingThatWatchesChangesWithTheFlip(t *testing.T) {
	watches := []string{"AWS::CloudWatch::Alarm", "AWS::Scheduler::Schedule", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::Lambda::Function"}
	for _, kind := range listeners {
		open, closed := guarded(t, kind, maintenance.Open), guarded(t, kind, maintenance.Closed)
		alarms := 0
		for id, r := range open.Resources {
			if !slices.Contains(watches, r.Type) {
				continue
			}
			if r.Type == "AWS::CloudWatch::Alarm" {
				alarms++
			}
			if !reflect.DeepEqual(r, closed.Resources[id]) {
				t.Errorf("%s listener: %s changes with the flip", kind, id)
			}
		}
		if alarms < 10 {
			t.Errorf("%s listener: %d alarms", kind, alarms)
		}
	}
}

func TestTheProbeMayDoNothingElse(t *testing.T) {
	template := guarded(t, "own", maintenance.Open)
	want := map[string]string{
		"elasticloadbalancing:DescribeListeners": "*", // these three know no resource
		"elasticloadbalancing:DescribeRules":     "*",
		"cloudtrail:LookupEvents":                "*",
		"lambda:GetFunctionConfiguration":        "MaintenanceResponderFunction",
		"ssm:GetParameters":                      "MaintenanceModeRecord",
		"ssm:PutParameter":                       "MaintenanceModeAttribution",
		"logs:CreateLogStream":                   "MaintenanceProbeLogs",
		"logs:PutLogEvents":                      "MaintenanceProbeLogs",
	}
	for id, r := range template.Resources {
		if r.Type != "AWS::IAM::Policy" || !strings.HasPrefix(id, "MaintenanceProbeRole") {
			continue
		}
		for _, statement := range r.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
			s := statement.(map[string]any)
			actions, ok := s["Action"].([]any)
			if !ok {
				actions = []any{s["Action"]}
			}
			for _, action := range actions {
				resource, ok := want[action.(string)]
				if !ok || !strings.Contains(inJSON(s["Resource"]), resource) || resource != "*" && strings.Contains(inJSON(s["Resource"]), "*") {
					t.Errorf("the probe may %v on %s", action, inJSON(s["Resource"]))
				}
				if action == "ssm:PutParameter" && strings.Contains(inJSON(s["Resource"]), "ModeRecord") {
					t.Error("the probe may write the guard's record")
				}
				delete(want, action.(string))
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("the probe may not %v", want)
	}
}
