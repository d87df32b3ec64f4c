//go:build mysql

package ddl

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// populate fills reports, and the table sites that it may refer to.
func populate(t *testing.T, q queryer, rows int) {
	t.Helper()
	places := ask[int](t, q, "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'reports' AND column_name = 'place'")
	place, point := "", ""
	if places > 0 {
		place, point = ", place", ", POINT(i, i)"
	}
	execute(t, q,
		"INSERT INTO sites VALUES (1, 'north'), (2, 'south'), (3, 'east')",
		fmt.Sprintf(`INSERT INTO reports (site_id, title, body, visits, made%s)
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			SELECT 1 + i %% 3, CONCAT('title ', i), REPEAT('what the field saw ', 5), i, DATE '2010-01-01' + INTERVAL i DAY%s FROM n`, place, rows, point))
}

// TestPlanEqualsThePopulatedTable checks that the server's answer on the empty
// shadow is its answer on the populated table.
func TestPlanEqualsThePopulatedTable(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db := s.open(t, "ddl_verdicts")
		root := s.pool(t, "ddl_verdicts")
		for _, generated := range []bool{false, true} {
			verdicts, refused := 0, 0
			for _, op := range operations {
				execute(t, root, "DROP TABLE IF EXISTS reports, old_reports", "DROP TABLE IF EXISTS sites",
					"CREATE TABLE sites (id INT NOT NULL PRIMARY KEY, name VARCHAR(50))", plainTable)
				if generated {
					execute(t, root, generatedColumns)
				}
				execute(t, root, statements(t, op.first)...)
				populate(t, root, 500)
				plan, err := planText(t.Context(), db, op.sql, PlanOptions{Writes: Stopped, Policy: Any})
				if err != nil {
					t.Errorf("%s: %v", op.name, err)
					continue
				}
				step := plan.Steps[0]
				got := fmt.Sprintf("%s rebuild=%v", step.Rung, step.Rebuild)
				if len(step.Problems) > 0 && !step.raises {
					got = "refused"
				}
				m, err := db.marksOf(t.Context(), step)
				if err != nil {
					t.Fatal(err)
				}
				if found, _, err := db.find(t.Context(), step, m); found == executed || err != nil {
					t.Errorf("%s: it looks executed before it is (%v)", op.sql, err)
				}
				want := reality(t, db, op.sql)
				if want != "refused" {
					wasExecuted(t, db, step, m)
				}
				if got != want {
					t.Errorf("%s (generated columns: %v): planned %s, was %s\n%v", op.name, generated, got, want, step.Problems)
				}
				if verdicts++; want == "refused" {
					refused++
				}
			}
			t.Logf("generated columns: %v: %d verdicts equal those of a populated table, %d of them refusals of the statement", generated, verdicts, refused)
			if verdicts-refused < 60 {
				t.Errorf("only %d operations were compared, want at least 60", verdicts-refused)
			}
		}
	})
}

// wasExecuted checks that after a crash the server's tables would tell that the
// statement was executed. Some statements leave nothing to see, and can be
// repeated without harm; for the rest, a person must look.
func wasExecuted(t *testing.T, db *Database, step *Step, m marks) {
	t.Helper()
	found, look, err := db.find(t.Context(), step, m)
	if err != nil {
		t.Errorf("%s: %v", step.SQL, err)
	}
	unchanged := true
	for name, before := range m.Before {
		unchanged = unchanged && settled(before) == settled(m.After[name])
	}
	switch {
	case found == executed, unchanged && len(step.parsed.Loses) == 0:
	case unchanged && found == undecided && look != "":
	default:
		t.Errorf("%s: after a crash the finding is %d", step.SQL, found)
	}
}

// reality executes a statement on its populated table.
func reality(t *testing.T, db *Database, sql string) string {
	t.Helper()
	st, err := sqltext.Parse(sql, db.Dialect())
	if err != nil {
		t.Fatal(err)
	}
	ids := func() (all []int64) {
		for _, changed := range st.Changed() {
			some, err := db.tableIDs(context.Background(), db.pool, db.Schema, changed.Name)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, some...)
		}
		slices.Sort(all)
		return all
	}
	before := ids()
	rungs := []Rung{{}}
	if st.Kind.Laddered() {
		rungs = append(sqltext.Statement{}.Rungs(), Rung{})
	}
	for _, rung := range rungs {
		if rung != (Rung{}) && !st.Admits(rung) {
			continue
		}
		if _, err := db.pool.Exec(st.With(rung)); err == nil {
			if rung.Algorithm == "INSTANT" && !slices.Equal(before, ids()) { // MariaDB accepts the clause, but copies anyway
				rung = sqltext.CopyShared
				if st.Partitions == sqltext.MovesNone { // MySQL, which only recreates the partition
					rung = Rung{Algorithm: "INPLACE", Lock: "NONE"}
				}
			}
			return fmt.Sprintf("%s rebuild=%v", rung, st.Kind.Laddered() && !slices.Equal(before, ids()))
		}
	}
	return "refused"
}

