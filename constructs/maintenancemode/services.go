package maintenancemode

import (
	"encoding/json"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscodedeploy"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
)

// checkServices finds services whose deployments move the application to another
// target group: the rules of the switch would go on sending to the first one,
// which is empty then.
func (v *validation) checkServices() {
	const way = "MaintenanceMode forwards to one target group; deploy by rolling updates, with a circuit breaker and deployment alarms"
	swings := func(resource constructs.IConstruct, lists string) bool {
		return strings.Contains(lists, resolved(resource, v.props.AppTargetGroup.TargetGroupArn()))
	}
	for _, s := range resourcesOf[awsecs.CfnService](v.this, awsecs.CfnService_CFN_RESOURCE_TYPE_NAME()) {
		// As a whole: CDK cannot hand over a property with something in it that is
		// known later.
		var service struct {
			LoadBalancers           json.RawMessage
			DeploymentController    struct{ Type string }
			DeploymentConfiguration struct{ Strategy string }
		}
		// What is not of this shape is known after a deploy.
		_ = json.Unmarshal([]byte(resolved(s, *s.CfnProperties())), &service)
		lists := string(service.LoadBalancers)
		if !swings(s, lists) {
			continue
		}
		controller, deployment := service.DeploymentController, service.DeploymentConfiguration
		switch {
		case controller.Type != "" && controller.Type != "ECS":
			v.bad("deployments of %s by %s move it to another target group than AppTargetGroup: %s", pathOf(s), controller.Type, way)
		case deployment.Strategy != "" && deployment.Strategy != "ROLLING":
			v.bad("deployments of %s with the strategy %s move it to another target group than AppTargetGroup: %s", pathOf(s), deployment.Strategy, way)
		case strings.Contains(lists, "alternateTargetGroupArn"):
			v.bad("%s has an alternate target group beside AppTargetGroup: %s", pathOf(s), way)
		}
	}
	group, _ := v.props.AppTargetGroup.Node().DefaultChild().(elbv2.CfnTargetGroup)
	for _, d := range resourcesOf[awscodedeploy.CfnDeploymentGroup](v.this, awscodedeploy.CfnDeploymentGroup_CFN_RESOURCE_TYPE_NAME()) {
		lists := resolved(d, *d.CfnProperties())
		if group != nil && strings.Contains(lists, resolved(d, group.AttrTargetGroupName())) {
			v.bad("deployments of %s move the application to another target group than AppTargetGroup: %s", pathOf(d), way)
		}
	}
}

// resourcesOf are all resources of a type in the app that a scope is in.
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

// listenerRules are all listener rules of the app that a scope is in.
func listenerRules(scope constructs.IConstruct) []elbv2.CfnListenerRule {
	return resourcesOf[elbv2.CfnListenerRule](scope, elbv2.CfnListenerRule_CFN_RESOURCE_TYPE_NAME())
}
