// Package elb models what the Elastic Load Balancing API refuses because of
// existing resources. Tests compare it with what noren diff reports about a
// deploy and, for rules that moto implements, with moto.
package elb

// The types of resources.
const (
	LoadBalancer = "AWS::ElasticLoadBalancingV2::LoadBalancer"
	Listener     = "AWS::ElasticLoadBalancingV2::Listener"
	Rule         = "AWS::ElasticLoadBalancingV2::ListenerRule"
	TargetGroup  = "AWS::ElasticLoadBalancingV2::TargetGroup"
)

// The errors of the API.
const (
	PriorityInUse               = "PriorityInUse"
	DuplicateListener           = "DuplicateListener"
	DuplicateTargetGroupName    = "DuplicateTargetGroupName"
	TargetGroupAssociationLimit = "TargetGroupAssociationLimit"
	ResourceInUse               = "ResourceInUse"
)

// State is the existing resources, by physical id.
type State map[string]Resource

// Resource is a resource. Properties refer to others by their physical ids;
// TargetGroup holds the target group that a listener or rule forwards to.
type Resource struct {
	Type       string
	Properties map[string]any
}

// Refuses returns the error with which the API refuses to create a resource, or
// to change it to r, or "".
func (s State) Refuses(id string, r Resource) string {
	p := r.Properties
	for other, o := range s {
		if other == id || o.Type != r.Type {
			continue
		}
		switch {
		case r.Type == Rule && p["ListenerArn"] == o.Properties["ListenerArn"] && p["Priority"] == o.Properties["Priority"]:
			return PriorityInUse
		case r.Type == Listener && p["LoadBalancerArn"] == o.Properties["LoadBalancerArn"] && p["Port"] == o.Properties["Port"]:
			return DuplicateListener
		case r.Type == TargetGroup && p["Name"] != nil && p["Name"] == o.Properties["Name"]:
			return DuplicateTargetGroupName
		}
	}
	if p["TargetGroup"] != nil {
		for other, o := range s {
			if other != id && o.Properties["TargetGroup"] == p["TargetGroup"] && s.balancer(o) != s.balancer(r) {
				return TargetGroupAssociationLimit
			}
		}
	}
	return ""
}

// RefusesDeletion returns the error with which the API refuses to delete a
// resource, or "".
func (s State) RefusesDeletion(id string) string {
	for _, o := range s {
		if s[id].Type == TargetGroup && o.Properties["TargetGroup"] == id {
			return ResourceInUse
		}
	}
	return ""
}

// balancer returns the load balancer of a listener or rule.
func (s State) balancer(r Resource) any {
	if listener, ok := r.Properties["ListenerArn"].(string); ok {
		return s[listener].Properties["LoadBalancerArn"]
	}
	return r.Properties["LoadBalancerArn"]
}
