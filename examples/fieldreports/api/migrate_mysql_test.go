//go:build mysql

package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// The tests of this file need a MySQL or MariaDB whose login may make schemas
// and users:
//
//	FIELDREPORTS_TEST_DSN='root@unix(/run/mysqld/mysqld.sock)/' go test -tags mysql ./...

// testServer is how to log in to the server, and a session with it.
func testServer(t *testing.T) (*mysql.Config, *sql.DB) {
	dsn := os.Getenv("FIELDREPORTS_TEST_DSN")
	if dsn == "" {
		t.Fatal("set FIELDREPORTS_TEST_DSN to user:password@tcp(host:port)/ of a MySQL or MariaDB")
	}
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.DBName = ""
	return config, open(t, config)
}

func open(t *testing.T, config *mysql.Config) *sql.DB {
	db, err := sql.Open("mysql", config.FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Ping(); err != nil {
		t.Fatal(err)
	}
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

// freshSchema is the DSN of a schema that does not exist, and a session of its login.
func freshSchema(t *testing.T, name string) (dsn string, root *sql.DB) {
	config, root := testServer(t)
	drop := "DROP DATABASE IF EXISTS " + quote(name)
	execute(t, root, drop)
	t.Cleanup(func() { execute(t, root, drop) })
	config.DBName = name
	return config.FormatDSN(), root
}

func migrateDSN(t *testing.T, dsn string) (string, error) {
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), []string{"migrate", "--dsn", dsn}, environment(), nil, &stdout, &stderr)
	return stdout.String(), err
}

const noUsers = "-- no users made: IAM logins exist on Aurora MySQL alone\n"

func TestMigrateTwice(t *testing.T) {
	const schema = "fieldreports-test" // a name that must be quoted
	dsn, root := freshSchema(t, schema)
	for _, want := range []string{
		"CREATE DATABASE IF NOT EXISTS `fieldreports-test` CHARACTER SET utf8mb4;\n" + noUsers,
		"-- the schema `fieldreports-test` is there\n" + noUsers,
	} {
		got, err := migrateDSN(t, dsn)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	}
	var charset string
	err := root.QueryRow("SELECT default_character_set_name FROM information_schema.schemata WHERE schema_name = ?", schema).Scan(&charset)
	if err != nil || charset != "utf8mb4" {
		t.Errorf("got character set %q (%v), want utf8mb4", charset, err)
	}
}

func TestMigrateConcurrently(t *testing.T) {
	dsn, _ := freshSchema(t, "fieldreports_test")
	const runs = 8
	outputs := make([]string, runs)
	var group sync.WaitGroup
	for i := range runs {
		group.Go(func() {
			output, err := migrateDSN(t, dsn)
			if err != nil {
				t.Error(err)
			}
			outputs[i] = output
		})
	}
	group.Wait()
	if made := strings.Count(strings.Join(outputs, ""), "CREATE DATABASE"); made != 1 {
		t.Errorf("%d of %d runs made the schema, want 1", made, runs)
	}
}

// A login that may use the schema, but not make one, may migrate.
func TestMigrateWithoutTheRightToMakeSchemas(t *testing.T) {
	dsn, root := freshSchema(t, "fieldreports_test")
	execute(t, root,
		"CREATE DATABASE fieldreports_test",
		"DROP USER IF EXISTS fieldreports_test_app@'%'",
		"CREATE USER fieldreports_test_app@'%' IDENTIFIED BY 'pw'",
		"GRANT SELECT ON fieldreports_test.* TO fieldreports_test_app@'%'")
	t.Cleanup(func() { execute(t, root, "DROP USER fieldreports_test_app@'%'") })
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.Passwd = "fieldreports_test_app", "pw"
	got, err := migrateDSN(t, config.FormatDSN())
	if err != nil || !strings.Contains(got, "is there") {
		t.Errorf("got %q, %v, want the schema to be found", got, err)
	}
}

