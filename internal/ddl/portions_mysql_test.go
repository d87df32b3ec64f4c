//go:build mysql

package ddl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestRun_ChangesRowsInPortions checks that each row is changed once, in
// portions, with writes live and whatever the primary key is.
func TestRun_ChangesRowsInPortions(t *testing.T) {
	const fill = "INSERT INTO many SELECT %s FROM (SELECT r.id * 12 + d.i AS i FROM (SELECT id FROM reports LIMIT 1000) AS r JOIN (SELECT id AS i FROM reports WHERE id <= 12) AS d) AS n"
	onEveryServer(t, func(t *testing.T, s *testServer) {
		for _, test := range []struct{ key, values string }{
			{"id INT PRIMARY KEY", "i * 3"},
			{"id BIGINT UNSIGNED PRIMARY KEY", "i * 1000000000000"},
			{"id VARCHAR(40) COLLATE utf8mb4_general_ci PRIMARY KEY", "CONCAT('ä', CONV(i * 7919, 10, 36), '''\\\\')"},
			{"id VARCHAR(40) CHARACTER SET latin1 PRIMARY KEY", "CONCAT('ä', CONV(i * 7919, 10, 36))"},
			{"id BINARY(16) PRIMARY KEY", "UNHEX(LPAD(HEX(i * 7919 % 65521), 32, '0'))"},
			{"id DATETIME(3) PRIMARY KEY", "TIMESTAMP('2026-01-01') + INTERVAL i * 1500000 MICROSECOND"},
			{"a INT, b VARCHAR(10), id INT, PRIMARY KEY (a, b, id)", "i % 7, CONCAT('k', i % 5), i"},
			{"id DECIMAL(20,3) PRIMARY KEY", "i / 7 * 1000"},
		} {
			db, root := manyReports(t, s, 1000)
			execute(t, root, "CREATE TABLE many ("+test.key+", n INT NOT NULL DEFAULT 0)", fmt.Sprintf(fill, test.values+", 0"),
				"CREATE TABLE copied LIKE many", "ANALYZE TABLE many")
			rows := ask[int](t, root, "SELECT COUNT(*) FROM many")
			for i, m := range []struct{ sql, wrong string }{
				{"UPDATE many SET n = n + 1", "SELECT COUNT(*) FROM many WHERE n <> 1"},
				{"UPDATE many AS m SET m.n = m.n + 1 WHERE m.n < 5 OR FALSE", "SELECT COUNT(*) FROM many WHERE n <> 2"},
				{"INSERT INTO copied SELECT * FROM many WHERE n = 2 ON DUPLICATE KEY UPDATE n = 100", "SELECT COUNT(*) <> " + fmt.Sprint(rows) + " OR SUM(n <> 2) FROM copied"},
				{"DELETE FROM many WHERE many.n = 2", "SELECT COUNT(*) FROM many"},
			} {
				migration := changeNamed(fmt.Sprint(i), m.sql)
				var seen events
				if _, err := Run(t.Context(), db, migration, unrehearsed(seen.report)); err != nil {
					t.Errorf("%s, %s: %v", test.key, m.sql, err)
					continue
				}
				if wrong := ask[int](t, root, m.wrong); wrong != 0 {
					t.Errorf("%s, %s: %d rows are wrong", test.key, m.sql, wrong)
				}
				if message := ask[string](t, root, "SELECT message FROM noren_journal WHERE number = 1 AND migration = '"+fmt.Sprint(i)+"'"); !strings.HasSuffix(message, " portions") || message == "1 portions" {
					t.Errorf("%s, %s: done in %q, want several portions", test.key, m.sql, message)
				}
			}
		}
	})
}

