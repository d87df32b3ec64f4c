//go:build mysql

package copy

import (
	"context"
	"database/sql"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/testing/tempdir"

	"github.com/go-sql-driver/mysql"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/sqltext"
	"github.com/noren-cdk/noren/internal/testing/mysqld"
)

// Sides are a server, and a copy that replicates from it.
type sides struct {
	program mysqld.Program
	once    sync.Once
	pair    *mysqld.Pair
	err     error
}

var all []*sides

func TestMain(m *testing.M) {
	if os.Getenv("NOREN_TEST_CHILD") != "" {
		os.Exit(child())
	}
	tempdir.Use()
	for _, program := range mysqld.Programs() {
		all = append(all, &sides{program: program})
	}
	code := m.Run()
	for _, s := range all {
		if s.pair != nil {
			s.pair.Stop()
		}
	}
	os.Exit(code)
}

// onEveryPair runs a test on a pair of servers of each available program.
func onEveryPair(t *testing.T, test func(t *testing.T, s *sides)) {
	if len(all) == 0 {
		t.Fatal("no server program: set NOREN_MYSQLD=$(scripts/mysql.sh), or install mysqld or mariadbd")
	}
	for _, s := range all {
		t.Run(s.program.Name, func(t *testing.T) {
			t.Parallel()
			s.once.Do(func() { s.pair, s.err = mysqld.NewPair(s.program) })
			if s.err != nil {
				t.Fatal(s.err)
			}
			test(t, s)
		})
	}
}

// both creates a schema on both sides, and logs in to it.
func (s *sides) both(t *testing.T, schema string, definitions ...string) (original, copied *ddl.Database) {
	t.Helper()
	s.fresh(t, schema, definitions...)
	return open(t, s.pair.Original, schema), open(t, s.pair.Copy, schema)
}

// fresh creates a schema on both sides, and lets the copy replicate from there.
func (s *sides) fresh(t *testing.T, schema string, definitions ...string) {
	t.Helper()
	for _, pool := range []*sql.DB{s.pair.From, s.pair.To} {
		conn, err := pool.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		execute(t, conn, "SET sql_log_bin = 0", "DROP DATABASE IF EXISTS "+sqltext.Quote(schema), "CREATE DATABASE "+sqltext.Quote(schema)+" CHARACTER SET utf8mb4", "USE "+sqltext.Quote(schema))
		execute(t, conn, definitions...)
		ddl.End(conn)
	}
	if err := s.pair.Begin(); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, process *mysqld.Process, schema string) *ddl.Database {
	t.Helper()
	config, err := mysql.ParseDSN(process.DSN)
	if err != nil {
		t.Fatal(err)
	}
	config.DBName = schema
	db, err := ddl.OpenDatabase(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// following writes into the journal that a copy is changed, and follows.
func following(t *testing.T, original, copied *ddl.Database) *State {
	t.Helper()
	state := &State{Migration: "0007", Deployment: "noren-0007", UUID: copied.UUID}
	if err := begin(t.Context(), original, state); err != nil {
		t.Fatal(err)
	}
	state.Phase = Following
	if err := state.save(t.Context(), original); err != nil {
		t.Fatal(err)
	}
	return state
}

func execute(t *testing.T, q queryer, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := q.ExecContext(context.Background(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// applied waits until the copy has applied everything, or has stopped.
func applied(t *testing.T, original, copied *ddl.Database) Replication {
	t.Helper()
	here, err := position(t.Context(), original, original.Pool())
	if err != nil {
		t.Fatal(err)
	}
	_ = reaches(t.Context(), copied, copied.Pool(), here, 10*time.Second)
	r, err := ReadReplication(t.Context(), copied)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
