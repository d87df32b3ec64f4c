package lint

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMakeGolden: make golden writes the goldens of every package that has some.
// The pictures of the README are make pictures'.
func TestMakeGolden(t *testing.T) {
	top, err := exec.Command("git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := strings.TrimSpace(string(top))
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	_, target, _ := strings.Cut(string(makefile), "\ngolden:")
	target, _, _ = strings.Cut(target, "\n\n")
	files, err := exec.Command("git", "-C", root, "grep", "--untracked", "-l", `flag.Bool("update"`, "--", "*_test.go").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range strings.Fields(string(files)) {
		folder := filepath.ToSlash(filepath.Dir(file))
		if folder == "internal/preview" || folder == "test/lint" && filepath.Base(file) == "golden_test.go" {
			continue
		}
		if !strings.Contains(target, " ./"+folder+" ") || !strings.Contains(target, "-update") {
			t.Errorf("make golden does not write the goldens of %s", folder)
		}
	}
}
