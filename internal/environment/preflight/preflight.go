// Package preflight checks whether an environment can be deployed to an AWS
// account from this machine: before the first deploy, and again before a
// maintenance. It only reads.
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

// State is the result of a check.
type State string

const (
	OK      State = "ok"        // it is as required
	Wrong   State = "wrong"     // the deploy would fail, or not work as promised
	Unknown State = "not known" // it could not be determined
)

// Finding is the result of one check, with its details.
type Finding struct {
	// Check is the name of the check, a few words.
	Check string `json:"check"`

	State State `json:"state"`

	// Found is what was found, or why it is not known.
	Found string `json:"found"`

	// Do is what to do about it. Empty if there is nothing to do.
	Do string `json:"do,omitempty"`
}

// Subject is what is checked, and with what.
type Subject struct {
	Env    environment.Environment
	Config aws.Config

	// Run runs a command of this machine and returns its output. Default: the
	// command is executed.
	Run func(ctx context.Context, name string, args ...string) (string, error)

	// HTTP sends requests to the deployed product. Default: http.DefaultClient.
	HTTP *http.Client

	// Now is the current time. Default: time.Now.
	Now func() time.Time
}

// check is one check.
type check struct {
	name    string
	actions []string              // the IAM actions that it needs
	applies func(*inspector) bool // nil if it applies to every environment
	ask     func(*inspector) (Finding, error)
}

// inspector makes the checks of a Subject.
type inspector struct {
	Subject
	ctx context.Context
	aws clients
}

// Before returns the findings about an account before a deploy.
func Before(ctx context.Context, s Subject) []Finding { return s.inspect(ctx, before) }

// After returns the findings about what has been deployed.
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

// unknown returns the finding of a check that got no answer.
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

// line returns text on one line.
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

// isMissing reports whether an error of a service says that what was asked for
// does not exist.
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
