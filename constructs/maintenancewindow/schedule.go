package maintenancewindow

import (
	"encoding/base64"
	"math"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/window"
)

// scheduler makes maintenance windows of Systems Manager, each with one task.
type scheduler struct {
	this constructs.Construct
	role awsiam.Role
}

const startID = "Start"

// addSchedules makes the windows that start the night, announce it to clients
// beforehand, and notify people when its end is near.
func (w *MaintenanceWindow) addSchedules(this constructs.Construct, night window.Window) {
	s := scheduler{this, awsiam.NewRole(this, jsii.String("ScheduleRole"), &awsiam.RoleProps{
		Description: jsii.String("With it Systems Manager starts a planned maintenance and follows it, and can do nothing else"),
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("ssm.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Aws_ACCOUNT_ID()}},
		}),
	})}
	allow(s.role, []*string{w.Machine.StateMachineArn()}, "states:StartExecution")
	allow(s.role, []*string{executions(this)}, "states:DescribeExecution") // the task ends with the execution
	meant(s.role.Node().FindChild(jsii.String("DefaultPolicy")), "AwsSolutions-IAM5", "Executions have no names at synthesis.")
	allow(s.role, []*string{w.Function.FunctionArn()}, "lambda:InvokeFunction")
	w.Schedule = s.window(startID, "starts the maintenance", night.Start, night.End.Sub(night.Start), "STEP_FUNCTIONS", w.Machine.StateMachineArn(),
		&awsssm.CfnMaintenanceWindowTask_TaskInvocationParametersProperty{
			MaintenanceWindowStepFunctionsParameters: &awsssm.CfnMaintenanceWindowTask_MaintenanceWindowStepFunctionsParametersProperty{
				// A name can be used only once, so the same night cannot be
				// executed twice.
				Input: jsii.String(night.Input()), Name: jsii.String(night.ID()),
			},
		})
	// The payload is a string in the template and bytes in the API, so it must be
	// Base64. Source:
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ssm-maintenancewindowtask-maintenancewindowlambdaparameters.html
	call := func(id, does string, at time.Time, said string) awsssm.CfnMaintenanceWindow {
		payload := base64.StdEncoding.EncodeToString([]byte(said))
		return s.window(id, does, at, time.Hour, "LAMBDA", w.Function.FunctionArn(), &awsssm.CfnMaintenanceWindowTask_TaskInvocationParametersProperty{
			MaintenanceWindowLambdaParameters: &awsssm.CfnMaintenanceWindowTask_MaintenanceWindowLambdaParametersProperty{Payload: &payload},
		})
	}
	if night.Announces && night.Announce > 0 {
		w.ahead = call("Ahead", "tells clients of the maintenance", night.Start.Add(-night.Announce), night.Ahead())
	}
	call("NearEnd", "tells people that the end of the maintenance is near", night.End.Add(-window.Near), night.NearEnd())
}

// window makes a maintenance window that begins once, at the given time, and its
// task.
func (s scheduler) window(id, does string, at time.Time, length time.Duration, kind string, target *string, parameters *awsssm.CfnMaintenanceWindowTask_TaskInvocationParametersProperty) awsssm.CfnMaintenanceWindow {
	name := uniqueName(s.this) + "-" + id
	w := awsssm.NewCfnMaintenanceWindow(s.this, &id, &awsssm.CfnMaintenanceWindowProps{
		Name:        &name,
		Description: jsii.String("It " + does),
		// The schedule is in UTC, whatever the zone: the local time was checked
		// to be unambiguous.
		Schedule:                 jsii.String("at(" + at.UTC().Format("2006-01-02T15:04:05") + ")"),
		Duration:                 jsii.Number(max(1, math.Ceil(length.Hours()))),
		Cutoff:                   jsii.Number(0),
		AllowUnassociatedTargets: jsii.Bool(true),
	})
	awsssm.NewCfnMaintenanceWindowTask(s.this, jsii.String(id+"Task"), &awsssm.CfnMaintenanceWindowTaskProps{
		WindowId:                 w.Ref(),
		Description:              jsii.String("It " + does),
		TaskType:                 &kind,
		TaskArn:                  target,
		Priority:                 jsii.Number(1),
		ServiceRoleArn:           s.role.RoleArn(),
		TaskInvocationParameters: parameters,
	})
	return w
}

// addNotice makes the function report executions that end without success.
func (w *MaintenanceWindow) addNotice(this constructs.Construct, night window.Window) {
	field := func(path string) string { return *awsevents.EventField_FromPath(&path) }
	awsevents.NewRule(this, jsii.String("Ended"), &awsevents.RuleProps{
		Description: jsii.String("A planned maintenance that has ended without success"),
		EventPattern: &awsevents.EventPattern{
			Source:     jsii.Strings("aws.states"),
			DetailType: jsii.Strings("Step Functions Execution Status Change"),
			Detail: &map[string]any{
				"stateMachineArn": []*string{w.Machine.StateMachineArn()},
				"status":          []string{"FAILED", "TIMED_OUT", "ABORTED"},
			},
		},
		Targets: &[]awsevents.IRuleTarget{awseventstargets.NewLambdaFunction(w.Function, &awseventstargets.LambdaFunctionProps{
			Event: awsevents.RuleTargetInput_FromObject(map[string]any{
				"step": window.Tell, "window": night.ID(), "execution": field("$.detail.executionArn"), "status": field("$.detail.status"),
				"from": night.Start.UTC().Format(time.RFC3339), "end": night.End.UTC().Format(time.RFC3339), "mode": string(night.Mode),
			}),
		})},
	})
}

// uniqueName returns a name for a resource that must have one.
func uniqueName(this constructs.Construct) string {
	return *awscdk.Names_UniqueResourceName(this, &awscdk.UniqueResourceNameOptions{MaxLength: jsii.Number(100), AllowedSpecialCharacters: jsii.String("-"), Separator: jsii.String("-")})
}
