//go:build mysql

package ddl

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTableOfReleases checks that for each change the table in docs/releases.md
// says what plan says, and that a change may run now only if it does not
// contract.
func TestTableOfReleases(t *testing.T) {
	text, err := os.ReadFile("../../docs/releases.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| ([^|]+) \\| `([^`]+)` \\| (expand|contract|neither) \\| ([^|]+) \\|").FindAllStringSubmatch(string(text), -1)
	if len(rows) < 18 {
		t.Fatalf("found %d rows: is this test reading the table?", len(rows))
	}
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, _ := manyReports(t, s, 1000)
		for _, row := range rows {
			change, sql, want, when := row[1], row[2], Change(row[3]), row[4]
			plan, err := planText(t.Context(), db, sql, PlanOptions{Writes: Stopped, Policy: Any})
			if err != nil {
				t.Errorf("%s: %v", sql, err)
				continue
			}
			step := plan.Steps[len(plan.Steps)-1]
			if len(step.Problems) > 0 || step.Change != want {
				t.Errorf("%s: plan says %s %q, and the page %s", sql, step.Change, step.Problems, want)
			}
			if now := strings.HasPrefix(when, "now"); now == (want == Contract) {
				t.Errorf("%s contracts: %v, and the page says %q", change, want == Contract, when)
			}
		}
	})
}
