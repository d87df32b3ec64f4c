package maintenancemode

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/function/responder"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/internal/rules/allowlist"
	"github.com/noren-cdk/noren/maintenance"
)

// MaintenanceMode has the resources that New defined.
type MaintenanceMode struct {
	// Function answers refused requests.
	Function awslambda.Function

	// LogGroup is the function's log.
	LogGroup awslogs.ILogGroup

	// Unlock sets the bypass cookie for anyone who enters the secret. No other
	// function may read the secret. Nil without Bypass.Cookie.
	Unlock awslambda.Function

	// Announcement keeps /maintenance.json. It can be invoked to announce, with the
	// JSON that docs/announcement.md describes. Nil without Status.Bucket.
	Announcement awslambda.Function

	// TargetGroup is the function's target group.
	TargetGroup elbv2.ApplicationTargetGroup

	// Rules are the listener rules. They exist in every mode.
	Rules []elbv2.CfnListenerRule

	// Guard refuses to open by accident. Zero with Props.Guard.Absent.
	Guard ReopenGuard

	// Probe checks every minute which mode the listener is in.
	Probe awslambda.Function

	// ProbeLogGroup is the probe's log.
	ProbeLogGroup awslogs.ILogGroup

	// Monitors keeps outside monitors quiet. Nil without Props.Monitors.
	Monitors awslambda.Function

	// MonitorsLogGroup is its log. Nil without Props.Monitors.
	MonitorsLogGroup awslogs.ILogGroup

	// Metrics are the metrics of the probe.
	Metrics Metrics

	// Alarms go off when something is wrong with the switch, or when maintenance takes
	// longer than expected. A planned closing sets none of them off. They notify
	// Props.AlarmTopics, and run the actions that you add.
	Alarms []awscloudwatch.Alarm

	// ModeAlarms show which mode the product is in: they go off at every closing.
	ModeAlarms []awscloudwatch.Alarm

	// NotOpen and Closed are the ModeAlarms that are in alarm while the product is
	// not open, and while it is closed; they are the same unless read-only is
	// prepared. While the probe is silent they have insufficient data. Use Closed to
	// suppress the application's own alarms, since a read-only product still serves
	// reads.
	NotOpen, Closed awscloudwatch.Alarm

	// BypassSecret is the secret that lets operators through: 32 letters and
	// digits, compared without case. Anyone with the right to describe listener
	// rules can read it. Nil without Bypass.Header and Bypass.Cookie.
	BypassSecret awssecretsmanager.Secret

	// TurningRole is the role with which CloudFormation turns the switch for noren
	// close, open and read-only. It may do nothing else.
	TurningRole awsiam.Role

	// ByHand holds who turned the switch without CloudFormation, and why. noren
	// close --now and open --now write it.
	ByHand awsssm.StringParameter

	// EmergencyClose and EmergencyOpen are commands that turn the switch at once,
	// without CloudFormation, for an output of the stack.
	EmergencyClose, EmergencyOpen string

	// Path is the path of the construct in its stack. The tools identify the
	// switch by it.
	Path string

	carriers carriers // of the mode, for the guard's digest
}

// New defines a MaintenanceMode in scope. It panics if props are invalid. If a rule
// of the app collides with one of its own, synthesis fails with an error.
func New(scope constructs.Construct, id string, props Props) MaintenanceMode {
	fail := func(err error) {
		if err != nil {
			panic(fmt.Errorf("maintenancemode %s/%s: %w", *scope.Node().Path(), id, err))
		}
	}
	fail(props.validate())
	props.Mode = cmp.Or(props.Mode, maintenance.Open)
	if !props.Status.IsZero() {
		props.Answer.Status = cmp.Or(props.Answer.Status, maintenance.StatusPath)
	}
	listeners, err := props.listeners(scope)
	if err != nil {
		fail(cmp.Or(props.swings(scope), err))
	}
	if !props.NoHealthCheck && props.HealthCheckPath == "" {
		props.HealthCheckPath = props.healthCheckPath(scope, listeners)
	}
	for _, t := range listeners {
		fail(props.check(t))
	}

	this := constructs.NewConstruct(scope, &id)
	mode := MaintenanceMode{Path: pathInStack(this)}
	mode.addResponder(this, props)
	secret := ""
	if props.Bypass.Header != "" || props.Bypass.Cookie != "" {
		mode.BypassSecret = newBypassSecret(this, props.Bypass.SecretVersion, props.EncryptionKey)
		secret = *mode.BypassSecret.SecretValue().UnsafeUnwrap()
	}
	var unlock *string
	if props.Bypass.Cookie != "" {
		unlock = mode.addUnlock(this, props)
	}
	at := rules.Switch{Responder: *mode.TargetGroup.TargetGroupArn()}
	for i := range listeners {
		t := &listeners[i]
		if t.scope = this; i > 0 {
			t.scope = constructs.NewConstruct(this, jsii.String(fmt.Sprintf("Listener%d", i+1)))
		}
		t.rules, err = rulesOf(props.plan(*t), secret, props.Mode)
		fail(err)
		at.Listeners = append(at.Listeners, t.settings(props))
	}
	mode.addEmergency(this)
	if !props.Guard.Absent {
		mode.addGuard(this, props, listeners, at)
	}
	for i := range listeners {
		mode.addRules(props, &listeners[i], unlock)
	}
	mode.addTurningRole(this)
	if props.Status.Bucket != nil {
		mode.addAnnouncement(this, props)
	}
	mode.addMonitors(this, props, at)
	mode.describe(this, props)
	mode.addProbe(this, props, at, listeners, unlock)
	mode.addAlarms(this, props)
	for _, s := range props.services() {
		for _, note := range allowlist.Notes(s.Allow) {
			awscdk.Annotations_Of(this).AddInfo(&note)
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(props.Answer.Message)) {
		if country, ok := responder.MeantBy(tag); ok {
			awscdk.Annotations_Of(this).AddInfo(jsii.String(fmt.Sprintf("the message in %q is in a language, and not for %s", tag, country)))
		}
	}
	if until := props.Answer.Until; !until.IsZero() && until.Before(time.Now()) {
		// This is not a warning, since --strict would then refuse to open a
		// product whose maintenance is overdue.
		awscdk.Annotations_Of(this).AddInfo(
			jsii.String(fmt.Sprintf("the expected end, %s, has passed: clients are told to wait %v", until.Format(time.RFC3339), cmp.Or(props.Answer.RetryAfter, responder.DefaultRetryAfter))))
	}
	validation := &validation{this: this, props: props, listeners: listeners}
	this.Node().AddValidation(validation)
	awscdk.Validations_Of(this).AddPlugins(&written{validation: validation, mode: &mode})
	return mode
}
