//go:build preview

package preview

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/preview"
)

// norenCommand returns the command, run in the folder of the checkout.
func norenCommand(t *testing.T, bin string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(stop)
	command := exec.CommandContext(ctx, bin, args...)
	command.Dir = filepath.Join("..", "..")
	command.WaitDelay = 2 * time.Second
	return command
}

// TestNightOnTheCommandLine checks that a night on the command line waits for
// noren window approve, which finds it by the variables that the preview prints,
// and that a night that fails exits with code 5.
func TestNightOnTheCommandLine(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "noren")
	run(t, "go", "build", "-o", bin, "../../cmd/noren")
	args := []string{"preview", "--window", "--apps", "1", "--site-port", "0", "--api-port", "0", "--control-port", "0"}
	for _, template := range nightly(t, aWindow()) {
		args = append(args, "--template", template.File)
	}

	t.Run("approved", func(t *testing.T) {
		night := norenCommand(t, bin, args...)
		night.Stderr = os.Stderr
		stdout, err := night.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := night.Start(); err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		var variables []string
		window := func(verb string, flags ...string) string {
			command := norenCommand(t, bin, append([]string{"window", verb, "--stack", "fieldreports-dev", "--region", "us-east-1"}, flags...)...)
			command.Env = append(os.Environ(), variables...)
			out, err := command.CombinedOutput()
			if err != nil {
				t.Errorf("noren window %s: %v\n%s", verb, err, out)
			}
			return string(out)
		}
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			line := lines.Text()
			said.WriteString(line + "\n")
			if exported, ok := strings.CutPrefix(line, "  export "); ok {
				variables = strings.Fields(exported)
			}
			if line == "  Ask: waits for an answer" {
				if out := window("status"); !strings.Contains(out, "2 of 2 requests were answered") || !strings.Contains(out, "asking") {
					t.Errorf("noren window status:\n%s", out)
				}
				window("approve", "--yes")
			}
		}
		if err := night.Wait(); err != nil {
			t.Errorf("the night: %v\n%s", err, &said)
		}
		for _, want := range []string{"  Close: done in ", "mail: fieldreports-dev: open?", ": succeeded, the product is open", "  Report: done in "} {
			if !strings.Contains(said.String(), want) {
				t.Errorf("it does not say %q:\n%s", want, &said)
			}
		}
	})

	t.Run("failed", func(t *testing.T) {
		night := norenCommand(t, bin, append(args, "--yes", "--json", "--fail", "Verify")...)
		var stderr bytes.Buffer
		night.Stderr = &stderr
		stdout, err := night.Output()
		var ended *exec.ExitError
		if !errors.As(err, &ended) || ended.ExitCode() != 5 || !strings.Contains(stderr.String(), "the night has not succeeded: failed") {
			t.Fatalf("%v, %s\n%s", err, &stderr, stdout)
		}
		lines := strings.Split(strings.TrimSpace(string(stdout)), "\n")
		for _, line := range lines {
			if !json.Valid([]byte(line)) {
				t.Errorf("not JSON: %s", line)
			}
		}
		var report preview.NightReport
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &report); err != nil {
			t.Fatal(err)
		}
		failed := slices.ContainsFunc(report.Steps, func(s preview.NightStep) bool { return s.Name == "Verify" && s.Stage == "failed" })
		if report.Status != "FAILED" || report.Mode != "closed" || !failed || len(report.Mails) != 1 {
			t.Errorf("%+v", report)
		}
	})
}
