package preflight

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// stackAlarms returns the alarms of the stack, whose names begin with the
// stack's.
func (i *inspector) stackAlarms() ([]types.MetricAlarm, []types.CompositeAlarm, error) {
	var alarms []types.MetricAlarm
	var composites []types.CompositeAlarm
	pages := cloudwatch.NewDescribeAlarmsPaginator(i.aws.cloudwatch, &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: aws.String(i.Env.StackName + "-"),
		AlarmTypes:      []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(i.ctx)
		if err != nil {
			return nil, nil, err
		}
		alarms = append(alarms, page.MetricAlarms...)
		composites = append(composites, page.CompositeAlarms...)
	}
	return alarms, composites, nil
}

// sporadic are metrics that services report only when something happens. Source:
// the runbook's table.
var sporadic = []string{"HTTPCode_Target_5XX_Count", "HTTPCode_ELB_502_Count", "HTTPCode_ELB_503_Count", "HTTPCode_ELB_504_Count", "Errors", "Throttles", "RequestCount", "TargetResponseTime"}

// metrics checks that the metrics of all alarms exist: an alarm on a missing
// metric never goes off.
func (i *inspector) metrics() (Finding, error) {
	alarms, _, err := i.stackAlarms()
	if err != nil {
		return Finding{}, err
	}
	if len(alarms) == 0 {
		return wrong(i.deployCommand(false), "the stack has no alarms")
	}
	var missing, quiet []string
	count := 0
	seen := map[string]bool{}
	for _, alarm := range alarms {
		for _, metric := range metricsOf(alarm) {
			id := fmt.Sprintf("%s %s", aws.ToString(metric.Namespace), aws.ToString(metric.MetricName))
			key := id
			var dimensions []types.DimensionFilter
			for _, d := range metric.Dimensions {
				key += " " + aws.ToString(d.Value)
				dimensions = append(dimensions, types.DimensionFilter{Name: d.Name, Value: d.Value})
			}
			if seen[key] {
				continue
			}
			seen[key] = true
			count++
			out, err := i.aws.cloudwatch.ListMetrics(i.ctx, &cloudwatch.ListMetricsInput{Namespace: metric.Namespace, MetricName: metric.MetricName, Dimensions: dimensions})
			if err != nil {
				return Finding{}, err
			}
			switch {
			case len(out.Metrics) > 0:
			case slices.Contains(sporadic, aws.ToString(metric.MetricName)):
				quiet = append(quiet, id)
			default:
				missing = append(missing, id)
			}
		}
	}
	slices.Sort(missing)
	slices.Sort(quiet)
	missing, quiet = slices.Compact(missing), slices.Compact(quiet)
	if len(missing) > 0 {
		return wrong("wait a quarter of an hour after the deploy and ask again; then the alarm on it cannot ring", "CloudWatch does not have %s", strings.Join(missing, ", "))
	}
	if len(quiet) > 0 {
		return ok("%d metrics, of which these come only when there is something to report: %s", count, strings.Join(quiet, ", "))
	}
	return ok("%d metrics, all there", count)
}

// metricsOf returns the metrics of an alarm: one, or those of its expression.
func metricsOf(alarm types.MetricAlarm) []types.Metric {
	if alarm.MetricName != nil {
		return []types.Metric{{Namespace: alarm.Namespace, MetricName: alarm.MetricName, Dimensions: alarm.Dimensions}}
	}
	var metrics []types.Metric
	for _, query := range alarm.Metrics {
		if query.MetricStat != nil && query.MetricStat.Metric != nil {
			metrics = append(metrics, *query.MetricStat.Metric)
		}
	}
	return metrics
}

// alarms returns the alarms that are on. A product that is not open is not a
// fault.
func (i *inspector) alarms() (Finding, error) {
	metric, composite, err := i.stackAlarms()
	if err != nil {
		return Finding{}, err
	}
	var on []string
	add := func(name *string, state types.StateValue) {
		short := strings.TrimPrefix(aws.ToString(name), i.Env.StackName+"-")
		if state == types.StateValueAlarm && !strings.HasPrefix(short, "MaintenanceNotOpen") && !strings.HasPrefix(short, "MaintenanceClosed") {
			on = append(on, short)
		}
	}
	for _, a := range metric {
		add(a.AlarmName, a.StateValue)
	}
	for _, a := range composite {
		add(a.AlarmName, a.StateValue)
	}
	if len(on) > 0 {
		return wrong("docs/runbook.md, Alarms", "on: %s", strings.Join(on, ", "))
	}
	return ok("%d alarms, none on", len(metric)+len(composite))
}
