package stacks

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/jsii-runtime-go"
)

// addDashboard shows, from top to bottom, what one asks on call: is the product
// open, is it healthy, who is being refused, is the database fine.
func (o *operations) addDashboard(alb elbv2.ApplicationLoadBalancer, api api, database awsrds.DatabaseCluster) {
	m := o.maintenance.Metrics
	app := api.targetGroup.Metrics()
	row := func(widgets ...awscloudwatch.IWidget) *[]awscloudwatch.IWidget { return &widgets }
	board := awscloudwatch.NewDashboard(o.scope, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{
		Widgets: &[]*[]awscloudwatch.IWidget{
			row(heading("Is it open?", "0 open, 1 read-only, 2 closed, as the listener is now. Who and since when: `noren status -c env=%s`", o.env.Name)),
			row(
				number("Mode", m.Mode),
				graph("Mode: 0 open, 1 read-only, 2 closed", 12, m.Mode),
				graph("Changed by hand; minutes past the end", 6, m.Drift, m.Overdue),
			),
			row(heading("Is it healthy?", "What is in alarm, and the application by its own target group: refused requests are not among these.")),
			row(awscloudwatch.NewAlarmStatusWidget(&awscloudwatch.AlarmStatusWidgetProps{
				Title: jsii.String("Alarms"), Alarms: &o.alarms, Width: jsii.Number(24), Height: jsii.Number(5),
			})),
			row(
				graph("Requests", 6, app.RequestCount(every("Sum"))),
				graph("Answers with 5xx", 6, app.HttpCodeTarget(elbv2.HttpCodeTarget_TARGET_5XX_COUNT, every("Sum")), alb.Metrics().HttpCodeElb(elbv2.HttpCodeElb_ELB_5XX_COUNT, every("Sum"))),
				graph("Seconds to answer", 6, app.TargetResponseTime(every("p50")), app.TargetResponseTime(every("p99"))),
				graph("Tasks", 6, app.HealthyHostCount(every("Minimum")), app.UnhealthyHostCount(every("Maximum")), o.serviceMetric(api, "DesiredTaskCount")),
			),
			row(heading("Who is being refused?", "Answers of the function of maintenance, by kind and by method. Which paths: its log has a sample of each.")),
			row(
				graph("By kind of answer", 9, o.answers("Kind")),
				graph("By method", 9, o.answers("Method")),
				graph("The function", 6, o.maintenance.Function.MetricErrors(every("Sum")), o.maintenance.Function.MetricThrottles(every("Sum")), o.maintenance.Function.MetricDuration(every("p99"))),
			),
			row(heading("Is the database fine?", "The worst of its instances.")),
			row(
				graph("Processor in %", 6, o.database(database, "CPUUtilization", "Maximum"), o.database(database, "ACUUtilization", "Maximum")),
				graph("Connections", 6, o.database(database, "DatabaseConnections", "Maximum")),
				graph("Memory left at the most capacity, bytes", 6, o.database(database, "FreeableMemory", "Minimum")),
				graph("Deadlocks a second; milliseconds behind", 6, o.database(database, "Deadlocks", "Average"), o.database(database, "AuroraReplicaLagMaximum", "Maximum")),
			),
		},
	})
	output(o.scope, "DashboardUrl", "Is it open, is it healthy, who is being refused, is the database fine",
		fmt.Sprintf("https://%s.console.aws.amazon.com/cloudwatch/home?region=%s#dashboards/dashboard/%s", o.env.Region, o.env.Region, *board.DashboardName()))
}

func (o *operations) database(database awsrds.DatabaseCluster, name, statistic string) awscloudwatch.IMetric {
	return database.Metric(&name, every(statistic))
}

// answers returns a metric of the function's answers with a line for each value
// of a dimension.
func (o *operations) answers(dimension string) awscloudwatch.IMetric {
	search := fmt.Sprintf(`SEARCH('{Noren,FunctionName,%s} MetricName="Answers" FunctionName="%s"', 'Sum', 60)`, dimension, *o.maintenance.Function.FunctionName())
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression: &search, Label: jsii.String(""), UsingMetrics: &map[string]awscloudwatch.IMetric{}, Period: minutes(1),
	})
}

func heading(title, text string, args ...any) awscloudwatch.IWidget {
	return awscloudwatch.NewTextWidget(&awscloudwatch.TextWidgetProps{
		Markdown: jsii.String("## " + title + "\n" + fmt.Sprintf(text, args...)), Width: jsii.Number(24), Height: jsii.Number(2),
	})
}

func number(title string, metrics ...awscloudwatch.IMetric) awscloudwatch.IWidget {
	return awscloudwatch.NewSingleValueWidget(&awscloudwatch.SingleValueWidgetProps{
		Title: &title, Metrics: &metrics, Width: jsii.Number(6), Height: jsii.Number(6),
	})
}

func graph(title string, width float64, metrics ...awscloudwatch.IMetric) awscloudwatch.IWidget {
	return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
		Title: &title, Left: &metrics, Width: &width, Height: jsii.Number(6),
		LeftYAxis: &awscloudwatch.YAxisProps{Min: jsii.Number(0)},
	})
}
