//go:build mysql

package ddl

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

func rehearsing(writes Writes) RehearseOptions {
	return RehearseOptions{PlanOptions: PlanOptions{Writes: writes, Policy: Any}, Class: "db.r6g.large", Report: func(Event) {}}
}

// TestRehearseFindsWhatRowsRefuse checks that a rehearsal finds what only rows
// can refuse, and that the run then refuses.
func TestRehearseFindsWhatRowsRefuse(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		for _, test := range []struct{ name, sql, want string }{
			{"duplicates", "ALTER TABLE reports ADD UNIQUE once (site_id)", "Duplicate entry"},
			{"NULLs", "ALTER TABLE reports MODIFY note VARCHAR(20) NOT NULL", "Error 1"},
			{"a check", "ALTER TABLE reports ADD CONSTRAINT few CHECK (visits < 10)", "few"},
			{"a foreign key", "ALTER TABLE reports ADD CONSTRAINT at_site FOREIGN KEY (site_id) REFERENCES sites (id)", "foreign key constraint fails"},
			{"numbers too large", "ALTER TABLE reports MODIFY visits TINYINT", "Out of range"},
		} {
			t.Run(test.name, func(t *testing.T) {
				db, root := manyReports(t, s, 1000)
				execute(t, root, "DELETE FROM sites WHERE id = 3", "UPDATE reports SET note = NULL")
				sql := "ALTER TABLE sites ADD c INT;" + test.sql + "; ALTER TABLE sites ADD d INT;"
				r, err := rehearseText(t.Context(), db, sql, rehearsing(Stopped))
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(r.Failed, test.want) || !strings.Contains(r.Failed, "statement 2") || len(r.Steps) != 2 {
					t.Errorf("got %q after %d statements, want %q", r.Failed, len(r.Steps), test.want)
				}
				production, _ := manyReports(t, s, 1000)
				o := unrehearsed(func(Event) {})
				o.Writes, o.WithoutRehearsal, o.Rehearsal = Stopped, false, r
				if _, err := runText(t.Context(), production, sql, o); err == nil || !strings.Contains(err.Error(), "the rehearsal failed") {
					t.Errorf("the run met %v, want a refusal", err)
				}
			})
		}
	})
}

// TestRehearse_InterruptedBetweenStatements checks that a rehearsal that was
// interrupted after a statement has no result.
func TestRehearse_InterruptedBetweenStatements(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, _ := manyReports(t, s, 1000)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		o := rehearsing(Stopped)
		o.Report = func(e Event) {
			if e.Kind == EventDone {
				cancel()
			}
		}
		r, err := rehearseText(ctx, db, "ALTER TABLE reports ADD c INT; ALTER TABLE reports ADD d INT;", o)
		if r != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("got %+v, %v, want it cancelled", r, err)
		}
	})
}

func TestRunRefusesWhatWasRehearsedOtherwise(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		const sql = "ALTER TABLE reports ADD c INT; ALTER TABLE reports ADD INDEX by_site (site_id);"
		clone, _ := manyReports(t, s, 2000)
		r, err := rehearseText(t.Context(), clone, sql, rehearsing(Live))
		if err != nil || r.Failed != "" {
			t.Fatal(err, r.Failed)
		}
		name := filepath.Join(t.TempDir(), "rehearsal.json")
		if err := r.WriteFile(name); err != nil {
			t.Fatal(err)
		}
		read, err := ReadRehearsal(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%s %d rows", read.Tables[0].Name, read.Tables[0].Rows); got != "reports 2000 rows" || read.Class != "db.r6g.large" {
			t.Errorf("got %s, class %q", got, read.Class)
		}

		db, root := manyReports(t, s, 2300) // 15 % more
		try := func(change func(r *Rehearsal), sql string) error {
			r, err := ReadRehearsal(name)
			if err != nil {
				t.Fatal(err)
			}
			change(r)
			o := unrehearsed(func(Event) {})
			o.WithoutRehearsal, o.Rehearsal = false, r
			_, err = runText(context.Background(), db, sql, o)
			return err
		}
		for want, err := range map[string]error{
			"is of another migration":   try(func(*Rehearsal) {}, sql+" "),
			"it was rehearsed on":       try(func(r *Rehearsal) { r.Server.Version = "5.6.1" }, sql),
			"was rehearsed as COPY":     try(func(r *Rehearsal) { r.Steps[0].Rung = sqltext.CopyShared }, sql),
			"was rehearsed as INPLACE":  try(func(r *Rehearsal) { r.Steps[1].Rebuild = true }, sql),
			"has 2300 rows, and had 10": try(func(r *Rehearsal) { r.Tables[0].Rows = 10 }, sql),
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		}
		if n := ask[int](t, root, "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'ddl_run' AND column_name = 'c'"); n > 0 {
			t.Error("a refused run has changed the table")
		}
		if err := try(func(*Rehearsal) {}, sql); err != nil {
			t.Errorf("as rehearsed: %v", err)
		}
	})
}

