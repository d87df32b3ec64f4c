//go:build mysql

package ddl

import (
	"strings"
	"testing"
)

// TestPlan_LowerCaseTableNames checks that where the server stores names of
// tables in lower case, a statement and a flag mean the same table however they
// spell it.
func TestPlan_LowerCaseTableNames(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		if s.new == nil {
			return // this setting is chosen when a server is created
		}
		process, err := s.new("--lower-case-table-names=1")
		if err != nil {
			t.Fatal(err)
		}
		defer process.Stop()
		lower := &testServer{dsn: process.DSN}
		lower.open(t, "ddl_run")
		execute(t, lower.pool(t, "ddl_run"), "CREATE TABLE users (id INT PRIMARY KEY, n INT)", "CREATE TABLE kids (id INT PRIMARY KEY, u INT, FOREIGN KEY (u) REFERENCES users (id))",
			"CREATE VIEW names AS SELECT n FROM Users", "CREATE TRIGGER counts BEFORE INSERT ON kids FOR EACH ROW SET NEW.u = (SELECT MAX(n) FROM USERS)")
		db := lower.reopen(t, "DDL_Run")
		defer db.Close()
		for _, test := range []struct{ sql, still, want string }{
			{"ALTER TABLE Users MODIFY n BIGINT", "users", "writes to users would stop"},
			{"ALTER TABLE users MODIFY n BIGINT", "USERS", "writes to users would stop"},
			{"ALTER TABLE Ddl_Run.KIDS MODIFY u BIGINT", "Kids", "the server refuses it"},
			{"ALTER TABLE KIDS ADD v INT, ALGORITHM=COPY", "Users", "writes to `users` would wait"},
			{"ALTER TABLE USERS DROP COLUMN n", "kids", "view `names` no longer works"},
			{"ALTER TABLE USERS DROP COLUMN n", "kids", "trigger `counts` fails from then on"},
			{"UPDATE USERS SET n = 1 WHERE Users.id = 1", "users", ""},
		} {
			plan, err := planText(t.Context(), db, test.sql, PlanOptions{Writes: Stopped, StillWritten: []string{test.still}, Policy: Any})
			if err != nil {
				t.Errorf("%s: %v", test.sql, err)
				continue
			}
			got := strings.Join(plan.Steps[0].Problems, "\n")
			if !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
				t.Errorf("%s, still written %s: got %q, want %q", test.sql, test.still, got, test.want)
			}
		}
		// The journal, too.
		for _, name := range []string{"", "DDL_RUN.Noren_Journal", "NOREN_JOURNAL"} {
			o := unrehearsed(func(Event) {})
			o.Journal = name
			if _, err := runText(t.Context(), db, "INSERT INTO users SELECT COALESCE(MAX(id), 0) + 1, 1 FROM users", o); err != nil {
				t.Errorf("journal %q: %v", name, err)
			}
		}
		if rows := ask[int](t, lower.pool(t, "ddl_run"), "SELECT COUNT(*) FROM users"); rows != 1 {
			t.Errorf("with three names of one journal it was executed %d times", rows)
		}
	})
}
