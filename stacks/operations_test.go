package stacks

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/maintenance"
)

// withoutHash returns a logical id without the hash that CDK adds.
func withoutHash(id string) string { return id[:len(id)-8] }

// alarmIDs returns the alarms of the template that notify someone, and whether
// planned maintenance suppresses each.
func (t template) alarmIDs(tb testing.TB) map[string]bool {
	tb.Helper()
	quiet := map[string]bool{}
	for _, id := range append(t.ofType("AWS::CloudWatch::Alarm"), t.ofType("AWS::CloudWatch::CompositeAlarm")...) {
		r := t.Resources[id]
		if r.Properties["AlarmActions"] == nil {
			continue
		}
		_, quiet[withoutHash(id)] = r.Properties["ActionsSuppressor"]
	}
	return quiet
}

func TestEveryAlarmTellsTheTopicOrIsToldOf(t *testing.T) {
	for _, name := range environments {
		template := synthesized(t, name, maintenance.Open).template
		topic := template.ofType("AWS::SNS::Topic")[0]
		rules := ""
		for _, id := range template.ofType("AWS::CloudWatch::CompositeAlarm") {
			rules += text(template.Resources[id].Properties["AlarmRule"])
		}
		service := template.Resources[template.ofType("AWS::ECS::Service")[0]]
		rules += text(service.Properties["DeploymentConfiguration"]) // ECS reads these
		for _, id := range append(template.ofType("AWS::CloudWatch::Alarm"), template.ofType("AWS::CloudWatch::CompositeAlarm")...) {
			properties := template.Resources[id].Properties
			tells := strings.Contains(text(properties["AlarmActions"]), topic) && strings.Contains(text(properties["OKActions"]), topic)
			if toldOf := strings.Contains(rules, fmt.Sprintf("%q", id)); tells == toldOf {
				t.Errorf("%s: %s tells the topic: %v, is a part of another: %v", name, id, tells, toldOf)
			}
			if properties["TreatMissingData"] == nil && properties["AlarmRule"] == nil {
				t.Errorf("%s: nobody has thought of what the silence of %s means", name, id)
			}
		}
	}
}

func TestWhatIsQuietDuringMaintenance(t *testing.T) {
	for _, name := range environments {
		template := synthesized(t, name, maintenance.Open).template
		mode, threshold := "MaintenanceNotOpenAlarm", 1.0
		if loadEnvironment(t, name).Maintenance.ReadOnly {
			mode, threshold = "MaintenanceClosedAlarm", 2
		}
		var notOpen string
		for _, id := range template.ofType("AWS::CloudWatch::Alarm") {
			if strings.HasPrefix(id, mode) {
				notOpen = id
			}
		}
		p := template.Resources[notOpen].Properties
		if p["MetricName"] != "Mode" || p["Threshold"] != threshold || p["TreatMissingData"] != "missing" || p["EvaluationPeriods"] != 1.0 {
			t.Errorf("%s: maintenance is told by %s", name, text(p))
		}
		var quiet []string
		for _, id := range template.ofType("AWS::CloudWatch::CompositeAlarm") {
			if by := text(template.Resources[id].Properties["ActionsSuppressor"]); !strings.Contains(by, notOpen) {
				t.Errorf("%s: %s is suppressed by %s, not by the mode", name, id, by)
			}
		}
		for id, isQuiet := range template.alarmIDs(t) {
			if isQuiet {
				quiet = append(quiet, id)
			}
		}
		want := []string{"AppErrorsAlarm", "AppLatencyAlarm", "AppUnhealthyAlarm", "DatabaseCapacityAlarm", "DatabaseConnectionsAlarm", "DatabaseCpuAlarm", "DatabaseDeadlocksAlarm", "DatabaseLagAlarm", "TasksMissingAlarm"}
		if loadEnvironment(t, name).Database.Readers == 0 {
			want = slices.DeleteFunc(want, func(id string) bool { return id == "DatabaseLagAlarm" })
		}
		if slices.Sort(quiet); !slices.Equal(quiet, want) {
			t.Errorf("%s: quiet are %q, want %q", name, quiet, want)
		}
	}
}

// TestAnAlarmOverFilledGapsCanGoOff checks that such an alarm is M of N: the
// latest minute is usually a filled gap, so an alarm over all minutes would never
// go off.
func TestAnAlarmOverFilledGapsCanGoOff(t *testing.T) {
	template := synthesized(t, "dev", maintenance.Open).template
	filled := 0
	for _, id := range template.ofType("AWS::CloudWatch::Alarm") {
		properties := template.Resources[id].Properties
		if !strings.Contains(strings.ReplaceAll(text(properties["Metrics"]), "FILL(mode, REPEAT)", ""), "FILL(") {
			continue
		}
		filled++
		if some, of := properties["DatapointsToAlarm"], properties["EvaluationPeriods"]; some == nil || some.(float64) >= of.(float64) {
			t.Errorf("%s goes off after %v of %v minutes", id, some, of)
		}
	}
	if filled == 0 {
		t.Error("there is no such alarm: is this test looking at the right thing?")
	}
}

