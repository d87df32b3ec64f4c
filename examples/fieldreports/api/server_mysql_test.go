//go:build mysql

package main

import (
	"database/sql"
	"fmt"
	"io"
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
)

// The tests with the build tag mysql run on every server program that they find:
// in NOREN_MYSQLD (paths separated by colons), and mysqld and mariadbd on PATH.
// They start them on sockets in temporary folders. They fail if there is none.

// A testServer is a server to which a test may do anything.
type testServer struct {
	name, program string
	start         sync.Once
	dsn           string // without a schema
	err           error
}

var servers = findServers()

func init() {
	if len(servers) == 0 {
		databases["no server"] = func(t *testing.T) database { t.Fatal(noServer); return database{} }
	}
	for _, s := range servers {
		databases[s.name] = s.fresh
	}
}

const noServer = "no server: set NOREN_MYSQLD, or install mysqld or mariadbd"

func findServers() (found []*testServer) {
	programs := strings.FieldsFunc(os.Getenv("NOREN_MYSQLD"), func(c rune) bool { return c == ':' })
	for _, name := range []string{"mysqld", "mariadbd"} {
		if path, err := exec.LookPath(name); err == nil {
			programs = append(programs, path)
		}
	}
	for _, program := range programs {
		version, err := exec.Command(program, "--version").Output()
		_, number, ok := strings.Cut(string(version), "Ver ")
		if err != nil || !ok {
			continue
		}
		name := "MySQL " + strings.Fields(number)[0]
		if strings.Contains(number, "MariaDB") {
			name = strings.Fields(number)[0]
		}
		if !slices.ContainsFunc(found, func(s *testServer) bool { return s.name == name }) {
			found = append(found, &testServer{name: name, program: program})
		}
	}
	return found
}

func onEveryServer(t *testing.T, test func(t *testing.T, s *testServer)) {
	if len(servers) == 0 {
		t.Fatal(noServer)
	}
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			s.run(t)
			test(t, s)
		})
	}
}

// fresh creates a database with the product's tables and example users.
func (s *testServer) fresh(t *testing.T) database {
	s.run(t)
	dsn, _ := s.schema(t, "fieldreports_test")
	if err := run(t.Context(), []string{"migrate", "--example", "--dsn", dsn}, environment(), nil, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	db, err := databaseFrom(dsn, environment())
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// schema returns the DSN of a schema that does not exist, and a session of root.
func (s *testServer) schema(t *testing.T, name string) (dsn string, root *sql.DB) {
	root = openDSN(t, s.dsn)
	drop := "DROP DATABASE IF EXISTS " + quote(name)
	execute(t, root, drop)
	t.Cleanup(func() { execute(t, root, drop) })
	return s.dsn + name, root
}

func openDSN(t *testing.T, dsn string) *sql.DB {
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func execute(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// run starts the server unless it is already running. It ends with the tests.
func (s *testServer) run(t *testing.T) {
	t.Helper()
	s.start.Do(func() { s.err = s.launch() })
	if s.err != nil {
		t.Fatal(s.err)
	}
}

func (s *testServer) launch() error {
	folder, err := os.MkdirTemp("", "fieldreports-")
	if err != nil {
		return err
	}
	atEnd = append(atEnd, func() { os.RemoveAll(folder) })
	temporary := filepath.Join(folder, "tmp") // which servers must not share
	if err := os.Mkdir(temporary, 0o700); err != nil {
		return err
	}
	options := []string{"--no-defaults", "--datadir=" + filepath.Join(folder, "data"), "--tmpdir=" + temporary}
	initialize := exec.Command(s.program, append(options, "--initialize-insecure", "--secure-file-priv=", "--user=root")...)
	if strings.Contains(s.name, "MariaDB") {
		initialize = exec.Command("mariadb-install-db", append(options, "--auth-root-authentication-method=normal", "--skip-test-db")...)
		options = append(options, "--performance-schema=ON")
	} else {
		options = append(options, "--mysqlx=OFF", "--skip-log-bin")
	}
	if output, err := initialize.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", initialize, err, output)
	}
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	socket := filepath.Join(folder, "s")
	command := exec.Command(s.program, append(options, "--user=root", "--skip-networking", "--secure-file-priv=", "--socket="+socket, "--pid-file="+filepath.Join(folder, "pid"))...)
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return err
	}
	atEnd = append([]func(){func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	}}, atEnd...)
	s.dsn = "root@unix(" + socket + ")/"
	return s.await(log.Name())
}

func (s *testServer) await(log string) error {
	_ = mysql.SetLogger(&mysql.NopLogger{}) // until the server accepts connections
	pool, err := sql.Open("mysql", s.dsn)
	if err != nil {
		return err
	}
	defer pool.Close()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if err = pool.Ping(); err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log)
			return fmt.Errorf("%s: %w\n%s", s.program, err, text)
		}
	}
}
