//go:build mysql

package ddl

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/noren-cdk/noren/internal/testing/mysqld"
)

// A chaosStatement is a statement with a way to see whether it was executed.
type chaosStatement struct {
	sql  string
	done string // a query that returns 1 once it was executed, and 0 before
}

var chaosStatements = []chaosStatement{
	{"ALTER TABLE reports ADD c INT", columnIs("c")},
	{"ALTER TABLE reports ADD c INT FIRST, FORCE", columnIs("c")},
	{"ALTER TABLE reports MODIFY visits BIGINT DEFAULT 0", "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND column_name = 'visits' AND data_type = 'bigint'"},
	{"ALTER TABLE reports DROP COLUMN note", "SELECT 1 - COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'reports' AND column_name = 'note'"},
	{"CREATE INDEX by_site ON reports (site_id, title, note)", "SELECT COUNT(DISTINCT index_name) FROM information_schema.statistics WHERE table_schema = DATABASE() AND index_name = 'by_site'"},
	{"DROP INDEX by_title ON reports", "SELECT 1 - COUNT(DISTINCT index_name) FROM information_schema.statistics WHERE table_schema = DATABASE() AND index_name = 'by_title'"},
	{"UPDATE reports SET note = 'seen' WHERE id < 5000", "SELECT COUNT(*) = (SELECT COUNT(*) FROM reports WHERE id < 5000) FROM reports WHERE note = 'seen'"},
	{"CREATE TABLE fresh (id INT PRIMARY KEY)", tableIs("fresh")},
	{"DROP TABLE old", "SELECT 1 - COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'old'"},
	{"RENAME TABLE old TO older", tableIs("older")},
	{"TRUNCATE old", "SELECT COUNT(*) = 0 FROM old"},
	{"CREATE TRIGGER counted BEFORE INSERT ON reports FOR EACH ROW SET NEW.visits = 1", "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE()"},
	{"CREATE VIEW seen AS SELECT id, title FROM reports", tableIs("seen")},
}

func columnIs(name string) string {
	return "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND column_name = '" + name + "'"
}

func tableIs(name string) string {
	return "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = '" + name + "'"
}

// A chaos is a server on which statements are disturbed.
type chaos struct {
	name    string
	process *mysqld.Process
	root    *sql.DB
}

// faults disturb a run in progress.
var faults = []struct {
	name    string
	disturb func(t *testing.T, c *chaos, run *chaosRun)
}{
	{"kill -9", func(_ *testing.T, _ *chaos, run *chaosRun) { _ = run.command.Process.Kill() }},
	{"SIGTERM", func(_ *testing.T, _ *chaos, run *chaosRun) { _ = run.command.Process.Signal(syscall.SIGTERM) }},
	{"cut", func(_ *testing.T, _ *chaos, run *chaosRun) { run.network.cut() }},
	{"KILL", func(_ *testing.T, c *chaos, _ *chaosRun) {
		ids, _ := collect[int64](context.Background(), c.root, "SELECT id FROM information_schema.processlist WHERE info LIKE '/* noren%'")
		for _, id := range ids {
			_, _ = c.root.Exec("KILL " + itoa(id))
		}
	}},
	{"restart", func(t *testing.T, c *chaos, _ *chaosRun) {
		c.process.End(syscall.SIGKILL)
		if err := c.process.Start(); err != nil {
			t.Fatal(err)
		}
	}},
	{"second run", func(t *testing.T, c *chaos, run *chaosRun) {
		second := startChaosRun(t, c, run.sql)
		second.wait()
	}},
	{"lock holder", func(t *testing.T, c *chaos, _ *chaosRun) {
		tx, err := c.root.Begin()
		if err != nil {
			return
		}
		for _, name := range []string{"reports", "old"} {
			rows, err := tx.Query("SELECT 1 FROM " + name + " LIMIT 1")
			if err == nil {
				rows.Close()
			}
		}
		time.AfterFunc(time.Duration(rand.IntN(3000))*time.Millisecond, func() { _ = tx.Rollback() })
	}},
	{"another's DDL", func(_ *testing.T, c *chaos, _ *chaosRun) {
		conn, err := c.root.Conn(context.Background())
		if err != nil {
			return
		}
		defer end(conn)
		_, _ = conn.ExecContext(context.Background(), "SET SESSION lock_wait_timeout = 3")
		_, _ = conn.ExecContext(context.Background(), "ALTER TABLE sites ADD others INT")
	}},
	{"another's DDL on the table", func(_ *testing.T, c *chaos, _ *chaosRun) {
		conn, err := c.root.Conn(context.Background())
		if err != nil {
			return
		}
		defer end(conn)
		_, _ = conn.ExecContext(context.Background(), "SET SESSION lock_wait_timeout = 3")
		_, _ = conn.ExecContext(context.Background(), "ALTER TABLE reports COMMENT 'of others'")
	}},
	{"nothing", func(*testing.T, *chaos, *chaosRun) {}},
}

