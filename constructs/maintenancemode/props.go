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
	// If its default action forwards to AppTargetGroup, the construct takes the action
	// over, with the login and the weights that it may have. An imported listener, a
	// listener that several services or products share (Services, Hosts), and one
	// whose default action goes elsewhere keep their default action. On these the
	// construct closes with a rule at the end of its band, which without Hosts stops
	// everything that comes after it.
	Listener elbv2.IApplicationListener

	// Listeners are further listeners of the same load balancer on which the
	// application answers, such as port 80 next to port 443. All are closed together.
	// Default: none.
	Listeners []elbv2.IApplicationListener

	// KeepOpen names what else on the load balancer stays open while the product is
	// closed: listener rules, target groups, other listeners; and the listeners of
	// other load balancers that send to the same ECS services. Anything that is not
	// named and could serve a request is an error. Default: nothing.
	KeepOpen []constructs.IConstruct

	// AppTargetGroup is where the application answers. Required.
	AppTargetGroup elbv2.IApplicationTargetGroup

	// Services are up to 8 further services that are closed together with the
	// application, such as services to which the listeners send by path. If the rules
	// of two services match a request of an operator or a read, it goes to the service
	// that is listed first, and to the application last. Their rules on the listeners
	// come after the band. Default: the application is the whole product.
	Services []Service

	// Mode says which requests reach the application. Default: maintenance.Open.
	Mode maintenance.Mode

	// ReadOnly prepares the mode maintenance.ReadOnly, in which GET, HEAD and OPTIONS
	// still reach the application. It adds one rule for each way to a service, in
	// every mode. A WebSocket is opened by a GET. Default: false, and the mode is an
	// error.
	ReadOnly bool

	// WithoutUpgrades makes read-only refuse requests for another protocol, such as
	// WebSockets. It adds one rule. Clients that offer HTTP/2 in the clear with every
	// request (Upgrade: h2c) are refused as well. Default: false, and a GET that opens
	// a WebSocket is a read.
	WithoutUpgrades bool

	// Hosts limits the switch to requests for these host names, on a listener
	// that other products share. The load balancer matches them: * and ? are
	// wildcards, and a port in the Host header is not stripped. Each name takes
	// one of the five condition values of a rule; if they do not fit, there are
	// more rules. Default: all requests of the listener.
	Hosts []string

	// Allow is the allowlist: http.ServeMux patterns with a method, such as
	// "GET /api/templates/{id}". GET includes HEAD. While maintenance is on, append
	// only: a pattern in the middle may move others to another rule.
	// Default: only the health check.
	Allow []string

	// Clients narrows Allow to one kind of client. Default: any client.
	Clients Clients

	// Bypass lets operators through. Default: nobody.
	Bypass Bypass

	// HealthCheckPath is open to everyone in every mode, so that probes from
	// outside do not mistake maintenance for an outage. Default: the health check
	// path of AppTargetGroup, if it leads to the application and is not "/",
	// which would leave a front page open.
	HealthCheckPath string

	// NoHealthCheck leaves out the rule for HealthCheckPath. Default: false.
	NoHealthCheck bool

	// Priority is the first of the hundred listener priorities that the construct's
	// rules use, 1 to 49901. The rules use six hundred with Services, WithoutUpgrades,
	// or more Hosts than fit into a hundred. Default: 100.
	Priority int

	// RuleQuota is the number of rules that the load balancer may have, the account's
	// quota "Rules per Application Load Balancer". Default: 100.
	RuleQuota int

	// Answer is what refused clients and people are told. Default: a short sentence,
	// and to come back in 10 minutes.
	Answer maintenance.Answer

	// Status is the document that tells clients of a maintenance before it begins.
	// Default: there is none.
	Status Status

	// Guard refuses deploys that would open by accident. Default: it refuses
	// nothing.
	Guard Guard

	// ExpectedDuration is the longest that a maintenance should take. After that
	// ForgottenAlarm goes off. A multiple of 5 minutes, up to 24 hours, as the
	// alarm looks back no further. Default: 4 hours.
	ExpectedDuration time.Duration

	// Monitors are up to 8 services outside of AWS that watch the product and are kept
	// quiet while it is closed. Default: none, and no function for them.
	Monitors []Monitor

	// AlarmTopics are notified when one of Alarms or ModeAlarms goes off, and
	// when it ends. Their policies must let CloudWatch publish. Default: none,
	// and no one is notified until you add an action to the alarms.
	AlarmTopics []awssns.ITopic

	// ReservedConcurrency reserves concurrency for the function that answers. It is
	// also the function's maximum: requests that exceed it get a bare 502 from the load
	// balancer. An account whose quota is still 10 can reserve none. Default: 0,
	// nothing reserved.
	ReservedConcurrency int

	// FunctionRepository holds the functions' images, which are pushed from the
	// assembly. It is for accounts that allow only container images as functions.
	// Default: the functions are zip archives.
	FunctionRepository awsecr.IRepository

	// LogRetention is how long the functions' logs are kept. Default: one month.
	LogRetention awslogs.RetentionDays

	// FunctionLogs is the log group of all functions. Default: one for each.
	FunctionLogs awslogs.ILogGroup

	// EncryptionKey encrypts the functions' logs and the bypass secret. Its
	// policy must let CloudWatch Logs use it, and let the role that deploys
	// decrypt the secret, since the rules contain its value. The answer does not
	// depend on it: the functions' environment variables, which hold no secrets,
	// are encrypted with a key of AWS. Default: keys of AWS.
	EncryptionKey awskms.IKey

	withoutFlags *maintenance.Answer // nil: no flag has changed Answer
}

func (p Props) functionPackage() gofunction.Package {
	if p.FunctionRepository != nil {
		return gofunction.Image
	}
	return gofunction.Zip
}

// Clients is a kind of client, recognized by a request header. It gives no
// protection: anyone can send the header.
type Clients struct {
	// Header is the name of the header. Default: none, any client.
	Header string

	// Values are the values of the header, compared without case. If they do not fit
	// into one rule, there are more rules. Required with Header.
	Values []string
}

// Bypass lets operators use the product while it is closed. It is a
// convenience, not authentication: the application still asks for a login.
type Bypass struct {
	// CIDRs are networks that are let through. The load balancer sees the peer of
	// the connection, which behind CloudFront or another proxy is the proxy.
	CIDRs []netip.Prefix

	// Header is the name of a header that carries the secret.
	Header string

	// Cookie is the name of a cookie that carries the secret. It adds a page at
	// UnlockPath that sets the cookie for anyone who enters the secret.
	Cookie string

	// UnlockPath is the path of that page, in every mode.
	// Default: /api/maintenance/unlock.
	UnlockPath string

	// SecretVersion rotates the secret when it is raised by one: the next deploy
	// generates a new secret, and the rules follow. Default: 1.
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
		bad("Guard.Absent needs the mode to be typed: without the guard nothing asks whether a file is to open the product")
	}
	errs = append(errs, p.validateMonitors()...)
	if p.RuleQuota < 0 {
		bad("RuleQuota must not be negative, got %d", p.RuleQuota)
	}
	if err := p.Status.validate(); err != nil {
		errs = append(errs, err)
	}
	if err := responder.Config(p.Answer).Validate(); err != nil {
		bad("Answer: %w", err)
	}
	return errors.Join(errs...)
}
