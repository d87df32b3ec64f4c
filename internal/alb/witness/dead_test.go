package witness

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
)

func listener(rules ...[]alb.Condition) *alb.Listener {
	l := &alb.Listener{}
	for i, conditions := range rules {
		l.Rules = append(l.Rules, alb.Rule{
			Priority: 10 * (i + 1), LogicalID: fmt.Sprint("R", i+1), Conditions: conditions,
			Actions: []alb.Action{alb.FixedResponse{Status: 200 + i}},
		})
	}
	return l
}

func when(conditions ...alb.Condition) []alb.Condition { return conditions }

// TestFindDead checks what no request reaches, and because of which rules.
func TestFindDead(t *testing.T) {
	office := alb.SourceIPs{netip.MustParsePrefix("203.0.113.0/24")}
	for _, test := range []struct {
		name string
		l    *alb.Listener
		want []string
	}{
		{"a catch-all first", listener(when(alb.PathPatterns{"/*"}), when(alb.PathPatterns{"/api/*"}), when(office)), []string{"R2 by [R1]", "R3 by [R1]"}},
		{"the order is right", listener(when(alb.PathPatterns{"/api/*"}), when(alb.PathPatterns{"/*"})), nil},
		{"several together", listener(when(alb.Methods{"GET"}, alb.PathPatterns{"/a"}), when(alb.PathPatterns{"/b"}), when(alb.Methods{"POST", "GET"}, alb.PathPatterns{"/b"}),
			when(alb.PathPatterns{"/a"}), when(alb.Methods{"GET"}, alb.PathPatterns{"/?"}), when(alb.PathPatterns{"/a", "/b"})),
			[]string{"R3 by [R2]", "R6 by [R1 R2 R4 R5]"}},
		{"a value", listener(when(alb.PathPatterns{"/a/*"}), when(alb.PathPatterns{"/a/x", "/b"})), []string{"R2 path-pattern /a/x by [R1]"}},
		{"a value that another of the rule covers", listener(when(alb.PathPatterns{"/a*", "/ab"})), nil},
		{"nothing can meet it", listener(when(alb.PathPatterns{"/a"}, alb.PathRegexes{"^/b$"})), []string{"R1 by []"}},
		{"a value that cannot be", listener(when(alb.PathPatterns{"a", "/b"})), []string{"R1 path-pattern a by []"}},
		{"hosts without case", listener(when(alb.Hosts{"A.example.com"}), when(alb.Hosts{"a.EXAMPLE.com"}, alb.PathPatterns{"/x"})), []string{"R2 by [R1]"}},
		{"a secret", listener(when(alb.Header{Name: "X-A", Values: []string{cfn.OpaqueSecret("s")}}), when(alb.PathPatterns{"/a"})), nil},
		{"a network in another", listener(when(office), when(alb.SourceIPs{netip.MustParsePrefix("203.0.113.8/32")})), []string{"R2 by [R1]"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, d := range FindDead(test.l) {
				text := d.Rule.LogicalID
				if d.Field != "" {
					text += " " + d.Field + " " + d.Value
				}
				var by []string
				for _, r := range d.By {
					by = append(by, r.LogicalID)
				}
				got = append(got, fmt.Sprintf("%s by %v", text, by))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestUncertainRulesKillNothing checks that what an uncertain rule takes may
// still reach the next rule.
func TestUncertainRulesKillNothing(t *testing.T) {
	for _, change := range []func(*alb.Rule){
		func(r *alb.Rule) { r.If = "Maybe" },
		func(r *alb.Rule) { r.Unread = "why" },
		func(r *alb.Rule) { r.Priority, r.PriorityFrom = alb.UnknownPriority, "X.Y" },
	} {
		l := listener(when(alb.PathPatterns{"/*"}), when(alb.PathPatterns{"/api/*"}))
		change(&l.Rules[0])
		if dead := FindDead(l); len(dead) > 0 {
			t.Errorf("%+v: got %+v", l.Rules[0], dead)
		}
	}
}

// TestDeadRulesAreDead checks that no request reaches what is dead.
func TestDeadRulesAreDead(t *testing.T) {
	paths := []string{"/a", "/b", "/a/*", "/*", "/?", "/a/b"}
	methods := []string{"GET", "POST"}
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		var rules [][]alb.Condition
		for range rapid.IntRange(1, 5).Draw(t, "rules") {
			conditions := when(alb.PathPatterns(rapid.SliceOfNDistinct(rapid.SampledFrom(paths), 1, 3, rapid.ID).Draw(t, "paths")))
			if rapid.Bool().Draw(t, "by method") {
				conditions = append(conditions, alb.Methods{rapid.SampledFrom(methods).Draw(t, "method")})
			}
			rules = append(rules, conditions)
		}
		l := listener(rules...)
		dead := FindDead(l)
		found += len(dead)
		for _, method := range append(methods, "PUT") {
			for _, path := range []string{"/a", "/b", "/c", "/a/", "/a/b", "/a/b/c", "/", "/ab"} {
				decided := l.Route(&alb.Request{Method: method, Target: path, Host: "h"}).Rule
				for _, d := range dead {
					if d.Field == "" && d.Rule == decided {
						t.Fatalf("%s %s reaches %s, which is dead", method, path, d.Rule.LogicalID)
					}
				}
			}
		}
	})
	if found == 0 {
		t.Error("nothing was dead: nothing was tested")
	}
}
