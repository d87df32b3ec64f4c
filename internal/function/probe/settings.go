package probe

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// Settings says what a probe looks at. They are the same in every mode.
type Settings struct {
	// Name is the name of the probe's own function, the dimension of its metrics.
	// It is not among the variables of Environment: Lambda sets it.
	Name string

	// Switch is what the flip turns. Required.
	Switch rules.Switch

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

// The environment variables that carry Settings. Those of a listener end with
// its number, from 1.
const (
	responderVariable   = maintenance.ProbeVariables + "RESPONDER"
	functionVariable    = maintenance.ProbeVariables + "FUNCTION"
	stackVariable       = maintenance.ProbeVariables + "STACK"
	recordVariable      = maintenance.ProbeVariables + "RECORD"
	attributionVariable = maintenance.ProbeVariables + "ATTRIBUTION"
	listenerVariable    = maintenance.ProbeVariables + "LISTENER_"
	appsVariable        = maintenance.ProbeVariables + "APPS_"
	hostsVariable       = maintenance.ProbeVariables + "HOSTS_"
	rulesVariable       = maintenance.ProbeVariables + "RULES_"

	nameVariable = "AWS_LAMBDA_FUNCTION_NAME"
)

// separator is between the texts of a list: no ARN and no host name has it.
const separator = ","

// Environment encodes the settings as environment variables. What is left at
// its default is left out.
func (s Settings) Environment() map[string]string {
	env := map[string]string{
		responderVariable: s.Switch.Responder, functionVariable: s.Function, stackVariable: s.Stack,
		recordVariable: s.Record, attributionVariable: s.Attribution,
	}
	for i, at := range s.Switch.Listeners {
		number := strconv.Itoa(i + 1)
		env[listenerVariable+number], env[rulesVariable+number] = at.Name, at.Rules()
		env[appsVariable+number], env[hostsVariable+number] = strings.Join(at.Apps, separator), strings.Join(at.Hosts, separator)
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
		Switch: rules.Switch{Responder: getenv(responderVariable)},

		Function: getenv(functionVariable), Stack: getenv(stackVariable),
		Record: getenv(recordVariable), Attribution: getenv(attributionVariable),
	}
	var errs []error
	for _, name := range []string{listenerVariable + "1", responderVariable, functionVariable, stackVariable} {
		if getenv(name) == "" {
			errs = append(errs, fmt.Errorf("%s is not set", name))
		}
	}
	list := func(name string) []string {
		return strings.FieldsFunc(getenv(name), func(r rune) bool { return string(r) == separator })
	}
	for i := 1; getenv(listenerVariable+strconv.Itoa(i)) != ""; i++ {
		number := strconv.Itoa(i)
		at := rules.Listener{Name: getenv(listenerVariable + number), Apps: list(appsVariable + number), Hosts: list(hostsVariable + number)}
		if err := at.SetRules(getenv(rulesVariable + number)); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", rulesVariable+number, err))
		}
		s.Switch.Listeners = append(s.Switch.Listeners, at)
	}
	s.Err = errors.Join(errs...)
	return s
}
