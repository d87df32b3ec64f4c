// Package maintenancemode closes a product behind an Application Load Balancer
// for a planned maintenance, all but an allowlist, by a single change of the
// listener.
//
// Everything is deployed in every mode: a Lambda function that answers 503, and
// the listener rules that let the allowlist through. Closing turns the
// listener's default action from the application's target group to that of the
// function: one property of one resource, one API call, no moment at which an
// allowed request is refused.
package maintenancemode

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/gofunction"
	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/function/responder"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/internal/rules/allowlist"
	"github.com/noren-cdk/noren/maintenance"
)

// Props configures a MaintenanceMode.
type Props struct {
	// Listener is the listener to put into maintenance. Required.
	//
	// A default action that forwards to AppTargetGroup belongs to the construct
	// from then on, with the login before it and the weights that it may have. An
	// imported listener, one that several services share (Services, Hosts), or one
	// whose default action goes elsewhere keeps its default action: there the
	// construct closes by a rule at the end of its band instead, which without
	// Hosts stops everything that comes after it.
	Listener elbv2.IApplicationListener

	// Listeners are further listeners of the same load balancer on which the
	// application answers, such as that of port 80 beside that of port 443. All
	// are closed together. Default: none.
	Listeners []elbv2.IApplicationListener

	// KeepOpen names what else on the load balancer is to stay open when the
	// switch is closed: listener rules, target groups, other listeners. What is
	// not named and could serve a request is an error. Default: nothing.
	KeepOpen []constructs.IConstruct

	// AppTargetGroup is where the application answers. Required.
	AppTargetGroup elbv2.IApplicationTargetGroup

	// Services are further services that are closed together with the application,
	// at most 8, such as those to which the listeners send by path. An operator or
	// a read that rules of two services match goes to the one that is listed
	// first, and to the application last. Their rules on the listeners come after
	// the band. Default: the application is the whole product.
	Services []Service

	// Mode is who is let through. Default: maintenance.Open.
	Mode maintenance.Mode

	// ReadOnly prepares the mode maintenance.ReadOnly, in which GET, HEAD and OPTIONS
	// go on: with one more rule for each way to a service, in every mode. A
	// WebSocket is opened by GET. Default: false, and that mode is an error.
	ReadOnly bool

	// WithoutUpgrades refuses what asks for another protocol in read-only, such as
	// WebSockets: with one more rule. Clients that offer HTTP/2 in the clear with
	// every request (Upgrade: h2c) are refused as well. Default: false, a GET that
	// opens a WebSocket is a read.
	WithoutUpgrades bool

	// Hosts narrows everything to requests for these host names, on a listener
	// that other products share. Names as ALB takes them: * and ? are wildcards,
	// a port is not stripped. Each takes one of the five condition values of
	// a rule; more than fit make more rules. Default: all requests of the listener.
	Hosts []string

	// Allow is what the application still answers: http.ServeMux patterns with a
	// method, such as "GET /api/templates/{id}". GET includes HEAD. Append while
	// maintenance is on: a pattern in the middle may move others to another rule.
	// Default: nothing but the health check.
	Allow []string

	// Clients narrows Allow to one kind of client. Default: any client.
	Clients Clients

	// Bypass lets operators through. Default: nobody.
	Bypass Bypass

	// HealthCheckPath answers to everybody in every mode, so that probes from
	// outside do not mistake maintenance for an outage. Default: the health check
	// path that AppTargetGroup sets, where it leads to the application, unless it
	// is "/", which would leave a front page open.
	HealthCheckPath string

	// NoHealthCheck leaves out the rule for HealthCheckPath. Default: false.
	NoHealthCheck bool

	// Priority is the first of the hundred listener priorities that the
	// construct's rules use, 1 to 49901; they use six hundred with Services,
	// WithoutUpgrades, or more Hosts than fit into the slots of a hundred.
	// Default: 100.
	Priority int

	// RuleQuota is how many rules the load balancer may have, the quota "Rules
	// per Application Load Balancer" of the account. Default: 100.
	RuleQuota int

	// Answer is what the refused are told. Default: a short sentence, and to come
	// back in 10 minutes.
	Answer maintenance.Answer

	// Guard refuses to open by accident. Default: nothing is refused.
	Guard Guard

	// ExpectedDuration is how long a maintenance takes at most, in steps of 5
	// minutes up to 24 hours, which is how far back CloudWatch looks: after that
	// ForgottenAlarm goes off. Default: 4 hours.
	ExpectedDuration time.Duration

	// ReservedConcurrency is kept for the function that answers, which is also
	// its most: what exceeds it gets a bare 502 from ALB. An account whose quota
	// is still 10 can reserve none. Default: 0, nothing reserved.
	ReservedConcurrency int

	// FunctionRepository is for accounts that allow functions as container images
	// only: it holds the images, once they were pushed from the assembly.
	// Default: the functions are zip archives.
	FunctionRepository awsecr.IRepository

	// LogRetention is how long the functions' logs are kept. Default: one month.
	LogRetention awslogs.RetentionDays

	// FunctionLogs is where all functions log. Default: a log group for each.
	FunctionLogs awslogs.ILogGroup

	// EncryptionKey encrypts the functions' logs and environment variables, and the
	// bypass secret. Its policy has to let CloudWatch Logs use it, and the role
	// that deploys decrypt the secret, whose value the rules hold. Default: keys of
	// AWS.
	EncryptionKey awskms.IKey

	withoutFlags *maintenance.Answer // nil: no flag has changed Answer
}