// TestRun_CountsWhereStatisticsAreOlderThanTheRows checks that rows are counted
// if statistics are older, and that an unknown number does not count as small.
func TestRun_CountsWhereStatisticsAreOlderThanTheRows(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		if s.mariaDB() {
			return // it forgets its count of the rows only on a restart
		}
		db, root := manyReports(t, s, 1000)
		execute(t, root, "CREATE TABLE many (id INT AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL DEFAULT 0) STATS_PERSISTENT=1 STATS_AUTO_RECALC=0", "ANALYZE TABLE many",
			"INSERT INTO many (n) SELECT 0 FROM (SELECT id FROM reports LIMIT 200) AS a JOIN (SELECT id FROM reports LIMIT 100) AS b",
			"FLUSH TABLES many") // afterwards the server reads its stored statistics, as after a restart
		if rows := ask[int](t, root, "SELECT table_rows FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'many'"); rows > 10 {
			t.Fatalf("the statistics say %d rows, want old ones", rows)
		}
		if _, err := Run(t.Context(), db, changeNamed("rows", "UPDATE many SET n = n + 1"), unrehearsed(func(Event) {})); err != nil {
			t.Fatal(err)
		}
		if message := ask[string](t, root, "SELECT message FROM noren_journal WHERE number = 1 AND migration = 'rows'"); !strings.HasSuffix(message, " portions") {
			t.Errorf("20,000 rows were done in %q, want portions", message)
		}
		o := unrehearsed(func(Event) {})
		o.Writes = Stopped
		_, err := Run(t.Context(), db, changeNamed("table", "ALTER TABLE many MODIFY n BIGINT NOT NULL DEFAULT 0"), o)
		if err == nil || !strings.Contains(err.Error(), "and it has more than 10000: how large it is cannot be said before ANALYZE TABLE `many`") {
			t.Errorf("without a rehearsal: got %v, want a refusal", err)
		}
		execute(t, root, "ANALYZE TABLE many")
		if _, err := Run(t.Context(), db, changeNamed("table", "ALTER TABLE many MODIFY n BIGINT NOT NULL DEFAULT 0"), o); err != nil {
			t.Error(err)
		}
	})
}

// TestRun_ResumesBehindThePortionsThatAreDone checks that an interrupted run
// continues after the finished portions, while writers go on.
func TestRun_ResumesBehindThePortionsThatAreDone(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 60_000)
		execute(t, root, "UPDATE reports SET visits = 0")
		var worst atomic.Int64
		ctx, stop := context.WithCancel(context.Background())
		writing := make(chan struct{})
		go func() {
			defer close(writing)
			for ctx.Err() == nil {
				began := time.Now()
				if _, err := root.Exec("UPDATE reports SET note = 'written' WHERE id = 500"); err != nil {
					t.Errorf("a writer met %v", err)
				}
				worst.Store(max(worst.Load(), int64(time.Since(began))))
				time.Sleep(10 * time.Millisecond)
			}
		}()
		runs := 0
		for done := false; !done && runs < 30; runs++ {
			ctx, cancel := context.WithCancel(t.Context())
			portions := 0
			_, err := runText(ctx, db, "UPDATE reports SET visits = visits + 1", unrehearsed(func(e Event) {
				if strings.HasSuffix(e.Text, " portions") {
					if portions++; portions == 2 {
						cancel()
					}
				}
			}))
			done = err == nil
			if err != nil && (!errors.Is(err, ErrRepeat) || !strings.Contains(err.Error(), "portions are done") || errors.Is(err, ErrStopped)) {
				t.Errorf("got %v, want it to say that portions are done and that it may be repeated", err)
			}
			cancel()
		}
		stop()
		<-writing
		if wrong := ask[int](t, root, "SELECT COUNT(*) FROM reports WHERE visits <> 1"); wrong > 0 || runs < 2 {
			t.Errorf("after %d runs %d rows are not changed exactly once", runs, wrong)
		}
		t.Logf("%d runs, the worst write took %v", runs, time.Duration(worst.Load()))
		if time.Duration(worst.Load()) > time.Second {
			t.Errorf("the worst write took %v, want less than a second", time.Duration(worst.Load()))
		}
	})
}

