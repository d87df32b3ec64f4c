// Package maintenancemode closes a product behind an Application Load Balancer
// for a planned maintenance. An allowlist of requests stays open.
//
// The same resources are deployed in every mode: a Lambda function that answers
// 503, and listener rules that let the allowlist through. Closing switches the
// listener's default action from the application's target group to that of the
// function. That is one property of one resource and one API call, and at no
// moment is an allowed request refused. On a listener that is imported, or that
// several services share, a rule closes instead. The package maintenance explains
// the modes, a flip, and what a refused client sees.
//
// # Adding it to an app
//
// Call [New] with the listener, the target group that its default action forwards
// to, and the allowlist. [ReadFlags] reads the mode from the command line. [Run]
// runs the app and reports each error in one line:
//
//	func main() { os.Exit(maintenancemode.Run(define)) }
//
//	func define(app awscdk.App) error {
//		flags, err := maintenancemode.ReadFlags(app)
//		if err != nil {
//			return err
//		}
//		// The default action of listener forwards to targetGroup.
//		maintenancemode.New(stack, "Maintenance", flags.Apply(maintenancemode.Props{
//			Listener:       listener,
//			AppTargetGroup: targetGroup,
//			Allow:          []string{"POST /api/login", "GET /api/templates/{id}"},
//		}))
//		return nil
//	}
//
// The first deploy adds the function and the rules, and leaves the default action
// as it is. Later flips change the listener and, with ReadOnly, the rules for
// reads:
//
//	cdk deploy -c maintenance=true     # close
//	cdk deploy -c maintenance=false    # open
//
// # What stays open
//
// While the product is closed, these requests still reach the application: those in
// Allow, the health check, and those with the Bypass. While it is read-only, so do
// GET, HEAD and OPTIONS; set ReadOnly to prepare that mode. If a listener rule, a
// listener or a target group of the same load balancer could serve anything else,
// synthesis fails until KeepOpen names it.
//
// # Opening on purpose only
//
// A deploy that forgets the flag would open a closed product. With Guard.Enabled
// such a deploy fails before the listener changes, and is rolled back; the stack's
// events say since when the product has been closed and what to type. To open, type
// -c maintenance=false or, if only committed files are deployed, set Guard.Reopens.
// Turning a closed product to read-only opens it, too. A flag that was typed on
// another evening or before the maintenance began does not count. Closing is never
// refused.
//
// # Deploys and rollbacks while it is closed
//
// A deploy that changes nothing about the listener, such as a new image, leaves a
// closed product closed, also if it was closed by hand: CloudFormation compares
// templates, not what is there. A deploy that changes the listener for another
// reason, such as a certificate, sets a listener that was closed by hand back to
// the mode of the template; the guard refuses that, too. The commands in
// [MaintenanceMode.EmergencyClose] and noren close --now change the mode without
// CloudFormation.
//
// A rollback restores what was deployed before, and the guard lets it pass. So
// deploy a flip alone: if something else in the same deploy fails, the rollback
// undoes the flip as well, and the product opens. docs/guard.md has every case.
//
// # Trying it on this machine
//
// The command noren runs an app's templates without AWS, with the app's own
// service behind the load balancer, and flips between them:
//
//	cdk synth --output cdk.out/open   -c maintenance=false
//	cdk synth --output cdk.out/closed -c maintenance=true
//	noren preview --template cdk.out/open --template cdk.out/closed --app http://127.0.0.1:3000
//	noren explain "POST /api/reports" --template cdk.out/closed
package maintenancemode

