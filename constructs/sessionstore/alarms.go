package sessionstore

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// addAlarms defines alarms on the worst node. They notify no one until someone
// adds an action.
func (s *SessionStore) addAlarms(this constructs.Construct, nodes int) {
	define := func(id, description, metric, statistic, each string, threshold, periods float64) awscloudwatch.Alarm {
		metrics := map[string]awscloudwatch.IMetric{}
		var values []string
		for node := range nodes {
			name := fmt.Sprintf("node%d", node+1)
			metrics[name] = awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
				Namespace: jsii.String("AWS/ElastiCache"), MetricName: &metric,
				DimensionsMap: &map[string]*string{"CacheClusterId": jsii.String(fmt.Sprintf("%s-0001-%03d", *s.GroupID, node+1))},
				Period:        awscdk.Duration_Minutes(jsii.Number(1)), Statistic: &statistic,
			})
			values = append(values, fmt.Sprintf(each, name))
		}
		return awscloudwatch.NewAlarm(this, &id, &awscloudwatch.AlarmProps{
			AlarmDescription: &description,
			Metric: awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
				Expression: jsii.String("MAX([" + strings.Join(values, ", ") + "])"), Label: &metric,
				UsingMetrics: &metrics, Period: awscdk.Duration_Minutes(jsii.Number(1)),
			}),
			Threshold: &threshold, ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
			EvaluationPeriods: &periods, TreatMissingData: awscloudwatch.TreatMissingData_NOT_BREACHING,
		})
	}
	s.EvictionsAlarm = define("EvictionsAlarm", "The store of sessions has removed a session for want of memory", "Evictions", "Sum", "%s", 1, 1)
	s.MemoryAlarm = define("MemoryAlarm", "The store of sessions is at 70 % of its memory; at 100 % nobody can log in", "DatabaseMemoryUsagePercentage", "Maximum", "%s", 70, 5)
	s.ConnectionsAlarm = define("ConnectionsAlarm", "A node of the store of sessions has 1000 connections, or more", "CurrConnections", "Maximum", "%s", 1000, 5)
	s.FailoverAlarm = define("FailoverAlarm", "Another node of the store of sessions is written to than a minute ago: who logged in just before may have to log in again", "IsMaster", "Minimum", "ABS(DIFF(%s))", 1, 1)
}
