package alb

import (
	"slices"

	"github.com/noren-cdk/noren/internal/cfn"
)

// streamProtocols are those of listeners of network load balancers.
var streamProtocols = []string{"TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC", "GENEVE"}

func (r *reader) listener(n cfn.Node) {
	balancer := r.reference(n.Field("LoadBalancerArn"), typeLoadBalancer)
	protocol := n.Field("Protocol").Text()
	if slices.Contains(streamProtocols, protocol) || r.isGateway(balancer) {
		return
	}
	l := &Listener{
		Ref:          Ref{LogicalID: r.resource.LogicalID},
		Path:         r.resource.Path,
		LoadBalancer: balancer,
		Port:         n.Field("Port").OptionalInt(),
		Protocol:     protocol,
		If:           r.resource.If,
		Certificates: len(n.Field("Certificates").Items()),
		Attributes:   r.attributes(n.Field("ListenerAttributes")),
		Default: Rule{
			LogicalID: r.resource.LogicalID,
			Path:      r.resource.Path,
			Actions:   r.actions(n.Field("DefaultActions")),
		},
	}
	for _, b := range r.template.LoadBalancers {
		if b.LogicalID == balancer.LogicalID {
			l.Balancer = b
		}
	}
	l.problems = r.problems
	r.template.Listeners = append(r.template.Listeners, l)
}

// isGateway reports whether ref is a load balancer of the template that was
// left out, since it is no application load balancer.
func (r *reader) isGateway(ref Ref) bool {
	return ref.LogicalID != "" && !slices.ContainsFunc(r.template.LoadBalancers, func(b *LoadBalancer) bool {
		return b.LogicalID == ref.LogicalID
	})
}

func (r *reader) listenerRule(n cfn.Node) {
	n.Only("Actions", "Conditions", "ListenerArn", "Priority", "Tags", "Transforms")
	arn := n.Field("ListenerArn")
	if !arn.Exists() {
		arn.Fault("is missing")
	}
	rule := Rule{
		LogicalID:  r.resource.LogicalID,
		Path:       r.resource.Path,
		Conditions: r.conditions(n.Field("Conditions")),
		Transforms: r.transforms(n.Field("Transforms")),
		Actions:    r.actions(n.Field("Actions")),
		If:         r.resource.If,
	}
	priority := n.Field("Priority")
	var err error
	if rule.Priority, err = priority.Int(); err != nil {
		priority.Fault("%w", err)
	} else if !priority.Exists() {
		priority.Fault("is missing")
	} else if rule.Priority == 0 {
		priority.Fault("is 0, want 1 to %d", MaxPriority)
	}
	ref := r.reference(arn, typeListener)
	l := r.template.Listener(ref)
	if l == nil && ref.LogicalID != "" {
		return // the listener of a network load balancer, or one that is not there
	}
	if l == nil {
		l = &Listener{Ref: ref}
		r.template.Listeners = append(r.template.Listeners, l)
	}
	l.Rules = append(l.Rules, rule)
	l.problems = append(l.problems, r.problems...)
}

func (r *reader) transforms(n cfn.Node) []Transform {
	var transforms []Transform
	for _, item := range n.Items() {
		item.Only("Type", "UrlRewriteConfig", "HostHeaderRewriteConfig")
		kind := item.Field("Type").Text()
		config := item.Field("UrlRewriteConfig")
		if kind == "host-header-rewrite" {
			config = item.Field("HostHeaderRewriteConfig")
		}
		for _, rewrite := range config.Field("Rewrites").Items() {
			transforms = append(transforms, Transform{kind, rewrite.Field("Regex").Text(), rewrite.Field("Replace").Text()})
		}
	}
	return transforms
}
