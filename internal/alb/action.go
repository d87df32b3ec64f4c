package alb

import (
	"time"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Action is what a rule does with a request: [Forward], [Redirect] or
// [FixedResponse], each with [Authenticate] before it if need be.
type Action interface {
	// Type returns the action's type in the API, such as "forward".
	Type() string
}

// Forward sends the request to one of Groups, chosen by weight. A group that is
// empty or unhealthy keeps its share: there is no failover. Source: UGnow.
type Forward struct {
	Groups []WeightedGroup

	// Stickiness is how long a client stays with the group it was sent to.
	// Default: 0, it does not.
	Stickiness time.Duration

	// Sticky says that stickiness is switched on.
	Sticky bool
}

// WeightedGroup is a target group and its weight, 0 to MaxWeight.
type WeightedGroup struct {
	Group  Ref
	Weight int
}

// Share returns the share of the requests that group i gets, 0 to 1. It is 0 for
// every group if all weights are 0: what ALB does then is not documented.
func (f Forward) Share(i int) float64 {
	total := f.total()
	if total == 0 {
		return 0
	}
	return float64(f.Groups[i].Weight) / float64(total)
}

func (f Forward) total() int {
	total := 0
	for _, g := range f.Groups {
		total += g.Weight
	}
	return total
}

// Redirect answers with 301 or 302. An empty part is taken from the request.
type Redirect struct {
	Status   int
	Protocol string
	Host     string
	Port     string
	Path     string
	Query    string
}

// FixedResponse answers without a target. It cannot set headers. Source: BC.
type FixedResponse struct {
	Status      int
	ContentType string
	Body        string
}

// Authenticate lets only authenticated requests through to the next action.
type Authenticate struct {
	// Method is the action's type: "authenticate-oidc", "authenticate-cognito"
	// or "jwt-validation".
	Method string

	// OnUnauthenticated is "authenticate" (send to the provider), "deny" (401) or
	// "allow" (go on to the next action). Default: "authenticate". It does not
	// apply to a JWT, which is either valid or refused.
	OnUnauthenticated string
}

func (Forward) Type() string        { return "forward" }
func (Redirect) Type() string       { return "redirect" }
func (FixedResponse) Type() string  { return "fixed-response" }
func (a Authenticate) Type() string { return a.Method }

// Ref names a resource: by its logical id if it is in the template, otherwise by
// what the template says about it, such as an ARN or an import.
type Ref struct {
	LogicalID string
	External  string
}

// String returns the logical id, or what the template says about a resource
// outside it.
func (r Ref) String() string {
	if r.LogicalID != "" {
		return r.LogicalID
	}
	return cfn.Display(r.External)
}