// A chaosRun is a run in its own process, behind its own network.
type chaosRun struct {
	sql     string
	command *exec.Cmd
	network *proxy
	stderr  *bytes.Buffer
}

func startChaosRun(t *testing.T, c *chaos, sql string) *chaosRun {
	t.Helper()
	s := &testServer{name: c.name, dsn: c.process.DSN}
	db, network := s.through(t, "ddl_run")
	run := &chaosRun{sql: sql, network: network, stderr: &bytes.Buffer{}}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run.command = exec.Command(program)
	run.command.Dir = t.TempDir()
	run.command.Stderr = run.stderr
	config := s.config(t, "ddl_run")
	config.Addr = db.Addr
	db.Close()
	run.command.Env = append(os.Environ(), "NOREN_TEST_CHILD=run", "NOREN_TEST_WRITES="+string(Stopped), "NOREN_TEST_DSN="+config.FormatDSN())
	if err := os.WriteFile(filepath.Join(run.command.Dir, "change.sql"), []byte(sql), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = run.command.Process.Kill() })
	return run
}

// wait returns the exit code; -1 if it was killed, or did not end in 60 seconds.
func (r *chaosRun) wait() int {
	stuck := time.AfterFunc(time.Minute, func() { _ = r.command.Process.Kill() })
	defer stuck.Stop()
	err := r.command.Wait()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}

// TestChaos disturbs statements at random moments. Whatever happens, the table is
// in its state before or after, the journal says which, nothing else has changed,
// and another run finishes everything.
//
//	NOREN_CHAOS         how many times; default 20
//	NOREN_CHAOS_RESULT  file to which to write what was tried
func TestChaos(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("NOREN_CHAOS"))
	if err != nil {
		n = 20
	}
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("NOREN_CHAOS_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("NOREN_CHAOS_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var all []*chaos
	for _, s := range servers {
		if s.new == nil {
			continue
		}
		p, err := s.new("--innodb-flush-log-at-trx-commit=1") // committed data stays
		if err != nil {
			t.Fatal(err)
		}
		defer p.Stop()
		pool, err := sql.Open("mysql", withSchema(t, p.DSN, ""))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, &chaos{name: s.name, process: p, root: pool})
	}
	if len(all) == 0 {
		t.Fatal("no server program: set NOREN_MYSQLD=$(scripts/mysql.sh), or install mysqld or mariadbd")
	}
	result := map[string]int{}
	held := 0
	began := time.Now()
	for i := range n {
		c := all[i%len(all)]
		st := chaosStatements[random.IntN(len(chaosStatements))]
		fault := faults[random.IntN(len(faults))]
		moment := time.Duration(random.IntN(1200)) * time.Millisecond
		name := fmt.Sprintf("%03d %s, %s after %v, %s", i+1, strings.SplitN(st.sql, " (", 2)[0], fault.name, moment, c.name)
		ok := t.Run(name, func(t *testing.T) { c.once(t, st, fault.disturb, moment) })
		if ok {
			held++
		}
		result[c.name+" | "+fault.name]++
	}
	writeChaosResult(t, held, n, seed, time.Since(began), result)
}

func withSchema(t *testing.T, dsn, schema string) string {
	t.Helper()
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.DBName = schema
	return config.FormatDSN()
}

