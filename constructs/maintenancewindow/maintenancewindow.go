// Package maintenancewindow runs one planned maintenance of a product that has a
// maintenancemode: at its time it closes the product, runs schema changes,
// verifies them, and opens the product again, or asks a person first. AWS Step
// Functions runs the steps, and a maintenance window of AWS Systems Manager
// starts them.
//
// If anything fails, the product stays as it is, closed once it has closed, and
// people are told where it failed and what to type. Nothing here can open the
// product before it has been verified or a person has agreed, and nothing here
// can delete data or resources.
package maintenancewindow

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/gofunction"
	function "github.com/noren-cdk/noren/internal/function/window"
	"github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

const program = "github.com/noren-cdk/noren/lambda/window"

// MaintenanceWindow has the resources that New defined.
type MaintenanceWindow struct {
	// Machine runs the steps of the maintenance.
	Machine awsstepfunctions.StateMachine

	// Function does every step except schema changes.
	Function awslambda.Function

	// LogGroup is the function's log, and MachineLogGroup that of the state machine.
	LogGroup, MachineLogGroup awslogs.ILogGroup

	// Schedule starts the state machine.
	Schedule awsssm.CfnMaintenanceWindow

	ahead awsssm.CfnMaintenanceWindow // tells clients beforehand; nil if none does
}

// New defines a MaintenanceWindow in scope. It panics if props are invalid.
func New(scope constructs.Construct, id string, props Props) MaintenanceWindow {
	if err := props.validate(); err != nil {
		panic(fmt.Errorf("maintenancewindow %s/%s: %w", *scope.Node().Path(), id, err))
	}
	if stack := awscdk.Stack_Of(scope); stack.NestedStackParent() != nil {
		panic(fmt.Errorf("maintenancewindow %s/%s: %s is a nested stack, whose switch changes only with a deploy: define both in a stack that is not nested",
			*scope.Node().Path(), id, *stack.Node().Path()))
	}
	this := constructs.NewConstruct(scope, &id)
	var w MaintenanceWindow
	night := props.window()
	planned := awsssm.NewStringParameter(this, jsii.String("Planned"), &awsssm.StringParameterProps{
		Description: jsii.String("What was deployed when the plan of the maintenance was recorded, which noren window plan writes"),
		StringValue: jsii.String(window.NotPlanned),
	})
	w.addFunction(this, props, planned)
	w.addMachine(this, props, night)
	w.addSchedules(this, night)
	w.addNotice(this, night)
	w.describe(this, props, night, planned)
	return w
}

// addFunction defines the function of the steps.
func (w *MaintenanceWindow) addFunction(this constructs.Construct, props Props, planned awsssm.StringParameter) {
	m := props.Maintenance
	settings := function.Settings{
		Stack: *awscdk.Stack_Of(this).StackName(), Switch: m.Path, Role: *m.TurningRole.RoleArn(), Topic: *props.Topic.TopicArn(),
		Planned: *planned.ParameterName(), Options: props.Options, URL: props.URL,
	}
	if m.BypassSecret != nil {
		settings.Header, settings.Cookie, settings.Secret = props.BypassHeader, props.BypassCookie, *m.BypassSecret.SecretArn()
	}
	if props.Announcement != nil {
		settings.Announcement = *props.Announcement.FunctionName()
	}
	if props.Monitors != nil {
		settings.Monitors = *props.Monitors.FunctionName()
	}
	if len(props.Changes) > 0 {
		settings.Log = props.SchemaChange.Commands.Log
	}
	made := gofunction.New(this, "Steps", gofunction.Props{
		Program:      program,
		Description:  "Does the steps of a planned maintenance",
		Environment:  settings.Environment(),
		MemorySize:   256,
		Timeout:      15 * time.Minute,
		LogRetention: props.LogRetention,

		EncryptionKey: props.EncryptionKey,
	})
	w.Function, w.LogGroup = made.Function, made.LogGroup
	w.grant(props, planned)
}

