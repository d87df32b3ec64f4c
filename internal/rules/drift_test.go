package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// TestCompare checks that every rule made by hand is drift, whatever it matches,
// and so is a deployed rule that is missing or different.
func TestCompare(t *testing.T) {
	secret := rule(186, to("App"), alb.Header{Name: "Cookie", Values: []string{"*noren={{resolve:secretsmanager:x}}*"}})
	deployed := []alb.Rule{
		rule(10, to("Other"), alb.PathPatterns{"/shop/*"}),
		rule(100, to("App"), alb.Methods{"GET", "HEAD"}, alb.PathPatterns{"/a", "/b"}),
		secret,
		rule(191, to("Responder"), alb.Methods{"GET", "HEAD", "OPTIONS"}),
	}
	with := func(i int, r alb.Rule) []alb.Rule {
		rules := slices.Clone(deployed)
		rules[i] = r
		return rules
	}
	for _, test := range []struct {
		name string
		now  []alb.Rule
		to   string // the default action
		want string // empty if there is no drift
	}{
		{"as deployed", deployed, "Responder", ""},
		{"values and conditions in another order", with(1, rule(100, to("App"), alb.PathPatterns{"/b", "/a"}, alb.Methods{"HEAD", "GET"})), "Responder", ""},
		{"the secret, as the API describes it", with(2, rule(186, to("App"), alb.Header{Name: "cookie", Values: []string{"*noren=abcdefghijklmnopqrstuvwxyz012345*"}})), "Responder", ""},
		{"everybody in the place of the secret", with(2, rule(186, to("App"), alb.Header{Name: "Cookie", Values: []string{"*"}})), "Responder", "rule 186 (header Cookie"},
		{"a path more", with(1, rule(100, to("App"), alb.Methods{"GET", "HEAD"}, alb.PathPatterns{"/a", "/b", "/c"})), "Responder", "was deployed as rule 100"},
		{"to another group", with(3, rule(191, to("App"), alb.Methods{"GET", "HEAD", "OPTIONS"})), "Responder", "rule 191 (method GET or HEAD or OPTIONS) does forward to App, and was deployed to forward to Responder"},
		{"one is missing", deployed[1:], "Responder", `rule 10 (path "/shop/*") is missing`},
		{"a path, by hand", append(slices.Clone(deployed), rule(150, to("App"), alb.PathPatterns{"/api/reports*"})), "Responder", `rule 150 (path "/api/reports*") is not deployed`},
		{"an address, by hand", append(slices.Clone(deployed), rule(150, to("App"), source("0.0.0.0/0"))), "Responder", "rule 150 (source 0.0.0.0/0) is not deployed"},
		{"a browser, by hand", append(slices.Clone(deployed), rule(150, to("App"), alb.Header{Name: "User-Agent", Values: []string{"*"}})), "Responder", "is not deployed"},
		{"the default action", deployed, "App", "the default action does forward to App, and was deployed to forward to Responder"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := &alb.Listener{Ref: alb.Ref{LogicalID: "Listener"}, Rules: deployed, Default: alb.Rule{Actions: to("Responder")}}
			b := &alb.Listener{Ref: alb.Ref{LogicalID: "Listener"}, Rules: test.now, Default: alb.Rule{Actions: to(test.to)}}
			var texts []string
			for _, d := range rules.Compare(a, b, rules.Groups{Responder: "Responder", Apps: []string{"App"}}) {
				texts = append(texts, d.Text)
			}
			if got := strings.Join(texts, "; "); !strings.Contains(got, test.want) || (got == "") != (test.want == "") || len(texts) > 1 {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestCompare_Mangled checks a deployed template that has question marks for
// non-ASCII characters. Rules that may be the same are not drift, and the result
// says that this is not known.
func TestCompare_Mangled(t *testing.T) {
	city := func(name string) alb.Rule {
		return rule(192, to("App"), alb.Header{Name: "X-City", Values: []string{name}})
	}
	for _, test := range []struct {
		deployed, now      string
		different, unknown bool
	}{
		{"Z?rich", "Zürich", false, true},
		{"Z?rich", "Zérich", false, true},
		{"Z?rich", "Zürick", true, false},
		{"Z?rich", "Zurich", true, false},
		{"Z?rich", "Z?rich", false, false},
		{"東京", "東京", false, false},
	} {
		deployed := &alb.Listener{Rules: []alb.Rule{city(test.deployed)}, Default: alb.Rule{Actions: to("App")}}
		now := &alb.Listener{Rules: []alb.Rule{city(test.now)}, Default: alb.Rule{Actions: to("App")}}
		different, unknown := len(rules.Compare(deployed, now, rules.Groups{})) > 0, rules.Mangled(deployed, now)
		if different != test.different || len(unknown) > 0 != test.unknown {
			t.Errorf("%s, now %s: different: %v, want %v; not known: %q, want %v", test.deployed, test.now, different, test.different, unknown, test.unknown)
		}
	}
}

// TestOutline_FitsIntoTheEnvironment checks that a hundred rules, ALB's default
// quota, fit into half of the 4 KB that a function has for all variables.
func TestOutline_FitsIntoTheEnvironment(t *testing.T) {
	l := &alb.Listener{Ref: alb.Ref{LogicalID: "Listener"}, Port: 443, Default: alb.Rule{Actions: to("App")}}
	for i := range alb.MaxRules {
		l.Rules = append(l.Rules, rule(100+i, to("App"), alb.Methods{"GET", "HEAD"}, alb.PathPatterns{fmt.Sprintf("/api/things/%d/*", i)}))
	}
	g := rules.Groups{Responder: "Responder", Apps: []string{"App"}}
	o := rules.NewOutline(maintenance.Modes(), func(maintenance.Mode) *alb.Listener { return l }, g)
	text := o.String()
	if len(text) > 2048 {
		t.Errorf("%d rules take %d bytes", len(l.Rules), len(text))
	}
	again, err := rules.ParseOutline(text)
	if err != nil || again.String() != text {
		t.Errorf("%v: %q was read as %q", err, text, again)
	}
	if drift := again.Compare(maintenance.Closed, l, g); len(drift) > 0 {
		t.Errorf("drift is %+v", drift)
	}
}
