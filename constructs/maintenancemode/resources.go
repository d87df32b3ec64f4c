package maintenancemode

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
)

// resourcesOf returns all resources of a type in the app that scope is in.
func resourcesOf[T constructs.IConstruct](scope constructs.IConstruct, typeName *string) []T {
	var found []T
	for _, node := range *awscdk.ConstructSelector_ResourcesOfType(typeName).Select(scope.Node().Root()) {
		if r, ok := node.(T); ok {
			found = append(found, r)
		}
	}
	return found
}

func listenerResources(scope constructs.IConstruct) []elbv2.CfnListener {
	return resourcesOf[elbv2.CfnListener](scope, elbv2.CfnListener_CFN_RESOURCE_TYPE_NAME())
}

// listenerRules returns all listener rules of the app that scope is in.
func listenerRules(scope constructs.IConstruct) []elbv2.CfnListenerRule {
	return resourcesOf[elbv2.CfnListenerRule](scope, elbv2.CfnListenerRule_CFN_RESOURCE_TYPE_NAME())
}
