package lint

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTrust checks that the trust policies in docs/ci.md admit only the jobs of
// one environment of one repository, by the subjects that GitHub sends, and that
// the commands there create an environment that nobody can approve alone.
func TestTrust(t *testing.T) {
	t.Chdir(repository(t))
	docs, err := os.ReadFile("docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(string(docs), -1)
	if len(blocks) != 1 {
		t.Fatalf("docs/ci.md has %d policies, want 1", len(blocks))
	}
	var policy struct {
		Statement []struct {
			Effect, Action string
			Principal      map[string]string
			Condition      map[string]map[string]any
		}
	}
	if err := json.Unmarshal([]byte(blocks[0][1]), &policy); err != nil {
		t.Fatal(err)
	}
	if len(policy.Statement) != 1 || policy.Statement[0].Effect != "Allow" || policy.Statement[0].Action != "sts:AssumeRoleWithWebIdentity" {
		t.Fatalf("want one statement that lets a token in: %+v", policy)
	}
	s := policy.Statement[0]
	if len(s.Principal) != 1 || !strings.HasSuffix(s.Principal["Federated"], ":oidc-provider/token.actions.githubusercontent.com") {
		t.Errorf("trusts %v", s.Principal)
	}
	// Every condition is an equality: wildcards would match more than intended.
	if len(s.Condition) != 1 || s.Condition["StringEquals"] == nil {
		t.Fatalf("conditions %v, want StringEquals alone", s.Condition)
	}
	lets := func(claims map[string]string) bool {
		for key, want := range s.Condition["StringEquals"] {
			claim, ok := claims[strings.TrimPrefix(key, "token.actions.githubusercontent.com:")]
			list, several := want.([]any)
			if !several {
				list = []any{want}
			}
			if !ok || !slices.Contains(list, any(claim)) {
				return false
			}
		}
		return true
	}
	for _, test := range []struct {
		audience, subject string
		want              bool
	}{
		{"sts.amazonaws.com", "repo:OWNER/REPO:environment:prod", true},
		{"sts.amazonaws.com", "repo:OWNER@1111/REPO@2222:environment:prod", true},
		{"sts.amazonaws.com", "repo:OWNER@9999/REPO@2222:environment:prod", false},
		{"sts.amazonaws.com", "repo:OWNER/REPO:environment:prod-plan", false},
		{"sts.amazonaws.com", "repo:OWNER/REPO:environment:prod-approval", false},
		{"sts.amazonaws.com", "repo:OWNER/REPO:ref:refs/heads/main", false},
		{"sts.amazonaws.com", "repo:OWNER/REPO:pull_request", false},
		{"sts.amazonaws.com", "repo:OWNER/OTHER:environment:prod", false},
		{"https://github.com/OWNER", "repo:OWNER/REPO:environment:prod", false},
	} {
		if got := lets(map[string]string{"aud": test.audience, "sub": test.subject}); got != test.want {
			t.Errorf("%s for %s: let in %v, want %v", test.subject, test.audience, got, test.want)
		}
	}
	approval := regexp.MustCompile(`(?s)environments/prod-approval" --input - <<EOF\n(.*?)\nEOF`).FindSubmatch(docs)
	var environment struct {
		PreventSelfReview bool  `json:"prevent_self_review"`
		Reviewers         []any `json:"reviewers"`
	}
	if approval == nil || json.Unmarshal([]byte(strings.ReplaceAll(string(approval[1]), "$id", "1")), &environment) != nil || !environment.PreventSelfReview || len(environment.Reviewers) == 0 {
		t.Errorf("the environment that approves is made with %s", approval)
	}
}
