package alb

import "slices"

// streamProtocols are those of listeners of network load balancers.
var streamProtocols = []string{"TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC", "GENEVE"}

func (r *reader) listener(n node) {
	balancer := n.field("LoadBalancerArn").reference(typeLoadBalancer)
	protocol := n.field("Protocol").text()
	if slices.Contains(streamProtocols, protocol) || r.isGateway(balancer) {
		return
	}
	l := &Listener{
		Ref:          Ref{LogicalID: r.id},
		Path:         r.resource.Metadata.Path,
		LoadBalancer: balancer,
		Port:         n.field("Port").perhaps(),
		Protocol:     protocol,
		Certificates: len(n.field("Certificates").items()),
		Attributes:   n.field("ListenerAttributes").attributes(),
		Default: Rule{
			LogicalID: r.id,
			Path:      r.resource.Metadata.Path,
			Actions:   n.field("DefaultActions").actions(),
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

func (r *reader) listenerRule(n node) {
	n.only("Actions", "Conditions", "ListenerArn", "Priority", "Tags", "Transforms")
	arn := n.field("ListenerArn")
	if !arn.exists() {
		arn.fault("is missing")
	}
	rule := Rule{
		LogicalID:  r.id,
		Path:       r.resource.Metadata.Path,
		Conditions: n.field("Conditions").conditions(),
		Transforms: n.field("Transforms").transforms(),
		Actions:    n.field("Actions").actions(),
		If:         r.unsureIf,
	}
	priority := n.field("Priority")
	var err error
	if rule.Priority, err = priority.integer(); err != nil {
		priority.fault("%w", err)
	} else if !priority.exists() {
		priority.fault("is missing")
	} else if rule.Priority == 0 {
		priority.fault("is 0, want 1 to %d", MaxPriority)
	}
	ref := arn.reference(typeListener)
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

func (n node) transforms() []Transform {
	var transforms []Transform
	for _, item := range n.items() {
		item.only("Type", "UrlRewriteConfig", "HostHeaderRewriteConfig")
		kind := item.field("Type").text()
		config := item.field("UrlRewriteConfig")
		if kind == "host-header-rewrite" {
			config = item.field("HostHeaderRewriteConfig")
		}
		for _, rewrite := range config.field("Rewrites").items() {
			transforms = append(transforms, Transform{kind, rewrite.field("Regex").text(), rewrite.field("Replace").text()})
		}
	}
	return transforms
}
