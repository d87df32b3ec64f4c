package maintenancemode

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/function/monitors"
	"github.com/noren-cdk/noren/maintenance"
)

const (
	// defaultExpectedDuration is the default of Props.ExpectedDuration.
	defaultExpectedDuration = 4 * time.Hour
)

// minute returns the period of most alarms.
func minute() awscdk.Duration { return awscdk.Duration_Minutes(jsii.Number(1)) }

// every returns the options of a metric with a period of one minute.
func every(statistic string) *awscloudwatch.MetricOptions {
	return &awscloudwatch.MetricOptions{Period: minute(), Statistic: &statistic}
}

// addAlarms defines the alarms of the switch itself. They notify
// Props.AlarmTopics, and no one else until someone adds an action. None of them
// depends on the mode. The probe's silence has an alarm of its own. While the
// probe is silent, the mode alarms have insufficient data, because whatever
// suppresses the application's alarms must know that the product is closed. The
// other alarms keep their last known state.
func (m *MaintenanceMode) addAlarms(this constructs.Construct, props Props) {
	define := func(id, description string, metric awscloudwatch.IMetric, options awscloudwatch.AlarmProps) awscloudwatch.Alarm {
		options.Metric, options.AlarmDescription = metric, &description
		options.Threshold = cmp.Or(options.Threshold, jsii.Number(1))
		options.EvaluationPeriods = cmp.Or(options.EvaluationPeriods, jsii.Number(1))
		if options.ComparisonOperator == "" {
			options.ComparisonOperator = awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD
		}
		return awscloudwatch.NewAlarm(this, &id, &options)
	}
	mode := func(id, description string, options awscloudwatch.AlarmProps) awscloudwatch.Alarm {
		a := define(id, description, m.Metrics.Mode, options)
		m.ModeAlarms = append(m.ModeAlarms, a)
		return a
	}
	alarm := func(id, description string, metric awscloudwatch.IMetric, options awscloudwatch.AlarmProps) {
		m.Alarms = append(m.Alarms, define(id, description, metric, options))
	}
	seen := awscloudwatch.AlarmProps{TreatMissingData: awscloudwatch.TreatMissingData_MISSING}
	m.NotOpen = mode("NotOpenAlarm", "The product is not open: it is read-only or closed", seen)
	m.Closed = m.NotOpen
	if props.ReadOnly {
		closed := seen
		closed.Threshold = jsii.Number(2)
		m.Closed = mode("ClosedAlarm", "The product is closed: everything but the allowlist is refused. App alarms tell nobody meanwhile", closed)
	}
	known := awscloudwatch.AlarmProps{TreatMissingData: awscloudwatch.TreatMissingData_IGNORE}
	forgotten := known
	expected := cmp.Or(props.ExpectedDuration, defaultExpectedDuration)
	forgotten.EvaluationPeriods = jsii.Number(float64(expected / maintenance.DurationStep))
	alarm("ForgottenAlarm", "The product has not been open for "+shortly(expected)+": was maintenance forgotten?",
		m.Metrics.Mode.With(&awscloudwatch.MetricOptions{Period: awscdk.Duration_Minutes(jsii.Number(maintenance.DurationStep.Minutes())), Statistic: jsii.String("Minimum")}), forgotten)
	alarm("OverdueAlarm", "Maintenance goes on past the end that clients were told", m.Metrics.Overdue, known)

	long := known
	long.EvaluationPeriods = jsii.Number(5) // during a deploy, the record is ahead of the listener for a moment
	alarm("DriftAlarm", "A listener of the load balancer is not as it was deployed: it was changed by hand", m.Metrics.Drift, long)
	alarm("ModeUnknownAlarm", "Nothing says which mode the listener is in: the probe is silent, or it is in none. App alarms tell, as if it were open",
		m.Metrics.Mode.With(every("SampleCount")), awscloudwatch.AlarmProps{
			ComparisonOperator: awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD,
			EvaluationPeriods:  jsii.Number(5),
			TreatMissingData:   awscloudwatch.TreatMissingData_BREACHING,
		})
	quiet := awscloudwatch.AlarmProps{TreatMissingData: awscloudwatch.TreatMissingData_NOT_BREACHING}
	often := quiet
	often.EvaluationPeriods, often.DatapointsToAlarm = jsii.Number(5), jsii.Number(3)
	alarm("ProbeErrorsAlarm", "The probe cannot read everything: its log says what", m.Probe.MetricErrors(every("Sum")), often)
	alarm("ResponderErrorsAlarm", "The maintenance answer fails: the refused get a bare 502", m.Function.MetricErrors(every("Sum")), quiet)
	alarm("ResponderThrottlesAlarm", "The maintenance answer is throttled: the refused get a bare 502", m.Function.MetricThrottles(every("Sum")), quiet)
	if m.Guard.Function != nil {
		alarm("GuardErrorsAlarm", "The reopen guard fails: CloudFormation waits a minute for it and rolls the deploy back", m.Guard.Function.MetricErrors(every("Sum")), quiet)
		alarm("GuardThrottlesAlarm", "The reopen guard is throttled: CloudFormation waits a minute for it and rolls the deploy back", m.Guard.Function.MetricThrottles(every("Sum")), quiet)
	}

	if m.Monitors != nil {
		failing := quiet
		failing.EvaluationPeriods = jsii.Number(3) // runs of the schedule
		alarm("MonitorsAlarm", "An outside monitor is not told for a quarter of an hour: it may be quiet while the product is open, or call people for a planned maintenance",
			m.Monitors.MetricErrors(&awscloudwatch.MetricOptions{Period: awscdk.Duration_Minutes(jsii.Number(monitors.Every.Minutes())), Statistic: jsii.String("Sum")}), failing)
	}

	// The alarms use shares and never numbers of requests: at night, five
	// requests may be all there are.
	share := func(id, description, expression string, period float64, options awscloudwatch.AlarmProps) {
		options.Threshold = jsii.Number(failingShare)
		using := map[string]awscloudwatch.IMetric{"mode": m.Metrics.Mode.With(&awscloudwatch.MetricOptions{Period: awscdk.Duration_Minutes(&period)})}
		var errors, requests []string
		for i, s := range props.services() {
			number := ""
			if i > 0 {
				number = strconv.Itoa(i)
			}
			using["errors"+number] = metricOf(props, s, "HTTPCode_Target_5XX_Count", period)
			using["requests"+number] = metricOf(props, s, "RequestCount", period)
			errors, requests = append(errors, "FILL(errors"+number+", 0)"), append(requests, "requests"+number)
			if i > 0 {
				requests[i] = "FILL(requests" + number + ", 0)"
			}
		}
		sums := strings.NewReplacer("ERRORS", "("+strings.Join(errors, " + ")+")", "REQUESTS", "("+strings.Join(requests, " + ")+")")
		alarm(id, description, awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
			Expression:   jsii.String("IF(FILL(mode, REPEAT) >= 1, " + sums.Replace(expression) + ", 0)"),
			Label:        jsii.String("5xx of allowed requests, in %"),
			Period:       awscdk.Duration_Minutes(&period),
			UsingMetrics: &using,
		}), options)
	}
	few := quiet // the latest period is filled here, too
	few.EvaluationPeriods, few.DatapointsToAlarm = jsii.Number(2), jsii.Number(1)
	share("AllowedErrorsAlarm", "Requests that maintenance lets through fail with 5xx, one in twenty or more", "100 * ERRORS / REQUESTS", 1, often)
	share("AllowedErrorsFewAlarm", "Of the few requests that maintenance lets through within ten minutes, one in twenty or more fails with 5xx", "IF(ERRORS >= 3, 100 * ERRORS / REQUESTS, 0)", fewMinutes, few)
	for _, topic := range props.AlarmTopics {
		for _, a := range slices.Concat(m.ModeAlarms, m.Alarms) {
			action := awscloudwatchactions.NewSnsAction(topic)
			a.AddAlarmAction(action)
			a.AddOkAction(action)
		}
	}
}

