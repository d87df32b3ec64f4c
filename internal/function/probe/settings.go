package probe

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/noren-cdk/noren/internal/livemode"
	"github.com/noren-cdk/noren/maintenance"
)

// Settings says what a probe looks at. They are the same in every mode.
type Settings struct {
	// Name is the name of the probe's own function, the dimension of its metrics.
	// It is not among the variables of Environment: Lambda sets it.
	Name string

	// Switch is the listener and what the flip turns of it. Required, but for
	// LoadBalancerARN and Port.
	Switch livemode.Switch

	// Function is the name of the function that answers the refused. Required.
	Function string

	// Stack is the name of the CloudFormation stack. Required.
	Stack string

	// Record and Attribution are the names of the parameters in which the mode is
	// remembered. Default: there is no guard, and nothing is.
	Record, Attribution string

	// Err is what is wrong with the environment that Settings were read from.
	Err error
}

// ListenerVariable is the environment variable by which the function is found.
const ListenerVariable = maintenance.ProbeVariables + "LISTENER"

// The environment variables that carry Settings.
const (
	appVariable         = maintenance.ProbeVariables + "APP"
	responderVariable   = maintenance.ProbeVariables + "RESPONDER"
	bandVariable        = maintenance.ProbeVariables + "BAND" // such as 100-199
	functionVariable    = maintenance.ProbeVariables + "FUNCTION"
	stackVariable       = maintenance.ProbeVariables + "STACK"
	recordVariable      = maintenance.ProbeVariables + "RECORD"
	attributionVariable = maintenance.ProbeVariables + "ATTRIBUTION"

	nameVariable = "AWS_LAMBDA_FUNCTION_NAME"
)

// Environment encodes the settings as environment variables. What is left at
// its default is left out.
func (s Settings) Environment() map[string]string {
	env := map[string]string{
		ListenerVariable: s.Switch.ListenerARN, appVariable: s.Switch.App, responderVariable: s.Switch.Responder,
		functionVariable: s.Function, stackVariable: s.Stack, recordVariable: s.Record, attributionVariable: s.Attribution,
	}
	if s.Switch.Last != 0 {
		env[bandVariable] = fmt.Sprintf("%d-%d", s.Switch.First, s.Switch.Last)
	}
	for name, value := range env {
		if value == "" {
			delete(env, name)
		}
	}
	return env
}

// ParseEnvironment decodes what Environment has encoded. Err is everything that
// is wrong with it.
func ParseEnvironment(getenv func(string) string) Settings {
	s := Settings{
		Name:   getenv(nameVariable),
		Switch: livemode.Switch{ListenerARN: getenv(ListenerVariable), App: getenv(appVariable), Responder: getenv(responderVariable)},

		Function: getenv(functionVariable), Stack: getenv(stackVariable),
		Record: getenv(recordVariable), Attribution: getenv(attributionVariable),
	}
	var errs []error
	for _, name := range []string{ListenerVariable, responderVariable, functionVariable, stackVariable} {
		if getenv(name) == "" {
			errs = append(errs, fmt.Errorf("%s is not set", name))
		}
	}
	if band := getenv(bandVariable); band != "" {
		first, last, _ := strings.Cut(band, "-")
		var firstErr, lastErr error
		s.Switch.First, firstErr = strconv.Atoi(first)
		s.Switch.Last, lastErr = strconv.Atoi(last)
		if firstErr != nil || lastErr != nil {
			errs = append(errs, fmt.Errorf("%s: want priorities such as 100-199, got %q", bandVariable, band))
		}
	}
	s.Err = errors.Join(errs...)
	return s
}

// FromEnvironment returns the probe that the environment of its Lambda function
// describes.
func FromEnvironment(getenv func(string) string, cfg aws.Config, log io.Writer) *Probe {
	return &Probe{Settings: ParseEnvironment(getenv), Config: cfg, Log: log, Now: time.Now}
}
