//go:build mysql

package ddl

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// candidates are migrations with the rehearsals that a copy of 2,000 reports gives, one
// after the other.
func candidates(t *testing.T, s *testServer, files ...string) []Candidate {
	t.Helper()
	clone, _ := manyReports(t, s, 2000)
	var all []Candidate
	for i, file := range files {
		m := changeNamed(fmt.Sprintf("%d.sql", i+1), file)
		o := rehearsing(Stopped)
		o.Real = []Identity{{Addr: "elsewhere:3306", UUID: "another"}}
		r, err := Rehearse(t.Context(), clone, m, o)
		if err != nil || r.Failed != "" {
			t.Fatal(err, r)
		}
		all = append(all, Candidate{m, r})
	}
	return all
}

// checkOptions are those of a check in a night, before the product is closed.
func checkOptions(report Report) RunOptions {
	o := unrehearsed(report)
	o.Writes, o.WithoutRehearsal = Stopped, false
	return o
}

// everything is the definition of every table and view of the server that is not its
// own, and what the journal holds.
func everything(t *testing.T, root *sql.DB) string {
	t.Helper()
	var all strings.Builder
	names, err := collect[string](t.Context(), root, "SELECT CONCAT('`', table_schema, '`.`', table_name, '`') FROM information_schema.tables WHERE table_schema NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		var text string
		if err := root.QueryRow("SHOW CREATE TABLE "+name).Scan(new(string), &text); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&all, name, text)
	}
	if strings.Contains(all.String(), "`noren_journal`") {
		rows, err := collect[string](t.Context(), root, "SELECT CONCAT_WS('|', migration, number, hash, statement, state, session, marks, COALESCE(message, ''), began, COALESCE(ended, '')) FROM noren_journal ORDER BY migration, number")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&all, strings.Join(rows, "\n"))
	}
	return all.String()
}

// Each row is what has become of the database since the changes were rehearsed on a
// copy of 2,000 reports.
func TestCheck(t *testing.T) {
	const (
		column = "ALTER TABLE reports ADD region INT; ALTER TABLE reports ADD INDEX by_site (site_id);"
		made   = "CREATE TABLE regions (id INT NOT NULL PRIMARY KEY, name VARCHAR(50)); INSERT INTO regions SELECT id, title FROM reports WHERE id <= 50;"
		needs  = "ALTER TABLE regions ADD zone INT; ALTER TABLE reports ADD INDEX by_region (region);"
		fewer  = "DELETE FROM reports WHERE site_id >= 0 AND id > 1000;"
		moved  = "RENAME TABLE sites TO places;"
		placed = "ALTER TABLE places ADD zone INT;"
	)
	tests := []struct {
		name  string
		files []string
		rows  int
		since func(t *testing.T, root *sql.DB, all []Candidate)
		want  string // part of the error; empty: none
	}{
		{"nothing", []string{column}, 2000, nil, ""},
		{"15 % more rows", []string{column}, 2300, nil, ""},
		{"twice as many rows", []string{column}, 4000, nil, "`reports` has 4000 rows, and had 2000 when it was rehearsed"},
		{"another version of the server", []string{column}, 2000, func(_ *testing.T, _ *sql.DB, all []Candidate) {
			all[0].Rehearsal.Server.Version = "5.6.1"
		}, "it was rehearsed on"},
		{"another file", []string{column}, 2000, func(_ *testing.T, _ *sql.DB, all []Candidate) {
			all[0].Migration.Text += " "
		}, "is of another migration"},
		{"someone has added the column", []string{column}, 2000, func(t *testing.T, root *sql.DB, _ []Candidate) {
			execute(t, root, "ALTER TABLE reports ADD region INT")
		}, "Duplicate column name 'region'"},
		{"a trigger that a change would break", []string{"ALTER TABLE reports DROP note;"}, 2000, func(t *testing.T, root *sql.DB, _ []Candidate) {
			execute(t, root, "CREATE TRIGGER noted BEFORE INSERT ON reports FOR EACH ROW SET NEW.note = 'new'")
		}, "noted"},
		{"the table is gone", []string{column}, 2000, func(t *testing.T, root *sql.DB, _ []Candidate) {
			execute(t, root, "RENAME TABLE reports TO reported")
		}, "doesn't exist"},
		{"it was not rehearsed", []string{column}, 2000, func(_ *testing.T, _ *sql.DB, all []Candidate) {
			all[0].Rehearsal = nil
		}, "there is no rehearsal"},
		{"its rehearsal failed", []string{column}, 2000, func(_ *testing.T, _ *sql.DB, all []Candidate) {
			all[0].Rehearsal.Failed = "statement 2"
		}, "the rehearsal failed"},
		{"the second needs what the first makes", []string{column, made, needs}, 2000, nil, ""},
		{"another order", []string{column, made, needs}, 2000, func(_ *testing.T, _ *sql.DB, all []Candidate) {
			all[1], all[2] = all[2], all[1]
		}, "3.sql: statement 1 (line 1): the server refuses it"},
		{"the first deletes half of the rows", []string{fewer, column}, 2000, nil, ""},
		{"the first deletes half of the rows, and there are more", []string{column, fewer, "ALTER TABLE reports DROP note;"}, 4000, nil, "1.sql: `reports` has 4000 rows, and had 2000"},
		{"the first fills a column, and there are more", []string{"UPDATE reports SET note = 'old' WHERE id > 0;", column}, 4000, nil, "2.sql: `reports` has 4000 rows, and had 2000"},
		{"the first renames the table", []string{moved, placed}, 2000, nil, ""},
		{"the second is refused, and named", []string{"ALTER TABLE sites ADD zone INT;", column}, 4000, nil, "2.sql: `reports` has 4000 rows"},
	}
	onEveryServer(t, func(t *testing.T, s *testServer) {
		rehearsed := map[string][]Candidate{} // by the files: rehearsing takes seconds
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				key := strings.Join(test.files, "\n")
				if rehearsed[key] == nil {
					rehearsed[key] = candidates(t, s, test.files...)
				}
				var all []Candidate
				for _, c := range rehearsed[key] {
					own := *c.Rehearsal
					all = append(all, Candidate{c.Migration, &own})
				}
				db, root := manyReports(t, s, test.rows)
				if test.since != nil {
					test.since(t, root, all)
				}
				before := everything(t, root)
				got, err := Check(context.Background(), db, all, checkOptions(func(Event) {}))
				if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
					t.Errorf("got %v, want %q", err, test.want)
				}
				if test.want == "" && len(got) != len(test.files) {
					t.Errorf("got %+v", got)
				}
				if after := everything(t, root); after != before {
					t.Errorf("it has changed the database:\n%s\nbefore:\n%s", after, before)
				}
				noScratch(t, db)
			})
		}
	})
}

