package rules_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/rules"
)

func TestPlan_Problems(t *testing.T) {
	network := func(texts ...string) rules.Plan {
		var plan rules.Plan
		for _, text := range texts {
			plan.BypassCIDRs = append(plan.BypassCIDRs, netip.MustParsePrefix(text))
		}
		return plan
	}
	tests := []struct {
		name string
		plan rules.Plan
		want string // "" if there is none
	}{
		{"nothing", rules.Plan{}, ""},
		{"all of it", rules.Plan{
			Hosts: []string{"app.example.com"}, ClientHeader: "X-Client", ClientValues: []string{"ios", "android"},
			BypassCIDRs: network("203.0.113.0/28").BypassCIDRs, BypassHeader: "X-Maintenance-Bypass", BypassCookie: "maintenance-bypass",
		}, ""},
		{"a client without a value", rules.Plan{ClientHeader: "X-Client"}, "Clients.Values: missing"},
		{"a client without a header", rules.Plan{ClientValues: []string{"ios"}}, "Clients.Header: missing"},
		{"a client that is everybody", rules.Plan{ClientHeader: "X-Client", ClientValues: []string{"*"}}, "Clients.Values[0]: want a value without * and ?"},
		{"two clients that are one", rules.Plan{ClientHeader: "X-Client", ClientValues: []string{"ios", "IOS"}}, `Clients.Values[1]: "IOS" is there already`},
		{"a client's header that browsers set", rules.Plan{ClientHeader: "Cookie", ClientValues: []string{"ios"}}, "Clients.Header: want a header of your own"},
		{"one header for two things", rules.Plan{ClientHeader: "X-Client", ClientValues: []string{"ios"}, BypassHeader: "x-client"}, "Bypass.Header: want another header"},
		{"a bypass header that the load balancer drops", rules.Plan{BypassHeader: "X_Bypass"}, "Bypass.Header: want the name of a header"},
		{"a bypass for half of everybody", network("0.0.0.0/1"), "Bypass.CIDRs[0]: want a network of operators, a /8"},
		{"a bypass for half of everybody, in the second place", network("203.0.113.0/28", "8000::/1"), "Bypass.CIDRs[1]: want a network of operators"},
		{"a bypass with host bits", network("203.0.113.9/28"), "Bypass.CIDRs[0]: want the first address of the network, 203.0.113.0/28"},
		{"a bypass that is not a network", rules.Plan{BypassCIDRs: []netip.Prefix{{}}}, "Bypass.CIDRs[0]: want a network"},
		{"a cookie that is a wildcard", rules.Plan{BypassCookie: "b*p"}, "Bypass.Cookie: want the name of a cookie"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			problems := test.plan.Problems()
			switch {
			case test.want == "" && len(problems) > 0:
				t.Errorf("got %v, want none", problems)
			case test.want != "" && (len(problems) != 1 || !strings.HasPrefix(problems[0].Error(), test.want)):
				t.Errorf("got %v, want %s ...", problems, test.want)
			}
		})
	}
}
