package rules_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

func to(groups ...string) []alb.Action {
	var f alb.Forward
	for _, g := range groups {
		f.Groups = append(f.Groups, alb.WeightedGroup{Group: alb.Ref{LogicalID: g}, Weight: 1})
	}
	return []alb.Action{f}
}

func rule(priority int, actions []alb.Action, conditions ...alb.Condition) alb.Rule {
	return alb.Rule{Priority: priority, Actions: actions, Conditions: conditions}
}

func source(prefixes ...string) alb.SourceIPs {
	var s alb.SourceIPs
	for _, p := range prefixes {
		s = append(s, netip.MustParsePrefix(p))
	}
	return s
}

// TestSwitch_Mode tries the listener of a product whose default action turns, and
// a listener that others share.
func TestSwitch_Mode(t *testing.T) {
	var (
		letRead     = rule(191, to("App"), alb.Methods{"GET", "HEAD", "OPTIONS"})
		allow       = rule(100, to("App"), alb.Methods{"GET"}, alb.PathPatterns{"/api/templates/*"})
		everywhere  = alb.PathPatterns{"/*"}
		unreachable = source("192.0.2.1/32")
		shop        = alb.Hosts{"*.shop.example.com", "SHOP.example.com"}

		own = rules.Listener{
			Apps: []string{"App"}, Turning: []int{191, 199},
			Standing: []rules.Standing{{Priority: 100, Digest: rules.Digest(allow.Conditions)}},
		}
		shared   = rules.Listener{Hosts: []string{"shop.example.com", "*.shop.example.com"}, Turning: []int{191, 192, 199}}
		imported = rules.Listener{Turning: []int{191, 199}}
	)
	for _, test := range []struct {
		name    string
		at      rules.Listener
		to      []alb.Action // the default action
		rules   []alb.Rule
		want    maintenance.Mode
		says    string // the reason of a mixed listener, or a note
		through []int
	}{
		{"open", own, to("App"), nil, "open", "", nil},
		{"closed", own, to("Responder"), []alb.Rule{allow}, "closed", "", nil},
		{"read-only", own, to("Responder"), []alb.Rule{allow, letRead}, "read-only", "", nil},

		// What two judges once read differently.
		{"open, an own rule uses the answer", own, to("App"), []alb.Rule{allow, rule(5, to("Responder"), alb.PathPatterns{"/old/*"})}, "open", `rule 5 (path "/old/*") gets the answer of maintenance`, nil},
		{"everything gets through", own, to("Responder"), []alb.Rule{allow, rule(150, to("App"), everywhere)}, "", `rule 150 (path "/*") lets everything through, although the default action refuses`, nil},
		{"POST alone is refused", own, to("App"), []alb.Rule{allow, rule(191, to("Responder"), alb.Methods{"POST"})}, "", "POST: refused; GET, HEAD, OPTIONS, PUT, PATCH, DELETE, every other method: let through", nil},
		{"closed, a path is let through", own, to("Responder"), []alb.Rule{rule(10, to("App"), alb.PathPatterns{"/shop/*"}), allow}, "closed", `rule 10 (path "/shop/*") is let through`, []int{10}},
		{"open, an own path to the exported group", own, to("App"), []alb.Rule{rule(10, to("Responder"), alb.PathPatterns{"/api/legacy/*"}), allow}, "open", `rule 10 (path "/api/legacy/*") gets`, nil},

		// Rules by hand that let everything through, whatever they look like.
		{"source 0.0.0.0/0", own, to("Responder"), []alb.Rule{rule(150, to("App"), source("0.0.0.0/0"))}, "", "rule 150 (source 0.0.0.0/0) lets everything through", nil},
		{"User-Agent *", own, to("Responder"), []alb.Rule{rule(150, to("App"), alb.Header{Name: "User-Agent", Values: []string{"*"}})}, "", "rule 150 (header User-Agent", nil},
		{"Host *", own, to("Responder"), []alb.Rule{rule(150, to("App"), alb.Header{Name: "host", Values: []string{"*"}})}, "", "rule 150 (header host", nil},
		{"a method that nobody thought of", own, to("Responder"), []alb.Rule{rule(150, to("App"), alb.Methods{"PURGE"})}, "closed", "rule 150 (method PURGE) is let through", []int{150}},
		{"that method refused", own, to("App"), []alb.Rule{rule(150, to("Responder"), alb.Methods{"PURGE", "TRACE"})}, "open", "rule 150 (method PURGE or TRACE) gets the answer of maintenance", nil},
		{"a regex for all", own, to("Responder"), []alb.Rule{rule(150, to("App"), alb.PathRegexes{"^/.*$"})}, "", "rule 150 (path ~", nil},
		{"to another group", own, to("Responder"), []alb.Rule{rule(150, to("Other"), everywhere)}, "", "rule 150", nil},
		{"all reads, to the application", own, to("Responder"), []alb.Rule{rule(150, to("App"), everywhere, alb.Methods{"GET", "HEAD", "OPTIONS"})}, "", "rule 150", nil},
		{"an allow rule widened by hand", own, to("Responder"), []alb.Rule{rule(100, to("App"), everywhere)}, "", "rule 100", nil},
		{"an allow rule changed by hand", own, to("Responder"), []alb.Rule{rule(100, to("App"), alb.PathPatterns{"/api/*"})}, "closed", `rule 100 (path "/api/*") is let through`, []int{100}},
		{"an address", own, to("Responder"), []alb.Rule{rule(1, to("App"), source("198.51.100.7/32"))}, "closed", "rule 1 (source 198.51.100.7/32) is let through", []int{1}},

		{"nobody has the address", own, to("App"), []alb.Rule{rule(199, to("Responder"), unreachable)}, "open", "", nil},
		{"all addresses are refused by hand", own, to("App"), []alb.Rule{allow, rule(1, to("Responder"), source("0.0.0.0/0", "::/0"))}, "closed", "rule 1 (source 0.0.0.0/0 or ::/0) refuses everything", nil},
		{"the addresses of one version are not all", own, to("App"), []alb.Rule{rule(1, to("Responder"), source("0.0.0.0/0"))}, "open", "gets the answer of maintenance", nil},
		{"the rule that turns refuses a part", own, to("App"), []alb.Rule{rule(191, to("Responder"), alb.PathPatterns{"/api/*"})}, "", "rule 191 refuses a part of the requests only", nil},
		{"by weight", own, to("App", "Responder"), nil, "", "the default action refuses a part of the requests only, by weight", nil},
		{"with a weight of 0, of which is not known what it does", own, []alb.Action{alb.Forward{Groups: []alb.WeightedGroup{{Group: alb.Ref{LogicalID: "Responder"}}}}}, nil, "", "the default action forwards neither", nil},
		{"to another group by default", own, to("Other"), nil, "", "the default action forwards neither", nil},
		{"no forward by default", own, []alb.Action{alb.FixedResponse{Status: 404}}, nil, "", "the default action forwards neither", nil},
		{"a redirect is not the product", own, to("Responder"), []alb.Rule{rule(1, []alb.Action{alb.Redirect{Status: 301}}, alb.PathPatterns{"/old"})}, "closed", "", nil},

		{"shared, open", shared, to("Other"), nil, "open", "", nil},
		{"shared, closed", shared, to("Other"), []alb.Rule{rule(199, to("Responder"), shop)}, "closed", "", nil},
		{"shared, disarmed", shared, to("Other"), []alb.Rule{rule(199, to("Responder"), shop, unreachable)}, "open", "", nil},
		{"shared, one host of two", shared, to("Other"), []alb.Rule{rule(199, to("Responder"), alb.Hosts{"shop.example.com"})}, "", "rule 199 refuses a part", nil},
		{"shared, another host", shared, to("Other"), []alb.Rule{rule(1, to("Other"), alb.Hosts{"blog.example.com"}), rule(199, to("Responder"), shop)}, "closed", "", nil},
		{"shared, a path of the host", shared, to("Other"), []alb.Rule{rule(1, to("Other"), alb.Hosts{"shop.example.com"}, alb.PathPatterns{"/x"}), rule(199, to("Responder"), shop)}, "closed", "rule 1 (", []int{1}},
		{"imported, closed", imported, to("Other"), []alb.Rule{rule(1, to("Other"), alb.PathPatterns{"/theirs/*"}), rule(199, to("Responder"), alb.PathPatterns{"*"})}, "closed", "", nil},
		{"imported, read-only", imported, to("Other"), []alb.Rule{letRead, rule(199, to("Responder"), alb.PathPatterns{"*"})}, "read-only", "", nil},
		{"imported, theirs takes everything", imported, to("Other"), []alb.Rule{rule(1, to("Other"), everywhere), rule(199, to("Responder"), alb.PathPatterns{"*"})}, "", "rule 1 (", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			slices.SortFunc(test.rules, func(a, b alb.Rule) int { return a.Priority - b.Priority })
			l := &alb.Listener{Rules: test.rules, Default: alb.Rule{Actions: test.to}}
			got := rules.Switch{Responder: "Responder"}.Mode(test.at, l)
			if got.Mode != test.want || (got.Mode == "") != (got.Mixed != "") {
				t.Errorf("got %q, mixed %q, want %q", got.Mode, got.Mixed, test.want)
			}
			said := got.Mixed + strings.Join(got.Notes, "; ")
			if !strings.Contains(said, test.says) || test.says == "" && said != "" {
				t.Errorf("it says %q, want %q", said, test.says)
			}
			var through []int
			for _, r := range got.Through {
				through = append(through, r.Priority)
			}
			if !slices.Equal(through, test.through) {
				t.Errorf("through %v, want %v", through, test.through)
			}
		})
	}
}
