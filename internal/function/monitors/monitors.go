// Package monitors keeps monitors outside of AWS quiet while the product is
// closed, with downtimes at their services.
//
// A downtime is a lease: it ends by itself half an hour after it was last
// extended, so that a crash heals itself. A schedule extends downtimes while the
// product is closed, and ends the remaining ones once it is open. The package
// keeps no state: a downtime carries a key, by which it is found again.
package monitors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

const (
	// callTime limits a direct call, which a closing waits for.
	callTime = 15 * time.Second

	// tickTime limits the work of the schedule, and of an event that begins a
	// downtime.
	tickTime = time.Minute

	// turnTime is how long an event waits for the listener to reach its mode: it
	// is sent just before the listener changes.
	turnTime = 2 * time.Minute

	// Timeout is how long the function may run.
	Timeout = turnTime + tickTime
)

// Monitors quiets the monitors. Make it with FromEnvironment.
type Monitors struct {
	settings Settings
	config   aws.Config
	log      *slog.Logger
	client   *http.Client
	now      func() time.Time
	pause    time.Duration // before the second attempt
	poll     time.Duration // of the listener
	callTime time.Duration
	turnTime time.Duration
}

// FromEnvironment returns the Monitors that the environment of the Lambda function,
// and the file beside its program, describe.
func FromEnvironment(getenv func(string) string, cfg aws.Config, log *slog.Logger) *Monitors {
	return &Monitors{parse(getenv), cfg, log, newClient(), time.Now, 500 * time.Millisecond, 5 * time.Second, callTime, turnTime}
}

// Result is the result for one monitor.
type Result struct {
	// Monitor is its name.
	Monitor string `json:"monitor"`

	// Done says that its service has the downtime, or no longer has it.
	Done bool `json:"done"`

	// Error says why it is not done, or what else went wrong. It contains no
	// secret.
	Error string `json:"error"`
}

// Answer is the answer to a call.
type Answer struct {
	Results []Result `json:"results"`
}

// Err says which monitors were not handled, and why.
func (a Answer) Err() error {
	var errs []error
	for _, r := range a.Results {
		if !r.Done {
			errs = append(errs, fmt.Errorf("monitor %s: %s", r.Monitor, r.Error))
		}
	}
	return errors.Join(errs...)
}

// Handle does what the payload asks for: a Call, a mode event, or the event of a
// schedule. A call fails only if it cannot be read: failures of a service are in
// the answer. An event and the schedule also fail if something is not done.
func (m *Monitors) Handle(ctx context.Context, payload json.RawMessage) (Answer, error) {
	if m.settings.Err != nil {
		return Answer{}, m.settings.Err
	}
	asked, err := read(payload)
	if err != nil {
		return Answer{}, err
	}
	switch {
	case asked.call != nil:
		if err := m.ours(asked.call.Stack, asked.call.Switch); err != nil {
			return Answer{}, err
		}
		return m.call(ctx, *asked.call), nil
	case asked.event != nil:
		if err := m.ours(asked.event.Stack, asked.event.Switch); err != nil {
			return Answer{}, err
		}
		return m.event(ctx, *asked.event)
	}
	return m.tick(ctx)
}

// ours reports a stack or switch that is not ours. An empty name is ours.
func (m *Monitors) ours(stack, name string) error {
	if stack != "" && stack != m.settings.Stack || name != "" && name != m.settings.SwitchName {
		return fmt.Errorf("the payload is of stack %q, switch %q: want %q, %q", stack, name, m.settings.Stack, m.settings.SwitchName)
	}
	return nil
}

// call does what a Call asks for, in a limited time.
func (m *Monitors) call(ctx context.Context, c Call) Answer {
	ctx, cancel := context.WithTimeout(ctx, m.callTime)
	defer cancel()
	return m.each(ctx, string(c.Action), func(ctx context.Context, at maintenance.Monitor, p provider) error {
		switch {
		case c.Action == End:
			return m.end(ctx, p, m.now())
		case quiet(at, c.Mode):
			return m.begin(ctx, p, c.Since, c.Until)
		}
		return nil
	})
}

