package monitors

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// Settings say which monitors exist, and what closes the product. They are the
// same in every mode.
type Settings struct {
	// Monitors are the monitors, each with the secret of the same index.
	// Required.
	Monitors []maintenance.Monitor

	// Secrets are the ARNs of the secrets. Required.
	Secrets []string

	// Stack is the name of the CloudFormation stack, and SwitchName the path of the
	// construct in it. Required.
	Stack, SwitchName string

	// Switch is what the flip turns. Required.
	Switch rules.Switch

	// Err says what is wrong with the source of the Settings.
	Err error
}

// File is the name of the file beside the program that holds the monitors: their
// templates may be larger than a function's environment.
const File = "monitors.json"

const (
	responderVariable = maintenance.MonitorsVariables + "RESPONDER"
	stackVariable     = maintenance.MonitorsVariables + "STACK"
	switchVariable    = maintenance.MonitorsVariables + "SWITCH"
)

// variable returns the name of the variable for a listener or secret with an
// index.
func variable(index int, name string) string {
	return maintenance.MonitorsVariables + strconv.Itoa(index+1) + "_" + strings.ToUpper(name)
}

// Files returns the files beside the program. They contain no secret.
func (s Settings) Files() map[string][]byte {
	return map[string][]byte{File: []byte(maintenance.JSON(s.Monitors))}
}

// Environment encodes the rest as environment variables.
func (s Settings) Environment() map[string]string {
	env := map[string]string{responderVariable: s.Switch.Responder, stackVariable: s.Stack, switchVariable: s.SwitchName}
	for i, at := range s.Switch.Listeners {
		for name, text := range at.Texts() {
			env[variable(i, name)] = text
		}
	}
	for i, arn := range s.Secrets {
		env[variable(i, "Secret")] = arn
	}
	maps.DeleteFunc(env, func(_, value string) bool { return value == "" })
	return env
}

// parse decodes what Environment and Files encode.
func parse(getenv func(string) string) Settings {
	s := Settings{Stack: getenv(stackVariable), SwitchName: getenv(switchVariable), Switch: rules.Switch{Responder: getenv(responderVariable)}}
	var errs []error
	for _, name := range []string{variable(0, "Listener"), responderVariable, stackVariable, switchVariable} {
		if getenv(name) == "" {
			errs = append(errs, fmt.Errorf("%s is not set", name))
		}
	}
	for i := 0; getenv(variable(i, "Listener")) != ""; i++ {
		at, err := rules.ParseListener(func(name string) string { return getenv(variable(i, name)) })
		if err != nil {
			errs = append(errs, fmt.Errorf("listener %d: %w", i+1, err))
		}
		s.Switch.Listeners = append(s.Switch.Listeners, at)
	}
	data, err := os.ReadFile(filepath.Join(getenv("LAMBDA_TASK_ROOT"), File))
	if err == nil {
		err = json.Unmarshal(data, &s.Monitors)
	}
	errs = append(errs, err)
	for i, m := range s.Monitors {
		secret := getenv(variable(i, "Secret"))
		if secret == "" {
			errs = append(errs, fmt.Errorf("%s is not set", variable(i, "Secret")))
		}
		s.Secrets = append(s.Secrets, secret)
		errs = append(errs, Validate(m))
	}
	s.Err = errors.Join(errs...)
	return s
}
