package stacks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/environment"
)

// ChooseEnvironment reads the environment that -c env= names, dev without it,
// from a folder of environment files. See environment.Load. With
// -c protection=false the environment is not protected, whatever its file says:
// that is how it is deployed for the first time.
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

// NoteUnfinished says at the stack what the environment's file leaves open: it
// synthesizes, and noren check --deploy, make plan and make deploy refuse it.
func NoteUnfinished(built Stack, dir, name string) error {
	open, err := environment.Unfinished(dir, name)
	for _, p := range open {
		awscdk.Annotations_Of(built.Stack).AddInfo(jsii.String(p.Error()))
	}
	return err
}

// meantKeys are the context keys that people type for those that there are. CDK
// takes any, and would deploy dev, open, without a word.
var meantKeys = map[string]string{
	"env": "env", "environment": "env", "environments": "env", "stage": "env", "name": "env",
	"maintenance": "maintenance", "mode": "maintenance", "maintenancemode": "maintenance", "maintenance-mode": "maintenance", "maintenance_mode": "maintenance",
	"protection": "protection", "protect": "protection", "protected": "protection", "deletionprotection": "protection", "deletion-protection": "protection",
}

// checkContext refuses a context key that stands for another one.
func checkContext(app constructs.Construct) error {
	var errs []error
	context, _ := app.Node().GetAllContext(nil).(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(context)) {
		if meant := meantKeys[strings.ToLower(key)]; meant != "" && meant != key {
			errs = append(errs, fmt.Errorf("-c %s=%v: unknown key: want %s, as in -c %s=%v", key, context[key], meant, meant, context[key]))
		}
	}
	return errors.Join(errs...)
}

// Recover turns the panic of a construct into an error for people: what CDK
// says, without the trace of its own sources. A bug in this program keeps its
// trace. Use it as a deferred call.
func Recover(err *error) {
	switch r := recover().(type) {
	case nil:
	case runtime.Error:
		panic(r)
	default:
		*err = fmt.Errorf("%s", withoutTrace(fmt.Sprint(r)))
	}
}

// CloseNode ends the Node process that CDK runs in; nothing may be written to
// os.Stderr afterwards. jsii waits for the process twice, and calls the second
// wait, which finds none, an abnormal exit: that is kept from people.
func CloseNode() {
	stderr := os.Stderr
	read, write, err := os.Pipe()
	if err != nil {
		jsii.Close()
		return
	}
	os.Stderr = write
	jsii.Close()
	write.Close()
	said, _ := io.ReadAll(read)
	_, _ = stderr.Write(bytes.ReplaceAll(said, []byte("Runtime process exited abnormally: waitid: no child processes"), nil))
}

// withoutTrace cuts the JavaScript stack off a message of the jsii kernel.
func withoutTrace(message string) string {
	var lines []string
	for line := range strings.Lines(message) {
		if strings.HasPrefix(strings.TrimSpace(line), "at ") {
			break
		}
		lines = append(lines, strings.TrimRight(line, "\n"))
	}
	return strings.Join(lines, "\n")
}