import (
	"cmp"
	"errors"
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

	"github.com/noren-cdk/noren/internal/alb"
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

// check returns what is wrong with a listener, in any mode.
func (p Props) check(t turned) error {
	plan := p.plan(t)
	var errs []error
	if last := plan.Last(); last > alb.MaxPriority {
		errs = append(errs, fmt.Errorf("Priority must be 1 to %d, got %d", alb.MaxPriority-(last-p.first()), p.Priority))
	}
	_, err := rulesOf(plan, "32 letters and digits", maintenance.Closed)
	return errors.Join(append(errs, err)...)
}

// rulesOf returns all rules of a plan: first those that are the same in every
// mode, then those that turn.
func rulesOf(plan rules.Plan, secret string, mode maintenance.Mode) ([]rules.Rule, error) {
	standing, err := plan.Standing()
	bypass, bypassErr := plan.BypassSecret(secret)
	turning, turningErr := plan.Turning(mode)
	return slices.Concat(standing, bypass, turning), errors.Join(err, bypassErr, turningErr)
}

// settings returns what the functions need to know about a listener.
func (t turned) settings(props Props) rules.Listener {
	at := rules.Listener{Name: *t.listener.ListenerArn(), Hosts: props.Hosts}
	if !t.byRule {
		at.Apps = t.defaultRoute().does.names()
	}
	for _, r := range t.rules {
		if r.Turns() {
			at.Turning = append(at.Turning, r.Priority)
		}
	}
	slices.Sort(at.Turning)
	for _, r := range t.rules {
		if !slices.Contains(at.Turning, r.Priority) {
			at.Standing = append(at.Standing, rules.Standing{Priority: r.Priority, Digest: rules.Digest(r.Conditions)})
		}
	}
	slices.SortFunc(at.Standing, func(a, b rules.Standing) int { return a.Priority - b.Priority })
	return at
}

// addRules defines the rules of a listener, and sets its default action.
func (m *MaintenanceMode) addRules(props Props, t *turned, unlock *string) {
	services := props.services()
	var closing, carry []elbv2.CfnListenerRule
	for _, r := range t.rules {
		var to, transforms any
		var rule elbv2.CfnListenerRule
		var closed func() []any // with the login that stays before it
		if r.Target == rules.App || r.Reads() {
			does := t.routeOf(r).does
			transforms = does.transforms
			if to = does.raw; len(does.list) > 1 {
				closed = func() []any { return does.turnedTo(rule, m.TargetGroup.TargetGroupArn()) }
			}
		}
		switch r.Target {
		case rules.Responder:
			to = plainForward(m.TargetGroup.TargetGroupArn()).raw
		case rules.Unlock:
			to = plainForward(unlock).raw
		case rules.Status:
			to = props.Status.redirect()
		}
		rule = newListenerRule(t.scopeOf(r.Service), r, t.listener, to, transforms)
		if r.Target == rules.Responder && closed != nil {
			m.carriers.override(rule, "Actions", closed)
		}
		m.Rules = append(m.Rules, rule)
		switches := r.Turns()
		if !t.byRule && r.Target == rules.App && !switches {
			attach(services[r.Service].TargetGroup, t.listener, rule)
		}
		if switches {
			m.afterGuard(rule)
			carry = append(carry, rule)
			m.carriers.describeRule(props, t, r, rule, m.TargetGroup.TargetGroupArn(), closed)
		}
		// What is closed to everything closes before what is closed to reads.
		if r.Reads() {
			for _, first := range closing {
				rule.AddResourceDependency(first, nil)
			}
		} else if switches {
			closing = append(closing, rule)
		}
	}
	slices.SortFunc(carry, func(a, b elbv2.CfnListenerRule) int { return cmp.Compare(*a.Priority(), *b.Priority()) })
	m.carriers.rules = append(m.carriers.rules, carry...)
	if t.byRule {
		return
	}
	app := t.defaultRoute().does
	closed := func() []any { return app.turnedTo(t.resource, m.TargetGroup.TargetGroupArn()) }
	m.afterGuard(t.resource)
	m.carriers.listeners = append(m.carriers.listeners, t.resource)
	m.carriers.describeProperty(props, t.resource, "DefaultActions", func(mode maintenance.Mode) any {
		if mode == maintenance.Open {
			return app.template(t.resource)
		}
		return closed()
	})
	if props.Mode != maintenance.Open {
		m.carriers.override(t.resource, "DefaultActions", closed)
	}
}