func (p Props) functionPackage() gofunction.Package {
	if p.FunctionRepository != nil {
		return gofunction.Image
	}
	return gofunction.Zip
}

// Clients is a kind of client, told by a request header. It is no protection:
// anybody can send the header.
type Clients struct {
	// Header is the name of the header. Default: none, any client.
	Header string

	// Values are those of the header, compared without case; more than fit into a
	// rule make more rules. Required with Header.
	Values []string
}

// Bypass lets operators use the product while it is closed. It is a
// convenience, not authentication: the application still asks for a login.
type Bypass struct {
	// CIDRs are networks that are let through. ALB sees the peer of the
	// connection: behind CloudFront or another proxy that is the proxy.
	CIDRs []netip.Prefix

	// Header is the name of a header that carries the secret.
	Header string

	// Cookie is the name of a cookie that carries the secret. With it comes a
	// page, UnlockPath, that gives the cookie to whoever knows the secret.
	Cookie string

	// UnlockPath is the path of that page, in every mode.
	// Default: /api/maintenance/unlock.
	UnlockPath string

	// SecretVersion is raised by one to rotate the secret: the next deploy
	// generates another one and the rules follow. Default: 1.
	SecretVersion int
}

// MaintenanceMode is what New defined.
type MaintenanceMode struct {
	// Function answers the refused.
	Function awslambda.Function

	// LogGroup is the function's log.
	LogGroup awslogs.ILogGroup

	// Unlock gives the bypass cookie for the secret, which it alone may read.
	// Nil without Bypass.Cookie.
	Unlock awslambda.Function

	// TargetGroup is the function's target group.
	TargetGroup elbv2.ApplicationTargetGroup

	// Rules are the listener rules. They are there in every mode.
	Rules []elbv2.CfnListenerRule

	// Guard refuses to open by accident. Zero with Props.Guard.Absent.
	Guard ReopenGuard

	// Probe looks every minute which mode the listener is in.
	Probe awslambda.Function

	// ProbeLogGroup is the probe's log.
	ProbeLogGroup awslogs.ILogGroup

	// Metrics are what the probe says.
	Metrics Metrics

	// Alarms say that something is wrong with the switch, or that maintenance takes
	// longer than was expected. A planned closing sets none of them off. They tell
	// nobody before an action is added to them.
	Alarms []awscloudwatch.Alarm

	// ModeAlarms say which mode the product is in: they go off at every closing.
	ModeAlarms []awscloudwatch.Alarm

	// NotOpen and Closed are those of ModeAlarms that are in alarm while the product
	// is not open, and while it is closed; they are the same unless read-only is
	// prepared. Closed suppresses the alarms of an application that is being
	// maintained: while it is read-only it serves reads.
	NotOpen, Closed awscloudwatch.Alarm

	// BypassSecret is the secret that lets operators through: 32 letters and
	// digits, without case. Whoever may describe listener rules can read it. Nil
	// without Bypass.Header and Bypass.Cookie.
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

	carriers carriers // of the mode, for the guard's digest
}

// New defines a MaintenanceMode in scope. It panics if props are invalid, and
// adds an error to the synthesis if a rule of the app collides with its own.
func New(scope constructs.Construct, id string, props Props) MaintenanceMode {
	fail := func(err error) {
		if err != nil {
			panic(fmt.Errorf("maintenancemode %s/%s: %w", *scope.Node().Path(), id, err))
		}
	}
	fail(props.validate())
	props.Mode = cmp.Or(props.Mode, maintenance.Open)
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
	var mode MaintenanceMode
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
		// No warning of CDK's: --strict would refuse to open what is overdue.
		awscdk.Annotations_Of(this).AddInfo(
			jsii.String(fmt.Sprintf("the expected end, %s, has passed: clients are told to wait %v", until.Format(time.RFC3339), cmp.Or(props.Answer.RetryAfter, responder.DefaultRetryAfter))))
	}
	this.Node().AddValidation(&validation{this: this, props: props, listeners: listeners})
	return mode
}

