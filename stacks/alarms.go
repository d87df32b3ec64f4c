package stacks

import (
	"cmp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/jsii-runtime-go"
)

const (
	// suppressorWait is how long an alarm of the app waits before it notifies
	// anyone, so that the probe can notice that the product has just been closed:
	// the probe checks every minute.
	suppressorWait = 2 // minutes

	// reopenGrace is how long the alarms of the app stay quiet after the product
	// has opened again, while queued uploads arrive at once.
	reopenGrace = 5 // minutes
)

func minutes(n float64) awscdk.Duration { return awscdk.Duration_Minutes(&n) }

// every returns the options of a metric with a period of one minute.
func every(statistic string) *awscloudwatch.MetricOptions {
	return &awscloudwatch.MetricOptions{Period: minutes(1), Statistic: &statistic}
}

// alarm is an alarm of the product. It goes off if the metric is at or above the
// threshold, or below it, for a number of minutes: all of them, or some of a
// longer period.
type alarm struct {
	id, description string
	metric          awscloudwatch.IMetric
	threshold       float64 // at least; with below: less than
	below           bool
	minutes         float64
	of              float64 // the number of minutes looked at. Default: all must be bad
	missing         awscloudwatch.TreatMissingData
}

// define defines the alarm, which notifies no one.
func (o *operations) define(a alarm, id string) awscloudwatch.Alarm {
	comparison := awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD
	if a.below {
		comparison = awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD
	}
	return awscloudwatch.NewAlarm(o.scope, &id, &awscloudwatch.AlarmProps{
		AlarmDescription:   &a.description,
		Metric:             a.metric,
		Threshold:          &a.threshold,
		ComparisonOperator: comparison,
		EvaluationPeriods:  jsii.Number(cmp.Or(a.of, a.minutes)),
		DatapointsToAlarm:  &a.minutes,
		TreatMissingData:   cmp.Or(a.missing, awscloudwatch.TreatMissingData_NOT_BREACHING),
	})
}

// always defines an alarm that notifies the operators in every mode.
func (o *operations) always(a alarm) { o.tell(o.define(a, a.id)) }

// unlessClosed defines an alarm that notifies no one while the product is closed:
// one alarm for each symptom, and a composite alarm around them that notifies. It
// notifies as usual while the product is read-only: reads are served, and
// refusing writes causes none of the symptoms.
func (o *operations) unlessClosed(a alarm, more ...alarm) {
	name := strings.TrimSuffix(a.id, "Alarm")
	symptoms := []awscloudwatch.IAlarmRule{awscloudwatch.AlarmRule_FromAlarm(o.define(a, name+"Symptom"), awscloudwatch.AlarmState_ALARM)}
	for _, m := range more {
		symptoms = append(symptoms, awscloudwatch.AlarmRule_FromAlarm(o.define(m, m.id), awscloudwatch.AlarmState_ALARM))
	}
	o.tell(awscloudwatch.NewCompositeAlarm(o.scope, &a.id, &awscloudwatch.CompositeAlarmProps{
		AlarmDescription:                 jsii.String(a.description + ". Quiet while closed"),
		AlarmRule:                        awscloudwatch.AlarmRule_AnyOf(symptoms...),
		ActionsSuppressor:                o.maintenance.Closed,
		ActionsSuppressorWaitPeriod:      minutes(suppressorWait),
		ActionsSuppressorExtensionPeriod: minutes(reopenGrace),
	}))
}

// tell sends an alarm, and its end, to the topic.
func (o *operations) tell(a interface {
	awscloudwatch.IAlarm
	AddAlarmAction(...awscloudwatch.IAlarmAction)
	AddOkAction(...awscloudwatch.IAlarmAction)
}) {
	a.AddAlarmAction(o.actions...)
	a.AddOkAction(o.actions...)
	o.alarms = append(o.alarms, a)
}

// mathOf returns a metric computed from others. If it fills gaps, it also fills
// the latest minute, whose data has not arrived yet: use it with an M-of-N alarm.
func mathOf(expression, label string, period float64, metrics map[string]awscloudwatch.IMetric) awscloudwatch.IMetric {
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression: &expression, Label: &label, UsingMetrics: &metrics, Period: minutes(period),
	})
}

