package maintenancemode

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/turn"
)

// addTurningRole defines the role with which CloudFormation turns the switch for
// noren close, open and read-only. It may modify the listeners and rules that
// carry the mode, change the answer to refused requests, and invoke the guard. A
// principal that may pass only this role can deploy nothing else with it,
// whatever the template says.
func (m *MaintenanceMode) addTurningRole(this constructs.Construct) {
	m.TurningRole = awsiam.NewRole(this, jsii.String("TurningRole"), &awsiam.RoleProps{
		Description: jsii.String("With it CloudFormation turns maintenance for noren, and can do nothing else"),
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("cloudformation.amazonaws.com"), nil),
	})
	allow := func(conditions *map[string]any, resources []*string, actions ...string) {
		m.TurningRole.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Actions: jsii.Strings(actions...), Resources: &resources, Conditions: conditions,
		}))
	}
	var listeners, carryingRules []*string
	for _, l := range m.carriers.listeners {
		listeners = append(listeners, l.Ref())
	}
	for _, r := range m.carriers.rules {
		carryingRules = append(carryingRules, r.Ref())
	}
	if len(listeners) > 0 {
		allow(nil, listeners, "elasticloadbalancing:ModifyListener")
	}
	if len(carryingRules) > 0 {
		allow(nil, carryingRules, "elasticloadbalancing:ModifyRule")
	}
	// These actions have no resource-level permissions. CloudFormation reads back
	// what it has changed.
	allow(nil, []*string{jsii.String("*")}, "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeListenerAttributes", "elasticloadbalancing:DescribeRules")
	function := []*string{m.Function.FunctionArn()}
	allow(nil, function, "lambda:GetFunction", "lambda:GetFunctionConfiguration", "lambda:GetFunctionCodeSigningConfig",
		"lambda:GetFunctionRecursionConfig", "lambda:GetRuntimeManagementConfig", "lambda:ListTags")
	// A layer would be code, so layers are denied. UpdateFunctionCode is not
	// allowed either.
	allow(&map[string]any{"Null": map[string]any{"lambda:Layer": "true"}}, function, "lambda:UpdateFunctionConfiguration")
	// CloudFormation passes the function's role along.
	allow(&map[string]any{"StringEquals": map[string]any{"iam:PassedToService": "lambda.amazonaws.com"}}, []*string{m.Function.Role().RoleArn()}, "iam:PassRole")
	if m.Guard.Function != nil {
		allow(nil, []*string{m.Guard.Function.FunctionArn()}, "lambda:InvokeFunction")
	}
	stack := awscdk.Stack_Of(this)
	if qualifier := stack.Synthesizer().BootstrapQualifier(); qualifier != nil {
		allow(nil, []*string{stack.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("ssm"), Resource: jsii.String("parameter"), ResourceName: jsii.String("cdk-bootstrap/" + *qualifier + "/version"),
		})}, "ssm:GetParameters")
	}
	meant(m.TurningRole.Node().FindChild(jsii.String("DefaultPolicy")), "AwsSolutions-IAM5", "Describing listeners and rules knows no resource.", "Resource::*")
}

// GrantTurning allows a principal to read the switch and to turn it with change sets,
// as noren status, close and open do. It allows nothing else: CloudFormation executes
// the change sets with TurningRole and no other role.
func (m MaintenanceMode) GrantTurning(principal awsiam.IPrincipal) {
	stack := awscdk.Stack_Of(m.TurningRole)
	allow := func(conditions map[string]any, resources []*string, actions ...string) {
		props := &awsiam.PolicyStatementProps{Actions: jsii.Strings(actions...), Resources: &resources}
		if conditions != nil {
			props.Conditions = &conditions
		}
		principal.AddToPrincipalPolicy(awsiam.NewPolicyStatement(props))
	}
	arn := func(service, resource, name string) *string {
		return stack.FormatArn(&awscdk.ArnComponents{Service: &service, Resource: &resource, ResourceName: &name})
	}
	named := map[string]any{"cloudformation:ChangeSetName": turn.ChangeSets}
	this := []*string{awscdk.Aws_STACK_ID()}
	allow(nil, this, "cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:ListStackResources",
		"cloudformation:ListChangeSets", "cloudformation:DescribeStackEvents", "cloudformation:GetStackPolicy")
	allow(map[string]any{"StringEquals": map[string]any{"cloudformation:RoleArn": m.TurningRole.RoleArn()}, "StringLike": named}, this, "cloudformation:CreateChangeSet")
	allow(map[string]any{"StringLike": named}, this, "cloudformation:DescribeChangeSet", "cloudformation:ExecuteChangeSet", "cloudformation:DeleteChangeSet")
	allow(map[string]any{"StringEquals": map[string]any{"iam:PassedToService": "cloudformation.amazonaws.com"}}, []*string{m.TurningRole.RoleArn()}, "iam:PassRole")
	remembered := []*string{m.ByHand.ParameterArn()}
	if m.Guard.Record != nil {
		remembered = append(remembered, m.Guard.Record.ParameterArn(), m.Guard.Attribution.ParameterArn())
	}
	if qualifier := stack.Synthesizer().BootstrapQualifier(); qualifier != nil {
		bucket := "cdk-" + *qualifier + "-assets-" + *stack.Account() + "-" + *stack.Region() + "/noren/*"
		allow(nil, []*string{stack.FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("s3"), Region: jsii.String(""), Account: jsii.String(""), Resource: &bucket, ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME,
		})}, "s3:PutObject", "s3:GetObject")
		remembered = append(remembered, arn("ssm", "parameter", "cdk-bootstrap/"+*qualifier+"/version"))
	}
	allow(nil, remembered, "ssm:GetParameters")
	if m.BypassSecret != nil { // the rules contain its value, and are compared with it
		allow(nil, []*string{m.BypassSecret.SecretArn()}, "secretsmanager:GetSecretValue")
		if key := m.BypassSecret.EncryptionKey(); key != nil {
			through := "secretsmanager." + *stack.Region() + ".amazonaws.com"
			allow(map[string]any{"StringEquals": map[string]any{"kms:ViaService": through}}, []*string{key.KeyArn()}, "kms:Decrypt")
		}
	}
	// These actions have no resource-level permissions.
	allow(nil, []*string{jsii.String("*")}, "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeLoadBalancers",
		"elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:DescribeTargetGroupAttributes", "cloudtrail:LookupEvents", "cloudwatch:GetMetricData")
}
