//go:build mysql

package copy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/sqltext"
	"github.com/noren-cdk/noren/internal/testing/mysqld"
)

// widened is the change in these tests, which cannot be made in place.
var widened = sqltext.Migration{Name: "0007_wider_ids.sql", Text: "ALTER TABLE visits MODIFY id BIGINT NOT NULL AUTO_INCREMENT; ALTER TABLE visits ADD note VARCHAR(20) NOT NULL DEFAULT 'none'"}

// twoServers is an engine that switches with SQL. A file says where the
// application finds its database, like an endpoint.
type twoServers struct {
	original, copied string // DSNs without a schema
	endpoint         string // file
}

func (e twoServers) Ready(context.Context, string, string) error { return nil }

func (e twoServers) Make(context.Context, string, func(string)) (string, error) { return "copy", nil }

func (e twoServers) Switch(ctx context.Context, _ string, timeout time.Duration, _ func(string)) error {
	now, err := os.ReadFile(e.endpoint)
	if err != nil || string(now) == e.copied {
		return err
	}
	from, to, err := e.open()
	if err != nil {
		return err
	}
	defer from.Close()
	defer to.Close()
	if _, err := from.ExecContext(ctx, "SET GLOBAL read_only = 1"); err != nil {
		return err
	}
	reached("read-only")
	row, err := oneRow(ctx, from, "SHOW BINARY LOG STATUS")
	if err != nil {
		return err
	}
	if _, err := to.ExecContext(ctx, "DO SOURCE_POS_WAIT(?, ?, ?)", row["File"], row["Position"], timeout.Seconds()); err != nil {
		return err
	}
	defer reached("endpoint moved")
	return os.WriteFile(e.endpoint, []byte(e.copied), 0o600)
}

func (e twoServers) open() (from, to *sql.DB, err error) {
	if from, err = sql.Open("mysql", e.original); err == nil {
		to, err = sql.Open("mysql", e.copied)
	}
	return from, to, err
}

func (e twoServers) Finish(ctx context.Context, _ string, _ func(string)) (string, error) {
	from, to, err := e.open()
	if err != nil {
		return "", err
	}
	defer from.Close()
	defer to.Close()
	for _, statement := range []string{"STOP REPLICA", "RESET REPLICA ALL"} {
		if _, err := to.ExecContext(ctx, statement); err != nil {
			return "", err
		}
	}
	return "original-old1", nil
}

func (e twoServers) Abandon(context.Context, string, func(string)) error { return nil }

