package maintenancemode

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/gofunction"
	"github.com/noren-cdk/noren/internal/function/probe"
	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// Metrics are the metrics that the probe writes every minute. See
// maintenance.ModeMetric and the like for what each means.
type Metrics struct {
	// Mode is 0 while the product is open, 1 while it is read-only and 2 while it
	// is closed.
	Mode awscloudwatch.Metric

	// Drift is 1 while a listener of the load balancer differs from what was deployed:
	// in its mode, or by a rule that was added, removed or changed.
	Drift awscloudwatch.Metric

	// Overdue is the number of minutes since the expected end of maintenance.
	Overdue awscloudwatch.Metric
}

// addProbe defines the function that checks every minute, in every mode, which
// mode the listener is in. None of it depends on the mode: the function gets the
// rules of every mode, and learns from the record which mode was deployed.
func (m *MaintenanceMode) addProbe(this constructs.Construct, props Props, at rules.Switch, listeners []turned, unlock *string) {
	groups := rules.Groups{Responder: at.Responder}
	add := func(app string) {
		same := func(other string) bool { return resolved(this, other) == resolved(this, app) }
		if !slices.ContainsFunc(groups.Apps, same) {
			groups.Apps = append(groups.Apps, app)
		}
	}
	for _, service := range props.services() {
		add(*service.TargetGroup.TargetGroupArn())
	}
	for _, t := range listeners {
		for _, r := range slices.Concat(t.routes...) {
			for _, app := range r.does.names() {
				add(app)
			}
		}
	}
	if unlock != nil {
		groups.Unlock = *unlock
	}
	settings := probe.Settings{
		Switch:   at,
		Apps:     groups.Apps,
		Unlock:   groups.Unlock,
		Function: *m.Function.FunctionName(),
		Stack:    *awscdk.Stack_Of(this).StackName(),
		ByHand:   *m.ByHand.ParameterName(),

		SwitchName: pathInStack(this),
	}
	statements := []*awsiam.PolicyStatementProps{
		// Describing listeners and rules, and looking up events, cannot be
		// narrowed to a resource.
		{Actions: jsii.Strings("elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeRules", "cloudtrail:LookupEvents"), Resources: jsii.Strings("*")},
		{Actions: jsii.Strings("lambda:GetFunctionConfiguration"), Resources: &[]*string{m.Function.FunctionArn()}},
	}
	remembered := []*string{m.ByHand.ParameterArn()}
	if g := m.Guard; g.Record != nil {
		settings.Record, settings.Attribution = *g.Record.ParameterName(), *g.Attribution.ParameterName()
		statements = append(statements,
			&awsiam.PolicyStatementProps{Actions: jsii.Strings("cloudformation:DescribeStacks"), Resources: &[]*string{awscdk.Aws_STACK_ID()}},
			&awsiam.PolicyStatementProps{Actions: jsii.Strings("ssm:PutParameter"), Resources: &[]*string{g.Attribution.ParameterArn()}},
			mayAnnounce(this))
		remembered = append(remembered, g.Record.ParameterArn(), g.Attribution.ParameterArn())
	}
	statements = append(statements, &awsiam.PolicyStatementProps{Actions: jsii.Strings("ssm:GetParameters"), Resources: &remembered})
	environment := settings.Environment()
	deployed := &outlined{this: this, mode: m, props: props, listeners: listeners, groups: groups}
	for i := range listeners {
		environment[probe.DeployedVariable(i)] = *deployed.text(i)
	}
	environment[probe.OthersVariable] = *deployed.text(-1)
	function := gofunction.New(this, probeID, gofunction.Props{
		Program:       probeProgram,
		Package:       props.functionPackage(),
		Repository:    props.FunctionRepository,
		Description:   "Looks every minute which mode the listener is in",
		Environment:   environment,
		Timeout:       30 * time.Second,
		LogRetention:  props.LogRetention,
		LogGroup:      props.FunctionLogs,
		EncryptionKey: props.EncryptionKey,
	})
	m.Probe, m.ProbeLogGroup = function.Function, function.LogGroup
	for _, statement := range statements {
		m.Probe.AddToRolePolicy(awsiam.NewPolicyStatement(statement))
	}
	meantWildcard(m.Probe, "Describing listeners and rules, and looking up events, knows no resource.")
	m.addSchedule(this)
	metric := func(name string) awscloudwatch.Metric {
		return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
			Namespace:     jsii.String(maintenance.MetricNamespace),
			MetricName:    &name,
			DimensionsMap: &map[string]*string{maintenance.FunctionDimension: m.Probe.FunctionName()},
			Period:        awscdk.Duration_Minutes(jsii.Number(1)),
			Statistic:     jsii.String("Maximum"),
		})
	}
	m.Metrics = Metrics{Mode: metric(maintenance.ModeMetric), Drift: metric(maintenance.DriftMetric), Overdue: metric(maintenance.OverdueMetric)}
}

// mayAnnounce returns the right to send mode events.
func mayAnnounce(this constructs.Construct) *awsiam.PolicyStatementProps {
	return &awsiam.PolicyStatementProps{
		Actions:    jsii.Strings("events:PutEvents"),
		Resources:  &[]*string{awscdk.Stack_Of(this).FormatArn(&awscdk.ArnComponents{Service: jsii.String("events"), Resource: jsii.String("event-bus"), ResourceName: jsii.String("default")})},
		Conditions: &map[string]any{"StringEquals": map[string]any{"events:source": live.EventSource}},
	}
}

// addSchedule invokes the probe every minute. A failed invocation is not retried,
// since the next one follows within a minute.
func (m *MaintenanceMode) addSchedule(this constructs.Construct) {
	role := awsiam.NewRole(this, jsii.String("ScheduleRole"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("scheduler.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Aws_ACCOUNT_ID()}},
		}),
	})
	role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: jsii.Strings("lambda:InvokeFunction"), Resources: &[]*string{m.Probe.FunctionArn()},
	}))
	awsscheduler.NewCfnSchedule(this, jsii.String("Schedule"), &awsscheduler.CfnScheduleProps{
		Description:        jsii.String(fmt.Sprintf("Looks which mode %s is in", *this.Node().Path())),
		FlexibleTimeWindow: &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: jsii.String("OFF")},
		ScheduleExpression: jsii.String("rate(1 minute)"),
		Target: &awsscheduler.CfnSchedule_TargetProperty{
			Arn:         m.Probe.FunctionArn(),
			RoleArn:     role.RoleArn(),
			RetryPolicy: &awsscheduler.CfnSchedule_RetryPolicyProperty{MaximumRetryAttempts: jsii.Number(0)},
		},
	})
}
