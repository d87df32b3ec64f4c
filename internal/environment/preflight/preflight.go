// Package preflight asks an AWS account, and this machine, whether an environment
// can be deployed to it: before the first deploy, and again before a maintenance.
// It only reads.
package preflight

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/noren-cdk/noren/internal/environment"
)

// State is what is known of a check.
type State string

const (
	OK      State = "ok"        // it is as it has to be
	Wrong   State = "wrong"     // the deploy would fail, or not do what it promises
	Unknown State = "not known" // it could not be found out
)

// Finding is what one check found.
type Finding struct {
	// Check is its name: a few words.
	Check string `json:"check"`

	State State `json:"state"`

	// Found is what there is, or why it is not known.
	Found string `json:"found"`

	// Do is what to do about it. Empty if nothing is to be done.
	Do string `json:"do,omitempty"`
}

// Subject is what is checked, and with what.
type Subject struct {
	Env    environment.Environment
	Config aws.Config

	// Run runs a command of this machine and returns what it printed.
	// Default: it is really run.
	Run func(ctx context.Context, name string, args ...string) (string, error)

	// HTTP sends requests to the deployed product. Default: http.DefaultClient.
	HTTP *http.Client

	// Now is the current time. Default: time.Now.
	Now func() time.Time
}

// check is one question.
type check struct {
	name    string
	actions []string              // of IAM, that it needs
	applies func(*inspector) bool // nil: to every environment
	ask     func(*inspector) (Finding, error)
}

// inspector asks the questions of a Subject.
type inspector struct {
	Subject
	ctx context.Context
	aws clients
}

// Before returns the findings on an account that is to be deployed to.
func Before(ctx context.Context, s Subject) []Finding { return s.inspect(ctx, before) }

// After returns the findings on what has been deployed.
func After(ctx context.Context, s Subject) []Finding { return s.inspect(ctx, after) }

func (s Subject) inspect(ctx context.Context, checks []check) []Finding {
	if s.Run == nil {
		s.Run = run
	}
	if s.HTTP == nil {
		s.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	i := &inspector{Subject: s, ctx: ctx, aws: newClients(s.Config, s.Env.Region)}
	var findings []Finding
	_, lacking := s.Config.Credentials.Retrieve(ctx)
	if lacking != nil {
		findings = append(findings, Finding{Check: "credentials", State: Wrong, Found: "there are none: " + line(lacking.Error()),
			Do: "log in, as with aws sso login, name a profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"})
	}
	for _, c := range checks {
		if c.applies != nil && !c.applies(i) {
			continue
		}
		if lacking != nil && len(c.actions) > 0 {
			findings = append(findings, Finding{Check: c.name, State: Unknown, Found: "not asked: there are no AWS credentials"})
			continue
		}
		finding, err := c.ask(i)
		if err != nil {
			finding = unknown(err, c.actions)
		}
		finding.Check = c.name
		findings = append(findings, finding)
	}
	return findings
}

// unknown returns the finding of a question that got no answer.
func unknown(err error, actions []string) Finding {
	var api smithy.APIError
	if errors.As(err, &api) && denied(api.ErrorCode()) {
		return Finding{State: Unknown, Found: "not allowed to ask: " + api.ErrorCode(),
			Do: "allow " + strings.Join(actions, ", ") + "; noren preflight --policy prints all that is asked for"}
	}
	if api != nil {
		return Finding{State: Unknown, Found: api.ErrorCode() + ": " + line(api.ErrorMessage())}
	}
	return Finding{State: Unknown, Found: line(err.Error())}
}

func denied(code string) bool {
	return strings.HasPrefix(code, "AccessDenied") || code == "UnauthorizedOperation" || code == "AuthorizationError"
}

// line is text in one line.
func line(text string) string { return strings.Join(strings.Fields(text), " ") }

func ok(format string, args ...any) (Finding, error) {
	return Finding{State: OK, Found: fmt.Sprintf(format, args...)}, nil
}

func wrong(do, format string, args ...any) (Finding, error) {
	return Finding{State: Wrong, Found: fmt.Sprintf(format, args...), Do: do}, nil
}

func notKnown(do, format string, args ...any) (Finding, error) {
	return Finding{State: Unknown, Found: fmt.Sprintf(format, args...), Do: do}, nil
}

// run runs a command.
func run(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	return string(out), err
}

// isMissing reports that a service says that what was asked for does not exist.
func isMissing(err error, codes ...string) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	for _, code := range codes {
		if api.ErrorCode() == code {
			return true
		}
	}
	return false
}
