package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/internal/environment"
)

// addAlarms tells the operators what breaks. Nothing here depends on the mode:
// metrics are those of the app's own target group, which sees no refused
// request, and of the function that answers the refused.
func addAlarms(scope constructs.Construct, env environment.Environment, alb elbv2.ApplicationLoadBalancer, app elbv2.ApplicationTargetGroup, maintenance maintenancemode.MaintenanceMode) {
	action := awscloudwatchactions.NewSnsAction(newAlarmTopic(scope, env))
	alarm := func(id, description string, minutes int, options awscloudwatch.CreateAlarmOptions, metric awscloudwatch.Metric) {
		options.AlarmDescription = &description
		options.EvaluationPeriods = jsii.Number(minutes)
		alarm := metric.CreateAlarm(scope, &id, &options)
		alarm.AddAlarmAction(action)
		alarm.AddOkAction(action)
	}
	atLeast := func(threshold float64) awscloudwatch.CreateAlarmOptions {
		return awscloudwatch.CreateAlarmOptions{
			Threshold:          &threshold,
			ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
			TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING,
		}
	}
	none := awscloudwatch.CreateAlarmOptions{
		Threshold:          jsii.Number(1),
		ComparisonOperator: awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD,
		TreatMissingData:   awscloudwatch.TreatMissingData_BREACHING, // no target, no metric
	}
	every := func(statistic string) *awscloudwatch.MetricOptions {
		return &awscloudwatch.MetricOptions{Period: awscdk.Duration_Minutes(jsii.Number(1)), Statistic: &statistic}
	}
	alarm("NoTaskAlarm", "No task of the API is healthy", 3, none,
		app.Metrics().HealthyHostCount(every("Minimum")))
	alarm("AppUnhealthyAlarm", "A task of the API fails its health check", 5, atLeast(1),
		app.Metrics().UnhealthyHostCount(every("Maximum")))
	alarm("AppErrorsAlarm", "The API answers with 5xx", 3, atLeast(10),
		app.Metrics().HttpCodeTarget(elbv2.HttpCodeTarget_TARGET_5XX_COUNT, every("Sum")))
	alarm("AlbErrorsAlarm", "The load balancer itself answers with 5xx: a target does not", 3, atLeast(10),
		alb.Metrics().HttpCodeElb(elbv2.HttpCodeElb_ELB_5XX_COUNT, every("Sum")))
	alarm("ResponderErrorsAlarm", "The maintenance answer fails: the refused get a bare 502", 1, atLeast(1),
		maintenance.Function.MetricErrors(every("Sum")))
	alarm("ResponderThrottlesAlarm", "The maintenance answer is throttled: the refused get a bare 502", 1, atLeast(1),
		maintenance.Function.MetricThrottles(every("Sum")))
}

// newAlarmTopic defines the topic that alarms go to, with a key of its own:
// CloudWatch may not use the key that AWS manages for SNS.
func newAlarmTopic(scope constructs.Construct, env environment.Environment) awssns.Topic {
	key := awskms.NewKey(scope, jsii.String("AlarmKey"), &awskms.KeyProps{
		Description:       jsii.String("Encrypts the alarm topic"),
		EnableKeyRotation: jsii.Bool(true),
		RemovalPolicy:     awscdk.RemovalPolicy_DESTROY,
	})
	cloudWatch := awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)
	key.GrantEncryptDecrypt(cloudWatch)
	topic := awssns.NewTopic(scope, jsii.String("Alarms"), &awssns.TopicProps{
		MasterKey:  key,
		EnforceSSL: jsii.Bool(true),
	})
	topic.GrantPublish(awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), &awsiam.ServicePrincipalOpts{
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Aws_ACCOUNT_ID()}},
	}))
	if env.AlarmEmail != "" {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(&env.AlarmEmail, nil))
	}
	return topic
}
