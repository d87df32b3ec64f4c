//go:build mysql

package ddl

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// The tests with the build tag mysql need real servers. They take all of
//
//	NOREN_TEST_DSNS   DSNs of servers with nothing of value, with spaces between
//	NOREN_MYSQLD      paths of server programs, with colons between
//	the user's cache  where scripts/mysql.sh puts a mysqld
//	PATH              mysqld and mariadbd
//
// and start the programs on sockets in temporary folders. Without any they fail.

// A testServer is a server that a test may do anything to.
type testServer struct {
	name  string
	dsn   string // without a schema
	start func(options ...string) (dsn string, stop func(), err error)
	new   func(options ...string) (*process, error)
	once  sync.Once
	err   error
	stop  func()
}

var servers []*testServer

func TestMain(m *testing.M) {
	if os.Getenv("NOREN_TEST_CHILD") != "" {
		os.Exit(child())
	}
	servers = findServers()
	code := m.Run()
	for _, s := range servers {
		if s.stop != nil {
			s.stop()
		}
	}
	os.Exit(code)
}

func findServers() []*testServer {
	var all []*testServer
	for i, dsn := range strings.Fields(os.Getenv("NOREN_TEST_DSNS")) {
		all = append(all, &testServer{name: fmt.Sprintf("dsn%d", i+1), dsn: dsn})
	}
	programs := strings.FieldsFunc(os.Getenv("NOREN_MYSQLD"), func(c rune) bool { return c == ':' })
	if cache, err := os.UserCacheDir(); err == nil {
		programs = append(programs, filepath.Join(cache, "noren", "mysql", "mysqld"))
	}
	for _, name := range []string{"mysqld", "mariadbd"} {
		if path, err := exec.LookPath(name); err == nil {
			programs = append(programs, path)
		}
	}
	var versions []string
	for _, program := range programs {
		version, err := exec.Command(program, "--version").Output()
		_, number, _ := strings.Cut(string(version), "Ver ")
		if err != nil || slices.Contains(versions, number) {
			continue
		}
		versions = append(versions, number)
		name := "MySQL-" + numbers(number)
		if strings.Contains(number, "MariaDB") {
			name = "MariaDB-" + numbers(number)
		}
		all = append(all, &testServer{
			name:  name,
			start: func(options ...string) (string, func(), error) { return startServer(program, options...) },
			new:   func(options ...string) (*process, error) { return newProcess(program, options...) },
		})
	}
	return all
}

// onEveryServer runs a test on every server that the tests have found.
func onEveryServer(t *testing.T, test func(t *testing.T, s *testServer)) {
	eachServer(t, func(*testing.T) {}, test)
}

// onEveryServerAtOnce is onEveryServer for tests that mostly wait.
func onEveryServerAtOnce(t *testing.T, test func(t *testing.T, s *testServer)) {
	eachServer(t, (*testing.T).Parallel, test)
}

func eachServer(t *testing.T, first func(*testing.T), test func(t *testing.T, s *testServer)) {
	if len(servers) == 0 {
		t.Fatal("no server: set NOREN_MYSQLD=$(scripts/mysql.sh) or NOREN_TEST_DSNS, or install mysqld or mariadbd")
	}
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			first(t)
			s.once.Do(func() {
				if s.start != nil {
					s.dsn, s.stop, s.err = s.start()
				}
			})
			if s.err != nil {
				t.Fatal(s.err)
			}
			test(t, s)
		})
	}
}

// startServer starts a server program on an empty data folder.
func startServer(program string, options ...string) (dsn string, stop func(), err error) {
	p, err := newProcess(program, options...)
	if err != nil {
		return "", nil, err
	}
	return p.dsn, p.stop, nil
}

// A process is a server program that a test has started.
type process struct {
	program, folder, dsn string
	args                 []string
	command              *exec.Cmd
}