// verbs runs the verbs that are typed, one after the other.
func (e twoServers) verbs(ctx context.Context, schema string) error {
	login := func(dsn string) (*ddl.Database, error) {
		config, err := mysql.ParseDSN(dsn)
		if err != nil {
			return nil, err
		}
		config.DBName = schema
		return ddl.OpenDatabase(ctx, config)
	}
	inUse := func(context.Context) (*ddl.Database, error) {
		dsn, err := os.ReadFile(e.endpoint)
		if err != nil {
			return nil, err
		}
		return login(string(dsn))
	}
	original, err := inUse(ctx)
	if err != nil {
		return err
	}
	defer original.Close()
	say := func(string) {}
	s, err := Read(ctx, original)
	if err != nil {
		return err
	}
	if s == nil || s.Phase == Making || s.Phase == Changing {
		_, err := Start(ctx, original, widened, StartOptions{Engine: e, Report: say,
			Run: func(event ddl.Event) {
				if event.Kind == ddl.EventStart || event.Kind == ddl.EventDone {
					reached(string(event.Kind))
				}
			},
			Open: func(context.Context, string) (*ddl.Database, error) { return login(e.copied) }})
		if err != nil {
			return fmt.Errorf("start: %w", err)
		}
	}
	copied, err := login(e.copied)
	if err != nil {
		return err
	}
	defer copied.Close()
	if s, err = Read(ctx, original); err != nil {
		return err
	}
	if s.Phase == Following && !s.Comparison.Equal() {
		c, err := CompareCopy(ctx, original, copied, CompareOptions{Load: 1, Stall: time.Minute}, false)
		if err != nil {
			return fmt.Errorf("compare: %w", err)
		}
		if !c.Equal() {
			return fmt.Errorf("differs: %+v", c.Tables)
		}
	}
	for until := time.Now().Add(3 * time.Minute); ; time.Sleep(50 * time.Millisecond) { // until the product is closed
		if _, err := os.Stat(e.endpoint + ".closed"); err == nil || time.Now().After(until) {
			break
		}
	}
	_, err = Switch(ctx, original, copied, SwitchOptions{Engine: e, Report: say, Closed: func(context.Context) error { return nil },
		Quiet: ddl.QuietOptions{For: 400 * time.Millisecond}, Compare: CompareOptions{Load: 1}, LogIn: func(context.Context, string) error { return nil }, Reopen: inUse})
	if err != nil {
		return fmt.Errorf("switch: %w", err)
	}
	db, err := inUse(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = Finish(ctx, db, e, say)
	return err
}

// child runs the test's own program again, which kills itself at a point.
func child() int {
	at, _ := strconv.Atoi(os.Getenv("NOREN_TEST_KILL_AT"))
	points := 0
	reached = func(string) {
		if points++; points == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	}
	e := twoServers{os.Getenv("NOREN_TEST_ORIGINAL"), os.Getenv("NOREN_TEST_COPY"), os.Getenv("NOREN_TEST_ENDPOINT")}
	if err := e.verbs(context.Background(), "switching"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(points)
	return 0
}

// run runs the verbs in another process, which ends at a point; 0 means none.
func (e twoServers) run(at int) (points int, killed bool, err error) {
	program, err := os.Executable()
	if err != nil {
		return 0, false, err
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "NOREN_TEST_CHILD=1", "NOREN_TEST_KILL_AT="+strconv.Itoa(at), "NOREN_TEST_ORIGINAL="+e.original, "NOREN_TEST_COPY="+e.copied, "NOREN_TEST_ENDPOINT="+e.endpoint)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if state := cmd.ProcessState; state != nil {
		if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return 0, true, nil
		}
	}
	if err != nil {
		return 0, false, fmt.Errorf("%w: %s", err, stderr.String())
	}
	points, err = strconv.Atoi(strings.TrimSpace(stdout.String()))
	return points, false, err
}

// rows returns the number of rows of the table: NOREN_COPY_ROWS.
func rows() int {
	if n, err := strconv.Atoi(os.Getenv("NOREN_COPY_ROWS")); err == nil && n > 0 {
		return n
	}
	return 50_000
}

// TestSwitch_EveryRowIsCounted changes the type of a primary key on a copy, with
// four writers until the product is closed, and switches: without interruption,
// and killed at every point in turn, after which the same verbs are typed again.
func TestSwitch_EveryRowIsCounted(t *testing.T) {
	t.Parallel()
	program := mysqld.Programs()[0]
	if program.MariaDB() {
		t.Fatal("no MySQL: set NOREN_MYSQLD=$(scripts/mysql.sh)")
	}
	pair, err := mysqld.NewPair(program)
	if err != nil {
		t.Fatal(err)
	}
	defer pair.Stop()
	s := &sides{program: program, pair: pair}
	e := twoServers{pair.Original.DSN, pair.Copy.DSN, filepath.Join(t.TempDir(), "endpoint")}
	points := 0
	for at, last := 0, false; !last; at++ {
		execute(t, pair.From, "SET GLOBAL read_only = 0")
		s.fresh(t, "switching", "CREATE TABLE visits (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, writer INT NOT NULL, n INT NOT NULL, body VARCHAR(100), UNIQUE (writer, n))")
		_ = os.Remove(e.endpoint + ".closed")
		if err := os.WriteFile(e.endpoint, []byte(e.original), 0o600); err != nil {
			t.Fatal(err)
		}
		many := rows()
		if at > 0 { // the same is counted, and it takes less time
			many = 500
		}
		fill(t, pair.From, many)
		writers := e.write(t, pair.From)
		n, killed, err := e.run(at)
		switch {
		case killed:
			points = at
			_, _, err = e.run(0)
		case at > 0: // it has fewer points
			if last = true; n >= at {
				t.Errorf("point %d of %d: it was not killed", at, n)
			}
		}
		if err != nil {
			t.Fatalf("killed at point %d: %v", at, err)
		}
		e.count(t, pair, at, int64(many)+writers())
	}
	if points < 12 {
		t.Errorf("%d points were tried, want at least 12", points)
	}
	t.Logf("killed at each of %d points", points)
}

// fill writes the initial rows.
func fill(t *testing.T, pool *sql.DB, many int) {
	t.Helper()
	for n := 0; n < many; n += 1000 {
		var values []string
		for i := range min(1000, many-n) {
			values = append(values, fmt.Sprintf("(0, %d, 'before')", n+i))
		}
		execute(t, pool, "INSERT INTO switching.visits (writer, n, body) VALUES "+strings.Join(values, ", "))
	}
}

// write starts four writers, which go on until the copy is compared, or its verbs
// have ended; then the product is closed. The returned function returns how many
// rows they wrote.
func (e twoServers) write(t *testing.T, pool *sql.DB) func() int64 {
	t.Helper()
	var group sync.WaitGroup
	var total atomic.Int64
	var stop atomic.Bool
	for writer := range 4 {
		group.Go(func() {
			for n := 0; !stop.Load(); n++ {
				if _, err := pool.Exec("INSERT INTO switching.visits (writer, n, body) VALUES (?, ?, 'during')", writer+1, n); err != nil {
					t.Error(err)
					return
				}
				total.Add(1)
				_, _ = pool.Exec("UPDATE switching.visits SET body = CONCAT(body, '.') WHERE writer = 0 AND n = ?", n%500)
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		for until := time.Now().Add(3 * time.Minute); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
			var ended sql.NullString
			err := pool.QueryRow("SELECT JSON_EXTRACT(state, '$.comparison.ended') FROM switching.noren_copy").Scan(&ended)
			if err == nil && ended.Valid {
				break
			}
		}
		stop.Store(true)
		group.Wait()
		_ = os.WriteFile(e.endpoint+".closed", nil, 0o600)
	}()
	return func() int64 {
		<-closed
		return total.Load()
	}
}

// count compares what is in use at the end with what was written.
func (e twoServers) count(t *testing.T, pair *mysqld.Pair, at int, want int64) {
	t.Helper()
	if now, _ := os.ReadFile(e.endpoint); string(now) != e.copied {
		t.Fatalf("point %d: the application finds %s", at, now)
	}
	row, err := oneRow(t.Context(), pair.To, `SELECT COUNT(*) AS many, COUNT(DISTINCT writer, n) AS different, SUM(note = 'none') AS changed,
		(SELECT data_type FROM information_schema.columns WHERE table_schema = 'switching' AND table_name = 'visits' AND column_name = 'id') AS kind,
		(SELECT phase FROM switching.noren_copy) AS phase FROM switching.visits`)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprint(want)
	if row["many"] != text || row["different"] != text || row["changed"] != text || row["kind"] != "bigint" || row["phase"] != string(Finished) {
		t.Errorf("point %d: got %v, want %d rows, each once", at, row, want)
	}
	before, err := oneRow(t.Context(), pair.From, "SELECT SUM(CRC32(CONCAT_WS(',', id, writer, n, body))) AS rows_before FROM switching.visits")
	after, failed := oneRow(t.Context(), pair.To, "SELECT SUM(CRC32(CONCAT_WS(',', id, writer, n, body))) AS rows_before FROM switching.visits")
	if err := errors.Join(err, failed); err != nil || before["rows_before"] != after["rows_before"] {
		t.Errorf("point %d: the rows are not the same (%v)", at, err)
	}
}
