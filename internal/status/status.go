// Package status finds out whether a product is closed, really: what the
// assembly on this machine says, what is deployed, what the live listener does,
// and what one real request gets, side by side, with since when and by whom.
package status

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/noren-cdk/noren/internal/livemode"
	"github.com/noren-cdk/noren/internal/modekeeper"
	"github.com/noren-cdk/noren/internal/trail"
	"github.com/noren-cdk/noren/maintenance"
)

// Query is which product to look at.
type Query struct {
	// Stack is the name of its stack. Required.
	Stack string

	// Assembly is the folder of the assembly that the next deploy would take, as
	// cdk synth writes it. Default: none is looked at.
	Assembly string

	// URL is where a request is sent: all of it but the path's last part.
	// Default: the stack's output ApiUrl, or else SiteUrl with /api/ behind it.
	URL string

	// AWS is how AWS is asked. Required.
	AWS aws.Config

	// HTTP sends the request. Default: one with a time limit.
	HTTP *http.Client

	// Now is the clock. Default: the system's.
	Now func() time.Time
}

// Finding is what one place says.
type Finding struct {
	// Mode is the mode there. Empty if it is not known, or none.
	Mode maintenance.Mode `json:"mode"`

	// Detail is what was looked at.
	Detail string `json:"detail"`

	// Problem is why the mode is not known. Empty if it is, or if there is
	// nothing to know: no assembly, no URL.
	Problem string `json:"problem,omitempty"`
}

// Report is what was found.
type Report struct {
	Stack  string    `json:"stack"`
	Region string    `json:"region"`
	At     time.Time `json:"at"`

	Assembly Finding `json:"assembly"` // the next deploy
	Deployed Finding `json:"deployed"` // the template of the stack
	Listener Finding `json:"listener"` // what the load balancer has
	Request  Finding `json:"request"`  // what a GET that is not on the allowlist gets

	// Recorded is the mode that the last deploy turned to, as the reopen guard
	// wrote it down. Empty without a guard.
	Recorded maintenance.Mode `json:"recorded,omitempty"`

	// Since and By are when the listener was turned to its mode and who did it.
	// Zero and empty if it is not known. By hand says that it was no deploy.
	Since  time.Time `json:"since,omitzero"`
	By     string    `json:"by,omitempty"`
	ByHand bool      `json:"byHand,omitempty"`

	// Unknown is why Since and By are not known.
	Unknown string `json:"unknown,omitempty"`
}

// Verdict is how the findings go together.
type Verdict string

const (
	Agree    Verdict = "agree"    // all of them
	Disagree Verdict = "disagree" // those that are live: template, listener, request
	Next     Verdict = "next"     // those that are live agree, the next deploy differs
	Unknown  Verdict = "unknown"  // something could not be read
)

// Verdict compares the findings. A request that is not refused says open as
// well as read-only.
func (r Report) Verdict() Verdict {
	for _, f := range []Finding{r.Deployed, r.Listener, r.Request} {
		if f.Problem != "" && f.Problem != r.neither() {
			return Unknown
		}
	}
	switch live := r.Listener.Mode; {
	case live == "" || live != r.Deployed.Mode, r.Recorded != "" && r.Recorded != live:
		return Disagree
	case r.Request.Mode != "" && (r.Request.Mode == maintenance.Closed) != (live == maintenance.Closed):
		return Disagree
	case r.Assembly.Problem != "":
		return Unknown
	case r.Assembly.Mode != "" && r.Assembly.Mode != live:
		return Next
	}
	return Agree
}

// neither is the problem of a listener that was read, and is in no mode.
func (r Report) neither() string {
	if r.Listener.Mode == "" && r.Listener.Detail == inNeither {
		return r.Listener.Problem
	}
	return ""
}

// inNeither is the detail of such a listener.
const inNeither = "in neither mode"

// Find finds out. The error is that the stack cannot be read; what else cannot
// is a Problem of its own.
func (q Query) Find(ctx context.Context) (Report, error) {
	if q.Now == nil {
		q.Now = time.Now
	}
	report := Report{Stack: q.Stack, Region: q.AWS.Region, At: q.Now().UTC().Truncate(time.Second)}
	report.Assembly = q.assembly()
	if _, err := q.AWS.Credentials.Retrieve(ctx); err != nil {
		return report, fmt.Errorf("no AWS credentials: log in, as with aws sso login, name a profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: %w", explain(err, q.Stack, q.AWS.Region))
	}
	deployed, err := read(ctx, cloudformation.NewFromConfig(q.AWS), q.Stack)
	if err != nil {
		return report, explain(err, q.Stack, q.AWS.Region)
	}
	report.Deployed = q.finding(deployed.mode, deployed.status, deployed.err)
	settings, err := deployed.settings()
	if err != nil {
		report.Listener.Problem = err.Error()
		report.Request = q.request(ctx, deployed, "", "")
		return report, nil
	}
	live, err := livemode.Read(ctx, elbv2.NewFromConfig(q.AWS), settings.Switch)
	var neither *livemode.Neither
	if errors.As(err, &neither) {
		report.Listener = Finding{Detail: inNeither, Problem: neither.Why}
	} else {
		report.Listener = q.finding(live, settings.Switch.ListenerARN, err)
	}
	report.Request = q.request(ctx, deployed, deployed.listenerID(), settings.Switch.Responder)
	kept, err := modekeeper.Keeper{Config: q.AWS}.Read(ctx, settings.Record, settings.Attribution)
	if err == nil {
		report.Recorded = kept.Record.Mode
		err = q.attribute(ctx, &report, kept, settings.Switch.ListenerARN)
	}
	if err != nil {
		report.Unknown = explain(err, q.Stack, q.AWS.Region).Error()
	}
	return report, nil
}

// finding is a mode, or why it could not be read.
func (q Query) finding(mode maintenance.Mode, detail string, err error) Finding {
	if err != nil {
		return Finding{Detail: detail, Problem: explain(err, q.Stack, q.AWS.Region).Error()}
	}
	return Finding{Mode: mode, Detail: detail}
}

// history is how far back the listener's changes are looked for. CloudTrail
// keeps them for 90 days; further back there are too many pages.
const history = 30 * 24 * time.Hour

// attribute finds out since when the listener is as it is, and who did it: the
// last deploy, by the guard's record, or whoever changed it since.
func (q Query) attribute(ctx context.Context, report *Report, kept modekeeper.Kept, listener string) error {
	record := kept.Record
	if record.Mode.Valid() && record.Mode == report.Listener.Mode {
		report.Since, report.By = record.Since, kept.By()
		if report.By != "" {
			return nil
		}
		act, err := trail.Deploy(ctx, q.AWS, q.Stack, record.Since)
		report.By = act.By
		return err
	}
	since := report.At.Add(-history)
	if record.Since.After(since) {
		since = record.Since
	}
	act, err := trail.Change(ctx, q.AWS, listener, since)
	if err != nil {
		return err
	}
	if act.At.IsZero() {
		return fmt.Errorf("CloudTrail knows of no change of the listener since %s; a change of the last %v may not have arrived", since.Format("2006-01-02 15:04 MST"), trail.Delay)
	}
	report.Since, report.By, report.ByHand = act.At, act.By, !act.Deploy
	if act.Deploy { // by the role of CloudFormation
		deploy, err := trail.Deploy(ctx, q.AWS, q.Stack, act.At)
		if deploy.By != "" {
			report.By = deploy.By
		}
		return err
	}
	return nil
}