// tick adapts the downtimes to the mode of the listener.
func (m *Monitors) tick(ctx context.Context) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, tickTime)
	defer cancel()
	mode, err := m.mode(ctx)
	if err != nil {
		return Answer{}, err
	}
	now := m.now()
	answer := m.each(ctx, "schedule", func(ctx context.Context, at maintenance.Monitor, p provider) error {
		switch {
		case mode == "":
			return m.keep(ctx, p)
		case quiet(at, mode):
			return m.begin(ctx, p, now, time.Time{})
		}
		return m.end(ctx, p, now.Add(-grace))
	})
	return answer, answer.Err()
}

// event follows a mode event, which comes just before the listener changes, or
// later. Quieting happens at once; monitors speak again only when the listener is
// in the mode. An event that comes very late begins nothing.
func (m *Monitors) event(ctx context.Context, e live.ModeEvent) (Answer, error) {
	late := m.now().Sub(e.Since) > turnTime
	var mode maintenance.Mode
	var unread error
	wait := sync.OnceFunc(func() { mode, unread = m.await(ctx, e.To, late) })
	answer := m.each(ctx, "mode event", func(ctx context.Context, at maintenance.Monitor, p provider) error {
		starts := quiet(at, e.To)
		if !starts || late {
			if wait(); unread != nil {
				return unread
			}
		}
		ctx, cancel := context.WithTimeout(ctx, tickTime)
		defer cancel()
		switch {
		case starts && (!late || quiet(at, mode)):
			return m.begin(ctx, p, e.Since, e.Until)
		case !starts && mode != "" && !quiet(at, mode):
			return m.end(ctx, p, e.Since)
		}
		return nil // the schedule follows the listener
	})
	return answer, answer.Err()
}

// await reads the mode of the listener until it is the wanted one, or time runs
// out.
func (m *Monitors) await(ctx context.Context, wanted maintenance.Mode, once bool) (maintenance.Mode, error) {
	over := time.After(m.turnTime)
	for {
		mode, err := m.mode(ctx)
		if err != nil || mode == wanted || once {
			return mode, err
		}
		select {
		case <-over:
			return mode, nil
		case <-ctx.Done():
			return mode, ctx.Err()
		case <-time.After(m.poll):
		}
	}
}

// mode returns the mode of the listeners, empty if they are in a mixed state.
func (m *Monitors) mode(ctx context.Context) (maintenance.Mode, error) {
	all, err := live.Read(ctx, elbv2.NewFromConfig(m.config), m.settings.Switch)
	if err != nil {
		return "", err
	}
	mode, mixed := rules.Together(all)
	if mixed != "" {
		return "", nil
	}
	return mode, nil
}

// each calls do for all monitors at the same time, and logs the results.
func (m *Monitors) each(ctx context.Context, what string, do func(context.Context, maintenance.Monitor, provider) error) Answer {
	results := make([]Result, len(m.settings.Monitors))
	var wg sync.WaitGroup
	for i, at := range m.settings.Monitors {
		wg.Go(func() {
			p, err := m.provider(ctx, i)
			if err == nil {
				err = do(ctx, at, p)
			}
			results[i] = Result{Monitor: at.Name, Done: onlyAside(err)}
			level := slog.LevelInfo
			if err != nil {
				results[i].Error, level = err.Error(), slog.LevelError
			}
			m.log.Log(ctx, level, what, "monitor", at.Name, "done", results[i].Done, "cause", results[i].Error)
		})
	}
	wg.Wait()
	return Answer{results}
}

// provider returns the provider of the monitor with an index, and its secret.
func (m *Monitors) provider(ctx context.Context, i int) (provider, error) {
	out, err := secretsmanager.NewFromConfig(m.config).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &m.settings.Secrets[i]})
	if err != nil {
		return nil, fmt.Errorf("reading the secret: %w", err)
	}
	s := service{client: m.client, secret: newSecret(aws.ToString(out.SecretString))}
	at := m.settings.Monitors[i]
	if isSet(at.Mackerel) {
		return newMackerel(at.Mackerel, s)
	}
	return newHTTPMonitor(at.HTTP, s)
}
