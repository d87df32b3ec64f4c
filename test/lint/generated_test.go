//go:build judges

package lint

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// TestGeneratedProperties checks that the properties that replace a resource are
// those in the schemas of the pinned cfn-lint.
func TestGeneratedProperties(t *testing.T) {
	const file = "internal/diff/zz_generated_properties.txt"
	got := output(t, exec.Command("go", "run", "./internal/diff/generate", ".venv/lint"), 0)
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what cfn-lint's schemas say: run make generate and read the difference", file)
	}
}
