package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// job is the part of a workflow's job that the test uses.
type job struct {
	If          string
	Needs       any
	Uses        string
	Environment any
	Permissions map[string]string
	Concurrency struct {
		Group            string
		CancelInProgress bool `yaml:"cancel-in-progress"`
		Queue            string
	}
	Steps []struct{ Name, Run, Uses string }
}

func (j job) needs() []string {
	switch n := j.Needs.(type) {
	case string:
		return []string{n}
	case []any:
		var all []string
		for _, name := range n {
			all = append(all, fmt.Sprint(name))
		}
		return all
	}
	return nil
}

func (j job) environment() string {
	name, _ := j.Environment.(string)
	return name
}

// TestWorkflows_AFlipNeverWaitsForAPerson checks what GitHub does with the
// workflows. Only jobs named approve wait for people, and they hold no group; a
// job that may deploy comes after one, in the stack's group, in which nothing is
// cancelled or dropped; and only the default branch is deployed. docs/ci.md has
// the rules on which this rests.
func TestWorkflows_AFlipNeverWaitsForAPerson(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(repository(t), ".github", "workflows", "*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	approved, deploying := 0, 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var workflow struct {
			Concurrency any
			Jobs        map[string]job
		}
		if err := yaml.Unmarshal(data, &workflow); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for name, j := range workflow.Jobs {
			where := filepath.Base(file) + ": " + name
			environment := j.environment()
			switch {
			case strings.HasSuffix(environment, "-approval"):
				approved++
				if name != "approve" || j.Permissions["id-token"] != "" || j.Concurrency.Group != "" || workflow.Concurrency != nil || len(j.Steps) != 1 || strings.Contains(j.Steps[0].Run, "vars.") {
					t.Errorf("%s waits for a person: want a job named approve that has no rights, no group and nothing to do", where)
				}
			case strings.HasSuffix(environment, "-plan"):
				if j.Concurrency.Group != "" || workflow.Concurrency != nil {
					t.Errorf("%s plans in a group, which would keep others waiting", where)
				}
				if !slices.ContainsFunc(j.Steps, func(s struct{ Name, Run, Uses string }) bool {
					return strings.HasPrefix(s.Run, "scripts/reviewers.sh ")
				}) {
					t.Errorf("%s does not ask whether someone has to approve", where)
				}
			case environment != "":
				deploying++
				if !slices.Contains(j.needs(), "approve") || workflow.Jobs["approve"].environment() != environment+"-approval" {
					t.Errorf("%s may deploy to %s without having been approved", where, environment)
				}
				if j.Concurrency.Group != "stack-"+environment || j.Concurrency.CancelInProgress || j.Concurrency.Queue != "max" {
					t.Errorf("%s: want the group stack-%s, with queue: max and nothing cancelled, got %+v", where, environment, j.Concurrency)
				}
			}
			credentials := slices.IndexFunc(j.Steps, func(s struct{ Name, Run, Uses string }) bool { return strings.HasPrefix(s.Uses, "aws-actions/") })
			packages := slices.IndexFunc(j.Steps, func(s struct{ Name, Run, Uses string }) bool { return strings.HasPrefix(s.Run, "make node_modules") })
			makes := slices.ContainsFunc(j.Steps, func(s struct{ Name, Run, Uses string }) bool { return strings.HasPrefix(s.Run, "make ") })
			if credentials >= 0 && makes && (packages < 0 || packages > credentials) {
				t.Errorf("%s installs packages of npm with credentials of AWS in the environment", where)
			}
			for _, step := range j.Steps {
				if strings.Contains(step.Run, `--message "$`) {
					t.Errorf("%s gives a message as an argument, where one that begins with @ is the name of a file", where)
				}
			}
			if credentials >= 0 && environment == "" {
				t.Errorf("%s has credentials of AWS outside of an environment", where)
			}
		}
		if filepath.Base(file) == "deploy.yml" {
			for name, j := range workflow.Jobs {
				if len(j.needs()) == 0 && j.If != "github.ref_name == github.event.repository.default_branch" {
					t.Errorf("deploy.yml: %s deploys any branch", name)
				}
			}
		}
		if filepath.Base(file) == "deploy-environment.yml" {
			// The newest commit, planned again, and then what was approved or
			// nothing.
			var runs []string
			for _, step := range workflow.Jobs["deploy"].Steps {
				runs = append(runs, step.Run)
			}
			at := -1
			for _, run := range []string{`scripts/newest.sh "$BRANCH" "$GITHUB_SHA"`, "make node_modules", `make plan ENV="$ENVIRONMENT"`, `make deploy ENV="$ENVIRONMENT" DIGEST="$DIGEST"`} {
				next := slices.IndexFunc(runs, func(r string) bool { return strings.HasPrefix(r, run) })
				if next <= at {
					t.Errorf("deploy-environment.yml: deploy runs %q, want %q after what comes before it", runs, run)
				}
				at = next
			}
			if !strings.Contains(string(data), "DIGEST: ${{ needs.plan.outputs.digest }}") {
				t.Error("deploy-environment.yml: the digest is not that of the plan that was approved")
			}
		}
	}
	if approved != 2 || deploying != 2 {
		t.Errorf("%d jobs wait for people and %d may deploy, want 2 of each", approved, deploying)
	}
}
