package maintenancemode

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
)

// checkElsewhere finds other load balancers, Application or Network, that send to
// the services of the switch: an ECS service may register with the target groups
// of several. A load balancer with its own MaintenanceMode is left to that.
func (v *validation) checkElsewhere(all []elbv2.CfnListenerRule) {
	own := v.loadBalancerListeners()
	for _, s := range resourcesOf[awsecs.CfnService](v.this, awsecs.CfnService_CFN_RESOURCE_TYPE_NAME()) {
		var service struct{ LoadBalancers json.RawMessage }
		// A value of another form is known only after a deploy.
		_ = json.Unmarshal([]byte(resolved(s, *s.CfnProperties())), &service)
		lists := string(service.LoadBalancers)
		if !v.props.registers(s, lists) {
			continue
		}
		for _, l := range listenerResources(v.this) {
			if slices.ContainsFunc(own, func(o elbv2.CfnListener) bool { return *o.Node().Path() == *l.Node().Path() }) ||
				slices.ContainsFunc(all, func(r elbv2.CfnListenerRule) bool { return isOn(r, l) && ofSwitch(r) }) {
				continue
			}
			if path := v.reaches(l, s, lists, all); path != "" {
				v.bad("%s, of another load balancer, sends to %s as well, and stays open when the switch is closed: give it a MaintenanceMode of its own, or name it in KeepOpen if it is meant to", path, pathOf(s))
			}
		}
	}
}

// reaches returns the path of the resource that sends requests of a listener to a
// service that registers with lists of target groups. It returns "" if there is
// none, or if it is named in KeepOpen.
func (v *validation) reaches(l elbv2.CfnListener, s awsecs.CfnService, lists string, all []elbv2.CfnListenerRule) string {
	sends := func(of constructs.IConstruct, does actions) bool {
		return !v.kept(l, does) && !v.kept(of, does) && slices.ContainsFunc(resourcesOf[elbv2.CfnTargetGroup](v.this, elbv2.CfnTargetGroup_CFN_RESOURCE_TYPE_NAME()), func(g elbv2.CfnTargetGroup) bool {
			names := func(in constructs.IConstruct, text string) bool {
				return strings.Contains(text, resolved(in, g.Ref())) || strings.Contains(text, resolved(in, g.AttrTargetGroupArn()))
			}
			return names(s, lists) && names(of, text(does.groups())) && !slices.ContainsFunc(v.props.KeepOpen, func(open constructs.IConstruct) bool {
				return *open.Node().Path() == pathOf(g)
			})
		})
	}
	if sends(l, newActions(l, l.DefaultActions())) {
		return pathOf(l)
	}
	for _, r := range all {
		if isOn(r, l) && sends(r, newActions(r, r.Actions())) {
			return pathOf(r)
		}
	}
	return ""
}