// addMachine defines the state machine.
func (w *MaintenanceWindow) addMachine(this constructs.Construct, props Props, night window.Window) {
	resources, values := window.Resources{Function: "${Function}"}, map[string]*string{"Function": w.Function.FunctionArn()}
	role := w.machineRole(this, props, night)
	if len(night.Changes) > 0 {
		resources.Role, values["Role"] = "${Role}", role.RoleArn()
		resources.Cluster, values["Cluster"] = "${Cluster}", props.Cluster.ClusterArn()
		resources.Task, values["Task"] = "${Task}", props.SchemaChange.Task.TaskDefinitionArn()
		resources.SecurityGroup, values["SecurityGroup"] = "${SecurityGroup}", props.SchemaChange.SecurityGroup.SecurityGroupId()
		resources.Stack, values["Stack"] = "${Stack}", awscdk.Stack_Of(this).StackName()
		resources.Switch = props.Maintenance.Path
		resources.Container = *props.SchemaChange.Task.DefaultContainer().ContainerName()
		for i, id := range *props.SchemaChange.SubnetIDs {
			name := fmt.Sprintf("Subnet%d", i+1)
			resources.Subnets, values[name] = append(resources.Subnets, "${"+name+"}"), id
		}
	}
	logs := awslogs.NewLogGroup(this, jsii.String("MachineLogs"), &awslogs.LogGroupProps{
		// With this prefix, Step Functions delivers to log groups without a
		// resource policy for each.
		LogGroupName:  jsii.String("/aws/vendedlogs/states/" + uniqueName(this)),
		Retention:     props.retention(),
		EncryptionKey: props.EncryptionKey,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	w.MachineLogGroup = logs
	w.Machine = awsstepfunctions.NewStateMachine(this, jsii.String("Machine"), &awsstepfunctions.StateMachineProps{
		Comment:                 jsii.String("The steps of a planned maintenance"),
		StateMachineType:        awsstepfunctions.StateMachineType_STANDARD,
		DefinitionBody:          awsstepfunctions.DefinitionBody_FromString(jsii.String(night.Definition(resources))),
		DefinitionSubstitutions: &values,
		// The log leaves out the data: it holds the token with which a person
		// opens the product.
		Logs:           &awsstepfunctions.LogOptions{Destination: logs, Level: awsstepfunctions.LogLevel_ALL, IncludeExecutionData: jsii.Bool(false)},
		TracingEnabled: jsii.Bool(true),
		Role:           role,
	})
	meant(role.Node().FindChild(jsii.String("DefaultPolicy")), "AwsSolutions-IAM5",
		"Deliveries of logs and traces know no resource; the id of a task is not known before it runs, its cluster is.")
}

// describe writes a description of the night into the template, for the tools.
func (w *MaintenanceWindow) describe(this constructs.Construct, props Props, night window.Window, planned awsssm.StringParameter) {
	resource := w.Machine.Node().DefaultChild().(awscdk.CfnResource)
	id := func(of constructs.IConstruct) string {
		return *awscdk.Stack_Of(this).GetLogicalId(of.Node().DefaultChild().(awscdk.CfnElement))
	}
	deployed := window.Deployed{Window: night, Switch: props.Maintenance.Path, Function: id(w.Function), Planned: id(planned), Schedule: *awscdk.Stack_Of(this).GetLogicalId(w.Schedule)}
	if w.ahead != nil {
		deployed.Ahead = *awscdk.Stack_Of(this).GetLogicalId(w.ahead)
	}
	resource.AddMetadata(jsii.String(window.MetadataKey), jsii.String(deployed.Metadata()))
}

// Change is a schema change that the task of a SchemaChange runs.
type Change struct {
	// Name is the name of the file in the image, /changes/NAME.sql. Its rehearsal
	// is beside it. Required.
	Name string

	// Digest is the SHA-256 of the file, in hexadecimal. Default: not known.
	Digest string

	// Rehearsed is how long its rehearsal took. Default: not known.
	Rehearsed time.Duration
}

// Request is a request that is sent through the bypass before reopening.
type Request struct {
	// Method is GET or HEAD. Required.
	Method string

	// Path is the path and query, such as /api/health. Required.
	Path string

	// Status is the expected status. Required.
	Status int
}

// window returns the description of the night.
func (p Props) window() window.Window {
	w := window.Window{
		Start: p.Start, End: p.End, Announce: p.Announce, Mode: p.mode(), Ask: p.Ask,
		Announces: p.Announcement != nil, Mutes: p.Monitors != nil,
	}
	for _, c := range p.Changes {
		w.Changes = append(w.Changes, window.Change(c))
	}
	for _, r := range p.Verify {
		w.Verify = append(w.Verify, window.Request(r))
	}
	return w
}

// mode returns the mode that the product is switched to.
func (p Props) mode() maintenance.Mode {
	if p.Mode == "" {
		return maintenance.Closed
	}
	return p.Mode
}
