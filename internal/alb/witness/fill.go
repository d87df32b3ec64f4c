package witness

import (
	"slices"

	"github.com/noren-cdk/noren/internal/alb"
)

// filled returns a copy of a listener in which each value known only after a
// deploy is replaced by a text of its own, the same wherever it has the same
// name. So a secret becomes a value that a request can carry, and that is equal
// in two templates.
func filled(l *alb.Listener) *alb.Listener {
	copied := &alb.Listener{
		Ref: l.Ref, Path: l.Path, LoadBalancer: l.LoadBalancer, Balancer: l.Balancer,
		Port: l.Port, Protocol: l.Protocol, Certificates: l.Certificates,
		Rules: slices.Clone(l.Rules), Default: l.Default, DefaultIf: l.DefaultIf, Unseen: l.Unseen, Moved: l.Moved, If: l.If,
	}
	for i := range copied.Rules {
		rule := &copied.Rules[i]
		rule.Conditions = slices.Clone(rule.Conditions)
		for j, c := range rule.Conditions {
			rule.Conditions[j] = alb.Filled(c)
		}
	}
	return copied
}
