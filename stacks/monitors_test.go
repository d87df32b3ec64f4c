package stacks

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/maintenance"
)

const (
	ownTopic  = "arn:aws:sns:ap-northeast-1:111111111111:ops"
	chatTopic = "arn:aws:sns:ap-northeast-1:111111111111:chat"
	keyOfOps  = "arn:aws:secretsmanager:ap-northeast-1:111111111111:secret:noren-mackerel-AbCdEf"
)

// outfitted returns prod with outside monitors and topics to notify.
func outfitted(tb testing.TB) environment.Environment {
	env := loadEnvironment(tb, "prod")
	env.AlarmTopics, env.ChatTopics = []string{ownTopic}, []string{chatTopic}
	env.Maintenance.Monitors = []environment.Monitor{{Name: "mackerel", Secret: keyOfOps, Mackerel: maintenance.Mackerel{Services: []string{"fieldreports"}}}}
	return env
}

var everything = sync.OnceValues(func() (template, error) {
	a, err := synth(outfitted(&testing.T{}), maintenance.Open)
	return a.template, err
})

// withEverything returns the template of that environment.
func withEverything(tb testing.TB) template {
	tb.Helper()
	t, err := everything()
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// TestTopicsAreTold checks that every alarm, and every notice, also goes to the
// topics of the file, and that a chat gets notices in its own format.
func TestTopicsAreTold(t *testing.T) {
	template := withEverything(t)
	own := template.ofType("AWS::SNS::Topic")
	if len(own) != 1 {
		t.Fatalf("topics %q, want the stack's own only", own)
	}
	alarms := 0
	for _, id := range append(template.ofType("AWS::CloudWatch::Alarm"), template.ofType("AWS::CloudWatch::CompositeAlarm")...) {
		actions := text(template.Resources[id].Properties["AlarmActions"])
		if !strings.Contains(actions, own[0]) {
			continue
		}
		alarms++
		for _, topic := range []string{ownTopic, chatTopic} {
			if !strings.Contains(actions, topic) || !strings.Contains(text(template.Resources[id].Properties["OKActions"]), topic) {
				t.Errorf("%s does not tell %s", id, topic)
			}
		}
	}
	if alarms < 20 {
		t.Errorf("%d alarms tell the topic", alarms)
	}
	notices := 0
	for _, id := range template.ofType("AWS::Events::Rule") {
		targets, _ := template.Resources[id].Properties["Targets"].([]any)
		if !strings.Contains(text(targets), own[0]) {
			continue
		}
		notices++
		formats := map[string]bool{}
		for _, target := range targets {
			formats[text(target.(map[string]any)["Arn"])+" "+map[bool]string{true: "chat", false: "text"}[strings.Contains(text(target), `custom`)]] = true
		}
		if len(targets) != 3 || !formats[`"`+ownTopic+`" text`] || !formats[`"`+chatTopic+`" chat`] {
			t.Errorf("%s: targets %v", id, formats)
		}
	}
	if notices != 2 {
		t.Errorf("%d rules tell the topic, want 2", notices)
	}
}

// TestMonitorsAreWired checks the function's outputs, and that none of it exists
// without monitors.
func TestMonitorsAreWired(t *testing.T) {
	template := withEverything(t)
	for _, name := range []string{"MonitorsFunction", "MonitorsLog"} {
		if _, ok := template.Outputs[name]; !ok {
			t.Errorf("no output %s", name)
		}
		if _, ok := synthesized(t, "prod", maintenance.Open).template.Outputs[name]; ok {
			t.Errorf("there is an output %s without monitors", name)
		}
	}
	mine := slices.DeleteFunc(template.ofType("AWS::Lambda::Function"), func(id string) bool { return !strings.HasPrefix(id, "MaintenanceMonitors") })
	if len(mine) != 1 || !strings.Contains(text(template.Resources[mine[0]].Properties), keyOfOps) {
		t.Errorf("functions %q", mine)
	}
}
