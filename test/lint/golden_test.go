package lint

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMakeGolden checks that make golden writes the goldens of every package that
// has some. The pictures of the README are written by make pictures.
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

// TestDocs_DiffOfTheFlip checks that docs/maintenance.md shows the difference of
// dev that make judges computes, shortened where it repeats itself.
func TestDocs_DiffOfTheFlip(t *testing.T) {
	root := repository(t)
	golden, err := os.ReadFile(filepath.Join(root, "test", "lint", "testdata", "diff.dev.txt"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "maintenance.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, shown, found := strings.Cut(string(page), "```\nStack fieldreports-dev\n")
	shown, _, closed := strings.Cut(shown, "```")
	if !found || !closed {
		t.Fatal("docs/maintenance.md does not show the difference")
	}
	for line := range strings.Lines(shown) {
		shortened := strings.Contains(line, "Digest, Explicit, Mode") || strings.Contains(line, "the same")
		if !shortened && !strings.Contains(string(golden), line) {
			t.Errorf("docs/maintenance.md shows %q, which the difference does not have", line)
		}
	}
}
