//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// root is the root of the repository.
var root string

func TestMain(m *testing.M) {
	var err error
	if root, err = filepath.Abs("../.."); err != nil {
		panic(err)
	}
	if err := os.Chdir(root); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// scratch returns an empty folder in the tree for the test. It is kept, so that
// you can look at the files of a failed test.
func scratch(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(root, "cdk.out", "e2e", strings.ReplaceAll(t.Name(), "/", "-"))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// cdkTimeout is the time limit of one call of the cdk CLI, which retries for up
// to a minute whenever the emulator answers with an internal error.
const cdkTimeout = 3 * time.Minute

// cdk runs the cdk CLI in dir and returns its output. If the call fails or hangs,
// the test fails with all of the CLI's output.
func (e *emulator) cdk(t *testing.T, what, dir string, args ...string) string {
	t.Helper()
	return run(t, what, dir, e.environment(), filepath.Join(root, "node_modules/.bin/cdk"), args...)
}

// run runs a command like cdk.
func run(t *testing.T, what, dir string, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), cdkTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, env
	// Its own process group: cdk starts the app in a shell, and the app starts
	// Node.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	err := cmd.Run()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("ended after %v", cdkTimeout)
	}
	if err != nil {
		t.Fatalf("%s: %v\n%s %s\n%s%s", what, err, name, strings.Join(args, " "), out.String(), lastTraceback(dir))
	}
	took(t, what, start)
	return out.String()
}

// lastTraceback returns the last error inside the emulator, if there was one: the
// CLI retries after it, and reports a later error.
func lastTraceback(dir string) string {
	said, _ := os.ReadFile(filepath.Join(dir, emulatorLog)) // a command that needs no emulator has none
	at := bytes.LastIndex(said, []byte("Traceback"))
	if at < 0 {
		return ""
	}
	trace, _, _ := bytes.Cut(said[at:], []byte("\n127.0.0.1 "))
	return "in the emulator:\n" + string(trace)
}

// bootstrap prepares the account, as is done once before the first deploy.
func (e *emulator) bootstrap(t *testing.T) {
	t.Helper()
	e.cdk(t, "cdk bootstrap", e.dir, "bootstrap", "aws://"+e.account+"/"+e.region, "--app", "")
}

// deploy deploys the stack of an assembly.
func (e *emulator) deploy(t *testing.T, what, assembly, stack string) string {
	t.Helper()
	return e.cdk(t, what, e.dir, "deploy", stack, "--app", assembly, "--require-approval", "never",
		// moto cannot delete a change set, nor update a parameter of type SSM.
		"--method=direct", "--no-previous-parameters")
}
