package witness

import (
	"slices"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
)

// filled is a copy of a listener in which what is known only after a deploy is
// a text of its own, the same wherever it has the same name. So a secret is one
// value that a request can carry, and equal in two templates.
func filled(l *alb.Listener) *alb.Listener {
	copied := &alb.Listener{
		Ref: l.Ref, Path: l.Path, LoadBalancer: l.LoadBalancer, Balancer: l.Balancer,
		Port: l.Port, Protocol: l.Protocol, Certificates: l.Certificates,
		Rules: slices.Clone(l.Rules), Default: l.Default,
	}
	for i := range copied.Rules {
		rule := &copied.Rules[i]
		rule.Conditions = slices.Clone(rule.Conditions)
		for j, c := range rule.Conditions {
			rule.Conditions[j] = fillCondition(c)
		}
	}
	return copied
}

func fillCondition(c alb.Condition) alb.Condition {
	switch c := c.(type) {
	case alb.Methods:
		return alb.Methods(fillAll(c))
	case alb.PathPatterns:
		return alb.PathPatterns(fillAll(c))
	case alb.Hosts:
		return alb.Hosts(fillAll(c))
	case alb.Header:
		return alb.Header{Name: c.Name, Values: fillAll(c.Values)}
	case alb.QueryStrings:
		pairs := slices.Clone(c)
		for i := range pairs {
			pairs[i] = alb.QueryPair{Key: fill(pairs[i].Key), Value: fill(pairs[i].Value)}
		}
		return pairs
	}
	return c
}

func fillAll(values []string) []string {
	out := make([]string, len(values))
	for i, value := range values {
		out[i] = fill(value)
	}
	return out
}

func fill(value string) string {
	if !cfn.IsOpaque(value) {
		return value
	}
	return cfn.Display(value)
}
