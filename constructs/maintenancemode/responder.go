package maintenancemode

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	elbv2targets "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2targets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/gofunction"
	"github.com/noren-cdk/noren/internal/function/responder"
	"github.com/noren-cdk/noren/maintenance"
)

// Names of the functions' programs.
const (
	responderProgram = "github.com/noren-cdk/noren/lambda/responder"
	unlockProgram    = "github.com/noren-cdk/noren/lambda/unlock"
	guardProgram     = "github.com/noren-cdk/noren/lambda/guard"
	probeProgram     = "github.com/noren-cdk/noren/lambda/probe"
	monitorsProgram  = "github.com/noren-cdk/noren/lambda/monitors"
)

// Ids of constructs by which a MaintenanceMode is known.
const (
	responderID = maintenance.ResponderID
	probeID     = "Probe"
)

// Compile starts to compile the functions. New does so too, and waits for them.
// Call Compile before creating the app, so that they compile while Node loads
// CDK.
func Compile() {
	gofunction.Compile(responderProgram, unlockProgram, probeProgram, guardProgram, announcementProgram)
}

// addResponder defines the function that answers refused requests, and its target
// group. Neither depends on the mode.
func (m *MaintenanceMode) addResponder(this constructs.Construct, props Props) {
	function := gofunction.New(this, maintenance.ResponderID, gofunction.Props{
		Program:             responderProgram,
		Package:             props.functionPackage(),
		Repository:          props.FunctionRepository,
		Description:         "Answers 503 while the application is closed for maintenance",
		Files:               responder.Config(props.Answer).Files(),
		Environment:         responder.Config(props.Answer).Environment(),
		ReservedConcurrency: props.ReservedConcurrency,
		LogRetention:        props.LogRetention,
		LogGroup:            props.FunctionLogs,
		EncryptionKey:       props.EncryptionKey,
	})
	m.Function, m.LogGroup = function.Function, function.LogGroup
	m.TargetGroup = newFunctionTargetGroup(this, "TargetGroup", m.Function)
}

// newFunctionTargetGroup defines a target group with the function in it, and lets
// the load balancer invoke the function. It has no health check: each check would
// be an invocation, and a failing one would change nothing.
func newFunctionTargetGroup(this constructs.Construct, id string, function awslambda.IFunction) elbv2.ApplicationTargetGroup {
	group := elbv2.NewApplicationTargetGroup(this, &id, &elbv2.ApplicationTargetGroupProps{
		TargetType: elbv2.TargetType_LAMBDA,
		Targets:    &[]elbv2.IApplicationLoadBalancerTarget{elbv2targets.NewLambdaTarget(function)},
	})
	// CDK lets every load balancer of every account invoke it. The target group's
	// own ARN would be circular, since the permission is created first.
	arn := awscdk.Stack_Of(this).FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("elasticloadbalancing"), Resource: jsii.String("targetgroup"), ResourceName: jsii.String("*"),
	})
	for _, child := range *function.Node().Children() {
		if permission, ok := child.(awslambda.CfnPermission); ok {
			permission.SetSourceArn(arn)
		}
	}
	return group
}
