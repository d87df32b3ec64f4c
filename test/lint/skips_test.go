//go:build judges

package lint

import (
	"os"
	"path"
	"regexp"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
)

// skip is an accepted finding.
type skip struct {
	// Check is the tool's name for it.
	Check string

	// Resources are the logical ids for which the finding is skipped, without the
	// suffix with which CDK makes them unique; * is any text.
	Resources []string

	// Environments are those in which the finding occurs. Default: all of them.
	Environments []string

	// Reason is the fact about this design that causes it.
	Reason string
}

// unique matches the suffix with which CDK makes a logical id unique.
var unique = regexp.MustCompile(`[0-9A-F]{8}$`)

func (s skip) covers(pattern string, f finding) bool {
	matches, _ := path.Match(pattern, unique.ReplaceAllString(f.resource, "")) // readSkips has checked the pattern
	return matches && s.Check == f.check && (len(s.Environments) == 0 || slices.Contains(s.Environments, f.environment))
}

// readSkips reads the accepted findings of a tool.
func readSkips(t *testing.T, tool string) []skip {
	t.Helper()
	data, err := os.ReadFile("test/lint/skips.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var skips map[string][]skip
	if err := yaml.UnmarshalWithOptions(data, &skips, yaml.Strict()); err != nil {
		t.Fatalf("test/lint/skips.yaml: %v", err)
	}
	for _, s := range skips[tool] {
		if s.Check == "" || s.Reason == "" || len(s.Resources) == 0 {
			t.Fatalf("test/lint/skips.yaml: want check, resources and reason, got %+v", s)
		}
		for _, pattern := range s.Resources {
			if _, err := path.Match(pattern, ""); err != nil {
				t.Fatalf("test/lint/skips.yaml: %s: %q: %v", s.Check, pattern, err)
			}
		}
		for _, environment := range s.Environments {
			if !slices.Contains(environments, environment) {
				t.Fatalf("test/lint/skips.yaml: %s: unknown environment %q: want one of %q", s.Check, environment, environments)
			}
		}
	}
	return skips[tool]
}

// judge reports the findings that are not explained, and the explanations of
// findings that do not occur.
func judge(t *testing.T, tool string, findings []finding) {
	t.Helper()
	skips := readSkips(t, tool)
	reported := map[finding]bool{}
	for _, f := range findings {
		meant := slices.ContainsFunc(skips, func(s skip) bool {
			return slices.ContainsFunc(s.Resources, func(pattern string) bool { return s.covers(pattern, f) })
		})
		if !meant && !reported[f] { // the same in every mode
			reported[f] = true
			t.Error(f)
		}
	}
	for _, s := range skips {
		for _, pattern := range s.Resources {
			if !slices.ContainsFunc(findings, func(f finding) bool { return s.covers(pattern, f) }) {
				t.Errorf("test/lint/skips.yaml: %s is not found for %s any more: take it out", s.Check, pattern)
			}
		}
		for _, environment := range s.Environments {
			if !slices.ContainsFunc(findings, func(f finding) bool { return f.check == s.Check && f.environment == environment }) {
				t.Errorf("test/lint/skips.yaml: %s is not found in %s any more: take it out", s.Check, environment)
			}
		}
	}
	t.Logf("%d findings, all of them meant for a reason: %v", len(findings), !t.Failed())
}
