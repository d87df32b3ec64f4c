//go:build judges

package lint

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestShellcheck(t *testing.T) {
	var scripts []string
	files := output(t, exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard"), 0)
	for _, file := range strings.Fields(string(files)) {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // deleted, but not yet in the index
		}
		first, _, _ := bytes.Cut(data, []byte("\n"))
		if bytes.HasPrefix(first, []byte("#!")) && (bytes.HasSuffix(first, []byte("sh")) || bytes.HasSuffix(first, []byte("bash"))) {
			scripts = append(scripts, file)
		}
	}
	if len(scripts) == 0 {
		t.Fatal("there are no scripts")
	}
	if out, err := exec.Command(tools+"shellcheck", append([]string{"--color=never", "--external-sources"}, scripts...)...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%d scripts", len(scripts))
}

func TestActionlint(t *testing.T) {
	workflows, err := filepath.Glob(".github/workflows/*.y*ml")
	if err != nil || len(workflows) == 0 {
		t.Fatalf("workflows %q, %v", workflows, err)
	}
	args := []string{"run", "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12", "-no-color", "-shellcheck", tools + "shellcheck"}
	if out, err := exec.Command("go", append(args, workflows...)...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%d workflows", len(workflows))
}

// TestZizmor checks workflows and their updates for known dangers. Below medium,
// zizmor requires paths of this repository in a syntax that actionlint does not
// read.
func TestZizmor(t *testing.T) {
	if out, err := exec.Command(tools+"zizmor", "--offline", "--no-progress", "--color=never", "--min-severity=medium", ".github").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
