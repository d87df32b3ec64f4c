package stacks

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/internal/term"
)

// ChooseEnvironment reads the environment that -c env= names (default dev) from a
// folder of environment files. See environment.Load. With -c protection=false,
// which the first deploy needs, the environment is not protected, whatever its
// file says.
func ChooseEnvironment(app constructs.Construct, dir string) (environment.Environment, []environment.Problem, error) {
	if err := checkContext(app); err != nil {
		return environment.Environment{}, nil, err
	}
	name := "dev"
	if value := app.Node().TryGetContext(jsii.String("env")); value != nil {
		name = fmt.Sprint(value)
	}
	env, warnings, err := environment.Load(dir, name)
	if value := app.Node().TryGetContext(jsii.String("protection")); value != nil {
		if fmt.Sprint(value) != "false" {
			return env, warnings, errors.Join(err, fmt.Errorf("-c protection: want false, for the first deploy, or nothing, got %q", fmt.Sprint(value)))
		}
		env.DeletionProtection = false
	}
	return env, warnings, err
}

// NoteUnfinished adds one note to the stack that lists what the environment's
// file leaves open: the app synthesizes, but noren check --deploy, make plan and
// make deploy refuse it.
func NoteUnfinished(built Stack, dir, name string) error {
	open, err := environment.Unfinished(dir, name)
	var lines []string
	for _, p := range open {
		lines = append(lines, p.Error())
	}
	if len(lines) > 0 {
		awscdk.Annotations_Of(built.Stack).AddInfo(jsii.String(strings.Join(lines, "\n")))
	}
	return err
}

// meantKeys maps wrong context keys that people type to the right ones. CDK
// accepts any key, and would silently deploy dev, open.
var meantKeys = map[string]string{
	"env": "env", "environment": "env", "environments": "env", "stage": "env", "name": "env",
	"maintenance": "maintenance", "mode": "maintenance", "maintenancemode": "maintenance", "maintenance-mode": "maintenance", "maintenance_mode": "maintenance",
	"protection": "protection", "protect": "protection", "protected": "protection", "deletionprotection": "protection", "deletion-protection": "protection",
}

// checkContext refuses a context key that is a wrong name for another one.
func checkContext(app constructs.Construct) error {
	var errs []error
	context, _ := app.Node().GetAllContext(nil).(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(context)) {
		meant := meantKeys[strings.ToLower(key)]
		for word, of := range meantKeys {
			if meant == "" && len(word) > 5 && of != "maintenance" && term.Edits(key, word) <= 2 {
				meant = of
			}
		}
		if meant != "" && meant != key {
			errs = append(errs, fmt.Errorf("-c %s=%v: unknown key: want %s, as in -c %s=%v", key, context[key], meant, meant, context[key]))
		}
	}
	return errors.Join(errs...)
}
