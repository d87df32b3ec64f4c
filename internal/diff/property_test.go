package diff

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
)

// TestDiff_NothingDiffersFromItself checks that the diff of A and A is empty.
func TestDiff_NothingDiffersFromItself(t *testing.T) {
	for _, file := range []string{open, closed, readOnly, sharedOpen, sharedClose} {
		if d := Compare(read(t, file), read(t, file)); !d.Empty() || len(d.Warnings) > 0 {
			t.Errorf("%s differs from itself: %+v", file, d)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		template := drawTemplate(t)
		if d := Compare(template, template); !d.Empty() || len(d.Warnings) > 0 {
			t.Fatalf("differs from itself: %+v", d)
		}
	})
}

// TestEveryDifferenceHasAWitness checks that if the outcome of any of many
// requests changes, the diff reports exactly this change, and that the diff's
// witnesses have the reported outcomes.
func TestEveryDifferenceHasAWitness(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, next := drawTemplate(t), drawTemplate(t)
		d := Compare(old, next)
		before, after := old.Listeners[0], next.Listeners[0]
		route := func(r alb.Request) [2]string {
			again := r
			return [2]string{old.ActionName(before.Route(&r).Rule), next.ActionName(after.Route(&again).Rule)}
		}
		told := map[[2]string]bool{}
		for _, c := range d.Clients {
			told[[2]string{c.Before, c.After}] = true
			for _, class := range c.Classes {
				r := class.Request
				got := route(alb.Request{Method: r.Method, Target: r.Target, Host: r.Host, Header: r.Header})
				if got != [2]string{c.Before, c.After} {
					t.Fatalf("witness %+v: %v, want %s to %s", r, got, c.Before, c.After)
				}
			}
		}
		for range 60 {
			r := drawRequest(t)
			if got := route(r); got[0] != got[1] && !told[got] {
				t.Fatalf("%s %s on %s with %v goes from %s to %s, of which the diff says nothing", r.Method, r.Target, r.Host, r.Header, got[0], got[1])
			}
		}
	})
}

// drawTemplate draws a template with a listener and rules.
func drawTemplate(t *rapid.T) Template {
	type object = map[string]any
	forward := func() []object {
		group := rapid.SampledFrom([]string{"App", "Answer", "Other"}).Draw(t, "group")
		return []object{{"Type": "forward", "TargetGroupArn": object{"Ref": group}}}
	}
	resources := object{"Listener": object{"Type": typeListener, "Properties": object{
		"Port": 80, "Protocol": "HTTP", "DefaultActions": forward(), "LoadBalancerArn": "arn:aws:lb",
	}}}
	for _, group := range []string{"App", "Answer", "Other"} {
		resources[group] = object{"Type": typeTargetGroup, "Properties": object{"TargetType": "lambda"}}
	}
	some := func(of ...string) []string { return rapid.SliceOfN(rapid.SampledFrom(of), 1, 3).Draw(t, "values") }
	for i := range rapid.IntRange(0, 5).Draw(t, "rules") {
		var conditions []object
		for range rapid.IntRange(1, 2).Draw(t, "conditions") {
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0:
				conditions = append(conditions, object{"Field": "http-request-method", "HttpRequestMethodConfig": object{"Values": some("GET", "HEAD", "POST")}})
			case 1:
				conditions = append(conditions, object{"Field": "path-pattern", "PathPatternConfig": object{"Values": some("/a", "/a/*", "*b", "/?")}})
			case 2:
				conditions = append(conditions, object{"Field": "path-pattern", "PathPatternConfig": object{"RegexValues": some("^/a/[^/]+$", "^/[ab]$")}})
			case 3:
				conditions = append(conditions, object{"Field": "host-header", "HostHeaderConfig": object{"Values": some("a.com", "*.com", "b.?")}})
			case 4:
				conditions = append(conditions, object{"Field": "http-header", "HttpHeaderConfig": object{"HttpHeaderName": "X-Client", "Values": some("ios", "a*", "*s")}})
			}
		}
		resources[fmt.Sprintf("Rule%d", i)] = object{"Type": typeListenerRule, "Properties": object{
			"Priority": rapid.IntRange(1, 3).Draw(t, "step") + 10*i, "ListenerArn": object{"Ref": "Listener"}, "Conditions": conditions, "Actions": forward(),
		}}
	}
	data, err := json.Marshal(object{"Resources": resources})
	if err != nil {
		t.Fatal(err)
	}
	template, err := Read(data, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return template
}

func drawRequest(t *rapid.T) alb.Request {
	one := func(of ...string) string { return rapid.SampledFrom(of).Draw(t, "part") }
	r := alb.Request{
		Method: one("GET", "HEAD", "POST", "PUT"),
		Target: "/" + rapid.StringMatching(`[ab/]{0,4}`).Draw(t, "path"),
		Host:   one("a.com", "x.com", "b.c", "other.org"),
		Header: map[string][]string{},
		Source: netip.MustParseAddr("203.0.113.9"),
	}
	if client := one("", "ios", "android", "as", "web"); client != "" {
		r.Header["X-Client"] = []string{client}
	}
	return r
}
