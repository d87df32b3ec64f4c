package preview

import (
	"maps"

	"github.com/noren-cdk/noren/internal/preview/edge"
)

// answering is a function that answers requests, with the variables that it was
// started with.
type answering struct {
	replaceable
	variables map[string]string
}

// answer starts a function that answers requests.
func (p *Preview) answer(f function) (edge.Invoker, error) {
	invoker, err := p.startFunction(f)
	if err != nil {
		return nil, err
	}
	a := &answering{variables: p.environment(f)}
	a.set(invoker)
	p.running[f.LogicalID] = a
	return a, nil
}

// update gives the functions that answer requests the variables of a deployed
// template. Requests in progress keep the old ones.
func (p *Preview) update(template []byte) error {
	t := source{file: p.sources[0].file, data: template}
	resources, err := p.resources(t, "AWS::Lambda::Function")
	if err != nil {
		return err
	}
	for _, r := range resources {
		a, f := p.running[r.LogicalID], function{r, t}
		if a == nil {
			continue
		}
		variables := p.environment(f)
		if maps.Equal(variables, a.variables) {
			continue
		}
		invoker, err := p.startFunction(f)
		if err != nil {
			return err
		}
		a.set(invoker)
		a.variables = variables
	}
	return nil
}

// watchRequests makes watch be called with every request that was answered.
func (p *Preview) watchRequests(watch func(edge.Observation)) { p.watching.Store(&watch) }
