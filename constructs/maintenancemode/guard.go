package maintenancemode

import (
	"cmp"
	"slices"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/gofunction"
	"github.com/noren-cdk/noren/internal/function/guard"
	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// Guard configures the guard, which refuses a deploy that would open the product by
// accident: a deploy without a typed mode while maintenance is on. It runs whenever
// a property changes of the listener or of the rules that carry the mode, so a new
// certificate does not open what was closed by hand. The refused deploy fails before
// the listener changes, and is rolled back. The event of the stack says which mode
// is on, since when, and what to type. Closing and deleting are never refused, nor is
// a rollback that the guard can recognize as one.
type Guard struct {
	// Enabled switches the guard on. Default: false. A guard that is off is still
	// deployed: it remembers since when the mode has been on, and refuses only a
	// change that switches the guard off and opens. If the template left it out
	// instead, CloudFormation would delete it after changing the listener, and it
	// could refuse nothing.
	Enabled bool

	// Absent leaves the guard out, for a guard that cannot start and so blocks every
	// deploy. It requires Typed, so that a file cannot decide the mode.
	// Default: false.
	Absent bool

	// Typed is the time at which a person typed Mode. The guard ignores a time of
	// another evening, or from before the maintenance began, so an old assembly opens
	// nothing. Flags.Apply sets it. Default: the mode was not typed.
	Typed time.Time

	// Reopens lets a committed file end a maintenance. Set it to the start time that
	// the refusal prints. It applies only to that maintenance, so leaving it in place
	// is harmless. Default: only a typed mode opens.
	Reopens time.Time

	// Message is the message that was typed. The guard warns if the next deploy
	// forgets it. Flags.Apply sets it. Default: none was typed.
	Message string

	// Command is the command that deploys this stack, which the refusal prints.
	// Default: npx cdk deploy.
	Command string

	// ReopensAt is the place where Reopens is set, which the refusal prints, such as
	// "maintenance.reopen in environments/prod.yaml". Default: not printed.
	ReopensAt string

	// ByHand is the command that flips the listener without a deploy. A refusal after
	// someone did that prints it. Default: not printed.
	ByHand string
}

// ReopenGuard has the resources of the guard. It is zero if the guard is absent.
type ReopenGuard struct {
	// Resource is the custom resource on which everything that flips depends.
	Resource awscdk.CustomResource

	// Function answers CloudFormation for Resource.
	Function awslambda.Function

	// LogGroup is the function's log.
	LogGroup awslogs.ILogGroup

	// Record holds the mode and since when it has been on, in the format of
	// package internal/live. Only Function writes it.
	Record awsssm.StringParameter

	// Attribution holds who changed the mode, in the format of package
	// internal/live. Function reads it, since CloudFormation does not know.
	Attribution awsssm.StringParameter

	// Summary is a sentence for the outputs of the stack: since when the mode has
	// been on, and what the guard warned of when it last ran.
	Summary *string
}

const (
	// guardTime is how long the function may take. It answers at once, unless the
	// decision depends on the state of the stack and that cannot be read.
	guardTime = 90 * time.Second

	// guardServiceTime is how long CloudFormation waits for the answer, in
	// seconds, instead of an hour.
	guardServiceTime = 120
)

// addGuard defines the guard. Nothing in it refers to a listener that waits for
// the guard; the function finds that listener by its load balancer and port.
func (m *MaintenanceMode) addGuard(this constructs.Construct, props Props, listeners []turned, at rules.Switch) {
	function := gofunction.New(this, "ReopenGuard", gofunction.Props{
		Program:       guardProgram,
		Package:       props.functionPackage(),
		Repository:    props.FunctionRepository,
		Description:   "Refuses a deploy that would open the application by accident",
		MemorySize:    256, // a deploy waits for it, and more memory means more CPU
		Timeout:       guardTime,
		LogRetention:  props.LogRetention,
		LogGroup:      props.FunctionLogs,
		EncryptionKey: props.EncryptionKey,
	})
	g := &m.Guard
	g.Function, g.LogGroup = function.Function, function.LogGroup
	// Lambda would retry a failed or delayed invocation minutes later, and record
	// a mode that has been rolled back.
	g.Function.ConfigureAsyncInvoke(&awslambda.EventInvokeConfigOptions{
		RetryAttempts: jsii.Number(0),
		MaxEventAge:   awscdk.Duration_Seconds(jsii.Number(guardServiceTime)),
	})
	g.Record = newRecordParameter(this, "ModeRecord", "The mode of maintenance and since when; written by the reopen guard in a deploy")
	g.Attribution = newRecordParameter(this, "ModeAttribution", "Who turned the mode of maintenance")
	allow := func(resource *string, actions ...string) {
		g.Function.AddToRolePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Actions: jsii.Strings(actions...), Resources: &[]*string{resource},
		}))
	}
	allow(g.Record.ParameterArn(), "ssm:GetParameter", "ssm:PutParameter")
	allow(g.Attribution.ParameterArn(), "ssm:GetParameter")
	allow(m.ByHand.ParameterArn(), "ssm:GetParameter")
	allow(awscdk.Aws_STACK_ID(), "cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents")
	g.Function.AddToRolePolicy(awsiam.NewPolicyStatement(mayAnnounce(this)))
	allow(jsii.String("*"), "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeRules") // these actions have no resource-level permissions
	meantWildcard(g.Function, "elasticloadbalancing:DescribeListeners and DescribeRules know no resource.")

	at.Listeners = slices.Clone(at.Listeners)
	for i, t := range listeners {
		if !t.byRule { // the listener waits for the guard, so the guard cannot be given its ARN
			l := &at.Listeners[i]
			l.Name, l.LoadBalancer, l.Port = "", *t.resource.LoadBalancerArn(), int(*t.resource.Port())
		}
	}
	properties := guard.Properties{
		Mode:                 props.Mode,
		Typed:                props.Guard.Typed,
		Off:                  !props.Guard.Enabled,
		Digest:               *awscdk.Lazy_UncachedString(&m.carriers, nil),
		Reopens:              props.Guard.Reopens,
		Message:              props.Guard.Message,
		Until:                props.Answer.Until,
		Command:              cmp.Or(props.Guard.Command, "npx cdk deploy"),
		ReopensAt:            props.Guard.ReopensAt,
		ByHand:               props.Guard.ByHand,
		RecordParameter:      *g.Record.ParameterName(),
		AttributionParameter: *g.Attribution.ParameterName(),
		ByHandParameter:      *m.ByHand.ParameterName(),
		SwitchName:           pathInStack(this),
		Switch:               at,
	}.Encode()
	properties["References"] = awscdk.Lazy_UncachedAny(&referred{by: &m.carriers}, nil)
	g.Resource = awscdk.NewCustomResource(this, jsii.String("Guard"), &awscdk.CustomResourceProps{
		ResourceType:   jsii.String(maintenance.GuardType),
		ServiceToken:   g.Function.FunctionArn(),
		ServiceTimeout: awscdk.Duration_Seconds(jsii.Number(guardServiceTime)),
		Properties:     &properties,
	})
	g.Summary = g.Resource.GetAttString(jsii.String(guard.Summary))
}

// afterGuard makes a resource that flips wait for the guard, if there is one.
func (m *MaintenanceMode) afterGuard(flips awscdk.CfnResource) {
	if m.Guard.Resource != nil {
		guard := m.Guard.Resource.Node().DefaultChild().(awscdk.CfnResource)
		flips.AddResourceDependency(guard, jsii.String("the reopen guard has to see the change of mode first"))
	}
}

// newRecordParameter defines a parameter that a function writes. If anything
// about the parameter changed in the template, CloudFormation would write the
// template's value again: change nothing, not even the description. Drift
// detection reports the parameter as modified, which is correct.
func newRecordParameter(this constructs.Construct, id, description string) awsssm.StringParameter {
	return awsssm.NewStringParameter(this, &id, &awsssm.StringParameterProps{
		Description: &description,
		StringValue: jsii.String(live.Placeholder),
	})
}
