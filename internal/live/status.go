package live

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// Query says which product to look at, and how.
type Query struct {
	// Stack is the name of its stack. Required.
	Stack string

	// Assembly is the folder of the assembly that the next deploy would use, as
	// cdk synth writes it. Default: none.
	Assembly string

	// URL is where requests are sent, except for the last part of the path.
	// Default: the stack's output ApiUrl or, failing that, SiteUrl followed by
	// /api/.
	URL string

	// AWS configures the calls to AWS. Required.
	AWS aws.Config

	// HTTP sends the requests when they go wherever the name in the URL leads.
	// Default: a client with a timeout.
	HTTP *http.Client

	// Confirm is how often in a row every address is asked. Default:
	// DefaultConfirm.
	Confirm int

	// Lookup returns the addresses of a host. Default: the system's lookup.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)

	// Now is the clock. Default: the system's.
	Now func() time.Time
}

// Find looks at the product. It returns an error if the stack cannot be read;
// anything else that cannot be read is a Problem.
func (q Query) Find(ctx context.Context) (Report, error) {
	if q.Now == nil {
		q.Now = time.Now
	}
	report := Report{Stack: q.Stack, Region: q.AWS.Region, At: q.Now().UTC().Truncate(time.Second)}
	if err := q.CheckCredentials(ctx); err != nil {
		return report, err
	}
	d, err := readStack(ctx, cloudformation.NewFromConfig(q.AWS), q.Stack)
	if err != nil {
		return report, q.explain(err)
	}
	if d.err != nil {
		report.Switches = []Status{{
			Assembly: Finding{Detail: "none was looked at"},
			Deployed: Finding{Detail: d.status, Problem: q.explain(d.err).Error()},
			Listener: Finding{Problem: "not known without the deployed template"},
			Request:  q.requests(ctx, d, rules.Found{}, maintenance.Open),
		}}
		return report, nil
	}
	for _, s := range d.switches {
		report.Switches = append(report.Switches, q.status(ctx, d, s, report.At))
	}
	return report, nil
}

// status returns the status of one switch.
func (q Query) status(ctx context.Context, d *deployed, s rules.Found, now time.Time) Status {
	status := Status{Name: s.Name, Assembly: q.assembly(s.Name), Deployed: d.finding(s, d.status)}
	real, err := d.live(s)
	if err != nil {
		status.Listener.Problem = err.Error()
		status.Request = q.requests(ctx, d, s, maintenance.Open)
		return status
	}
	groups := q.look(ctx, d, s, real, &status)
	status.Stack = d.status
	status.Request = q.requests(ctx, d, s, cmp.Or(status.Listener.Mode, status.Not, status.Deployed.Mode))
	if err := q.history(ctx, d, s, real, &status, now); err != nil {
		status.Unknown = q.explain(err).Error()
	}
	status.Drain = q.drain(ctx, real, groups, status, now)
	return status
}

// look reads every listener of the load balancers of a switch, and compares it
// with the deployed template. It returns the target groups to which the listeners
// of the switch forward.
func (q Query) look(ctx context.Context, d *deployed, s rules.Found, real rules.Switch, status *Status) []string {
	var names []string
	for _, at := range real.Listeners {
		names = append(names, at.Name)
	}
	f := &status.Listener
	f.Detail = strings.Join(names, ", ")
	named := map[string]string{}
	for id, physical := range d.physical {
		named[physical] = id
	}
	seen, err := See(ctx, elbv2.NewFromConfig(q.AWS), real, named)
	if err != nil {
		f.Problem = q.explain(err).Error()
		return nil
	}
	d.assess(s, seen, func(value string) (string, error) { return q.withSecrets(ctx, d, value) }, status)
	return d.groups(seen.Listeners)
}

// assess determines the mode of what was seen, which was read with the names of
// the template, and how it differs from what was deployed. secret fills the
// secrets into a value of the template.
func (d *deployed) assess(s rules.Found, seen Seen, secret func(value string) (string, error), status *Status) {
	f := &status.Listener
	verdicts := seen.Modes(s.Switch)
	f.Mode, f.Mixed = rules.Together(verdicts)
	for _, v := range verdicts {
		status.Notes = append(status.Notes, v.Notes...)
	}
	drift := d.drift(s, seen)
	for i, at := range s.Listeners {
		for _, l := range d.Listeners {
			if l.Ref.String() == at.Name {
				different, notes := secrets(l, seen.Listeners[i], secret)
				drift = append(drift, different...)
				status.Notes = append(append(status.Notes, notes...), rules.Mangled(l, seen.Listeners[i])...)
			}
		}
	}
	for _, different := range drift {
		status.Drift = append(status.Drift, different.Text)
	}
	if opened := rules.Opened(f.Mode, drift); opened != "" && f.Mixed == "" {
		status.Not = f.Mode
		f.Mode, f.Mixed = "", opened
	}
}

// CheckCredentials returns an error that says what to do if there are no AWS
// credentials.
func (q Query) CheckCredentials(ctx context.Context) error {
	if _, err := q.AWS.Credentials.Retrieve(ctx); err != nil {
		return fmt.Errorf("no AWS credentials: log in, as with aws sso login, name a profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: %w", q.explain(err))
	}
	return nil
}

func (q Query) explain(err error) error { return explain(err, q.Stack, q.AWS.Region) }

// longest is how far back changes of the listener are searched. CloudTrail keeps
// them for 90 days; further back there are too many pages.
const longest = 30 * 24 * time.Hour

// history determines since when the listeners are in their state, and who did it:
// the last deploy, according to the guard's record, or whoever changed them
// since.
func (q Query) history(ctx context.Context, d *deployed, s rules.Found, real rules.Switch, status *Status, now time.Time) error {
	kept, err := Parameters{ssm.NewFromConfig(q.AWS)}.Read(ctx, d.physical[s.Record], d.physical[s.Attribution], d.physical[s.ByHand])
	if err != nil {
		return err
	}
	record := kept.Record
	status.Recorded = record.Mode
	if b := kept.ByHand; b.Mode.Valid() && !b.At.Before(record.Since) && b.Mode != status.Deployed.Mode {
		status.Locked = b.Locked
		if b.Mode == status.Listener.Mode {
			status.Since, status.By, status.ByHand, status.Why = b.At, b.By, true, b.Why
			return nil
		}
	}
	if record.Mode.Valid() && record.Mode == status.Listener.Mode {
		status.Since, status.By = record.Since, kept.By()
		if status.By != "" {
			return nil
		}
		act, err := LastDeploy(ctx, q.AWS, q.Stack, record.Since)
		status.By = act.By
		return err
	}
	since := now.Add(-longest)
	if record.Since.After(since) {
		since = record.Since
	}
	var last Act
	for _, at := range real.Listeners {
		act, err := LastChange(ctx, q.AWS, at.Name, since)
		if err != nil {
			return err
		}
		if act.At.After(last.At) {
			last = act
		}
	}
	if last.At.IsZero() {
		return fmt.Errorf("CloudTrail knows of no change of the listener since %s; a change of the last %v may not have arrived", since.Format("2006-01-02 15:04 MST"), TrailDelay)
	}
	status.Since, status.By, status.ByHand = last.At, last.By, !last.Deploy
	if last.Deploy { // through CloudFormation's role
		deploy, err := LastDeploy(ctx, q.AWS, q.Stack, last.At)
		if deploy.By != "" {
			status.By = deploy.By
		}
		return err
	}
	return nil
}
