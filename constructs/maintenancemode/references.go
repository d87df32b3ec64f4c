package maintenancemode

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
)

// refersTo reports whether a value of a resource is a reference to another
// resource, in one of the spellings that a template has for it. Within one stack
// the text decides, since an app may write a reference of its own (Fn::GetAtt).
// Across stacks, where different resources may look the same, the reference
// itself decides.
func refersTo(from constructs.IConstruct, said *string, to constructs.IConstruct, spellings ...*string) bool {
	if slices.ContainsFunc(spellings, func(s *string) bool { return *s == *said }) {
		return true
	}
	if !*awscdk.Token_IsUnresolved(said) || *awscdk.Stack_Of(from).Node().Path() != *awscdk.Stack_Of(to).Node().Path() {
		return false
	}
	text := resolved(from, said)
	return slices.ContainsFunc(spellings, func(s *string) bool { return resolved(to, s) == text })
}

// isOn reports whether a rule is on a listener that the app defines.
func isOn(r elbv2.CfnListenerRule, l elbv2.CfnListener) bool {
	return refersTo(r, r.ListenerArn(), l, l.Ref(), l.AttrListenerArn())
}

// listenerArn returns the reference to the listener of a rule: its Ref, if the
// app defines the listener.
func listenerArn(r elbv2.CfnListenerRule) *string {
	for _, l := range listenerResources(r) {
		if isOn(r, l) {
			return l.Ref()
		}
	}
	return r.ListenerArn()
}

// balancerArn returns the reference to the load balancer of a listener: its Ref,
// if the app defines the load balancer.
func balancerArn(l elbv2.CfnListener) (arn string, own bool) {
	for _, b := range resourcesOf[elbv2.CfnLoadBalancer](l, elbv2.CfnLoadBalancer_CFN_RESOURCE_TYPE_NAME()) {
		if refersTo(l, l.LoadBalancerArn(), b, b.Ref(), b.AttrLoadBalancerArn()) {
			return *b.Ref(), true
		}
	}
	return *l.LoadBalancerArn(), false
}
