package diff

import (
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/turn"
)

// TestCompare_ReadBack compares a template that CloudFormation returned with ?
// with what was deployed, and checks that the diff says what cannot be told.
func TestCompare_ReadBack(t *testing.T) {
	topic := func(name, rest string) string {
		return `"T": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "` + name + `"` + rest + `}}`
	}
	for _, test := range []struct {
		name, before, after string
		resources           int
		cannotBeTold        string
	}{
		{"the same, mangled", topic("d?j?", ""), topic("d\u00e9j\u00e0", ""), 0, "1 text of the deployed"},
		{"one rune is one question mark", topic("?!", ""), topic("\U0001f389!", ""), 0, "1 text"},
		{"another text", topic("d?j?", ""), topic("d\u00e9j\u00e0 vu", ""), 1, ""},
		{"a question", topic("why?", ""), topic("why?", ""), 0, ""},
		{"what came with it", topic("d?j?", ""), topic("d\u00e9j\u00e0", `, "FifoTopic": true`), 1, "1 text"},
		{"a template that was not mangled", topic("d?j\u00e0", ""), topic("d\u00e9j\u00e0", ""), 1, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := Compare(templateOf(t, test.before), templateOf(t, test.after))
			told := strings.Join(d.Warnings, "\n")
			if len(d.Resources) != test.resources || !strings.HasPrefix(told, test.cannotBeTold) || (told == "") != (test.cannotBeTold == "") {
				t.Errorf("%d resources change, %q", len(d.Resources), told)
			}
		})
	}
}

// TestAnswer_Doubtful checks that a message with ? is only trusted in a template
// that says it is all ASCII.
func TestAnswer_Doubtful(t *testing.T) {
	if describesSwitch != turn.MetadataKey {
		t.Errorf("the description of the switch is at %q, want %q", turn.MetadataKey, describesSwitch)
	}
	const function = "MaintenanceResponderFunction1164C451"
	for _, test := range []struct {
		message   string
		described bool
		want      bool
	}{
		{`{"en": "Back at four."}`, false, false},
		{`{"fr": "Ferm? jusqu'? quatre heures"}`, false, true},
		{`{"en": "Any questions? Call us."}`, true, false},
	} {
		template := edited(t, closed, func(r map[string]any) {
			at(r, function, "Properties", "Environment", "Variables")["MAINTENANCE_MESSAGE"] = test.message
			delete(at(r, function, "Metadata"), describesSwitch)
			if test.described {
				at(r, function, "Metadata")[describesSwitch] = "{}"
			}
		})
		if _, _, doubtful := template.Answer(); doubtful != test.want {
			t.Errorf("%s, described %v: doubtful %v, want %v", test.message, test.described, doubtful, test.want)
		}
	}
}
