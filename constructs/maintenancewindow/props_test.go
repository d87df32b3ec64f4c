package maintenancewindow

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"

	"github.com/noren-cdk/noren/maintenance"
)

// Constructs that exist but are not called.
type (
	someFunction struct{ awslambda.Function }
	someSecret   struct{ awssecretsmanager.Secret }
	someTopic    struct{ awssns.ITopic }
)

// valid returns props without problems.
func valid() Props {
	start := time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC)
	p := Props{
		Start: start, End: start.Add(2 * time.Hour), Topic: someTopic{}, Options: "--stack shop",
		Verify: []Request{{"GET", "/health", 200}}, URL: "https://api.shop.example", BypassHeader: "X-Bypass",
	}
	p.Maintenance.Function, p.Maintenance.BypassSecret = someFunction{}, someSecret{}
	return p
}

func TestProps(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Props)
		want   string // part of the error; empty: valid
	}{
		{"valid", func(*Props) {}, ""},
		{"a question, and nothing to verify", func(p *Props) { p.Ask, p.Verify, p.URL = true, nil, "" }, ""},
		{"a whole day", func(p *Props) { p.End = p.Start.Add(24 * time.Hour) }, ""},
		{"read-only", func(p *Props) { p.Mode = maintenance.ReadOnly }, ""},
		{"nothing", func(p *Props) { *p = Props{} }, "Maintenance is required\nTopic is required\nOptions are required, such as --env prod\nStart and End are required"},
		{"an end before the start", func(p *Props) { p.End = p.Start }, "End must be after Start, by at most 24h, got 0s"},
		{"more than a day", func(p *Props) { p.End = p.Start.Add(24*time.Hour + time.Minute) }, "got 24h1m0s"},
		{"seconds", func(p *Props) { p.Start = p.Start.Add(time.Second) }, "to the minute"},
		{"announced afterwards", func(p *Props) { p.Announce = -time.Hour }, "Announce must be whole minutes"},
		{"open", func(p *Props) { p.Mode = maintenance.Open }, `unknown Mode "open": want closed or read-only`},
		{"changes without a task", func(p *Props) { p.Changes = []Change{{Name: "a"}} }, "Changes need a SchemaChange and a Cluster"},
		{"a change twice", func(p *Props) { p.Changes = []Change{{Name: "a"}, {Name: "a"}} }, `"a" must be a name of at most 60 characters, once`},
		{"nothing that says that it may open", func(p *Props) { p.Verify = nil }, "Verify is required without Ask"},
		{"nowhere to verify", func(p *Props) { p.URL = "" }, "Verify needs a URL"},
		{"no bypass", func(p *Props) { p.Maintenance.BypassSecret = nil }, "Verify needs a bypass"},
		{"a bypass without a name", func(p *Props) { p.BypassHeader = "" }, "Verify needs a bypass"},
		{"verify what writes", func(p *Props) { p.Verify[0].Method = "POST" }, "want GET or HEAD"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := valid()
			test.change(&p)
			err := p.validate()
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
