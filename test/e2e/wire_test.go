//go:build e2e

package e2e

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestTheAnswersOfPreflightAreAWSs: what the tests of preflight get as answers of
// AWS is serialized from the models of the API, and has no member that these do
// not know.
func TestTheAnswersOfPreflightAreAWSs(t *testing.T) {
	check := exec.Command(filepath.Join(root, python), "scripts/wire.py", "--check")
	check.Dir = root
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