// TestRehearse_NeedsProofOfACopy checks that a rehearsal needs proof that it is
// on a copy, and that no one writes there.
func TestRehearse_NeedsProofOfACopy(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 1000)
		columns := func() int {
			return ask[int](t, root, "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'ddl_run' AND table_name = 'reports'")
		}
		before := columns()
		refused := func(want string, real ...Identity) {
			t.Helper()
			o := rehearsing(Live)
			o.Real = real
			if _, err := Rehearse(t.Context(), db, change("ALTER TABLE reports DROP COLUMN note"), o); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
			if columns() != before {
				t.Fatal("it has changed the table")
			}
		}
		other := Identity{Addr: "elsewhere:3306", UUID: "another", Schema: "ddl_run"}
		refused("nothing proves that")
		refused("this is the real schema", db.Identity())
		refused("calls itself", Identity{Addr: "elsewhere:3306", UUID: db.UUID, Schema: "ddl_run"})
		refused("where the real schema is", Identity{Addr: db.Addr, UUID: "another", Schema: "ddl_run"})
		refused("this is the real schema", other, db.Identity())

		// Five sessions of noren's own user write.
		var stops []func()
		for range 5 {
			stops = append(stops, write(t, root, 20*time.Millisecond))
		}
		refused("rehearse on a clone", other)
		execute(t, root, "CREATE TABLE noren_clone (id INT PRIMARY KEY)")
		refused("rehearse on a clone")
		for _, stop := range stops {
			stop()
		}
		tx, err := root.Begin()
		if err != nil {
			t.Fatal(err)
		}
		execute(t, tx, "UPDATE reports SET note = 'x' WHERE id = 1")
		refused("writes here")
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		refused("this is the real schema", db.Identity()) // with a marker or without

		if r, err := Rehearse(t.Context(), db, change("ALTER TABLE reports ADD c INT"), rehearsing(Live)); err != nil || r.Failed != "" {
			t.Errorf("marked: %v, %+v", err, r)
		}
		execute(t, root, "DROP TABLE noren_clone")
		o := rehearsing(Live)
		o.Real = []Identity{other}
		if r, err := Rehearse(t.Context(), db, change("ALTER TABLE reports ADD d INT"), o); err != nil || r.Failed != "" {
			t.Errorf("on another server than the plan's: %v, %+v", err, r)
		}
	})
}

func TestPreflight(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 2000)
		const sql = "ALTER TABLE reports MODIFY visits BIGINT DEFAULT 0"
		o := unrehearsed(func(Event) {})
		o.Writes, o.Sample = Stopped, 300*time.Millisecond

		stop := write(t, root, 5*time.Millisecond)
		if _, err := runText(t.Context(), db, sql, o); err == nil || !strings.Contains(err.Error(), "`reports` is written") {
			t.Errorf("with a writer: got %v, want a refusal", err)
		}
		stop()

		small := o
		small.FreeSpace = 1000
		if _, err := runText(t.Context(), db, sql, small); err == nil || !strings.Contains(err.Error(), "1000 B are free") {
			t.Errorf("without space: got %v, want a refusal", err)
		}

		holder := hold(t, root, "sites")
		conn, err := root.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		waiting := make(chan error, 1)
		go func() {
			_, err := conn.ExecContext(context.Background(), "ALTER TABLE sites ADD waits INT")
			waiting <- err
		}()
		await(t, "someone else's ALTER", func() bool {
			return ask[int](t, root, "SELECT COUNT(*) FROM information_schema.processlist WHERE LOWER(state) = 'waiting for table metadata lock'") > 0
		})
		if _, err := runText(t.Context(), db, sql, o); err == nil || !strings.Contains(err.Error(), "wait for a metadata lock already") {
			t.Errorf("behind another's ALTER: got %v, want a refusal", err)
		}
		if err := holder.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := <-waiting; err != nil {
			t.Error(err)
		}

		execute(t, root, "SET GLOBAL read_only = ON")
		if _, err := runText(t.Context(), db, sql, o); err == nil || !strings.Contains(err.Error(), "want the writer") {
			t.Errorf("on a reader: got %v, want a refusal", err)
		}
		execute(t, root, "SET GLOBAL read_only = OFF")
		if _, err := runText(t.Context(), db, sql, o); err != nil {
			t.Error(err)
		}
	})
}