// check reports what of a listener cannot be, in any mode.
func (p Props) check(t turned) error {
	plan := p.plan(t)
	var errs []error
	if last := plan.Last(); last > alb.MaxPriority {
		errs = append(errs, fmt.Errorf("Priority must be 1 to %d, got %d", alb.MaxPriority-(last-p.first()), p.Priority))
	}
	_, err := rulesOf(plan, "32 letters and digits", maintenance.Closed)
	return errors.Join(append(errs, err)...)
}

// rulesOf are all rules of a plan: first those that stand, then those that turn.
func rulesOf(plan rules.Plan, secret string, mode maintenance.Mode) ([]rules.Rule, error) {
	standing, err := plan.Standing()
	bypass, bypassErr := plan.BypassSecret(secret)
	turning, turningErr := plan.Turning(mode)
	return slices.Concat(standing, bypass, turning), errors.Join(err, bypassErr, turningErr)
}

// settings are what the functions have to know of a listener.
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

// addRules defines the rules of a listener, and turns its default action.
func (m *MaintenanceMode) addRules(props Props, t *turned, unlock *string) {
	services := props.services()
	var closing, carry []elbv2.CfnListenerRule
	for _, r := range t.rules {
		var to any
		var closed []any // with the login that stays before it
		if r.Target == rules.App || r.Reads() {
			does := t.routeOf(r).does
			to, closed = does.raw, does.turnedTo(m.TargetGroup.TargetGroupArn())
		}
		switch r.Target {
		case rules.Responder:
			to = plainForward(m.TargetGroup.TargetGroupArn()).raw
		case rules.Unlock:
			to = plainForward(unlock).raw
		}
		rule := newListenerRule(t.scopeOf(r.Service), r, t.listener, to)
		if r.Target == rules.Responder && len(closed) > 1 {
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
			m.carriers.describeRule(props, t, r, rule, plainForward(m.TargetGroup.TargetGroupArn()).template(), closed)
		}
		// What is closed to all is closed before what is closed to reads.
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
	closed := app.turnedTo(m.TargetGroup.TargetGroupArn())
	m.afterGuard(t.resource)
	m.carriers.listeners = append(m.carriers.listeners, t.resource)
	m.carriers.describeProperty(props, t.resource, "DefaultActions", func(mode maintenance.Mode) any {
		if mode == maintenance.Open {
			return app.template()
		}
		return closed
	})
	if props.Mode != maintenance.Open {
		m.carriers.override(t.resource, "DefaultActions", closed)
	}
}

func (p Props) first() int { return cmp.Or(p.Priority, rules.First) }

func (p Props) validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if p.Listener == nil {
		bad("Listener is required")
	}
	if p.AppTargetGroup == nil {
		bad("AppTargetGroup is required")
	}
	if p.Mode != "" && !p.Mode.Valid() {
		bad("unknown Mode %q: want maintenance.Open, ReadOnly or Closed", p.Mode)
	}
	if err := p.Mode.CheckPrepared(p.ReadOnly); err != nil {
		bad("Mode: %w", err)
	}
	if most := alb.MaxPriority - rules.Band + 1; p.first() < 1 || p.first() > most {
		bad("Priority must be 1 to %d, got %d", most, p.Priority)
	}
	if most := rules.MaxServices - 1; len(p.Services) > most {
		bad("Services has %d services, at most %d beside the application", len(p.Services), most)
	}
	for i, s := range p.Services {
		if s.TargetGroup == nil {
			bad("Services[%d].TargetGroup is required", i)
		}
	}
	if p.WithoutUpgrades && !p.ReadOnly {
		bad("WithoutUpgrades is for the mode read-only: set ReadOnly")
	}
	for _, problem := range p.plan(turned{}).Problems() {
		errs = append(errs, problem)
	}
	if p.Bypass.SecretVersion < 0 {
		bad("Bypass.SecretVersion must not be negative, got %d", p.Bypass.SecretVersion)
	}
	if d := p.ExpectedDuration; d != 0 {
		if err := maintenance.CheckExpectedDuration(d); err != nil {
			bad("ExpectedDuration: %w", err)
		}
	}
	if p.Guard.Absent && p.Guard.Typed.IsZero() {
		bad("Guard.Absent wants the mode to be typed: without the guard nothing asks whether a file is to open the product")
	}
	if p.RuleQuota < 0 {
		bad("RuleQuota must not be negative, got %d", p.RuleQuota)
	}
	if err := responder.Config(p.Answer).Validate(); err != nil {
		bad("Answer: %w", err)
	}
	return errors.Join(errs...)
}
