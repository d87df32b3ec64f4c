package maintenancemode_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/internal/testing/iampolicy"
	"github.com/noren-cdk/noren/maintenance"
)

const monitorSecret = "arn:aws:secretsmanager:us-east-1:111111111111:secret:noren-mackerel-AbCdEf"

// watched returns a product with an outside monitor.
func watched(mode maintenance.Mode, change func(*maintenancemode.Monitor)) func(product) {
	return func(p product) {
		m := maintenancemode.Monitor{
			Outside: maintenance.Monitor{Name: "mackerel", Mackerel: maintenance.Mackerel{Services: []string{"shop"}}},
			Secret:  awssecretsmanager.Secret_FromSecretCompleteArn(p.stack, jsii.String("Key"), jsii.String(monitorSecret)),
		}
		if change != nil {
			change(&m)
		}
		p.new(maintenancemode.Props{Mode: mode, ReadOnly: true, Monitors: []maintenancemode.Monitor{m}})
	}
}

// TestMonitors checks the function, what invokes it and what it may do. All of it
// is the same in every mode, and none of it exists without monitors.
func TestMonitors(t *testing.T) {
	of := func(out template) map[string]resource {
		mine := map[string]resource{}
		for id, r := range out.Resources {
			if strings.HasPrefix(id, "MaintenanceMonitors") {
				mine[id] = r
			}
		}
		return mine
	}
	open := mustSynth(t, watched(maintenance.Open, nil))
	for _, mode := range []maintenance.Mode{maintenance.ReadOnly, maintenance.Closed} {
		if got := mustSynth(t, watched(mode, nil)); !reflect.DeepEqual(of(got), of(open)) {
			t.Errorf("%s: something of the monitors depends on the mode", mode)
		}
	}
	if left := of(mustSynth(t, func(p product) { p.new(maintenancemode.Props{}) })); len(left) > 0 {
		t.Errorf("without monitors there are %v", left)
	}
	rules := 0
	for id, r := range of(open) {
		data, err := json.Marshal(r.Properties)
		if err != nil {
			t.Fatal(err)
		}
		switch r.Type {
		case "AWS::Events::Rule":
			rules++
			if pattern := string(data); strings.Contains(id, "ModeEvent") && !strings.Contains(pattern, `"source":["noren"]`) || strings.Contains(id, "Schedule") && !strings.Contains(pattern, `"rate(5 minutes)"`) {
				t.Errorf("%s: %s", id, pattern)
			}
		case "AWS::Lambda::Permission":
			if !strings.Contains(string(data), "SourceArn") {
				t.Errorf("%s lets every rule invoke it: %s", id, data)
			}
		case "AWS::Lambda::Function":
			if env := fmt.Sprint(r.Properties["Environment"]); !strings.Contains(env, "MONITORS_1_SECRET:"+monitorSecret) || !strings.Contains(env, "MONITORS_SWITCH:Maintenance") || strings.Contains(env, "mackerel.example") {
				t.Errorf("environment %s", env)
			}
		case "AWS::CloudWatch::Alarm":
			if r.Properties["Period"] != 300.0 || r.Properties["EvaluationPeriods"] != 3.0 || r.Properties["TreatMissingData"] != "notBreaching" {
				t.Errorf("alarm %s", data)
			}
		}
	}
	if rules != 2 {
		t.Errorf("%d rules invoke it, want 2", rules)
	}
	policies := open.policiesOf(t, open.startsWith(t, "AWS::IAM::Role", "MaintenanceMonitorsRole"))
	for _, test := range []struct {
		action, resource string
		may              bool
	}{
		{"secretsmanager:GetSecretValue", monitorSecret, true},
		{"secretsmanager:GetSecretValue", strings.Replace(monitorSecret, "noren-mackerel", "other", 1), false},
		{"secretsmanager:PutSecretValue", monitorSecret, false},
		{"elasticloadbalancing:DescribeRules", "*", true},
		{"elasticloadbalancing:ModifyListener", "arn:any", false},
		{"ssm:GetParameter", "arn:any", false},
		{"events:PutEvents", "arn:any", false},
	} {
		allowed, err := iampolicy.Allows(iampolicy.Call{Action: test.action, Resource: test.resource}, policies...)
		if err != nil {
			t.Fatal(err)
		}
		if allowed != test.may {
			t.Errorf("%s on %s: %v, want %v", test.action, test.resource, allowed, test.may)
		}
	}
}

// TestMonitors_Refused checks that synthesis fails for invalid monitors.
func TestMonitors_Refused(t *testing.T) {
	for want, change := range map[string]func(*maintenancemode.Monitor){
		"Monitors[0].Secret is required":     func(m *maintenancemode.Monitor) { m.Secret = nil },
		"silences the whole organization":    func(m *maintenancemode.Monitor) { m.Outside.Mackerel = maintenance.Mackerel{Annotate: "shop"} },
		"Monitors[0]: monitor \"a b\": name": func(m *maintenancemode.Monitor) { m.Outside.Name = "a b" },
		"http.find.url: want an address such as": func(m *maintenancemode.Monitor) {
			m.Outside.Mackerel, m.Outside.HTTP = maintenance.Mackerel{}, maintenance.HTTPMonitor{ID: "id"}
		},
	} {
		if _, err := synth(watched(maintenance.Open, change)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestAlarmTopics checks that every alarm of the switch notifies the topics of
// the props.
func TestAlarmTopics(t *testing.T) {
	const topic = "arn:aws:sns:us-east-1:111111111111:chat"
	for _, topics := range []int{0, 1} {
		out := mustSynth(t, func(p product) {
			props := maintenancemode.Props{ReadOnly: true}
			if topics > 0 {
				props.AlarmTopics = []awssns.ITopic{awssns.Topic_FromTopicArn(p.stack, jsii.String("Chat"), jsii.String(topic))}
			}
			p.new(props)
		})
		alarms := 0
		for id, r := range out.Resources {
			if r.Type != "AWS::CloudWatch::Alarm" {
				continue
			}
			alarms++
			for _, name := range []string{"AlarmActions", "OKActions"} {
				list, _ := r.Properties[name].([]any)
				if len(list) != topics || topics > 0 && !slices.Contains(list, any(topic)) {
					t.Errorf("%s: %s %v", id, name, list)
				}
			}
		}
		if alarms < 5 {
			t.Errorf("%d alarms", alarms)
		}
	}
}