// A check is about what a run would do: who is refused by the one is refused by the
// other, and who is not, is not.
func TestCheck_AgreesWithTheRun(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		files := []string{
			"CREATE TABLE regions (id INT NOT NULL PRIMARY KEY); ALTER TABLE reports ADD region INT;",
			"ALTER TABLE regions ADD name VARCHAR(50); ALTER TABLE reports ADD INDEX by_region (region);",
		}
		all := candidates(t, s, files...)
		db, root := manyReports(t, s, 2000)
		var said []Checked
		look := func(want ...Checked) {
			t.Helper()
			before := everything(t, root)
			got, err := Check(t.Context(), db, all, checkOptions(func(Event) {}))
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
			if everything(t, root) != before {
				t.Error("it has written to the database")
			}
			said = got
		}
		run := func(i int) {
			t.Helper()
			o := checkOptions(func(Event) {})
			o.Rehearsal = all[i].Rehearsal
			result, err := Run(t.Context(), db, all[i].Migration, o)
			if err != nil || len(result.Steps) != said[i].Left {
				t.Fatalf("%d statements were executed, %v, and %+v was said", len(result.Steps), err, said[i])
			}
		}
		look(Checked{"1.sql", 2, 0}, Checked{"2.sql", 2, 0})
		run(0)
		look(Checked{"1.sql", 0, 2}, Checked{"2.sql", 2, 0})
		run(1)
		// Of what is done the rehearsal says nothing any more.
		execute(t, root, "INSERT INTO reports (site_id, title, body, visits, made) SELECT site_id, title, body, visits, made FROM reports")
		look(Checked{"1.sql", 0, 2}, Checked{"2.sql", 0, 2})
	})
}

