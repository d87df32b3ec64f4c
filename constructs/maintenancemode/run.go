package maintenancemode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// Run runs a CDK app: it creates the app, calls define to fill it, and synthesizes
// it. It prints each error as one line on standard error, without the traces of Go
// and CDK; a bug in the program keeps its trace. It returns the exit code. Nothing
// may be written to os.Stderr afterwards.
//
//	func main() { os.Exit(maintenancemode.Run(define)) }
func Run(define func(app awscdk.App) error) int {
	err := synth(define)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	closeNode()
	if err != nil {
		return 1
	}
	return 0
}

func synth(define func(app awscdk.App) error) (err error) {
	defer recoverAs(&err)
	Compile()
	// JavaScript stack traces would appear as the place of each note in the CLI's
	// output.
	app := awscdk.NewApp(&awscdk.AppProps{StackTraces: jsii.Bool(false)})
	if err := define(app); err != nil {
		return err
	}
	app.Synth(nil)
	return nil
}

// recoverAs turns the panic of a construct into a readable error.
func recoverAs(err *error) {
	switch r := recover().(type) {
	case nil:
	case runtime.Error:
		panic(r)
	default:
		*err = errors.New(forPeople(fmt.Sprint(r)))
	}
}

// How CDK begins a list of validation errors, and its lines.
var (
	invalid = regexp.MustCompile(`^(ValidationFailedWithErrors: )?Validation failed with the following errors:$`)
	problem = regexp.MustCompile(`^ *\[([^\]]*)\] `)
)

// forPeople returns a message of the jsii kernel without the JavaScript stack
// trace, one line for each problem.
func forPeople(message string) string {
	var lines []string
	for line := range strings.Lines(message) {
		if strings.HasPrefix(strings.TrimSpace(line), "at ") {
			break
		}
		if line = strings.TrimRight(line, "\n"); invalid.MatchString(line) {
			continue
		}
		if path := problem.FindStringSubmatch(line); path != nil {
			line = strings.TrimPrefix(path[1]+": ", ": ") + line[len(path[0]):]
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// closeNode ends the Node process that CDK runs in. jsii waits for the process
// twice, and reports the second wait, which finds no process, as an abnormal
// exit; closeNode hides that message.
func closeNode() {
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
