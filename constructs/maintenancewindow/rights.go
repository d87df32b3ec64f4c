package maintenancewindow

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/window"
)

// grant lets the function turn the switch, call the other functions, read alarms
// and the execution, and notify people.
func (w *MaintenanceWindow) grant(props Props, planned awsssm.StringParameter) {
	role := w.Function.Role().(awsiam.Role)
	props.Maintenance.GrantTurning(role)
	allow(role, []*string{jsii.String("*")}, "cloudwatch:DescribeAlarms") // no resource-level permissions
	allow(role, []*string{planned.ParameterArn()}, "ssm:GetParameter")
	allow(role, []*string{props.Topic.TopicArn()}, "sns:Publish")
	if props.TopicKey != nil {
		allow(role, []*string{props.TopicKey.KeyArn()}, "kms:Decrypt", "kms:GenerateDataKey")
	}
	var others []*string
	if props.Announcement != nil {
		others = append(others, props.Announcement.FunctionArn())
	}
	if props.Monitors != nil {
		others = append(others, props.Monitors.FunctionArn())
	}
	if len(others) > 0 {
		allow(role, others, "lambda:InvokeFunction")
	}
	if len(props.Changes) > 0 { // before the night, it checks whether they can run
		allow(role, []*string{props.Cluster.ClusterArn()}, "ecs:DescribeClusters")
		allow(role, []*string{jsii.String("*")}, "ecs:DescribeTaskDefinition") // no resource-level permissions
	}
	allow(role, []*string{executions(w.Function)}, "states:DescribeExecution", "states:GetExecutionHistory")
	meant(role.Node().FindChild(jsii.String("DefaultPolicy")), "AwsSolutions-IAM5",
		"Describing load balancers, alarms and task definitions, and looking up events, knows no resource; executions of nights are read; templates of turns are written below noren/ of the bootstrap's bucket.")
}

// executions returns the ARN of the executions of nights. CloudFormation names
// the state machine, and the machine refers to the function.
func executions(scope constructs.Construct) *string {
	return awscdk.Stack_Of(scope).FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("states"), Resource: jsii.String("execution"), ResourceName: jsii.String("*:noren-*"), ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
	})
}

// machineRole returns the role of the state machine: it calls the function and
// runs the task of the schema changes. Before the night, the function may
// simulate what this role and the role of the switch may do.
func (w *MaintenanceWindow) machineRole(this constructs.Construct, props Props, night window.Window) awsiam.Role {
	role := awsiam.NewRole(this, jsii.String("MachineRole"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(jsii.String("states.amazonaws.com"), &awsiam.ServicePrincipalOpts{
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Aws_ACCOUNT_ID()}},
	})})
	allow(role, []*string{w.Function.FunctionArn()}, "lambda:InvokeFunction")
	asked := []*string{props.Maintenance.TurningRole.RoleArn()}
	if len(night.Changes) > 0 {
		asked = append(asked, role.RoleArn())
		task := props.SchemaChange.Task
		stack := awscdk.Stack_Of(this)
		inCluster := map[string]any{"ArnEquals": map[string]any{"ecs:cluster": props.Cluster.ClusterArn()}}
		allowIf(role, inCluster, []*string{task.TaskDefinitionArn()}, "ecs:RunTask")
		tasks := stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("ecs"), Resource: jsii.String("task"), ResourceName: jsii.String(*props.Cluster.ClusterName() + "/*")})
		allowIf(role, inCluster, []*string{tasks}, "ecs:StopTask", "ecs:DescribeTasks")
		passed := map[string]any{"StringEquals": map[string]any{"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
		allowIf(role, passed, []*string{task.TaskRole().RoleArn(), task.ObtainExecutionRole().RoleArn()}, "iam:PassRole")
		// Before it begins, the task checks whether the product is in the mode of
		// the night.
		looks := awsiam.NewPolicy(this, jsii.String("TaskPolicy"), &awsiam.PolicyProps{Roles: &[]awsiam.IRole{task.TaskRole()}})
		looks.AddStatements(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Actions:   jsii.Strings("cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:ListStackResources"),
			Resources: &[]*string{awscdk.Aws_STACK_ID()},
		}), awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Actions:   jsii.Strings("elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeRules"),
			Resources: &[]*string{jsii.String("*")}, // no resource-level permissions
		}))
		meant(looks, "AwsSolutions-IAM5", "Describing listeners and rules knows no resource.")
		// Through this rule, Step Functions learns that a task has ended.
		rule := stack.FormatArn(&awscdk.ArnComponents{Service: jsii.String("events"), Resource: jsii.String("rule"), ResourceName: jsii.String("StepFunctionsGetEventsForECSTaskRule")})
		allow(role, []*string{rule}, "events:PutTargets", "events:PutRule", "events:DescribeRule")
	}
	allow(w.Function.Role().(awsiam.Role), asked, "iam:SimulatePrincipalPolicy")
	return role
}

func allow(role awsiam.Role, resources []*string, actions ...string) {
	allowIf(role, nil, resources, actions...)
}

func allowIf(role awsiam.Role, conditions map[string]any, resources []*string, actions ...string) {
	props := &awsiam.PolicyStatementProps{Actions: jsii.Strings(actions...), Resources: &resources}
	if conditions != nil {
		props.Conditions = &conditions
	}
	role.AddToPolicy(awsiam.NewPolicyStatement(props))
}

// meant records on the resource of a construct that a finding of cdk-nag is
// accepted.
func meant(construct constructs.IConstruct, rule, reason string) {
	resource := construct.Node().DefaultChild().(awscdk.CfnResource)
	resource.AddMetadata(jsii.String("cdk_nag"), map[string]any{"rules_to_suppress": []any{map[string]any{"id": rule, "reason": reason}}})
}
