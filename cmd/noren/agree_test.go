package main

import (
	"io"
	"testing"

	"pgregory.net/rapid"

	"github.com/noren-cdk/noren/maintenance"
)

// TestExplainAndRoutesAgree checks that the rule that explain names is in the
// table of routes, and does there what explain says.
func TestExplainAndRoutesAgree(t *testing.T) {
	inAssemblies(t)
	sources, err := templateFlags{env: "dev"}.loadAssemblies()
	if err != nil {
		t.Fatal(err)
	}
	rows := map[any]routeRow{}
	for _, row := range newRouteTables(sources)[0].Rules {
		rows[row.Priority] = row
	}
	rapid.Check(t, func(t *rapid.T) {
		var q question
		q.env = "dev"
		q.from = rapid.SampledFrom([]string{"", "203.0.113.9", "2001:db8::1"}).Draw(t, "from")
		q.host = rapid.SampledFrom([]string{"", "api.example.com"}).Draw(t, "host")
		q.headers = rapid.SampledFrom([][]string{nil, {"X-Client: ios"}, {"Cookie: maintenance-bypass=guess"}}).Draw(t, "headers")
		line := rapid.SampledFrom([]string{"GET", "HEAD", "POST", "DELETE", "TRACE"}).Draw(t, "method") + " " +
			rapid.SampledFrom([]string{"/", "/api/login", "/api/templates", "/api/templates/7", "/api/templates//7", "/api/files/a/b", "/api/health", "/api/%6cogin", "/api/maintenance/unlock"}).Draw(t, "path")
		request, err := q.request(line)
		if err != nil {
			t.Fatal(err)
		}
		answers, _, err := q.answer(request, io.Discard)
		if err != nil || len(answers) != len(maintenance.Modes()) {
			t.Fatalf("%d answers, %v", len(answers), err)
		}
		for _, a := range answers {
			if a.Rule == nil {
				continue // rejected before any rule
			}
			row, ok := rows[a.Rule]
			if !ok {
				t.Fatalf("%s: rule %v is not in the table", a.Mode, a.Rule)
			}
			goal, ok := row.Actions[a.Mode]
			if !ok || goal.Action != a.Action || a.Target != nil && goal.Target != *a.Target {
				t.Fatalf("%s, %s: explain says %s by rule %v, routes says %+v", line, a.Mode, a.Action, a.Rule, goal)
			}
		}
	})
}
