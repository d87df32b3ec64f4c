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

// Guard is how a deploy that would open the product by accident is refused: one
// that was not told the mode, while maintenance is on. It is asked whenever
// anything of the listener or the rules changes that carry the mode, so that a
// new certificate does not open what was closed by hand. The deploy fails before
// the listener changes and is rolled back; the event of the stack says what is
// on, since when, and what to type. Closing, deleting and rolling back are never
// refused.
type Guard struct {
	// Enabled switches the guard on. Default: false. It is there all the same,
	// remembers since when the mode is on, and refuses nothing but the change that
	// switches it off and opens: a guard that was taken out of the template instead
	// would be deleted after the listener has changed, and could refuse nothing.
	Enabled bool

	// Absent leaves the guard out, for the one that cannot start and lets no deploy
	// pass. It wants Typed: the mode must not be a matter of what a file says.
	// Default: false.
	Absent bool

	// Typed is when Mode was typed: that a person wants it now, and not what a file
	// says for want of a flag. An assembly with a flag of another evening opens
	// nothing. Flags.Apply sets it. Default: the mode was not typed.
	Typed time.Time

	// Reopens asks to open from a committed file: the time, as the refusal says
	// it, since when the maintenance is on that this ends. It ends no other, so
	// that it may be left where it is. Default: only a typed mode opens.
	Reopens time.Time

	// Message is what was typed for people, which the guard warns of if the next
	// deploy forgets it. Flags.Apply sets it. Default: nothing was typed.
	Message string

	// Command is how this stack is deployed, for the refusal to say what to type.
	// Default: npx cdk deploy.
	Command string

	// ReopensAt is where Reopens is set, for the refusal to say it, such as
	// "maintenance.reopen in environments/prod.yaml". Default: it does not.
	ReopensAt string

	// ByHand is what flips the listener without a deploy, for the refusal after
	// someone did. Default: it does not say.
	ByHand string
}

// ReopenGuard is what guards against opening by accident. Zero if it is absent.
type ReopenGuard struct {
	// Resource is the custom resource that everything which flips waits for.
	Resource awscdk.CustomResource

	// Function answers CloudFormation for it.
	Function awslambda.Function

	// LogGroup is the function's log.
	LogGroup awslogs.ILogGroup

	// Record holds the mode and since when, as package internal/live writes
	// it. Only Function does.
	Record awsssm.StringParameter

	// Attribution holds who turned the mode, as package internal/live
	// writes it. Function reads it; CloudFormation does not know.
	Attribution awsssm.StringParameter

	// Summary is a sentence for the outputs of the stack: since when the mode is
	// on, and what the guard warned of when it last ran.
	Summary *string
}

const (
	// guardTime is how long the function may take. It answers at once, unless the
	// state of the stack cannot be read and the decision hangs on it.
	guardTime = 90 * time.Second

	// guardServiceTime is how long CloudFormation waits for the answer, in seconds,
	// instead of an hour.
	guardServiceTime = 120
)

// addGuard defines the guard. Nothing of it refers to a listener that waits for
// it; the function finds that one by its load balancer and port.
func (m *MaintenanceMode) addGuard(this constructs.Construct, props Props, listeners []turned, at rules.Switch) {
	function := gofunction.New(this, "ReopenGuard", gofunction.Props{
		Program:       guardProgram,
		Package:       props.functionPackage(),
		Repository:    props.FunctionRepository,
		Description:   "Refuses a deploy that would open the application by accident",
		MemorySize:    256, // a deploy waits for it, and a share of a processor comes with it
		Timeout:       guardTime,
		LogRetention:  props.LogRetention,
		LogGroup:      props.FunctionLogs,
		EncryptionKey: props.EncryptionKey,
	})
	g := &m.Guard
	g.Function, g.LogGroup = function.Function, function.LogGroup
	// Lambda would try again, minutes later, what failed or waited, and record a
	// mode that has been rolled back.
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
	allow(jsii.String("*"), "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeRules") // they know no resource
	meantWildcard(g.Function, "elasticloadbalancing:DescribeListeners and DescribeRules know no resource.")

	at.Listeners = slices.Clone(at.Listeners)
	for i, t := range listeners {
		if !t.byRule { // the listener waits for the guard, so that it cannot be told which it is
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
	g.Resource = awscdk.NewCustomResource(this, jsii.String("Guard"), &awscdk.CustomResourceProps{
		ResourceType:   jsii.String(maintenance.GuardType),
		ServiceToken:   g.Function.FunctionArn(),
		ServiceTimeout: awscdk.Duration_Seconds(jsii.Number(guardServiceTime)),
		Properties:     &properties,
	})
	g.Summary = g.Resource.GetAttString(jsii.String(guard.Summary))
}

// afterGuard makes what flips wait for the guard, if there is one.
func (m *MaintenanceMode) afterGuard(flips awscdk.CfnResource) {
	if m.Guard.Resource != nil {
		guard := m.Guard.Resource.Node().DefaultChild().(awscdk.CfnResource)
		flips.AddResourceDependency(guard, jsii.String("the reopen guard has to see the change of mode first"))
	}
}

// newRecordParameter defines a parameter that a function writes. CloudFormation
// would write the value of the template again if anything of the parameter
// changed: change nothing of it, the description included. Its drift detection
// calls the parameter modified, which it is.
func newRecordParameter(this constructs.Construct, id, description string) awsssm.StringParameter {
	return awsssm.NewStringParameter(this, &id, &awsssm.StringParameterProps{
		Description: &description,
		StringValue: jsii.String(live.Placeholder),
	})
}
