package stacks

import (
	"maps"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/jsii-runtime-go"
)

// addReleaseAlarm lets ECS roll back a release whose requests fail. The circuit
// breaker only sees tasks that do not become healthy, or do not stay so.
//
// The alarm is never on while the product is closed, whatever a schema change
// does to the allowed requests, so a maintenance rolls nothing back. It is a
// metric alarm, since nothing says that ECS accepts composite alarms. It notifies
// no one; AppErrorsAlarm does.
func (o *operations) addReleaseAlarm(alb elbv2.ApplicationLoadBalancer, api api) {
	metrics := o.requests(api.targetGroup.Metrics(), 1)
	maps.Copy(metrics, map[string]awscloudwatch.IMetric{
		"bad":  alb.Metrics().HttpCodeElb(elbv2.HttpCodeElb_ELB_502_COUNT, every("Sum")), // a task has broken a connection
		"late": alb.Metrics().HttpCodeElb(elbv2.HttpCodeElb_ELB_504_COUNT, every("Sum")),
		"mode": o.maintenance.Metrics.Mode,
	})
	const failed = "(FILL(errors, 0) + FILL(bad, 0) + FILL(late, 0))"
	a := o.define(alarm{
		id: "ReleaseErrors", description: "A release fails 5 % of the requests, or more, and at least 5 in a minute: ECS rolls it back. Never while closed",
		metric:    mathOf("IF(FILL(mode, REPEAT) >= 2, 0, IF("+failed+" >= 5, 100 * "+failed+" / requests, 0))", "failed in %", 1, metrics),
		threshold: 5, minutes: 2, of: 3,
	}, "ReleaseErrors")
	// EnableDeploymentAlarms does the same, but adds a note to every synthesis
	// that the name of the alarm may cause a circular dependency. This alarm does
	// not depend on the service.
	api.service.Node().DefaultChild().(awsecs.CfnService).AddPropertyOverride(jsii.String("DeploymentConfiguration.Alarms"), map[string]any{
		"AlarmNames": []any{a.AlarmName()}, "Enable": true, "Rollback": true,
	})
}
