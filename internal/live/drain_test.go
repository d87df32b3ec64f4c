package live

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/internal/testing/awsstub"
	"github.com/noren-cdk/noren/maintenance"
)

// TestDrain checks that drained is reported only if all timeouts are known and
// have passed, whatever number of connections CloudWatch counts.
func TestDrain(t *testing.T) {
	const (
		listener  = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/50dc6c495c0c9188/0467ef3c8400ae65"
		attribute = "<Attributes><member><Key>%s</Key><Value>%s</Value></member></Attributes>"
	)
	since := time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)
	own := rules.Listener{Name: listener, Apps: []string{"app"}}
	shared := rules.Listener{Name: listener, Hosts: []string{"a.example.com"}}
	refused := awsstub.Refuse("AccessDenied", "no")
	counted := `{"MetricDataResults": [{"Id": "open", "Timestamps": ["2026-12-01T00:59:00Z"], "Values": [7]}]}`
	for _, test := range []struct {
		name                   string
		listener               rules.Listener
		groups                 []string
		balancer, group, count string // answers
		passed                 bool
		problem, uncounted     string
	}{
		{"all known", own, nil, "60", "30", counted, true, "", ""},
		{"not yet", own, nil, "60", "3000", counted, false, "", ""},
		{"the longest request is not known", own, nil, "60", refused, counted, false, "not allowed: no", ""},
		{"the idle time-out is not known", own, nil, refused, "30", counted, false, "not allowed: no", ""},
		{"the idle time-out cannot be read", own, nil, "soon", "30", counted, false, "idle_timeout.timeout_seconds", ""},
		{"the connections are not known", own, nil, "60", "30", refused, true, "", "not allowed: no"},
		{"a listener that others share", shared, []string{"responder", "app", "other"}, "60", "30", counted, true, "", ""},
		{"one with a group that takes longer", shared, []string{"app"}, "60", "3000", counted, false, "", ""},
		{"one of which no group is known", shared, nil, "60", "30", counted, false, "no target group of the application is known", ""},
		{"a listener whose load balancer is not known", rules.Listener{Name: "x", Apps: []string{"app"}}, nil, "60", "30", counted, false, `the load balancer of listener "x" is not known`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			stub := awsstub.New(t)
			answer := func(operation, key, value string) {
				if !strings.Contains(value, "AccessDenied") {
					value = fmt.Sprintf(attribute, key, value)
				}
				stub.Answer(operation, value)
			}
			answer("DescribeLoadBalancerAttributes", "idle_timeout.timeout_seconds", test.balancer)
			answer("DescribeTargetGroupAttributes", "deregistration_delay.timeout_seconds", test.group)
			stub.Answer("GetMetricData", test.count)
			status := Status{Since: since, Listener: Finding{Mode: maintenance.Closed}}
			d := Query{AWS: stub.Config(t)}.drain(t.Context(), rules.Switch{Responder: "responder", Listeners: []rules.Listener{test.listener}}, test.groups, status, since.Add(5*time.Minute))
			if d.Passed != test.passed || !strings.Contains(d.Problem, test.problem) || (test.problem == "") != (d.Problem == "") || !strings.Contains(d.Uncounted, test.uncounted) || (test.uncounted == "") != (d.Uncounted == "") {
				t.Errorf("got %+v, want passed %v, problem %q, uncounted %q", d, test.passed, test.problem, test.uncounted)
			}
		})
	}
}
