package maintenancemode

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscodedeploy"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
)

// swings reports services whose deployments move the application to another
// target group. The rules of the switch would keep sending to the first group,
// which is then empty.
func (p Props) swings(scope constructs.IConstruct) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	const way = "MaintenanceMode forwards to one target group; deploy by rolling updates, with a circuit breaker and deployment alarms"
	for _, s := range resourcesOf[awsecs.CfnService](scope, awsecs.CfnService_CFN_RESOURCE_TYPE_NAME()) {
		// Read the properties as a whole: CDK cannot hand over a property that
		// contains a value known only later.
		var service struct {
			LoadBalancers           json.RawMessage
			DeploymentController    struct{ Type string }
			DeploymentConfiguration struct{ Strategy string }
		}
		// Anything of another shape is known only after a deploy.
		_ = json.Unmarshal([]byte(resolved(s, *s.CfnProperties())), &service)
		lists := string(service.LoadBalancers)
		if !p.registers(s, lists) {
			continue
		}
		controller, deployment := service.DeploymentController, service.DeploymentConfiguration
		switch {
		case controller.Type != "" && controller.Type != "ECS":
			bad("deployments of %s by %s move it to another target group than AppTargetGroup: %s", pathOf(s), controller.Type, way)
		case deployment.Strategy != "" && deployment.Strategy != "ROLLING":
			bad("deployments of %s with the strategy %s move it to another target group than AppTargetGroup: %s", pathOf(s), deployment.Strategy, way)
		case strings.Contains(lists, "alternateTargetGroupArn"):
			bad("%s has an alternate target group beside AppTargetGroup: %s", pathOf(s), way)
		}
	}
	for _, d := range resourcesOf[awscodedeploy.CfnDeploymentGroup](scope, awscodedeploy.CfnDeploymentGroup_CFN_RESOURCE_TYPE_NAME()) {
		lists := resolved(d, *d.CfnProperties())
		for _, s := range p.services() {
			group, _ := s.TargetGroup.Node().DefaultChild().(elbv2.CfnTargetGroup)
			if group != nil && strings.Contains(lists, resolved(d, group.AttrTargetGroupName())) {
				bad("deployments of %s move the application to another target group than %s: %s", pathOf(d), pathOf(group), way)
			}
		}
	}
	return errors.Join(errs...)
}

// registers reports whether a list of target groups in a resource contains one of
// the switch's.
func (p Props) registers(resource constructs.IConstruct, lists string) bool {
	return slices.ContainsFunc(p.services(), func(s Service) bool {
		group, defined := s.TargetGroup.Node().DefaultChild().(elbv2.CfnTargetGroup)
		return strings.Contains(lists, resolved(resource, s.TargetGroup.TargetGroupArn())) || defined && strings.Contains(lists, resolved(resource, group.AttrTargetGroupArn()))
	})
}