func TestMaintenanceIsForgottenAfterTheExpectedDuration(t *testing.T) {
	for _, expected := range []time.Duration{5 * time.Minute, 4 * time.Hour, 24 * time.Hour} {
		env := loadEnvironment(t, "dev")
		env.Maintenance.ExpectedDuration = expected
		a, err := synth(env, maintenance.Open)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range a.template.ofType("AWS::CloudWatch::Alarm") {
			p := a.template.Resources[id].Properties
			if !strings.HasPrefix(id, "MaintenanceForgottenAlarm") {
				continue
			}
			seconds := p["Period"].(float64) * p["EvaluationPeriods"].(float64)
			if seconds != expected.Seconds() || seconds > 86400 || p["Statistic"] != "Minimum" || p["MetricName"] != "Mode" {
				t.Errorf("expected %v: %s", expected, text(p))
			}
		}
	}
}

// TestNoAlarmKnowsTheEnd checks that an end given with the flip changes only what
// clients are told and the guard's record.
func TestNoAlarmKnowsTheEnd(t *testing.T) {
	env := loadEnvironment(t, "prod")
	build := func(flags maintenancemode.Flags) template {
		app := newTestApp(t.TempDir())
		stack := Build(app, env, flags).Stack
		data, err := json.Marshal(app.Synth(nil).GetStackArtifact(stack.ArtifactId()).Template())
		if err != nil {
			t.Fatal(err)
		}
		var out template
		if err := json.Unmarshal(data, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	closed := maintenance.Closed
	for _, path := range build(maintenancemode.Flags{Mode: &closed}).differences(build(maintenancemode.Flags{Mode: &closed, Until: time.Date(2036, 12, 1, 4, 0, 0, 0, time.UTC)})) {
		if !strings.HasPrefix(path, "MaintenanceResponderFunction") && !strings.HasPrefix(path, "MaintenanceGuard") {
			t.Errorf("the end changes %s", path)
		}
	}
}

// TestWhoChangesTheListenerIsTold matches CloudTrail events against the rule as
// EventBridge does.
func TestWhoChangesTheListenerIsTold(t *testing.T) {
	const listener = "arn:aws:elasticloadbalancing:us-east-1:111111111111:listener/app/alb/50dc6c495c0c9188/f2f7dc8efc522ab2"
	const rule = "arn:aws:elasticloadbalancing:us-east-1:111111111111:listener-rule/app/alb/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee"
	template := synthesized(t, "dev", maintenance.Open).template
	var properties map[string]any
	for _, id := range template.ofType("AWS::Events::Rule") {
		if strings.HasPrefix(id, "ListenerChanges") {
			properties = template.Resources[id].Properties
		}
	}
	pattern := deployed(properties["EventPattern"], listener)

	event := func(name string, parameters any, more ...string) map[string]any {
		detail := map[string]any{"eventSource": "elasticloadbalancing.amazonaws.com", "eventName": name, "requestParameters": parameters}
		for _, key := range more {
			detail[key] = "AccessDenied"
		}
		return map[string]any{"source": "aws.elasticloadbalancing", "detail-type": "AWS API Call via CloudTrail", "detail": detail}
	}
	ofListener := map[string]any{"listenerArn": listener}
	ofRule := map[string]any{"ruleArn": rule}
	for _, test := range []struct {
		name  string
		event map[string]any
		want  bool
	}{
		{"the default action", event("ModifyListener", ofListener), true},
		{"a new rule", event("CreateRule", ofListener), true},
		{"a rule", event("ModifyRule", ofRule), true},
		{"a rule goes", event("DeleteRule", ofRule), true},
		{"priorities", event("SetRulePriorities", map[string]any{"rulePriorities": []any{map[string]any{"priority": 1.0, "ruleArn": rule}}}), true},
		{"refused", event("ModifyListener", ofListener, "errorCode"), false},
		{"another listener", event("ModifyListener", map[string]any{"listenerArn": listener + "0"}), false},
		{"a rule of another listener", event("ModifyRule", map[string]any{"ruleArn": strings.Replace(rule, "ab2/", "ab3/", 1)}), false},
		{"the load balancer", event("ModifyLoadBalancerAttributes", map[string]any{"loadBalancerArn": "arn"}), false},
	} {
		if got := matches(pattern, test.event); got != test.want {
			t.Errorf("%s is told: %v, want %v", test.name, got, test.want)
		}
	}
	target := text(properties["Targets"])
	for _, field := range []string{"$.detail.userIdentity.arn", "$.detail.eventTime", "$.detail.eventName", "noren status -c env=dev"} {
		if !strings.Contains(target, field) {
			t.Errorf("the notice does not say %s: %s", field, target)
		}
	}
	if key := text(template.only(t, "AWS::KMS::Key").Properties); !strings.Contains(key, "events.amazonaws.com") {
		t.Errorf("EventBridge may not use the key of the topic: %s", key)
	}
}

// deployed resolves the references of a value to the listener.
func deployed(value any, listener string) any {
	switch v := value.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = deployed(v[i], listener)
		}
		return out
	case map[string]any:
		if ref, ok := v["Ref"].(string); ok && strings.HasPrefix(ref, "AlbListener") {
			return listener
		}
		out := map[string]any{}
		for key := range v {
			out[key] = deployed(v[key], listener)
		}
		list := func(key string, i int) any { return out[key].([]any)[i] }
		switch {
		case out["Fn::Split"] != nil:
			var parts []any
			for part := range strings.SplitSeq(list("Fn::Split", 1).(string), list("Fn::Split", 0).(string)) {
				parts = append(parts, part)
			}
			return parts
		case out["Fn::Select"] != nil:
			return list("Fn::Select", 1).([]any)[int(list("Fn::Select", 0).(float64))]
		case out["Fn::Join"] != nil:
			joined := ""
			for i, part := range list("Fn::Join", 1).([]any) {
				if i > 0 {
					joined += list("Fn::Join", 0).(string)
				}
				joined += part.(string)
			}
			return joined
		}
		return out
	}
	return value
}

