//go:build mysql

package ddl

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/noren-cdk/noren/internal/testing/tempdir"

	"github.com/go-sql-driver/mysql"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
	"github.com/noren-cdk/noren/internal/testing/mysqld"
)

// The tests with the build tag mysql need real servers. They use all of
//
//	NOREN_TEST_DSNS   DSNs of servers with nothing of value, separated by spaces
//	NOREN_MYSQLD      paths of server programs, separated by colons
//
// and whatever else mysqld.Programs finds. Without any server they fail.

// A testServer is a server to which a test may do anything.
type testServer struct {
	name  string
	dsn   string // without a schema
	start func(options ...string) (dsn string, stop func(), err error)
	new   func(options ...string) (*mysqld.Process, error)
	once  sync.Once
	err   error
	stop  func()
}

var servers []*testServer

func TestMain(m *testing.M) {
	if os.Getenv("NOREN_TEST_CHILD") != "" {
		os.Exit(child())
	}
	tempdir.Use()
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
	for _, p := range mysqld.Programs() {
		all = append(all, &testServer{
			name: p.Name,
			start: func(options ...string) (string, func(), error) {
				process, err := mysqld.New(p.Path, options...)
				if err != nil {
					return "", nil, err
				}
				return process.DSN, process.Stop, nil
			},
			new: func(options ...string) (*mysqld.Process, error) { return mysqld.New(p.Path, options...) },
		})
	}
	return all
}

// onEveryServer runs a test on every server that was found.
func onEveryServer(t *testing.T, test func(t *testing.T, s *testServer)) {
	eachServer(t, func(*testing.T) {}, test)
}

// onEveryServerAtOnce is like onEveryServer, for tests that mostly wait.
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

// open recreates a schema on the server and logs in to it.
func (s *testServer) open(t *testing.T, schema string) *Database {
	t.Helper()
	root := s.pool(t, "")
	execute(t, root, "DROP DATABASE IF EXISTS "+sqltext.Quote(schema), "CREATE DATABASE "+sqltext.Quote(schema)+" CHARACTER SET utf8mb4")
	t.Cleanup(func() { _, _ = root.Exec("DROP DATABASE IF EXISTS " + sqltext.Quote(schema)) })
	return s.reopen(t, schema)
}

// reopen logs in to an existing schema.
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

// pool returns separate sessions for the test.
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

// change returns a migration for tests.
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

// statements returns the statements of a file.
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