// TestRun_WithdrawsAPortionThatWaitsForARow checks that others wait behind a
// portion that waits for a row no longer than the stall.
func TestRun_WithdrawsAPortionThatWaitsForARow(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 20_000)
		tx, err := root.Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		execute(t, tx, "UPDATE reports SET note = 'mine' WHERE id = 300")
		var seen events
		o := unrehearsed(seen.report)
		done := start(db, "UPDATE reports SET visits = visits + 1", o)
		await(t, "a withdrawal", func() bool { return len(seen.of(EventWithdrew)) > 1 })
		began := time.Now()
		execute(t, root, "UPDATE reports SET note = 'another' WHERE id = 10")
		if took := time.Since(began); took > 1500*time.Millisecond {
			t.Errorf("another writer waited %v", took)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestPlan_RefusesManyRowsInOneTransaction checks that what cannot be done in
// portions is not done while the application writes.
func TestPlan_RefusesManyRowsInOneTransaction(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 20_000)
		execute(t, root, "CREATE TABLE keyless (a INT)", "INSERT INTO keyless SELECT 1 FROM reports", "ANALYZE TABLE keyless",
			"CREATE TABLE regions (id INT PRIMARY KEY, n INT)", "INSERT INTO regions VALUES (1, 0)", "ANALYZE TABLE regions",
			"CREATE TABLE visits (id INT PRIMARY KEY, region_id INT, FOREIGN KEY (region_id) REFERENCES regions (id) ON DELETE CASCADE)",
			"INSERT INTO visits SELECT id, 1 FROM reports", "ANALYZE TABLE visits", "CREATE VIEW titles AS SELECT * FROM reports")
		for _, test := range []struct{ sql, want string }{
			{"UPDATE reports SET visits = 1", ""},
			{"UPDATE sites SET name = 'x'", ""},
			{"INSERT INTO sites VALUES (9, 'x')", ""},
			{"UPDATE reports SET id = id + 1", "changes the primary key"},
			{"UPDATE reports r JOIN sites s ON s.id = r.site_id SET r.note = s.name", "it joins tables"},
			{"UPDATE reports SET visits = 1 ORDER BY id LIMIT 5", "ORDER"},
			{"DELETE FROM reports LIMIT 100", "LIMIT"},
			{"UPDATE keyless SET a = 2", "no primary key"},
			{"INSERT INTO sites SELECT MAX(site_id), MAX(title) FROM reports", "sums up"},
			{"INSERT INTO reports (site_id, title, made) SELECT site_id, title, made FROM reports", "reads `reports`, which it changes"},
			{"INSERT IGNORE INTO sites SELECT DISTINCT site_id, 'x' FROM reports", "DISTINCT"},
			{"UPDATE reports SET visits = (@n := @n + 1)", "variables"},
			{"DELETE FROM reports WHERE visits < (SELECT m FROM (SELECT AVG(visits) AS m FROM reports) AS x)", "reads `reports`, which it changes"},
			{"INSERT INTO sites SELECT id, title FROM reports WHERE NOT EXISTS (SELECT 1 FROM sites WHERE sites.id = reports.id)", "reads `sites`, which it changes"},
			{"INSERT INTO sites SELECT id, title FROM ddl_run.reports WHERE (SELECT COUNT(*) FROM ddl_run.sites) = 0", "reads `sites`, which it changes"},
			{"INSERT INTO ddl_run.reports (site_id, title, made) SELECT site_id, title, made FROM reports", "reads `reports`, which it changes"},
			{"UPDATE reports, (SELECT AVG(visits) AS m FROM reports) AS x SET visits = 0 WHERE visits < m", "it joins tables"},
			{"UPDATE reports, (regions) SET regions.n = regions.n + 1", "it joins tables"},
			{"INSERT INTO sites SELECT id, title FROM reports WHERE id IN (SELECT id FROM titles)", "the view `titles`"},
			{"UPDATE titles SET visits = 1", "the view `titles`"},
			{"CREATE VIEW others AS SELECT * FROM reports; UPDATE others SET visits = 1", "the view `others`"},
			{"DELETE FROM regions WHERE id > 0", "of other tables on average, by a foreign key"},
			{"SET foreign_key_checks = 0; DELETE FROM regions WHERE id > 0", ""},
			{"INSERT INTO sites SELECT id, title FROM reports WHERE id NOT IN (SELECT id FROM regions)", ""},
			{"RENAME TABLE keyless TO other; UPDATE other SET a = 2", "no primary key"},
		} {
			for _, writes := range []Writes{Live, Stopped} {
				plan, err := planText(t.Context(), db, test.sql, PlanOptions{Writes: writes, Policy: Any})
				if err != nil {
					t.Fatal(err)
				}
				step := plan.Steps[len(plan.Steps)-1]
				got := strings.Join(step.Problems, "\n")
				want := test.want
				if writes == Stopped {
					if want = ""; !strings.Contains(strings.Join(step.Notes, "\n"), test.want) {
						t.Errorf("%s, writes stopped: the notes are %q, want %q", test.sql, step.Notes, test.want)
					}
				}
				if !strings.Contains(got, want) || (got == "") != (want == "") || step.Writes != (test.want == "") {
					t.Errorf("%s, writes %s: got %q and writes %v, want %q", test.sql, writes, got, step.Writes, want)
				}
			}
		}
	})
}

