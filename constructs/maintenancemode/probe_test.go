package maintenancemode_test

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/function/probe"
	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// inJSON returns a value of a template as a text, with an ARN in place of each
// reference.
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

// deployedListener answers as Elastic Load Balancing does after the template is
// deployed.
type deployedListener struct {
	defaultActions []types.Action
	rules          []types.Rule
	others         []types.Listener
}

func (d deployedListener) DescribeListeners(_ context.Context, in *elbv2sdk.DescribeListenersInput, _ ...func(*elbv2sdk.Options)) (*elbv2sdk.DescribeListenersOutput, error) {
	if in.LoadBalancerArn != nil {
		return &elbv2sdk.DescribeListenersOutput{Listeners: d.others}, nil
	}
	return &elbv2sdk.DescribeListenersOutput{Listeners: []types.Listener{{ListenerArn: &in.ListenerArns[0], DefaultActions: d.defaultActions, Port: aws.Int32(443)}}}, nil
}

func (d deployedListener) DescribeRules(context.Context, *elbv2sdk.DescribeRulesInput, ...func(*elbv2sdk.Options)) (*elbv2sdk.DescribeRulesOutput, error) {
	return &elbv2sdk.DescribeRulesOutput{Rules: d.rules}, nil
}

// resolvedSecret matches the secret in a template.
var resolvedSecret = regexp.MustCompile(`\{\{resolve:[^}]*\}\}`)

// deployedText returns a text of the template as deployed: with the ARNs of the
// resources that it refers to, and a secret.
func deployedText(value any) string {
	const account = "arn:aws:elasticloadbalancing:us-east-1:111111111111:"
	switch v := value.(type) {
	case string:
		return resolvedSecret.ReplaceAllString(v, "abcdefghijklmnopqrstuvwxyz012345")
	case map[string]any:
		if id, ok := v["Ref"].(string); ok && strings.Contains(id, "Listener") {
			return account + "listener/app/alb/1/" + id
		} else if ok {
			return account + "targetgroup/" + id
		}
		if join, ok := v["Fn::Join"].([]any); ok {
			var parts []string
			for _, part := range join[1].([]any) {
				parts = append(parts, deployedText(part))
			}
			return deployedText(strings.Join(parts, join[0].(string)))
		}
	}
	return inJSON(value)
}

