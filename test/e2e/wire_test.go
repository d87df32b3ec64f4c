//go:build e2e

package e2e

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestTheAnswersOfPreflightAreAWSs checks that the answers in preflight's tests
// are serialized from the models of the API, and have no member that the models
// lack.
func TestTheAnswersOfPreflightAreAWSs(t *testing.T) {
	check := exec.Command(filepath.Join(root, python), "scripts/wire.py", "--check")
	check.Dir = root
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