// stopsAfterPortion returns a context and a report that ends the run after its
// first portion.
func stopsAfterPortion(t *testing.T) (context.Context, Report) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, func(e Event) {
		if e.Kind == EventProgress && strings.HasSuffix(e.Text, "portions") {
			cancel()
		}
	}
}

// TestRun_GoesOnInPortionsOfASmallTable checks that a statement that was begun in
// portions is continued in portions, however small the table has become: in one
// piece it would change the rows of the first portions twice.
func TestRun_GoesOnInPortionsOfASmallTable(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 20_000)
		execute(t, root, "UPDATE reports SET visits = 0", "ANALYZE TABLE reports")
		const file = "UPDATE reports SET visits = visits + 1"
		ctx, report := stopsAfterPortion(t)
		if _, err := runText(ctx, db, file, unrehearsed(report)); !errors.Is(err, ErrRepeat) {
			t.Fatalf("got %v, want that it is interrupted", err)
		}
		if done := ask[int](t, root, "SELECT SUM(visits) FROM reports"); done == 0 || done == 20_000 {
			t.Fatalf("%d rows are done, want some", done)
		}
		execute(t, root, "DELETE FROM reports WHERE id > (SELECT id FROM (SELECT id FROM reports ORDER BY id LIMIT 1 OFFSET 8000) AS x)", "ANALYZE TABLE reports")
		if _, err := runText(t.Context(), db, file, unrehearsed(func(Event) {})); err != nil {
			t.Fatal(err)
		}
		if wrong := ask[int](t, root, "SELECT COUNT(*) FROM reports WHERE visits <> 1"); wrong != 0 {
			t.Errorf("%d rows are not changed once", wrong)
		}
	})
}

// TestRun_ResumesAfterRowsWereDeleted checks that a run that resumes does not
// compare the number of rows that it has changed itself with the rehearsal.
func TestRun_ResumesAfterRowsWereDeleted(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 20_000)
		const file = "DELETE FROM reports WHERE id > 0; ALTER TABLE reports ADD c INT"
		plan, err := planText(t.Context(), db, file, PlanOptions{Writes: Live, Policy: Any})
		if err != nil {
			t.Fatal(err)
		}
		r := &Rehearsal{Hash: change(file).Hash(), Server: db.Server, Tables: []RehearsedTable{{Name: "reports", Rows: 20_000}}}
		for _, step := range plan.Steps {
			r.Steps = append(r.Steps, RehearsedStep{Number: step.Number, Rung: step.Rung, Rebuild: step.Rebuild})
		}
		for stops := 0; ; stops++ {
			ctx, report := stopsAfterPortion(t)
			o := unrehearsed(report)
			o.WithoutRehearsal, o.Rehearsal = false, r
			_, err := runText(ctx, db, file, o)
			if err == nil {
				if stops < 2 {
					t.Errorf("it was done after %d stops: the test tests nothing", stops)
				}
				break
			}
			if !errors.Is(err, ErrRepeat) {
				t.Fatalf("after %d stops: %v", stops, err)
			}
		}
		if n := ask[int](t, root, "SELECT COUNT(*) FROM reports"); n != 0 {
			t.Errorf("%d rows are left", n)
		}
	})
}
