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
func addAlarms(scope constructs.Construct, env environment.Environment, app elbv2.ApplicationTargetGroup, maintenance maintenancemode.MaintenanceMode) {
	topic := newAlarmTopic(scope, env)
	alarm := func(id, description string, metric awscloudwatch.Metric, threshold float64, minutes int) {
		alarm := metric.CreateAlarm(scope, &id, &awscloudwatch.CreateAlarmOptions{
			AlarmDescription:   &description,
			Threshold:          &threshold,
			ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
			EvaluationPeriods:  jsii.Number(minutes),
			TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING,
		})
		action := awscloudwatchactions.NewSnsAction(topic)
		alarm.AddAlarmAction(action)
		alarm.AddOkAction(action)
	}
	minute := &awscloudwatch.MetricOptions{Period: awscdk.Duration_Minutes(jsii.Number(1)), Statistic: jsii.String("Sum")}
	alarm("AppErrorsAlarm", "The API answers with 5xx",
		app.Metrics().HttpCodeTarget(elbv2.HttpCodeTarget_TARGET_5XX_COUNT, minute), 10, 3)
	alarm("AppUnhealthyAlarm", "A task of the API fails its health check",
		app.Metrics().UnhealthyHostCount(&awscloudwatch.MetricOptions{Period: minute.Period, Statistic: jsii.String("Maximum")}), 1, 5)
	alarm("ResponderErrorsAlarm", "The maintenance answer fails: the refused get a bare 502",
		maintenance.Function.MetricErrors(minute), 1, 1)
	alarm("ResponderThrottlesAlarm", "The maintenance answer is throttled: the refused get a bare 502",
		maintenance.Function.MetricThrottles(minute), 1, 1)
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
	topic.GrantPublish(cloudWatch)
	if env.AlarmEmail != "" {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(&env.AlarmEmail, nil))
	}
	return topic
}