const (
	// failingShare is the share of failing requests that raises an alarm, in
	// percent.
	failingShare = 5

	// fewMinutes is the time over which the share is taken when there are few
	// requests.
	fewMinutes = 10
)

// metricOf returns a metric of a service's target group. CDK's own metric of a
// target group knows the load balancer only if an L2 construct attached the
// group.
func metricOf(props Props, service Service, name string, minutes float64) awscloudwatch.Metric {
	part := func(separator string, arn *string, index float64) *string {
		return awscdk.Fn_Select(&index, awscdk.Fn_Split(&separator, arn, nil))
	}
	listener := props.Listener.ListenerArn() // arn:...:listener/app/NAME/ID/ID
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:  jsii.String("AWS/ApplicationELB"),
		MetricName: &name,
		DimensionsMap: &map[string]*string{
			"LoadBalancer": awscdk.Fn_Join(jsii.String("/"), &[]*string{part("/", listener, 1), part("/", listener, 2), part("/", listener, 3)}),
			"TargetGroup":  part(":", service.TargetGroup.TargetGroupArn(), 5),
		},
		Period: awscdk.Duration_Minutes(&minutes), Statistic: jsii.String("Sum"),
	})
}

// shortly formats a duration without the trailing zero units that Go prints.
func shortly(d time.Duration) string {
	return strings.Replace(strings.TrimSuffix(d.String(), "0s"), "h0m", "h", 1)
}