// once disturbs one statement.
func (c *chaos) once(t *testing.T, st chaosStatement, disturb func(*testing.T, *chaos, *chaosRun), moment time.Duration) {
	s := &testServer{name: c.name, dsn: c.process.DSN}
	s.once.Do(func() {})
	db, root := manyReports(t, s, 40_000)
	execute(t, root, "CREATE TABLE old (id INT PRIMARY KEY)", "INSERT INTO old SELECT id FROM reports WHERE id < 100", "CREATE VIEW others AS SELECT 1 AS one")
	c.root = root
	rest := restOf(t, root)
	db.Close()

	run := startChaosRun(t, c, st.sql)
	time.Sleep(moment)
	disturb(t, c, run)
	code := run.wait()

	root = s.pool(t, "ddl_run")
	done := ask[int](t, root, st.done) == 1
	state := chaosState(t, root)
	switch state {
	case "done":
		if !done {
			t.Errorf("the journal says done, and it is not; exit %d: %s", code, run.stderr)
		}
	case "stopped", "":
		if done {
			t.Errorf("the journal says %q, and it is done; exit %d: %s", state, code, run.stderr)
		}
	case "running":
		if code == 0 || code == 1 {
			t.Errorf("exit %d, and the journal says running: %s", code, run.stderr)
		}
	}
	if code == 0 && !done {
		t.Errorf("exit 0, and it is not done: %s", run.stderr)
	}
	if after := restOf(t, root); after != rest {
		t.Errorf("something else has changed:\n%s", difference(rest, after))
	}

	for try := 1; ; try++ { // repeat, as a person would
		again := startChaosRun(t, c, st.sql)
		code := again.wait()
		if code == 0 {
			break
		}
		if code != 3 || try == 4 {
			t.Fatalf("run again %d times: exit %d: %s", try, code, again.stderr)
		}
	}
	if ask[int](t, root, st.done) != 1 || chaosState(t, root) != "done" {
		t.Errorf("after running again it is not done; the journal says %q", chaosState(t, root))
	}
	if after := restOf(t, root); after != rest {
		t.Errorf("after running again something else has changed:\n%s", difference(rest, after))
	}
	left, err := collect[string](t.Context(), root, "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", ScratchSchema)
	if err != nil || len(left) > 0 {
		t.Errorf("%s holds %q (%v)", ScratchSchema, left, err)
	}
}

// chaosState returns what the journal says of the only statement.
func chaosState(t *testing.T, root *sql.DB) string {
	t.Helper()
	states, err := collect[string](t.Context(), root, "SELECT state FROM noren_journal WHERE number = 1")
	if err != nil && code(err) != codeUnknownTable {
		t.Fatal(err)
	}
	return strings.Join(states, "")
}

// restOf returns everything that no statement of the test changes: columns and
// rows of reports, other tables, the view.
func restOf(t *testing.T, root *sql.DB) string {
	t.Helper()
	var out strings.Builder
	for _, query := range []string{
		"SELECT CONCAT_WS('|', 'rows', COUNT(*), SUM(CRC32(CONCAT_WS('|', id, site_id, title, body, state, visits, made)))) FROM reports",
		"SELECT CONCAT_WS('|', 'site', id, name) FROM sites",
		"SELECT CONCAT_WS('|', 'view', view_definition) FROM information_schema.views WHERE table_schema = DATABASE() AND table_name = 'others'",
		"SELECT CONCAT_WS('|', 'column', column_name, column_default, is_nullable) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'reports' AND column_name NOT IN ('c', 'note') ORDER BY 1",
		"SELECT CONCAT_WS('|', 'table', table_name) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name NOT IN ('old', 'older', 'fresh', 'seen', 'noren_journal') ORDER BY 1",
	} {
		all, err := collect[string](t.Context(), root, query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		fmt.Fprintln(&out, strings.Join(all, "\n"))
	}
	return out.String()
}

func writeChaosResult(t *testing.T, held, n int, seed uint64, took time.Duration, result map[string]int) {
	t.Helper()
	t.Logf("%d of %d in %v", held, n, took.Round(time.Second))
	name := os.Getenv("NOREN_CHAOS_RESULT")
	if name == "" {
		return
	}
	var out strings.Builder
	fmt.Fprintf(&out, "# Chaos of noren ddl run\n\n%s: %d of %d held, in %v, with the seed %d. Written by `make ddl-chaos N=%d`.\n\n", time.Now().UTC().Format("2006-01-02"), held, n, took.Round(time.Second), seed, n)
	fmt.Fprint(&out, "A statement, one of those of `chaos_mysql_test.go`, is disturbed at a random moment of its run. It held if the\ntable was as before or as after, the journal said which, nothing else had changed, and running again\nended with everything done.\n\n| server | fault | times |\n| --- | --- | --- |\n")
	for _, key := range slices.Sorted(func(yield func(string) bool) {
		for key := range result {
			if !yield(key) {
				return
			}
		}
	}) {
		fmt.Fprintf(&out, "| %s | %d |\n", key, result[key])
	}
	if err := os.WriteFile(name, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
