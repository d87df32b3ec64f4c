//go:build mysql

package ddl

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// BenchmarkSideBySide rebuilds a table of a million rows (NOREN_BENCH_ROWS) that
// is read and written meanwhile: with noren ddl run, with a bare ALTER, and with
// pt-online-schema-change, each with nothing in the way and with a transaction
// that has read the table and stays open for ten seconds.
//
//	go test -tags mysql -run '^$' -bench SideBySide -benchtime 1x ./internal/ddl
func BenchmarkSideBySide(b *testing.B) {
	rows := 1_000_000
	if n, err := strconv.Atoi(os.Getenv("NOREN_BENCH_ROWS")); err == nil {
		rows = n
	}
	i := slices.IndexFunc(servers, func(s *testServer) bool { return s.start != nil && strings.HasPrefix(s.name, "MySQL") })
	if i < 0 {
		b.Fatal("no MySQL: set NOREN_MYSQLD=$(scripts/mysql.sh)")
	}
	dsn, stop, err := servers[i].start("--innodb-sort-buffer-size=1048576")
	if err != nil {
		b.Fatal(err)
	}
	defer stop()
	s := &benchServer{dsn: dsn}
	s.fill(b, rows)
	for _, holding := range []time.Duration{0, 10 * time.Second} {
		for _, way := range []struct {
			name  string
			apply func(b *testing.B)
		}{{"ALTER", s.bareAlter}, {"noren", s.noren}, {"pt-osc", s.ptOSC}} {
			b.Run(fmt.Sprintf("holder=%v/%s", holding, way.name), func(b *testing.B) {
				for range b.N {
					s.measure(b, holding, way.apply)
				}
			})
		}
	}
}

type benchServer struct {
	dsn  string
	pool *sql.DB
}

func (s *benchServer) fill(b *testing.B, rows int) {
	b.Helper()
	config, err := mysql.ParseDSN(s.dsn)
	if err != nil {
		b.Fatal(err)
	}
	pool, err := sql.Open("mysql", config.FormatDSN())
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec("CREATE DATABASE bench CHARACTER SET utf8mb4"); err != nil {
		b.Fatal(err)
	}
	config.DBName = "bench"
	s.dsn = config.FormatDSN()
	if s.pool, err = sql.Open("mysql", s.dsn); err != nil {
		b.Fatal(err)
	}
	s.pool.SetMaxIdleConns(20)
	s.exec(b, plainTable, "ALTER TABLE reports DROP CONSTRAINT some_visits",
		`INSERT INTO reports (site_id, title, body, visits, made)
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
			SELECT i % 3, CONCAT('title ', i), REPEAT('what the field saw ', 10), i, '2026-01-01' FROM n`)
	for n := 1000; n < rows; n *= 2 {
		s.exec(b, fmt.Sprintf("INSERT INTO reports (site_id, title, body, visits, made) SELECT site_id, title, body, visits, made FROM reports LIMIT %d", min(n, rows-n)))
	}
	s.exec(b, "ANALYZE TABLE reports")
}

func (s *benchServer) exec(b *testing.B, statements ...string) {
	b.Helper()
	for _, statement := range statements {
		if _, err := s.pool.Exec(statement); err != nil {
			b.Fatalf("%s: %v", statement, err)
		}
	}
}

// measure applies the change while others read and write.
func (s *benchServer) measure(b *testing.B, holding time.Duration, apply func(*testing.B)) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reads, writes := &durations{}, &durations{}
	var group sync.WaitGroup
	traffic := func(n int, into *durations, query string, args func() []any) {
		for range n {
			group.Go(func() {
				for ctx.Err() == nil {
					began := time.Now()
					_, err := s.pool.Exec(query, args()...)
					into.add(time.Since(began))
					if err != nil {
						b.Errorf("%s: %v", query, err)
					}
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
	}
	traffic(4, reads, "SELECT * FROM reports WHERE id = ?", func() []any { return []any{1 + rand.IntN(1_000_000)} })
	traffic(2, writes, "UPDATE reports SET note = ? WHERE id = ?", func() []any { return []any{fmt.Sprint(rand.IntN(1e9)), 1 + rand.IntN(1_000_000)} })
	if holding > 0 {
		tx, err := s.pool.Begin()
		if err != nil {
			b.Fatal(err)
		}
		var n int
		if err := tx.QueryRow("SELECT COUNT(*) FROM (SELECT 1 FROM reports LIMIT 1) AS one").Scan(&n); err != nil {
			b.Fatal(err)
		}
		time.AfterFunc(holding, func() { _ = tx.Rollback() })
	}
	time.Sleep(500 * time.Millisecond)
	began := time.Now()
	apply(b)
	total := time.Since(began)
	time.Sleep(500 * time.Millisecond)
	cancel()
	group.Wait()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(total.Seconds(), "total-s")
	b.ReportMetric(reads.part(1).Seconds()*1000, "worst-read-ms")
	b.ReportMetric(100*reads.beyond(30*time.Millisecond).Seconds()/4/(total.Seconds()+1), "%-of-reading-stalled")
	b.ReportMetric(writes.part(0.99).Seconds()*1000, "p99-write-ms")
	b.ReportMetric(writes.part(1).Seconds()*1000, "worst-write-ms")
}

const benchChange = "ENGINE=InnoDB"

func (s *benchServer) bareAlter(b *testing.B) {
	s.exec(b, "ALTER TABLE reports "+benchChange)
}

func (s *benchServer) noren(b *testing.B) {
	db, err := Login{DSN: s.dsn}.Open(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	o := unrehearsed(func(Event) {})
	o.Sample = 0 // the default
	result, err := Run(b.Context(), db, sqltext.Migration{Name: fmt.Sprint("bench", time.Now().UnixNano()), Text: "ALTER TABLE reports " + benchChange}, o)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(result.Seconds, "statement-s")
}

func (s *benchServer) ptOSC(b *testing.B) {
	program := os.Getenv("NOREN_PT_OSC")
	if cache, err := os.UserCacheDir(); err == nil && program == "" {
		program = filepath.Join(cache, "noren", "mysql", "pt-online-schema-change")
	}
	if _, err := os.Stat(program); err != nil {
		if program, err = exec.LookPath("pt-online-schema-change"); err != nil {
			b.Fatal("no pt-online-schema-change: run scripts/mysql.sh, or set NOREN_PT_OSC")
		}
	}
	config, err := mysql.ParseDSN(s.dsn)
	if err != nil {
		b.Fatal(err)
	}
	output, err := exec.Command(program, "--execute", "--alter", benchChange, "--recursion-method=none", "--no-version-check", "--no-check-alter",
		fmt.Sprintf("S=%s,u=root,D=bench,t=reports", config.Addr)).CombinedOutput()
	if err != nil {
		b.Fatalf("%v\n%s", err, output)
	}
}

// durations are how long many operations took.
type durations struct {
	mu  sync.Mutex
	all []time.Duration
}

func (d *durations) add(one time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, one)
}

// beyond returns by how much they exceeded a limit, in total.
func (d *durations) beyond(limit time.Duration) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	var sum time.Duration
	for _, one := range d.all {
		sum += max(0, one-limit)
	}
	return sum
}

// part returns the time within which a share of them was done.
func (d *durations) part(of float64) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	slices.Sort(d.all)
	return d.all[min(int(of*float64(len(d.all))), len(d.all)-1)]
}
