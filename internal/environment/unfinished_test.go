package environment

import (
	"strings"
	"testing"
)

// TestUnfinished checks that what should not be deployed is reported with key and
// line.
func TestUnfinished(t *testing.T) {
	for _, test := range []struct{ name, source, want string }{
		{"nothing", "account: \"1\" # 12 digits\nalarmEmail: a@b.example\nmaintenance:\n  guard: true\n", ""},
		{"placeholders", "account: \"1\" # REPLACE; 12 digits\nsite:\n  domain: a.example # REPLACE\n",
			"e.yaml:1:1: account: the value is a placeholder: replace it, and take REPLACE out of its comment\ne.yaml:3:3: site.domain: the value"},
		{"in a list", "maintenance:\n  bypass:\n    cidrs:\n      - 203.0.113.0/28   # REPLACE; the office\n", "e.yaml:4:9: maintenance.bypass.cidrs[0]: the value"},
		{"a comment that speaks of it", "# What says REPLACE is a placeholder.\nalarmEmail: \"#REPLACE\"\n", ""},
		{"nobody to tell", "maintenance:\n  guard: true\n", "e.yaml:1:1: alarmEmail: nobody is told"},
		{"a chat to tell", "chatTopics: [\"arn:aws:sns:us-east-1:111111111111:chat\"]\nmaintenance:\n  guard: true\n", ""},
		{"a topic to tell", "alarmTopics: [\"arn:aws:sns:us-east-1:111111111111:ops\"]\nmaintenance:\n  guard: true\n", ""},
		{"nobody to tell, without a guard", "maintenance:\n  guard: false\n", ""},
		{"said once", "alarmEmail: \"\" # REPLACE\nmaintenance:\n  guard: true\n", "e.yaml:1:1: alarmEmail: the value is a placeholder: replace it, and take REPLACE out of its comment"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var lines []string
			for _, p := range unfinished("e.yaml", []byte(test.source)) {
				lines = append(lines, p.Error())
			}
			if got := strings.Join(lines, "\n"); !strings.HasPrefix(got, test.want) || (test.want == "") != (got == "") {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// TestUnfinished_Committed checks that the committed dev environment can be
// deployed as it is, and that the others report what is missing.
func TestUnfinished_Committed(t *testing.T) {
	for name, want := range map[string]int{"dev": 0, "staging": 1, "prod": 8} {
		open, err := Unfinished("../../environments", name)
		if err != nil {
			t.Fatal(err)
		}
		if len(open) != want {
			t.Errorf("%s: %d, want %d: %v", name, len(open), want, open)
		}
	}
}
