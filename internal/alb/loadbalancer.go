package alb

import "github.com/noren-cdk/noren/internal/cfn"

// LoadBalancer is an application load balancer.
type LoadBalancer struct {
	LogicalID string
	Path      string // the construct path, if CDK wrote the template
	Scheme    string // "internet-facing" or "internal"
	Physical  string // the name that the template gives it, "" for none

	// IPAddressType is "ipv4", "dualstack" and so on. Default: "ipv4".
	IPAddressType string

	// If is the template's condition under which it exists, where it cannot be
	// decided from the template.
	If string

	// Attributes are the load balancer's attributes, by key.
	Attributes map[string]string

	typeOpen bool // only a deploy knows whether it is an application load balancer
}

// DropsInvalidHeaders reports whether headers are dropped if their name has
// characters other than letters, digits and hyphens. Default: false. Source: BC.
func (b *LoadBalancer) DropsInvalidHeaders() bool {
	return b != nil && b.Attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"
}

// PreservesHost reports whether targets get the Host header as it was sent.
// Default: false. Source: UG23.
func (b *LoadBalancer) PreservesHost() bool {
	return b != nil && b.Attributes["routing.http.preserve_host_header.enabled"] == "true"
}

// DesyncMode returns "monitor", "defensive" or "strictest". Default: "defensive".
// Source: BC.
func (b *LoadBalancer) DesyncMode() string {
	if b != nil {
		switch mode := b.Attributes["routing.http.desync_mitigation_mode"]; mode {
		case "monitor", "strictest":
			return mode
		}
	}
	return "defensive"
}

// ForwardedFor returns what happens to X-Forwarded-For: "append", "preserve" or
// "remove". Default: "append". Source: BC.
func (b *LoadBalancer) ForwardedFor() string {
	if b != nil {
		switch mode := b.Attributes["routing.http.xff_header_processing.mode"]; mode {
		case "preserve", "remove":
			return mode
		}
	}
	return "append"
}

func (r *reader) loadBalancer(n cfn.Node) {
	kind := n.Field("Type").Text()
	if kind != "" && kind != "application" && !cfn.IsOpaque(kind) {
		return
	}
	if scheme := n.Field("Scheme").Text(); scheme != "" && scheme != "internal" && scheme != "internet-facing" && !cfn.IsOpaque(scheme) {
		r.problem(n.Field("Scheme"), Error, "load balancer has scheme %q, want internal or internet-facing", scheme)
	}
	r.tags(n)
	r.template.LoadBalancers = append(r.template.LoadBalancers, &LoadBalancer{
		LogicalID: r.resource.LogicalID,
		Path:      r.resource.Path,
		Physical:  r.physicalName(n.Field("Name")),
		Scheme:    n.Field("Scheme").Text(),

		If:            r.resource.If,
		typeOpen:      cfn.IsOpaque(kind),
		IPAddressType: n.Field("IpAddressType").Text(),
		Attributes:    r.attributes(n.Field("LoadBalancerAttributes")),
	})
}

// attributes reads a list of keys and values.
func (r *reader) attributes(n cfn.Node) map[string]string {
	attributes := map[string]string{}
	for _, item := range n.Items() {
		attributes[item.Field("Key").Text()] = item.Field("Value").Text()
	}
	return attributes
}
