//go:build judges

package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tools is the folder in which make judges has installed the Python tools.
const tools = ".venv/lint/bin/"

// TestMain runs the tests in the root of the repository.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

var (
	environments = []string{"dev", "staging", "prod"}
	modes        = []string{"open", "read-only", "closed"}
)

// templates copies the templates of every environment in every mode, which make
// judges has synthesized, into one folder, each as ENVIRONMENT.MODE.json.
func templates(t *testing.T) string {
	t.Helper()
	dir := "cdk.out/judges"
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, environment := range environments {
		for _, mode := range modes {
			data, err := os.ReadFile(templateOf(t, environment, mode))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, environment+"."+mode+".json"), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// templateOf returns the path of the template of an assembly.
func templateOf(t *testing.T, environment, mode string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("cdk.out", environment, mode, "*.template.json"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("templates %q in cdk.out/%s/%s, want one: run make judges", paths, environment, mode)
	}
	return paths[0]
}

// finding is a tool's complaint about a resource of a template.
type finding struct{ check, environment, resource, what string }

func (f finding) String() string {
	return fmt.Sprintf("%s: %s %s: %s", f.check, f.environment, f.resource, f.what)
}

// environmentOf returns the environment of a template that templates has copied.
func environmentOf(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	return name
}

func TestCfnLint(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(templates(t), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	// cfn-lint exits with 4 for a warning and 2 for an error.
	out := output(t, exec.Command(tools+"cfn-lint", append([]string{"--format", "json", "--include-checks", "I", "--regions", "us-east-1", "ap-northeast-1", "--template"}, paths...)...), 0, 2, 4, 6, 8, 10, 12, 14)
	var matches []struct {
		Filename string
		Message  string
		Rule     struct{ ID string }
		Location struct{ Path []any }
	}
	if err := json.Unmarshal(out, &matches); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var findings []finding
	for _, m := range matches {
		resource := ""
		if path := m.Location.Path; len(path) > 1 && path[0] == "Resources" {
			resource = fmt.Sprint(path[1])
		}
		findings = append(findings, finding{m.Rule.ID, environmentOf(m.Filename), resource, m.Message})
	}
	judge(t, "cfn-lint", findings)
}

func TestCheckov(t *testing.T) {
	cmd := exec.Command(tools+"checkov", "--framework", "cloudformation", "--directory", templates(t),
		"--output", "json", "--compact", "--skip-download", "--soft-fail")
	cmd.Env = append(os.Environ(), "LOG_LEVEL=ERROR", "CHECKOV_RUN_SCA_PACKAGE_SCAN_V2=false")
	out := output(t, cmd, 0)
	var report struct {
		Results struct {
			FailedChecks []struct {
				CheckID   string `json:"check_id"`
				CheckName string `json:"check_name"`
				FilePath  string `json:"file_path"`
				Resource  string
			} `json:"failed_checks"`
			ParsingErrors []string `json:"parsing_errors"`
		}
		Summary struct {
			Passed        int
			ResourceCount int `json:"resource_count"`
		}
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if len(report.Results.ParsingErrors) > 0 || report.Summary.Passed == 0 {
		t.Errorf("checkov could not read %q and passed %d checks", report.Results.ParsingErrors, report.Summary.Passed)
	}
	var findings []finding
	for _, f := range report.Results.FailedChecks {
		_, resource, _ := strings.Cut(f.Resource, ".")
		findings = append(findings, finding{f.CheckID, environmentOf(f.FilePath), resource, f.CheckName})
	}
	t.Logf("%d checks passed on %d resources", report.Summary.Passed, report.Summary.ResourceCount)
	judge(t, "checkov", findings)
}

// output runs a tool and returns its standard output. It fails the test for any
// other exit code than the given ones.
func output(t *testing.T, cmd *exec.Cmd, codes ...int) []byte {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v: make judges installs it", err)
	}
	for _, code := range codes {
		if cmd.ProcessState.ExitCode() == code {
			return stdout.Bytes()
		}
	}
	t.Fatalf("%s: %v\n%s%s", cmd, err, stdout.Bytes(), stderr.Bytes())
	return nil
}
