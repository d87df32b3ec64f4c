package maintenancemode

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/gofunction"
	"github.com/noren-cdk/noren/internal/function/monitors"
	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// Monitor is a monitor outside of AWS and the secret with the key of its service.
type Monitor struct {
	// Outside is the monitor. Required.
	Outside maintenance.Monitor

	// Secret holds the key of the service, as a text or as a JSON object of texts.
	// Required.
	Secret awssecretsmanager.ISecret
}

func (p Props) validateMonitors() []error {
	var errs []error
	if len(p.Monitors) > monitors.Most {
		errs = append(errs, fmt.Errorf("Monitors has %d monitors, at most %d", len(p.Monitors), monitors.Most))
	}
	seen := map[string]bool{}
	for i, m := range p.Monitors {
		if err := monitors.Validate(m.Outside); err != nil {
			errs = append(errs, fmt.Errorf("Monitors[%d]: %w", i, err))
		}
		if m.Secret == nil {
			errs = append(errs, fmt.Errorf("Monitors[%d].Secret is required", i))
		}
		if seen[m.Outside.Name] {
			errs = append(errs, fmt.Errorf("Monitors[%d] has the name %q of another one", i, m.Outside.Name))
		}
		seen[m.Outside.Name] = true
	}
	return errs
}

// addMonitors defines the function that keeps the monitors quiet, if there are
// any, and what invokes it. None of it depends on the mode.
func (m *MaintenanceMode) addMonitors(this constructs.Construct, props Props, at rules.Switch) {
	if len(props.Monitors) == 0 {
		return
	}
	settings := monitors.Settings{Switch: at, Stack: *awscdk.Stack_Of(this).StackName(), SwitchName: pathInStack(this)}
	for _, monitor := range props.Monitors {
		settings.Monitors = append(settings.Monitors, monitor.Outside)
		settings.Secrets = append(settings.Secrets, *monitor.Secret.SecretArn())
	}
	function := gofunction.New(this, "Monitors", gofunction.Props{
		Program:       monitorsProgram,
		Package:       props.functionPackage(),
		Repository:    props.FunctionRepository,
		Description:   "Keeps monitors outside of AWS quiet while the application is closed",
		Files:         settings.Files(),
		Environment:   settings.Environment(),
		MemorySize:    256, // a closing waits for it, and more memory means more CPU
		Timeout:       monitors.Timeout,
		LogRetention:  props.LogRetention,
		LogGroup:      props.FunctionLogs,
		EncryptionKey: props.EncryptionKey,
	})
	m.Monitors, m.MonitorsLogGroup = function.Function, function.LogGroup
	for _, monitor := range props.Monitors {
		monitor.Secret.GrantRead(m.Monitors, nil)
	}
	m.Monitors.AddToRolePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: jsii.Strings("elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeRules"), Resources: jsii.Strings("*"),
	}))
	meantWildcard(m.Monitors, "Describing listeners and rules knows no resource.")
	target := func() awsevents.IRuleTarget { return awseventstargets.NewLambdaFunction(m.Monitors, nil) }
	awsevents.NewRule(this, jsii.String("MonitorsSchedule"), &awsevents.RuleProps{
		Description: jsii.String("Extends the downtimes of outside monitors while the product is closed, and ends what is left of them"),
		Schedule:    awsevents.Schedule_Rate(awscdk.Duration_Minutes(jsii.Number(monitors.Every.Minutes()))),
		Targets:     &[]awsevents.IRuleTarget{target()},
	})
	awsevents.NewRule(this, jsii.String("MonitorsModeEvent"), &awsevents.RuleProps{
		Description: jsii.String("Begins and ends the downtimes of outside monitors when the mode changes"),
		EventPattern: &awsevents.EventPattern{
			Source:     jsii.Strings(live.EventSource),
			DetailType: jsii.Strings(live.EventDetailType),
			Detail:     &map[string]any{"stack": []string{settings.Stack}, "switch": []string{settings.SwitchName}},
		},
		Targets: &[]awsevents.IRuleTarget{target()},
	})
}
