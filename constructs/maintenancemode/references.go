package maintenancemode

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
)

// refersTo tells whether what a resource says is a reference to another one, in one
// of the spellings that a template has for it. In the same stack the text decides,
// since an app may make a reference of its own (Fn::GetAtt); in another one, where
// different resources may look the same, the reference itself does.
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

// isOn tells whether a rule is on a listener that the app defines.
func isOn(r elbv2.CfnListenerRule, l elbv2.CfnListener) bool {
	return refersTo(r, r.ListenerArn(), l, l.Ref(), l.AttrListenerArn())
}

// listenerArn is how the listener of a rule is referred to: by its Ref, if the app
// defines it.
func listenerArn(r elbv2.CfnListenerRule) *string {
	for _, l := range listenerResources(r) {
		if isOn(r, l) {
			return l.Ref()
		}
	}
	return r.ListenerArn()
}

// balancerArn is how the load balancer of a listener is referred to: by its Ref, if
// the app defines it.
func balancerArn(l elbv2.CfnListener) (arn string, own bool) {
	for _, b := range resourcesOf[elbv2.CfnLoadBalancer](l, elbv2.CfnLoadBalancer_CFN_RESOURCE_TYPE_NAME()) {
		if refersTo(l, l.LoadBalancerArn(), b, b.Ref(), b.AttrLoadBalancerArn()) {
			return *b.Ref(), true
		}
	}
	return *l.LoadBalancerArn(), false
}
