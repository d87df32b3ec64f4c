package preview

import (
	"slices"

	"github.com/noren-cdk/noren/internal/preview/edge"
)

// Register registers another address of the application, like a task of a new
// release. It gets requests as soon as it passes a health check.
func (p *Preview) Register(address string) error {
	return p.eachAppGroup(func(group string) error { return p.alb.Register(group, address) })
}

// Deregister removes an address of the application. Requests that it already has
// are completed.
func (p *Preview) Deregister(address string) error {
	return p.eachAppGroup(func(group string) error { return p.alb.Deregister(group, address) })
}

func (p *Preview) eachAppGroup(do func(group string) error) error {
	for _, g := range p.targetGroups() {
		if g.Lambda() {
			continue
		}
		if err := do(g.LogicalID); err != nil {
			return err
		}
	}
	return nil
}

// InService reports whether an address of the application gets requests.
func (p *Preview) InService(address string) bool {
	return slices.ContainsFunc(p.alb.TargetHealth(), func(h edge.TargetHealth) bool { return h.Target == address && h.Health == edge.Healthy })
}