// deploy returns the listener with that ARN and its rules.
func (t template) deploy(tb testing.TB, listener string) deployedListener {
	tb.Helper()
	d := deployedListener{defaultActions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: aws.String("of another stack")}}}
	actions := func(value any) []types.Action {
		action := value.([]any)[0].(map[string]any)
		return []types.Action{{Type: types.ActionTypeEnum(action["Type"].(string)), TargetGroupArn: aws.String(deployedText(action["TargetGroupArn"]))}}
	}
	for id, r := range t.Resources {
		switch {
		case deployedText(map[string]any{"Ref": id}) == listener:
			d.defaultActions = actions(r.Properties["DefaultActions"])
		case r.Type == "AWS::ElasticLoadBalancingV2::ListenerRule" && deployedText(r.Properties["ListenerArn"]) == listener:
			priority := strconv.Itoa(int(r.Properties["Priority"].(float64)))
			rule := types.Rule{
				RuleArn:  aws.String(strings.Replace(listener, ":listener/", ":listener-rule/", 1) + "/" + priority),
				Priority: &priority, Actions: actions(r.Properties["Actions"]),
			}
			for _, condition := range r.Properties["Conditions"].([]any) {
				c := condition.(map[string]any)
				if config, ok := c["HttpHeaderConfig"].(map[string]any); ok {
					var values []any
					for _, value := range config["Values"].([]any) {
						values = append(values, deployedText(value))
					}
					c = map[string]any{"Field": c["Field"], "HttpHeaderConfig": map[string]any{"HttpHeaderName": config["HttpHeaderName"], "Values": values}}
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

// probe returns the probe's settings.
func (t template) probe(tb testing.TB) probe.Settings {
	tb.Helper()
	for _, r := range t.Resources {
		environment, _ := r.Properties["Environment"].(map[string]any)
		variables, _ := environment["Variables"].(map[string]any)
		if variables["MODEPROBE_RESPONDER"] == nil {
			continue
		}
		s := probe.ParseEnvironment(func(name string) string {
			if variables[name] == nil {
				return ""
			}
			return deployedText(variables[name])
		})
		if s.Err != nil {
			tb.Fatal(s.Err)
		}
		return s
	}
	tb.Fatal("no probe")
	return probe.Settings{}
}

// TestProbe_SeesTheModeThatIsDeployed uses the settings that the construct gives
// the probe and, as noren status does, the settings in the template.
func TestProbe_SeesTheModeThatIsDeployed(t *testing.T) {
	for _, kind := range listeners {
		for _, mode := range maintenance.Modes() {
			template := guarded(t, kind, mode)
			settings := template.probe(t)
			all, err := live.Read(t.Context(), template.deploy(t, settings.Switch.Listeners[0].Name), settings.Switch)
			if err != nil || len(all) != 1 || all[0].Mode != mode || len(all[0].Through) > 0 {
				t.Errorf("%s listener, %v: got %+v, %v", kind, mode, all, err)
			}
			found := template.switches(t)
			if len(found) != 1 || len(found[0].Listeners) != 1 {
				t.Fatalf("%s listener, %v: the template has the switches %+v", kind, mode, found)
			}
			said, read := settings.Switch.Listeners[0], found[0].Listeners[0]
			if !slices.Equal(said.Standing, read.Standing) || len(said.Apps) != len(read.Apps) || !slices.Equal(said.Hosts, read.Hosts) {
				t.Errorf("%s listener, %v: the probe is told %+v, the template says %+v", kind, mode, said, read)
			}
			for _, priority := range read.Turning {
				if !slices.Contains(said.Turning, priority) {
					t.Errorf("%s listener, %v: rule %d turns, and the probe is told %v", kind, mode, priority, said.Turning)
				}
			}
		}
	}
}

// TestProbe_IsToldWhatIsDeployed checks that the outline is the same in every
// mode and complete, so that an added, removed or changed rule is drift.
func TestProbe_IsToldWhatIsDeployed(t *testing.T) {
	for _, kind := range listeners {
		told := guarded(t, kind, maintenance.Open).probe(t).Deployed
		for _, mode := range maintenance.Modes() {
			template := guarded(t, kind, mode)
			settings := template.probe(t)
			if !reflect.DeepEqual(settings.Deployed, told) {
				t.Errorf("%s listener, %v: the probe is told\n%v, when open\n%v", kind, mode, settings.Deployed, told)
			}
			groups := rules.Groups{Responder: settings.Switch.Responder, Unlock: settings.Unlock, Apps: settings.Apps}
			compare := func(d deployedListener) (drift []rules.Drift) {
				seen, err := live.See(t.Context(), d, settings.Switch, nil)
				if err != nil {
					t.Fatal(err)
				}
				return told.Compare(mode, seen.Listeners, seen.Others, groups)
			}
			now := template.deploy(t, settings.Switch.Listeners[0].Name)
			if drift := compare(now); len(drift) > 0 {
				t.Errorf("%s listener, %v: as deployed, drift is %+v", kind, mode, drift)
			}
			for i, r := range now.rules {
				less := now
				less.rules = slices.Delete(slices.Clone(now.rules), i, i+1)
				if drift := compare(less); len(drift) != 1 || drift[0].Opens {
					t.Errorf("%s listener, %v, without rule %s: drift is %+v", kind, mode, *r.Priority, drift)
				}
				other := now
				other.rules = slices.Clone(now.rules)
				other.rules[i].Conditions = []types.RuleCondition{{Field: aws.String("path-pattern"), PathPatternConfig: &types.PathPatternConditionConfig{Values: []string{"/x*"}}}}
				if drift := compare(other); len(drift) != 1 || !strings.Contains(drift[0].Text, "rule "+*r.Priority) {
					t.Errorf("%s listener, %v, with another rule %s: drift is %+v", kind, mode, *r.Priority, drift)
				}
			}
			more := now
			more.rules = append(slices.Clone(now.rules), types.Rule{
				RuleArn: aws.String(strings.Replace(settings.Switch.Listeners[0].Name, ":listener/", ":listener-rule/", 1) + "/50"), Priority: aws.String("50"),
				Conditions: []types.RuleCondition{{Field: aws.String("path-pattern"), PathPatternConfig: &types.PathPatternConditionConfig{Values: []string{"/x*"}}}},
				Actions:    []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: &settings.Apps[0]}},
			})
			if drift := compare(more); len(drift) != 1 || !drift[0].Opens {
				t.Errorf("%s listener, %v, with a rule by hand: drift is %+v", kind, mode, drift)
			}
		}
	}
}

// switches returns the switches in the template.
func (t template) switches(tb testing.TB) []rules.Found {
	tb.Helper()
	data, err := json.Marshal(t)
	if err != nil {
		tb.Fatal(err)
	}
	read, err := alb.Read(bytes.NewReader(data), cfn.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	found, err := rules.Find(data, read)
	if err != nil {
		tb.Fatal(err)
	}
	return found
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
		"elasticloadbalancing:DescribeListeners": "*", // these three have no resource-level permissions
		"elasticloadbalancing:DescribeRules":     "*",
		"cloudtrail:LookupEvents":                "*",
		"lambda:GetFunctionConfiguration":        "MaintenanceResponderFunction",
		"cloudformation:DescribeStacks":          "AWS::StackId",
		"ssm:GetParameters":                      "MaintenanceModeRecord",
		"ssm:PutParameter":                       "MaintenanceModeAttribution",
		"events:PutEvents":                       ":event-bus/default",
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