// A table of which an earlier change deletes rows cannot be compared, which is said.
func TestCheck_SaysWhatItDoesNotCompare(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		all := candidates(t, s, "DELETE FROM reports WHERE id > 1000;", "ALTER TABLE reports ADD region INT;", "ALTER TABLE sites ADD region INT;")
		db, _ := manyReports(t, s, 2000)
		var seen events
		if _, err := Check(t.Context(), db, all, checkOptions(seen.report)); err != nil {
			t.Fatal(err)
		}
		notes := seen.of(EventNote)
		const want = "2.sql: the rows of `reports` are not compared with those of the rehearsal: 1.sql may change how many there are"
		if len(notes) != 1 || notes[0].Text != want {
			t.Errorf("got %+v, want %s", notes, want)
		}
	})
}

// What a run that was killed has left is found out, and written down by a run only.
func TestCheck_AfterAKilledRun(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		all := candidates(t, s, "ALTER TABLE reports ADD region INT; ALTER TABLE reports ADD zone INT;")
		for name, test := range map[string]struct {
			state State
			done  bool
			want  string
			left  int
		}{
			"before the statement":   {StateRunning, false, "", 2},
			"after the statement":    {StateRunning, true, "", 1},
			"stopped":                {StateStopped, false, "", 2},
			"a person has to look":   {StateUnknown, true, "unknown whether it was executed", 0},
			"by other content":       {StateDone, true, "has been run with other content", 0},
			"the way back was begun": {StateStopped, false, "was begun and is not finished", 0},
			"another run is at work": {StateStopped, false, "another noren ddl run is changing", 0},
		} {
			t.Run(name, func(t *testing.T) {
				db, root := manyReports(t, s, 2000)
				o := checkOptions(func(Event) {})
				o.Rehearsal = all[0].Rehearsal
				j, err := openJournal(t.Context(), db, "", all[0].Migration)
				if err != nil {
					t.Fatal(err)
				}
				plans, err := makePlans(t.Context(), db, []sqltext.Migration{all[0].Migration}, o.PlanOptions)
				if err != nil {
					t.Fatal(err)
				}
				steps := plans[0].Steps
				m, err := db.marksOf(t.Context(), steps[0])
				if err != nil {
					t.Fatal(err)
				}
				if err := j.write(t.Context(), 1, steps[0].SQL, test.state, 0, m); err != nil {
					t.Fatal(err)
				}
				if name != "another run is at work" {
					j.close()
				} else {
					defer j.close()
				}
				if test.done {
					execute(t, root, "ALTER TABLE reports ADD region INT")
				}
				if name == "by other content" {
					execute(t, root, "UPDATE noren_journal SET hash = REPEAT('0', 64)")
				}
				if name == "the way back was begun" {
					execute(t, root, "INSERT INTO noren_journal SELECT schema_name, CONCAT(migration, ' (down)'), number, hash, statement, 'done', session, marks, message, began, ended FROM noren_journal")
				}
				before := everything(t, root)
				got, err := Check(t.Context(), db, all, o)
				if test.want == "" && (err != nil || got[0].Left != test.left) || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
					t.Errorf("got %+v, %v, want %q, %d left", got, err, test.want, test.left)
				}
				if everything(t, root) != before {
					t.Error("it has written to the database")
				}
			})
		}
	})
}

// The product is open while it is checked: its writes are no reason to refuse, and a
// transaction that holds the table is not waited for.
func TestCheck_BesideAnOpenProduct(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		all := candidates(t, s, "ALTER TABLE reports MODIFY visits BIGINT DEFAULT 0;")
		db, root := manyReports(t, s, 2000)
		stop := write(t, root, 5*time.Millisecond)
		defer stop()
		holder := hold(t, root, "reports")
		defer holder.Rollback()
		began := time.Now()
		if _, err := Check(t.Context(), db, all, checkOptions(func(Event) {})); err != nil {
			t.Error(err)
		}
		t.Logf("it took %v", time.Since(began))

		o := checkOptions(func(Event) {})
		o.FreeSpace = 1000
		if _, err := Check(t.Context(), db, all, o); err == nil || !strings.Contains(err.Error(), "1000 B are free") {
			t.Errorf("without space: got %v, want a refusal", err)
		}
		if _, err := Check(t.Context(), db, append(all, all[0]), checkOptions(func(Event) {})); err == nil || !strings.Contains(err.Error(), `"1.sql" is named twice`) {
			t.Errorf("twice: got %v, want a refusal", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Check(ctx, db, all, checkOptions(func(Event) {})); !errors.Is(err, ErrRepeat) {
			t.Errorf("interrupted: got %v", err)
		}
		noScratch(t, db)
	})
}
