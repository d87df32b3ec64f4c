package rules

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
)

// reach is how much of the requests of a method a rule takes, of the hosts that
// the switch is for.
type reach int

const (
	none reach = iota
	some
	most // all that a client would send, as far as can be told
	all
)

// takes tells how much of the requests of a method a rule takes. It says all
// only where that is certain.
func (j *judgement) takes(r *alb.Rule, method string) reach {
	least := all
	if r.If != "" {
		least = some
	}
	for _, c := range r.Conditions {
		least = min(least, j.conditionTakes(c, method))
	}
	return least
}

func (j *judgement) conditionTakes(condition alb.Condition, method string) reach {
	switch c := condition.(type) {
	case alb.Methods:
		switch {
		case slices.Contains(c, method):
			return all
		case slices.ContainsFunc(c, cfn.IsOpaque):
			return some
		}
		return none
	case alb.PathPatterns:
		if slices.Contains(c, "*") || slices.Contains(c, "/*") {
			return all
		}
	case alb.Hosts:
		return j.hostsTake(c)
	case alb.SourceIPs:
		if !slices.ContainsFunc(c, somebody) {
			return none
		}
		if slices.ContainsFunc(c, everybody(true)) && slices.ContainsFunc(c, everybody(false)) {
			return all
		}
	}
	return usual(condition)
}

// hostsTake is how much of the hosts of the switch a condition takes.
func (j *judgement) hostsTake(c alb.Hosts) reach {
	if slices.Contains(c, "*") {
		return all
	}
	if len(j.Hosts) == 0 {
		return usual(c)
	}
	same, touched := 0, false
	for _, host := range j.Hosts {
		literal := !strings.ContainsAny(host, "*?")
		if slices.ContainsFunc(c, func(value string) bool { return strings.EqualFold(value, host) || literal && alb.Overlap(value, host) }) {
			same++
		}
		touched = touched || slices.ContainsFunc(c, func(value string) bool { return cfn.IsOpaque(value) || alb.Overlap(value, host) })
	}
	switch {
	case same == len(j.Hosts):
		return all
	case touched:
		return some
	}
	return none
}

// nobody are addresses of documentation, which no client has (RFC 5737): a rule
// for them is there and takes nothing.
var nobody = netip.MustParsePrefix("192.0.2.0/24")

func somebody(p netip.Prefix) bool { return !nobody.Contains(p.Addr()) || p.Bits() < nobody.Bits() }

// everybody matches the prefix that holds all addresses of a version of IP.
func everybody(four bool) func(netip.Prefix) bool {
	return func(p netip.Prefix) bool { return p.Bits() == 0 && p.Addr().Is4() == four }
}

// usual tells whether a condition holds for whatever clients usually send.
func usual(c alb.Condition) reach {
	for _, target := range []string{"/", "/x1f9c2", "/api/v1/x-7d21.json?page=2", "/a/b/c/d"} {
		for _, agent := range []string{"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)", "okhttp/5.1"} {
			for _, source := range []string{"203.0.113.77", "8.8.8.8"} {
				request := alb.Request{
					Target: target, Host: "x1f9c2.example.net", Source: netip.MustParseAddr(source),
					Header: map[string][]string{"User-Agent": {agent}, "Accept": {"*/*"}, "Accept-Encoding": {"gzip"}},
				}
				if !c.Match(&request).Verdict.Matches() {
					return some
				}
			}
		}
	}
	return most
}