// addAppAlarms watches the application through its own target group. The target
// group sees no refused request, so the 503 of maintenance does not count as an
// error.
func (o *operations) addAppAlarms(api api) {
	app := api.targetGroup.Metrics()
	o.always(alarm{
		id: "NoTaskAlarm", description: "No task of the API is healthy: nobody is served, the allowlist neither",
		metric: app.HealthyHostCount(every("Minimum")), threshold: 1, below: true, minutes: 3,
		missing: awscloudwatch.TreatMissingData_BREACHING, // without a target there is no metric
	})
	o.unlessClosed(alarm{
		id: "AppUnhealthyAlarm", description: "A task of the API fails its health check",
		metric: app.UnhealthyHostCount(every("Maximum")), threshold: 1, minutes: 5,
	})
	o.unlessClosed(alarm{
		id: "AppErrorsAlarm", description: "The API answers 5 % of its requests with 5xx, or more",
		metric:    mathOf("100 * FILL(errors, 0) / requests", "5xx in %", 1, o.requests(app, 1)),
		threshold: 5, minutes: 3, of: 5,
	}, alarm{
		id: "AppErrorsFewSymptom", description: "Of the few requests of ten minutes the API answers 5 % with 5xx, or more",
		metric:    mathOf("IF(errors >= 3, 100 * errors / requests, 0)", "5xx in %", 10, o.requests(app, 10)),
		threshold: 5, minutes: 1,
	})
	o.unlessClosed(alarm{
		id: "AppLatencyAlarm", description: "One request of a hundred waits 3 s for the API, or longer",
		metric: app.TargetResponseTime(every("p99")), threshold: 3, minutes: 5,
	})
	o.unlessClosed(alarm{
		id: "TasksMissingAlarm", description: "Fewer tasks of the API run than should: they do not start, or do not stay",
		metric: mathOf("desired - running", "tasks missing", 1, map[string]awscloudwatch.IMetric{
			"desired": o.serviceMetric(api, "DesiredTaskCount"),
			"running": o.serviceMetric(api, "RunningTaskCount"),
		}),
		threshold: 1, minutes: 10,
	})
}

// requests returns the requests of the application, and the failing ones, over a
// number of minutes.
func (o *operations) requests(app elbv2.IApplicationTargetGroupMetrics, over float64) map[string]awscloudwatch.IMetric {
	sum := &awscloudwatch.MetricOptions{Period: minutes(over), Statistic: jsii.String("Sum")}
	return map[string]awscloudwatch.IMetric{
		"requests": app.RequestCount(sum),
		"errors":   app.HttpCodeTarget(elbv2.HttpCodeTarget_TARGET_5XX_COUNT, sum),
	}
}

// serviceMetric returns a metric of Container Insights.
func (o *operations) serviceMetric(api api, name string) awscloudwatch.IMetric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:  jsii.String("ECS/ContainerInsights"),
		MetricName: &name,
		DimensionsMap: &map[string]*string{
			"ClusterName": api.cluster.ClusterName(),
			"ServiceName": api.service.ServiceName(),
		},
		Period: minutes(1), Statistic: jsii.String("Minimum"),
	})
}

// addLoadBalancerAlarms watches the load balancer's own errors. During
// maintenance they mean that the function does not answer.
func (o *operations) addLoadBalancerAlarms(alb elbv2.ApplicationLoadBalancer) {
	own := map[string]awscloudwatch.IMetric{}
	for id, code := range map[string]elbv2.HttpCodeElb{
		"bad": elbv2.HttpCodeElb_ELB_502_COUNT, "none": elbv2.HttpCodeElb_ELB_503_COUNT, "late": elbv2.HttpCodeElb_ELB_504_COUNT,
	} {
		own[id] = alb.Metrics().HttpCodeElb(code, every("Sum"))
	}
	o.always(alarm{
		id: "AlbErrorsAlarm", description: "The load balancer itself answers 502, 503 or 504: a target, or the function of maintenance, does not",
		metric: mathOf("FILL(bad, 0) + FILL(none, 0) + FILL(late, 0)", "502, 503, 504 of its own", 1, own), threshold: 10, minutes: 3, of: 5,
	})
}

// addDatabaseAlarms watches the database. Each metric is that of the worst
// instance.
func (o *operations) addDatabaseAlarms(database awsrds.DatabaseCluster) {
	metric := func(name, statistic string) awscloudwatch.IMetric { return database.Metric(&name, every(statistic)) }
	o.always(alarm{
		id: "DatabaseGoneAlarm", description: "The database says nothing of itself: it is gone, or it starts",
		metric: metric("DatabaseConnections", "SampleCount"), threshold: 1, below: true, minutes: 5,
		missing: awscloudwatch.TreatMissingData_BREACHING,
	})
	o.unlessClosed(alarm{
		id: "DatabaseCpuAlarm", description: "The database is at 90 % of its processor, or more",
		metric: metric("CPUUtilization", "Maximum"), threshold: 90, minutes: 10,
	})
	connections := o.env.Database.MaxConnections()
	o.unlessClosed(alarm{
		id: "DatabaseConnectionsAlarm", description: "The database has 80 % of the connections that it can have, or more",
		metric: metric("DatabaseConnections", "Maximum"), threshold: 0.8 * float64(connections), minutes: 5,
	})
	// A serverless instance has no metric for the local disk, on which an online
	// schema change sorts: FreeLocalStorage does not apply to it.
	o.unlessClosed(alarm{
		id: "DatabaseCapacityAlarm", description: "The database is at the most capacity that it may have",
		metric: metric("ACUUtilization", "Maximum"), threshold: 100, minutes: 15,
	})
	o.unlessClosed(alarm{
		id: "DatabaseDeadlocksAlarm", description: "The database rolls transactions back for deadlocks, one in ten seconds or more",
		metric: metric("Deadlocks", "Average"), threshold: 0.1, minutes: 5,
	})
	if o.env.Database.Readers == 0 {
		return // the metric below does not exist
	}
	o.unlessClosed(alarm{
		id: "DatabaseLagAlarm", description: "A reader of the database is a second behind the writer, or more",
		metric: metric("AuroraReplicaLagMaximum", "Maximum"), threshold: 1000, minutes: 5,
	})
}