// TestPlanOfStatementsThatDependOnEachOther checks that statements see the
// effects of earlier ones, that the schema is not touched, and that nothing
// stays.
func TestPlanOfStatementsThatDependOnEachOther(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db := s.open(t, "ddl-dependent")
		root := s.pool(t, "ddl-dependent")
		execute(t, root, "CREATE TABLE sites (id INT NOT NULL PRIMARY KEY, name VARCHAR(50))", plainTable,
			"CREATE TABLE visits (id INT PRIMARY KEY, report_id INT NOT NULL, FOREIGN KEY (report_id) REFERENCES reports (id))",
			"CREATE TABLE `odd``name; -- x` (id INT PRIMARY KEY)")
		populate(t, root, 100)
		before := schemaText(t, db)
		plan, err := planText(t.Context(), db, `
			CREATE TABLE regions (id INT NOT NULL PRIMARY KEY, name VARCHAR(50)) COMMENT 'one; two';
			ALTER TABLE sites ADD region_id INT;
			ALTER TABLE sites ADD FOREIGN KEY (region_id) REFERENCES regions (id);
			ALTER TABLE sites DROP FOREIGN KEY sites_ibfk_1;
			RENAME TABLE sites TO places;
			ALTER TABLE places ADD INDEX by_region (region_id);
			ALTER TABLE visits DROP FOREIGN KEY visits_ibfk_1, ADD site_id INT;
			DROP TABLE visits;
			CREATE TABLE visits (id INT PRIMARY KEY);
			ALTER TABLE visits ADD COLUMN c INT, RENAME TO calls;
			ALTER TABLE `+"`odd``name; -- x`"+` ADD c INT;
			ALTER TABLE calls DROP COLUMN c;`, PlanOptions{Writes: Live, Policy: Any})
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range plan.Steps {
			if step.Kind == sqltext.AlterTable && strings.Contains(step.SQL, "ADD FOREIGN KEY") {
				if step.Allowed() { // sites exists, and is not created here
					t.Errorf("%s: got %s, want it refused with live writes", step.SQL, step.Rung)
				}
				continue
			}
			if !step.Allowed() {
				t.Errorf("%s: %q", step.SQL, step.Problems)
			}
		}
		if after := schemaText(t, db); after != before {
			t.Errorf("the schema was\n%s\nand is\n%s", before, after)
		}
		noScratch(t, db)
	})
}

// TestTableIDs_OfAnyName checks that a table is found among InnoDB's whatever its
// name is.
func TestTableIDs_OfAnyName(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db := s.open(t, "ddl-odd.schema")
		root := s.pool(t, "ddl-odd.schema")
		for _, name := range []string{"plain", "with_underscore", "a-b.c", "sp ace", "día", "日本", "select", "100", "odd`name; -- x", strings.Repeat("x", 64)} {
			execute(t, root, "CREATE TABLE "+sqltext.Quote(name)+" (id INT PRIMARY KEY)")
			before, err := db.tableIDs(t.Context(), db.pool, db.Schema, name)
			if err != nil || len(before) != 1 {
				t.Errorf("%s: got %v, %v, want one id", name, before, err)
			}
			execute(t, root, "ALTER TABLE "+sqltext.Quote(name)+" FORCE")
			after, err := db.tableIDs(t.Context(), db.pool, db.Schema, name)
			if err != nil || len(after) != 1 || slices.Equal(before, after) {
				t.Errorf("%s: rebuilt, got %v, %v, want another than %v", name, after, err, before)
			}
		}
	})
}

// schemaText returns everything in a schema that a plan could touch.
func schemaText(t *testing.T, db *Database) string {
	t.Helper()
	var text strings.Builder
	names, err := collect[string](t.Context(), db.pool, "SELECT table_name FROM information_schema.tables WHERE table_schema = ? ORDER BY 1", db.Schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		definition, err := showCreate(t.Context(), db.pool, db.Schema, name)
		if err != nil {
			t.Fatal(err)
		}
		ids, err := db.tableIDs(t.Context(), db.pool, db.Schema, name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&text, definition, ids)
	}
	return text.String()
}

func noScratch(t *testing.T, db *Database) {
	t.Helper()
	left, err := collect[string](t.Context(), db.pool, "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", ScratchSchema)
	if err != nil {
		t.Fatal(err)
	}
	there := ask[int](t, db.pool, "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = ?", ScratchSchema)
	if len(left) > 0 || there > 0 {
		t.Errorf("%s is still there, with %q", ScratchSchema, left)
	}
}

func TestPlanOfStatementsThatTheServerRefuses(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db := s.open(t, "ddl_refused")
		execute(t, s.pool(t, "ddl_refused"), plainTable)
		plan, err := planText(t.Context(), db, `ALTER TABLE reports ADD title INT; ALTER TABLE nowhere ADD c INT; DROP INDEX none ON reports; CREATE TABLE reports (id INT);
			ALTER TABLE reports ADD c INT; ALTER TABLE reports ADD d VARCHAR;`, PlanOptions{Writes: Live, Policy: Any})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"Duplicate column name 'title'", "nowhere' doesn't exist", "none", "'reports' already exists", "", "syntax"} {
			if got := strings.Join(plan.Steps[i].Problems, "\n"); !strings.Contains(got, want) || (want == "") != (got == "") || strings.Contains(got, "noren_scratch") {
				t.Errorf("%s: got %q, want %q", plan.Steps[i].SQL, got, want)
			}
		}
		noScratch(t, db)
	})
}