// What the two users may do, found out by doing it. They log in with passwords
// here: the grants are those of AWS.
func TestGrants(t *testing.T) {
	config, root := testServer(t)
	schemas := []string{"fieldreports_test", "fieldreportsXtest", "noren_scratch", "noren_other", "norenXscratch"}
	for _, schema := range schemas {
		execute(t, root, "DROP DATABASE IF EXISTS "+schema, "CREATE DATABASE "+schema, "CREATE TABLE "+schema+".t (id INT PRIMARY KEY)")
		t.Cleanup(func() { execute(t, root, "DROP DATABASE "+schema) })
	}
	names := []string{"frt_api", "frt_ddl"}
	for _, name := range names {
		execute(t, root, "DROP USER IF EXISTS "+name+"@'%'", "CREATE USER "+name+"@'%' IDENTIFIED BY 'pw'")
		t.Cleanup(func() { execute(t, root, "DROP USER "+name+"@'%'") })
	}
	conn, err := root.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	patterns, err := (&migration{conn: conn}).takesPatterns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the server takes patterns: %v", patterns)
	execute(t, root, grants(accounts{names[0], names[1]}.statements("fieldreports_test", patterns))...)
	users := make([]*sql.DB, len(names)) // a session does not see later grants on *.*
	for i, name := range names {
		login := config.Clone()
		login.User, login.Passwd = name, "pw"
		users[i] = open(t, login)
	}
	wherePatterns := ""
	if patterns {
		wherePatterns = "frt_ddl"
	}

	tests := []struct {
		statement string // %d is another number each time
		may       string // the users who may run it
	}{
		{"INSERT INTO fieldreports_test.t VALUES (%d)", "frt_api frt_ddl"},
		{"UPDATE fieldreports_test.t SET id = -id WHERE id = %d", "frt_api frt_ddl"},
		{"DELETE FROM fieldreports_test.t WHERE id = %d", "frt_api frt_ddl"},
		{"SELECT COUNT(*) + %d FROM fieldreports_test.t", "frt_api frt_ddl"},
		{"ALTER TABLE fieldreports_test.t ADD COLUMN c%d INT", "frt_ddl"},
		{"CREATE INDEX i%d ON fieldreports_test.t (id)", "frt_ddl"},
		{"CREATE TABLE fieldreports_test.n%d (id INT PRIMARY KEY, t INT, FOREIGN KEY (t) REFERENCES fieldreports_test.t (id))", "frt_ddl"},
		{"DROP TABLE IF EXISTS fieldreports_test.n%d", "frt_ddl"},
		{"DROP DATABASE noren_scratch /* %d */", "frt_ddl"},
		{"CREATE DATABASE noren_scratch /* %d */", "frt_ddl"},
		{"CREATE TABLE noren_scratch.n%d LIKE fieldreports_test.t", "frt_ddl"},
		{"CREATE TABLE noren_other.n%d (id INT)", wherePatterns},
		{"SELECT COUNT(*) + %d FROM performance_schema.setup_consumers", "frt_ddl"},
		{"SELECT COUNT(*) + %d FROM information_schema.innodb_metrics", "frt_ddl"}, // wants PROCESS
		{"SELECT COUNT(*) + %d FROM fieldreportsXtest.t", ""},
		{"SELECT COUNT(*) + %d FROM norenXscratch.t", ""},
		{"CREATE DATABASE other_%d", ""},
		{"CREATE USER frt_other_%d", ""},
		{"GRANT SELECT ON fieldreports_test.* TO frt_api /* %d */", ""},
	}
	for i, test := range tests {
		for j, user := range users {
			statement := fmt.Sprintf(test.statement, 2*i+j)
			_, err := user.Exec(statement)
			if may := strings.Contains(test.may, names[j]); may != (err == nil) {
				t.Errorf("%s: %s: got error %v, want it allowed: %v", names[j], statement, err, may)
			}
		}
	}
}
