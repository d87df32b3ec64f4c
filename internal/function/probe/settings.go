package probe

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// Settings say what a probe looks at. They are the same in every mode.
type Settings struct {
	// Name is the name of the probe's own function, the dimension of its metrics.
	// It is not among the variables of Environment: Lambda sets it.
	Name string

	// Switch is what the flip turns. Required.
	Switch rules.Switch

	// Deployed is the outline of the deployed load balancers of the switch.
	// Required.
	Deployed rules.Outlines

	// Apps and Unlock are the target groups, other than the responder's, that
	// Deployed knows by name. Default: none.
	Apps   []string
	Unlock string

	// Function is the name of the function that answers refused requests.
	// Required.
	Function string

	// Stack is the name of the CloudFormation stack, and SwitchName the path of the
	// construct in it. Required.
	Stack, SwitchName string

	// Record and Attribution are the names of the parameters that remember the
	// mode. Default: there is no guard, and the mode is not remembered.
	Record, Attribution string

	// ByHand is the name of the parameter that records a turn without
	// CloudFormation. Default: it is not recorded.
	ByHand string

	// Err says what is wrong with the environment from which Settings were read.
	Err error
}

// The environment variables that carry Settings. Those of a listener have its
// number, starting at 1, before the name of the text: see rules.Listener.Texts.
const (
	responderVariable   = maintenance.ProbeVariables + "RESPONDER"
	functionVariable    = maintenance.ProbeVariables + "FUNCTION"
	stackVariable       = maintenance.ProbeVariables + "STACK"
	switchVariable      = maintenance.ProbeVariables + "SWITCH"
	recordVariable      = maintenance.ProbeVariables + "RECORD"
	attributionVariable = maintenance.ProbeVariables + "ATTRIBUTION"
	appsVariable        = maintenance.ProbeVariables + "APPS"
	unlockVariable      = maintenance.ProbeVariables + "UNLOCK"
	byHandVariable      = maintenance.ProbeVariables + "BYHAND"

	nameVariable = "AWS_LAMBDA_FUNCTION_NAME"
)

// OthersVariable carries the part of Settings.Deployed that is not about the
// switch's own listeners.
const OthersVariable = maintenance.ProbeVariables + "OTHERS"

// DeployedVariable carries Settings.Deployed for the listener with an index.
func DeployedVariable(index int) string { return rules.ProbeVariable(index, "Deployed") }

// Environment encodes the settings as environment variables. It omits defaults.
func (s Settings) Environment() map[string]string {
	env := map[string]string{
		responderVariable: s.Switch.Responder, functionVariable: s.Function, stackVariable: s.Stack, switchVariable: s.SwitchName,
		recordVariable: s.Record, attributionVariable: s.Attribution,
		appsVariable: strings.Join(s.Apps, ","), unlockVariable: s.Unlock,
		byHandVariable: s.ByHand,
	}
	for i, at := range s.Switch.Listeners {
		for name, text := range at.Texts() {
			env[rules.ProbeVariable(i, name)] = text
		}
	}
	listeners, others := s.Deployed.Texts()
	for i, text := range listeners {
		env[DeployedVariable(i)] = text
	}
	env[OthersVariable] = others
	maps.DeleteFunc(env, func(_, value string) bool { return value == "" })
	return env
}

// ParseEnvironment decodes what Environment encodes. Err is everything that is
// wrong with it.
func ParseEnvironment(getenv func(string) string) Settings {
	s := Settings{
		Name:   getenv(nameVariable),
		Switch: rules.Switch{Responder: getenv(responderVariable)},

		Function: getenv(functionVariable), Stack: getenv(stackVariable), SwitchName: getenv(switchVariable),
		Record: getenv(recordVariable), Attribution: getenv(attributionVariable), Unlock: getenv(unlockVariable), ByHand: getenv(byHandVariable),
	}
	if apps := getenv(appsVariable); apps != "" {
		s.Apps = strings.Split(apps, ",")
	}
	var errs []error
	for _, name := range []string{rules.ProbeVariable(0, "Listener"), responderVariable, functionVariable, stackVariable, switchVariable} {
		if getenv(name) == "" {
			errs = append(errs, fmt.Errorf("%s is not set", name))
		}
	}
	var deployed []string
	for i := 0; getenv(rules.ProbeVariable(i, "Listener")) != ""; i++ {
		at, err := rules.ParseListener(func(name string) string { return getenv(rules.ProbeVariable(i, name)) })
		if err != nil {
			errs = append(errs, fmt.Errorf("listener %d: %w", i+1, err))
		}
		s.Switch.Listeners = append(s.Switch.Listeners, at)
		deployed = append(deployed, getenv(DeployedVariable(i)))
	}
	var err error
	if s.Deployed, err = rules.ParseOutlines(deployed, getenv(OthersVariable)); err != nil {
		errs = append(errs, fmt.Errorf("what was deployed: %w", err))
	}
	s.Err = errors.Join(errs...)
	return s
}

// groups returns the target groups that Deployed knows by name.
func (s Settings) groups() rules.Groups {
	return rules.Groups{Responder: s.Switch.Responder, Unlock: s.Unlock, Apps: s.Apps}
}
