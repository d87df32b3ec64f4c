package witness

import (
	"fmt"
	"testing"

	"github.com/noren-cdk/noren/internal/alb"
)

// largeListener returns a listener with as many rules as a load balancer may
// have, each with as many values as ALB allows.
func largeListener(target string) *alb.Listener {
	l := &alb.Listener{Ref: alb.Ref{LogicalID: "Listener"}}
	forward := func(to string) []alb.Action {
		return []alb.Action{alb.Forward{Groups: []alb.WeightedGroup{{Group: alb.Ref{LogicalID: to}, Weight: 1}}}}
	}
	l.Default = alb.Rule{Actions: forward(target)}
	for i := range alb.MaxRules {
		rule := alb.Rule{Priority: i + 1, Actions: forward("App"), Conditions: []alb.Condition{alb.Methods{"GET", "HEAD"}}}
		name := fmt.Sprintf("/api/v1/%c%c", 'a'+i%26, 'a'+i/26)
		switch i % 4 {
		case 0:
			rule.Conditions = append(rule.Conditions, alb.PathPatterns{name, name + "/new", name + "/*"})
		case 1:
			rule.Conditions = append(rule.Conditions, alb.PathRegexes{"^" + name + "/[^/]+$", "^" + name + "/[^/]+/photos/[^/]+$"})
		case 2:
			rule.Conditions = append(rule.Conditions, alb.Header{Name: "X-Client", Values: []string{"ios*", "android*"}}, alb.PathPatterns{name})
		case 3:
			rule.Conditions = append(rule.Conditions, alb.Hosts{fmt.Sprintf("h%d.example.com", i%8), "*.example.org"}, alb.PathPatterns{name + "/*"})
		}
		l.Rules = append(l.Rules, rule)
	}
	return l
}

// TestLarge checks that the search is complete for the largest listener that a
// load balancer may have.
func TestLarge(t *testing.T) {
	open, closed := largeListener("App"), largeListener("Answer")
	closed.Rules = closed.Rules[:len(closed.Rules)-1]
	classes, complete := Classes(open, closed)
	if !complete {
		t.Error("the search was cut short")
	}
	pairs := map[string]bool{}
	for _, c := range classes {
		pairs[c.Old.Name()+" "+c.New.Name()] = true
	}
	if !pairs["default default"] || !pairs["100 default"] || len(classes) != alb.MaxRules+1 {
		t.Errorf("%d classes, want one for every rule and the default rule", len(classes))
	}
}

func BenchmarkClasses(b *testing.B) {
	open, closed := largeListener("App"), largeListener("Answer")
	b.ReportAllocs()
	for b.Loop() {
		Classes(open, closed)
	}
}
