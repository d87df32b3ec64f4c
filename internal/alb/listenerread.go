package alb

import (
	"errors"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// streamProtocols are the protocols of network load balancer listeners.
var streamProtocols = []string{"TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC", "GENEVE"}

func (r *reader) listener(n cfn.Node) {
	if r.resource.Unread {
		return
	}
	balancer := r.reference(n.Field("LoadBalancerArn"), typeLoadBalancer)
	protocol := n.Field("Protocol").Text()
	if r.isGateway(balancer) {
		return
	}
	if slices.Contains(streamProtocols, protocol) {
		if r.isApplication(balancer) {
			r.left = true
			r.problem(n.Field("Protocol"), Error, "listener of an application load balancer has protocol %s, want HTTP or HTTPS", protocol)
		}
		return
	}
	if protocol != "" && protocol != "HTTP" && protocol != "HTTPS" && !cfn.IsOpaque(protocol) {
		r.problem(n.Field("Protocol"), Error, "listener has protocol %q, want HTTP or HTTPS", protocol)
	}
	r.tags(n)
	l := &Listener{
		Ref:          Ref{LogicalID: r.resource.LogicalID},
		Path:         r.resource.Path,
		LoadBalancer: balancer,
		Port:         n.Field("Port").OptionalInt(),
		Protocol:     protocol,
		If:           r.resource.If,
		Certificates: n.Field("Certificates").Count(),
		Attributes:   r.attributes(n.Field("ListenerAttributes")),
	}
	for _, v := range r.variants(n, "DefaultActions") {
		rule := Rule{LogicalID: r.resource.LogicalID, Path: r.resource.Path, If: v.condition}
		faults := len(r.document.Faults())
		rule.Actions = r.actions(v.node.Field("DefaultActions"))
		rule.Unread = r.unread(faults)
		l.DefaultIf = append(l.DefaultIf, rule)
	}
	last := len(l.DefaultIf) - 1 // what is left if no other matches
	l.Default, l.DefaultIf = l.DefaultIf[last], l.DefaultIf[:last]
	l.Default.If = ""
	for _, b := range r.template.LoadBalancers {
		if b.LogicalID == balancer.LogicalID {
			l.Balancer = b
		}
	}
	l.problems = r.problems
	r.template.Listeners = append(r.template.Listeners, l)
}

// unread says why a part could not be read, given the number of earlier faults.
func (r *reader) unread(faults int) string {
	if all := r.document.Faults(); len(all) > faults {
		return all[faults].Error()
	}
	return ""
}

// variant is a resource under conditions that cannot be decided.
type variant struct {
	condition string // "" if it exists in any case
	node      cfn.Node
}

// maxOpen is how many conditions of a resource may be left undecided.
const maxOpen = 3

// variants returns every form that the resource can take, depending on the
// conditions of the given properties.
func (r *reader) variants(n cfn.Node, properties ...string) []variant {
	var open []string
	for _, property := range properties {
		for _, condition := range n.Field(property).Open() {
			if !slices.Contains(open, condition) {
				open = append(open, condition)
			}
		}
	}
	if len(open) > maxOpen {
		n.Fault("conditions %s cannot be decided from the template: give their parameters", strings.Join(open, ", "))
		open = nil
	}
	all := []variant{{r.resource.If, n}}
	for _, condition := range open {
		var more []variant
		for _, v := range all {
			more = append(more, variant{both(v.condition, condition), v.node.Decide(condition, true)})
			if condition != r.resource.If {
				more = append(more, variant{both(v.condition, "not "+condition), v.node.Decide(condition, false)})
			}
		}
		all = more
	}
	return all
}

func both(a, b string) string {
	if a == "" || a == b {
		return b
	}
	return a + " and " + b
}

// isApplication reports whether ref is a load balancer of the template that is
// certainly an application load balancer.
func (r *reader) isApplication(ref Ref) bool {
	return slices.ContainsFunc(r.template.LoadBalancers, func(b *LoadBalancer) bool { return b.LogicalID == ref.LogicalID && !b.typeOpen })
}

// isGateway reports whether ref is a load balancer of the template that was left
// out because it is not an application load balancer.
func (r *reader) isGateway(ref Ref) bool {
	return ref.LogicalID != "" && !slices.ContainsFunc(r.template.LoadBalancers, func(b *LoadBalancer) bool {
		return b.LogicalID == ref.LogicalID
	})
}

func (r *reader) listenerRule(n cfn.Node) {
	if r.resource.Unread {
		for _, l := range r.template.Listeners {
			l.Rules = append(l.Rules, Rule{LogicalID: r.resource.LogicalID, Path: r.resource.Path, Priority: UnknownPriority, Unread: r.unread(len(r.document.Faults()) - 1)})
		}
		return
	}
	n.Only("Actions", "Conditions", "ListenerArn", "Priority", "Tags", "Transforms")
	r.tags(n)
	for _, v := range r.variants(n, "Conditions", "Actions", "Transforms") {
		faults := len(r.document.Faults())
		arn := v.node.Field("ListenerArn")
		if !arn.Exists() {
			arn.Fault("is missing")
		}
		rule := Rule{
			LogicalID:  r.resource.LogicalID,
			Path:       r.resource.Path,
			Conditions: r.conditions(v.node.Field("Conditions")),
			Transforms: r.transforms(v.node.Field("Transforms")),
			Actions:    r.actions(v.node.Field("Actions")),
			If:         v.condition,
		}
		r.priority(v.node.Field("Priority"), &rule)
		rule.Unread = r.unread(faults)
		r.place(arn, rule)
	}
}

// priority reads the priority of a rule, which may be known only after a deploy.
func (r *reader) priority(n cfn.Node, rule *Rule) {
	priority, err := n.Int()
	switch {
	case errors.Is(err, cfn.ErrUnknown):
		rule.Priority, rule.PriorityFrom = UnknownPriority, cfn.Display(n.Text())
		return
	case err != nil:
		n.Fault("%w", err)
	case !n.Exists():
		n.Fault("is missing")
	case priority == 0:
		n.Fault("is 0, want 1 to %d", MaxPriority)
	default:
		rule.Priority = priority
		return
	}
	rule.Priority = UnknownPriority
}

// place adds a rule to the listener that arn names or may name.
func (r *reader) place(arn cfn.Node, rule Rule) {
	if condition, yes, no, ok := arn.Either(); ok {
		if is := rule.If != condition; is {
			other := rule
			other.If = both(rule.If, "not "+condition)
			r.place(no, other)
		}
		rule.If = both(rule.If, condition)
		r.place(yes, rule)
		return
	}
	ref := r.reference(arn, typeListener)
	if ref == (Ref{}) { // the listener cannot be read: it may be any
		for _, l := range r.template.Listeners {
			l.Rules = append(l.Rules, rule)
		}
		return
	}
	l := r.template.Listener(ref)
	if l == nil && ref.LogicalID != "" {
		return // the listener of a network load balancer, or one that does not exist
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
