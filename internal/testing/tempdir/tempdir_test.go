//go:build unix

package tempdir_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/testing/tempdir"
)

func TestMain(m *testing.M) {
	tempdir.Use()
	os.Exit(m.Run())
}

// TestLeaves is what the other test runs: it leaves a file, and ends as told.
func TestLeaves(t *testing.T) {
	how := os.Getenv("TEMPDIR_END")
	if how == "" {
		return // the other test runs this one
	}
	dir, err := os.MkdirTemp("", "left-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(t.TempDir(), "left"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(os.Getenv("TEMPDIR_NOTE"), []byte(dir), 0o600); err != nil {
		t.Fatal(err)
	}
	switch how {
	case "fails":
		t.Fatal("as it was told")
	case "panics":
		panic("as it was told")
	case "is killed":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	time.Sleep(time.Hour) // until its time is over, or an interrupt
}

func TestTempdir_LeavesNothing(t *testing.T) {
	for _, how := range []string{"fails", "panics", "is killed", "runs out of time", "is interrupted"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			around := t.TempDir()
			note := filepath.Join(t.TempDir(), "note")
			cmd := exec.Command("go", "test", "-count=1", "-run=^TestLeaves$", "-timeout=2s", ".")
			if how == "is interrupted" {
				cmd.Args[4] = "-timeout=1h"
			}
			cmd.Env = append(os.Environ(), "TMPDIR="+around, "TEMPDIR_END="+how, "TEMPDIR_NOTE="+note)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C reaches the group
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if how == "is interrupted" {
				for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
					if _, err := os.Stat(note); err == nil {
						break
					}
					if time.Now().After(deadline) {
						t.Fatal("the test has not started")
					}
				}
				if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
					t.Fatal(err)
				}
			}
			var failed *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &failed) {
				t.Fatalf("go test ended with %v, want a failure", err)
			}
			dir, err := os.ReadFile(note)
			if err != nil || !strings.HasPrefix(string(dir), around) {
				t.Fatalf("the test wrote to %q (%v), want a folder in %s", dir, err, around)
			}
			left, err := os.ReadDir(around)
			if err != nil {
				t.Fatal(err)
			}
			for _, entry := range left {
				t.Errorf("left is %s", entry.Name())
			}
		})
	}
}
