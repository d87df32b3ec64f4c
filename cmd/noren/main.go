// Command noren answers questions about a maintenance before it is deployed:
// where a request goes, how a change affects clients, what a schema change locks.
// For these it reads synthesized templates and needs neither Node nor AWS. It
// also closes and opens deployed products.
//
// Data goes to stdout, everything else to stderr.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/preview"
	"github.com/noren-cdk/noren/internal/preview/nightfunctions"
	"github.com/noren-cdk/noren/internal/term"
)

func main() {
	preview.RunFunction(os.Args[1:], nightfunctions.Functions())
	os.Exit(exec(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// exec runs the command line and returns the exit code: 0, that of an exitError,
// or 1 for any other error. Ctrl-C and SIGTERM cancel a verb.
func exec(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	out := &output{Writer: stdout}
	if root.SetOut(out); term.IsTerminal(stdout) { // a terminal is asked for its width, and its writes do not fail
		root.SetOut(stdout)
	}
	root.SetErr(stderr)
	stop := func() {}
	root.PersistentPreRun = func(verb *cobra.Command, _ []string) { // --version and --help have nothing to cancel
		var running context.Context
		running, stop = signal.NotifyContext(verb.Context(), os.Interrupt, syscall.SIGTERM)
		verb.SetContext(running)
	}
	err := root.ExecuteContext(ctx)
	stop()
	if err == nil && out.err != nil {
		err = fmt.Errorf("writing the output: %w", out.err)
	}
	if err == nil {
		return 0
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(stderr, "noren:", text)
	}
	var exit *exitError
	if errors.As(err, &exit) {
		return exit.code
	}
	return 1
}

// output remembers that a write failed: a verb whose output was lost has not
// succeeded.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(text []byte) (int, error) {
	n, err := o.Writer.Write(text)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// exitError is an error with its own exit code, which the verb's help documents.
type exitError struct {
	code int
	err  error // nil if everything has been reported already
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// newRoot returns the root command with its verbs. Each verb has its own file.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "noren",
		Short:         "Planned maintenance for a product on AWS",
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
	}
	root.AddCommand(
		newDDL(),
		newRoutes(),
		newExplain(),
		newReplay(),
		newCheck(),
		newDiff(),
		newPreview(),
		newStatus(),
		newClose(),
		newOpen(),
		newReadOnly(),
		newPreflight(),
		newWindow(),
	)
	return root
}

// writeJSON writes v for programs.
func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// version returns the version of the module from which the command was built.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
