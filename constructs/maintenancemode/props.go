package maintenancemode

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/noren-cdk/noren/constructs/gofunction"
	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/function/responder"
	"github.com/noren-cdk/noren/internal/rules"
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

	// Monitors are services outside of AWS that watch the product, at most 8, and
	// are kept quiet while it is closed. Default: none, and no function for them.
	Monitors []Monitor

	// AlarmTopics are told when one of Alarms and ModeAlarms goes off, and when it
	// ends. Their policies have to let CloudWatch publish. Default: nobody is told
	// before an action is added to the alarms.
	AlarmTopics []awssns.ITopic

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

// Clients is a kind of client, told by a request header. It is not protection:
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
	errs = append(errs, p.validateMonitors()...)
	if p.RuleQuota < 0 {
		bad("RuleQuota must not be negative, got %d", p.RuleQuota)
	}
	if err := responder.Config(p.Answer).Validate(); err != nil {
		bad("Answer: %w", err)
	}
	return errors.Join(errs...)
}