func newProcess(program string, options ...string) (*process, error) {
	folder, err := os.MkdirTemp("", "noren-ddl-")
	if err != nil {
		return nil, err
	}
	data, socket := filepath.Join(folder, "data"), filepath.Join(folder, "s")
	// A server that starts removes what it takes for the leftovers of another one
	// from a folder for temporary files that they share.
	temporary := filepath.Join(folder, "tmp")
	if err := os.Mkdir(temporary, 0o700); err != nil {
		return nil, err
	}
	common := []string{"--datadir=" + data, "--tmpdir=" + temporary}
	if os.Getuid() == 0 {
		common = append(common, "--user=root")
	}
	version, _ := exec.Command(program, "--version").Output()
	var initialize *exec.Cmd
	if strings.Contains(string(version), "MariaDB") {
		initialize = exec.Command("mariadb-install-db", append([]string{"--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"}, common...)...)
		common = append([]string{"--no-defaults", "--performance-schema=ON", "--performance-schema-instrument=wait/lock/metadata/sql/mdl=ON"}, common...)
	} else {
		common = append([]string{"--no-defaults"}, common...)
		initialize = exec.Command(program, append(slices.Clone(common), "--initialize-insecure")...)
		common = append(common, "--mysqlx=OFF", "--skip-log-bin")
	}
	if output, err := initialize.CombinedOutput(); err != nil {
		os.RemoveAll(folder)
		return nil, fmt.Errorf("%s: %w\n%s", initialize, err, output)
	}
	p := &process{program: program, folder: folder, dsn: "root@unix(" + socket + ")/"}
	p.args = append(append(common, "--skip-networking", "--socket="+socket, "--pid-file="+filepath.Join(folder, "pid"), "--max-connections=400",
		"--innodb-buffer-pool-size=512M", "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-flush-method=nosync", "--innodb-sort-buffer-size=65536", "--secure-file-priv="), options...)
	if err := p.start(); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// start starts the server on the data that there are.
func (p *process) start() error {
	name := filepath.Join(p.folder, "log")
	log, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	p.command = exec.Command(p.program, p.args...)
	p.command.Stdout, p.command.Stderr = log, log
	if err := p.command.Start(); err != nil {
		return err
	}
	if err := awaitServer(p.dsn); err != nil {
		text, _ := os.ReadFile(name)
		return fmt.Errorf("%s: %w\n%s", p.program, err, text)
	}
	return nil
}

// end ends the server with a signal.
func (p *process) end(signal os.Signal) {
	if p.command != nil && p.command.Process != nil {
		_ = p.command.Process.Signal(signal)
		_ = p.command.Wait()
	}
}

func (p *process) stop() {
	p.end(syscall.SIGTERM)
	os.RemoveAll(p.folder)
}

func awaitServer(dsn string) error {
	_ = mysql.SetLogger(quiet{}) // while nobody listens yet
	pool, err := sql.Open("mysql", dsn)
	if err != nil {
		return err
	}
	defer pool.Close()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if err = pool.Ping(); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

type quiet struct{}

func (quiet) Print(...any) {}

// open logs in to a schema of the server, which is made again.
func (s *testServer) open(t *testing.T, schema string) *Database {
	t.Helper()
	root := s.pool(t, "")
	execute(t, root, "DROP DATABASE IF EXISTS "+sqltext.Quote(schema), "CREATE DATABASE "+sqltext.Quote(schema)+" CHARACTER SET utf8mb4")
	t.Cleanup(func() { _, _ = root.Exec("DROP DATABASE IF EXISTS " + sqltext.Quote(schema)) })
	return s.reopen(t, schema)
}

// reopen logs in to a schema that is there.
func (s *testServer) reopen(t *testing.T, schema string) *Database {
	t.Helper()
	config := s.config(t, schema)
	db, err := OpenDatabase(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func (s *testServer) config(t *testing.T, schema string) *mysql.Config {
	t.Helper()
	config, err := mysql.ParseDSN(s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.DBName = schema
	return config
}

// pool is sessions of the test's own.
func (s *testServer) pool(t *testing.T, schema string) *sql.DB {
	t.Helper()
	pool, err := sql.Open("mysql", s.config(t, schema).FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	return pool
}

func execute(t *testing.T, q queryer, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := q.ExecContext(context.Background(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func ask[T any](t *testing.T, q queryer, query string, args ...any) T {
	t.Helper()
	var value T
	if err := q.QueryRowContext(context.Background(), query, args...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

func (s *testServer) mariaDB() bool { return strings.Contains(s.name, "MariaDB") }

func itoa(n int64) string { return fmt.Sprint(n) }

// change is a migration of the tests.
func change(file string) sqltext.Migration { return sqltext.Migration{Name: "change.sql", Text: file} }

func changeNamed(name, file string) sqltext.Migration {
	return sqltext.Migration{Name: name, Text: file}
}

// planText plans a migration with any rights: the servers hold nothing of value.
func planText(ctx context.Context, db *Database, file string, o PlanOptions) (*Plan, error) {
	o.ScratchServer = true
	return MakePlan(ctx, db, change(file), o)
}

func runText(ctx context.Context, db *Database, file string, o RunOptions) (*Result, error) {
	return Run(ctx, db, change(file), o)
}

func rehearseText(ctx context.Context, db *Database, file string, o RehearseOptions) (*Rehearsal, error) {
	o.Real = []Identity{{Addr: "elsewhere:3306", UUID: "another"}}
	return Rehearse(ctx, db, change(file), o)
}

// statements are those of a file.
func statements(t *testing.T, file string) []string {
	t.Helper()
	pieces, err := sqltext.Split(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, piece := range pieces {
		if piece.SQL != "" {
			all = append(all, piece.SQL)
		}
	}
	return all
}