// matches matches an event against a pattern as EventBridge does, as far as the
// rule needs it.
func matches(pattern, event any) bool {
	switch p := pattern.(type) {
	case map[string]any:
		if list, ok := event.([]any); ok {
			return slices.ContainsFunc(list, func(e any) bool { return matches(pattern, e) })
		}
		e, ok := event.(map[string]any)
		if !ok {
			return false
		}
		for key, sub := range p {
			if key == "$or" {
				if !slices.ContainsFunc(sub.([]any), func(one any) bool { return matches(one, event) }) {
					return false
				}
			} else if !matches(sub, e[key]) {
				return false
			}
		}
		return true
	case []any:
		return slices.ContainsFunc(p, func(one any) bool {
			condition, ok := one.(map[string]any)
			switch {
			case !ok:
				return reflect.DeepEqual(one, event)
			case condition["exists"] == false:
				return event == nil
			}
			text, _ := event.(string)
			prefix, _ := condition["prefix"].(string)
			return prefix != "" && strings.HasPrefix(text, prefix)
		})
	}
	return false
}

func TestTheDashboardAnswersInTheOrderOfTheQuestions(t *testing.T) {
	body := text(synthesized(t, "dev", maintenance.Open).template.only(t, "AWS::CloudWatch::Dashboard").Properties)
	at := 0
	for _, part := range []string{"Is it open?", `\"Mode\"`, "Is it healthy?", "NotOpenAlarm", "TargetResponseTime", "Who is being refused?", "{Noren,FunctionName,Kind}", "{Noren,FunctionName,Method}", "Is the database fine?", "FreeableMemory"} {
		next := strings.Index(body[at:], part)
		if next < 0 {
			next = strings.Index(body[at:], strings.ReplaceAll(part, `\"`, `\\\"`))
		}
		if next < 0 {
			t.Fatalf("%s is missing, or before what comes before it", part)
		}
		at += next
	}
}

// TestTopic_TakesNothingOfOthers checks that a service may publish only for this
// account: for its alarms, or by one of the stack's rules.
func TestTopic_TakesNothingOfOthers(t *testing.T) {
	template := synthesized(t, "prod", maintenance.Open).template
	services := 0
	for _, entry := range template.only(t, "AWS::SNS::TopicPolicy").Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
		statement := entry.(map[string]any)
		if principal, ok := statement["Principal"].(map[string]any); !ok || principal["Service"] == nil {
			continue
		}
		services++
		if c := text(statement["Condition"]); !strings.Contains(c, "aws:SourceAccount") && !strings.Contains(c, "aws:SourceArn") {
			t.Errorf("a service publishes for everybody: %s", text(statement))
		}
	}
	if services != 3 {
		t.Errorf("%d statements for services, want those of CloudWatch and of two rules", services)
	}
	for _, entry := range template.Resources[template.only(t, "AWS::SNS::Topic").Properties["KmsMasterKeyId"].(map[string]any)["Fn::GetAtt"].([]any)[0].(string)].Properties["KeyPolicy"].(map[string]any)["Statement"].([]any) {
		statement := text(entry)
		if strings.Contains(statement, "cloudwatch.amazonaws.com") && !strings.Contains(statement, "aws:SourceAccount") {
			t.Errorf("CloudWatch uses the key for everybody: %s", statement)
		}
	}
}
