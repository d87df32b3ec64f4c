package monitors

import (
	"strings"
	"testing"

	"github.com/noren-cdk/noren/maintenance"
)

// TestValidate_TakesWhatIsDocumented validates the monitors in docs/monitors.md.
func TestValidate_TakesWhatIsDocumented(t *testing.T) {
	all := documented(t)
	if len(all) != 3 {
		t.Errorf("docs/monitors.md shows %d monitors, want 3", len(all))
	}
	for name, m := range all {
		if err := Validate(m); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestValidate_Refuses(t *testing.T) {
	mackerel := func(change func(*maintenance.Mackerel)) maintenance.Monitor {
		m := maintenance.Monitor{Name: "m", Mackerel: maintenance.Mackerel{Services: []string{"a"}}}
		change(&m.Mackerel)
		return m
	}
	http := func(change func(*maintenance.HTTPMonitor)) maintenance.Monitor {
		m := documented(t)["datadog"]
		change(&m.HTTP)
		return m
	}
	for _, test := range []struct {
		name    string
		monitor maintenance.Monitor
		want    string
	}{
		{"no name", maintenance.Monitor{Mackerel: maintenance.Mackerel{Services: []string{"a"}}}, `name ""`},
		{"no service", maintenance.Monitor{Name: "m"}, "want either mackerel or http"},
		{"everything of the organization", mackerel(func(m *maintenance.Mackerel) { m.Services, m.ExcludeMonitors = nil, []string{"x"} }), "silences the whole organization"},
		{"twice", mackerel(func(m *maintenance.Mackerel) { m.Monitors = []string{"x", "x"} }), "given twice"},
		{"a role", mackerel(func(m *maintenance.Mackerel) { m.Roles = []string{"a:b"} }), `want "service: role"`},
		{"without TLS", mackerel(func(m *maintenance.Mackerel) { m.URL = "http://api.example.com" }), "https"},
		{"both", func() maintenance.Monitor {
			m := http(func(*maintenance.HTTPMonitor) {})
			m.Mackerel.Services = []string{"a"}
			return m
		}(), "want either mackerel or http"},
		{"http without TLS", http(func(m *maintenance.HTTPMonitor) { m.Find.URL = "http://api.example.com/" }), "http.find.url"},
		{"a user in the address", http(func(m *maintenance.HTTPMonitor) { m.Find.URL = "https://me:x@api.example.com/" }), "http.find.url"},
		{"a host from a template", http(func(m *maintenance.HTTPMonitor) { m.End.URL = "https://{{.ID}}.example.com/" }), "host is not a template"},
		{"the secret in an address", http(func(m *maintenance.HTTPMonitor) { m.Find.URL += `&key={{secret "apiKey"}}` }), "only headers may use the secret"},
		{"the secret in a body", http(func(m *maintenance.HTTPMonitor) { m.Extend.Body = `{"key": {{json (secret "apiKey")}}}` }), "only headers may use the secret"},
		{"texts without quotation marks", http(func(m *maintenance.HTTPMonitor) {
			m.Begin.Body = strings.Replace(m.Begin.Body, "{{json .Key}}", `"{{.Key}}"`, 1)
		}), "which is not JSON"},
		{"an unknown field", http(func(m *maintenance.HTTPMonitor) { m.Begin.Body = `{"a": {{json .Name}}}` }), "Name"},
		{"an unclosed template", http(func(m *maintenance.HTTPMonitor) { m.Begin.Body = `{{json .Key` }), "http.begin.body"},
		{"no key", http(func(m *maintenance.HTTPMonitor) { m.Begin.Body = strings.Replace(m.Begin.Body, ".Key", ".Reason", 1) }), "want {{json .Key}} in it"},
		{"no body to begin", http(func(m *maintenance.HTTPMonitor) { m.Begin.Body = "" }), "want a body with {{json .Key}}"},
		{"no end", http(func(m *maintenance.HTTPMonitor) { m.Begin.Body = `{"message": {{json .Key}}}` }), "http.begin: want the end in it"},
		{"no id to end", http(func(m *maintenance.HTTPMonitor) { m.End.URL = "https://api.example.com/all" }), "http.end: want {{.ID}}"},
		{"no place of the id", http(func(m *maintenance.HTTPMonitor) { m.ID = "" }), "http.id"},
		{"no find", http(func(m *maintenance.HTTPMonitor) { m.Find = maintenance.HTTPRequest{} }), "http.find.method"},
		{"a method", http(func(m *maintenance.HTTPMonitor) { m.End.Method = "delete" }), `got "delete"`},
		{"a header", http(func(m *maintenance.HTTPMonitor) { m.Headers["X Y"] = "z" }), "not the name of a header"},
	} {
		if err := Validate(test.monitor); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}
