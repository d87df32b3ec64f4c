package rules

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
)

// reach is how many of the requests of a method a rule takes, among those for the
// hosts of the switch.
type reach int

const (
	none reach = iota
	some
	most // all that clients would send, as far as can be told
	all
)

// takes returns how many of the requests of a method a rule takes. It returns all
// only if that is certain.
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

func (j *judgement) conditionTakes(c alb.Condition, method string) reach {
	values := alb.Values(c)
	has := func(which func(string) bool) bool {
		return slices.ContainsFunc(values, func(v alb.Value) bool { return which(v.Text) })
	}
	switch {
	case alb.Always(c):
		return all
	case alb.Nobody(c):
		return none
	}
	switch field := alb.Field(c); {
	case field == "http-request-method":
		switch {
		case has(func(text string) bool { return text == method }):
			return all
		case has(cfn.IsOpaque), method == another[0] && has(func(text string) bool { return !slices.Contains(slices.Concat(reads, writes), text) }):
			return some
		}
		return none
	case field == "host-header" && len(j.Hosts) > 0 && len(values) > 0 && !values[0].Regex:
		return j.hostsTake(has)
	}
	return usual(c)
}

// hostsTake returns how many of the hosts of the switch a condition takes; has
// reports whether some value of the condition satisfies which.
func (j *judgement) hostsTake(has func(which func(string) bool) bool) reach {
	same, touched := 0, false
	for _, host := range j.Hosts {
		literal := !strings.ContainsAny(host, "*?")
		if has(func(value string) bool { return strings.EqualFold(value, host) || literal && alb.Overlap(value, host) }) {
			same++
		}
		touched = touched || has(func(value string) bool { return cfn.IsOpaque(value) || alb.Overlap(value, host) })
	}
	switch {
	case same == len(j.Hosts):
		return all
	case touched:
		return some
	}
	return none
}

// hostsAlone returns the hosts of a rule that has no other condition that
// matters.
func (j *judgement) hostsAlone(r *alb.Rule) []string {
	if len(r.Conditions) != 1 {
		return nil
	}
	return r.Hosts()
}

// covered reports whether hosts include all hosts of the switch.
func (j *judgement) covered(hosts []string) bool {
	return len(j.Hosts) > 0 && j.hostsTake(func(which func(string) bool) bool { return slices.ContainsFunc(hosts, which) }) == all
}

// usual returns whether a condition holds for what clients usually send.
func usual(c alb.Condition) reach {
	for _, target := range []string{"/", "/x1f9c2", "/api/v1/x-7d21.json?page=2", "/a/b/c/d"} {
		for _, agent := range []string{"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)", "okhttp/5.1"} {
			for _, source := range []string{"203.0.113.77", "8.8.8.8"} {
				request := alb.Request{
					Target: target, Host: "x1f9c2.example.net", Source: netip.MustParseAddr(source),
					Header: map[string][]string{"Host": {"x1f9c2.example.net"}, "User-Agent": {agent}, "Accept": {"*/*"}, "Accept-Encoding": {"gzip"}},
				}
				if !c.Match(&request).Verdict.Matches() {
					return some
				}
			}
		}
	}
	return most
}
