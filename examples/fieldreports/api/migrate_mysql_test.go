//go:build mysql

package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
)

func migrateDSN(t *testing.T, dsn string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), append([]string{"migrate", "--dsn", dsn}, args...), environment(), nil, &stdout, &stderr)
	return stdout.String(), err
}

const noUsers = "-- no database users made: IAM logins exist on Aurora MySQL alone\n"

func TestMigrateTwice(t *testing.T) {
	const schema = "fieldreports-test" // a name that must be quoted
	onEveryServer(t, func(t *testing.T, s *testServer) {
		dsn, root := s.schema(t, schema)
		first, err := migrateDSN(t, dsn)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"CREATE DATABASE IF NOT EXISTS `fieldreports-test` CHARACTER SET utf8mb4;\n",
			"\nCREATE TABLE IF NOT EXISTS reports (", "\n-- 0003_report_priority.sql is done\n", noUsers,
		} {
			if !strings.Contains(first, want) {
				t.Errorf("got\n%swant %s", first, want)
			}
		}
		second, err := migrateDSN(t, dsn)
		if err != nil {
			t.Fatal(err)
		}
		want := "-- the schema `fieldreports-test` is there\n-- 0001_tables.sql is done\n-- 0002_templates.sql is done\n-- 0003_report_priority.sql is done\n" + noUsers
		if second != want {
			t.Errorf("got\n%swant\n%s", second, want)
		}
		var charset string
		err = root.QueryRow("SELECT default_character_set_name FROM information_schema.schemata WHERE schema_name = ?", schema).Scan(&charset)
		if err != nil || charset != "utf8mb4" {
			t.Errorf("got character set %q (%v), want utf8mb4", charset, err)
		}
	})
}

func TestMigrateConcurrently(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		dsn, _ := s.schema(t, "fieldreports_test")
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
		for _, statement := range []string{"CREATE DATABASE", "CREATE TABLE IF NOT EXISTS reports", "INSERT IGNORE INTO templates"} {
			if made := strings.Count(strings.Join(outputs, ""), statement); made != 1 {
				t.Errorf("%s: by %d of %d runs, want 1", statement, made, runs)
			}
		}
	})
}

// TestMigrateAfterACrash checks what follows after the process died between two
// statements of a file, or before it recorded the file.
func TestMigrateAfterACrash(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db := s.fresh(t)
		root := openDSN(t, db.local.FormatDSN())
		execute(t, root,
			"DROP TABLE reports",
			"DELETE FROM schema_migrations",
			"DELETE FROM templates WHERE id = 'cable-fault'",
			"UPDATE templates SET name = 'Pumps' WHERE id = 'pump-inspection'")
		if output, err := migrateDSN(t, db.local.FormatDSN()); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		api := serveAPI(t, db).login("field")
		api.want(201, "", "POST", "/api/reports", reportOf(firstID, "Pump 3"))
		api.want(200, "Cable fault", "GET", "/api/templates/cable-fault", "")
		api.want(200, `"Pumps"`, "GET", "/api/templates/pump-inspection", "")
	})
}

// TestSchemaChangesOfTheExample checks the example's schema changes: this release
// runs before and after the change that contracts, and is not ready before the
// change that expands.
func TestSchemaChangesOfTheExample(t *testing.T) {
	expand, err := os.ReadFile("../schemachanges/0001_report_priority.sql")
	if err != nil {
		t.Fatal(err)
	}
	contract, err := os.ReadFile("../schemachanges/0002_report_priority_required.sql")
	if err != nil {
		t.Fatal(err)
	}
	contracts, err := statements(string(contract))
	if err != nil {
		t.Fatal(err)
	}
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db := s.fresh(t)
		root := openDSN(t, db.local.FormatDSN())
		api := serveAPI(t, db).login("field")
		execute(t, root, "ALTER TABLE reports DROP COLUMN priority", "DELETE FROM schema_migrations WHERE name = '0003_report_priority.sql'")
		if err := api.db.usable(t.Context()); err == nil || isNotSetUp(err) {
			t.Errorf("without the column: got %v, want it not ready", err)
		}
		// As the previous release writes them.
		execute(t, root, "INSERT INTO reports (id, user_id, template, title, text, written_at, received_at) SELECT '"+firstID+"', id, 'cable-fault', 'Before', 'wet', NOW(3), NOW(3) FROM users WHERE name = 'field'")
		execute(t, root, string(expand))
		if output, err := migrateDSN(t, db.local.FormatDSN()); err != nil || !strings.Contains(output, "-- the column is there: ALTER TABLE reports ADD COLUMN priority") {
			t.Errorf("the setup task after the schema change: got %v\n%s", err, output)
		}
		if err := api.db.usable(t.Context()); err != nil {
			t.Error(err)
		}
		api.want(200, `"priority":"normal"`, "GET", "/api/reports/"+firstID, "")
		execute(t, root, contracts...)
		api.want(201, `"priority":"normal"`, "POST", "/api/reports", reportOf(secondID, "After"))
		api.want(200, "Before", "GET", "/api/reports", "")
		if _, err := root.Exec("INSERT INTO reports (id, user_id, template, title, text, written_at, received_at) VALUES ('0b0f5b2e-0000-4000-8000-000000000003', 1, 'cable-fault', 'Late', 'wet', NOW(3), NOW(3))"); err == nil {
			t.Error("the release before can still write: the second change contracts nothing")
		}
	})
}

func TestMigrateMakesUsers(t *testing.T) {
	hashOf := func(t *testing.T, text string) string {
		var output bytes.Buffer
		if err := run(t.Context(), []string{"password"}, environment(), strings.NewReader(text+"\n"), &output, io.Discard); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(output.String())
	}
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db := s.fresh(t)
		dsn := db.local.FormatDSN()
		first, second := hashOf(t, "correct horse battery"), hashOf(t, "staple staple staple")
		for range 2 {
			if output, err := migrateDSN(t, dsn, "--user", "mika:manager:"+first, "--user", "noor:field:"+first); err != nil || strings.Contains(output, first) {
				t.Fatalf("got %q (%v), want it done without the hash in the log", output, err)
			}
		}
		api := serveAPI(t, db)
		login := func(text string) (int, string) {
			status, _, body := api.send("POST", "/api/login", `{"name":"mika","password":"`+text+`"}`)
			var session struct{ Token string }
			_ = json.Unmarshal([]byte(body), &session)
			return status, session.Token
		}
		status, token := login("correct horse battery")
		if status != 200 {
			t.Fatalf("logging in: got %d", status)
		}
		session := api.as("Authorization", "Bearer "+token)
		session.want(200, `{"user":{"name":"mika","role":"manager"}}`, "GET", "/api/session", "")

		if output, err := migrateDSN(t, dsn, "--user", "mika:manager:"+second); err != nil || !strings.Contains(output, `-- changing the manager "mika"`) {
			t.Fatalf("got %q (%v)", output, err)
		}
		session.want(401, "", "GET", "/api/session", "") // someone who knew the old password is logged out
		if status, _ := login("correct horse battery"); status != 401 {
			t.Errorf("the old password: got %d, want 401", status)
		}
		if status, _ := login("staple staple staple"); status != 200 {
			t.Errorf("the new password: got %d, want 200", status)
		}
	})
}

// TestMigrateRemovesUsers checks that a removed user is locked out at once, and
// that what they have written stays.
func TestMigrateRemovesUsers(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db := s.fresh(t)
		dsn := db.local.FormatDSN()
		api := serveAPI(t, db)
		field := api.login("field")
		field.want(201, "", "POST", "/api/reports", reportOf(firstID, "Pump 3"))
		if output, err := migrateDSN(t, dsn, "--remove-user", "field"); err != nil || !strings.Contains(output, `-- "field" is removed`) {
			t.Fatalf("got %q (%v)", output, err)
		}
		field.want(401, "", "GET", "/api/session", "")
		api.want(401, "wrong-password", "POST", "/api/login", `{"name":"field","password":"example"}`)
		api.login("manager").want(200, `"author":"field"`, "GET", "/api/reports/"+firstID, "")
		if _, err := migrateDSN(t, dsn, "--remove-user", "nobody"); err == nil || !strings.Contains(err.Error(), `removing the user "nobody": there is none`) {
			t.Errorf("got %v, want it said that there is none", err)
		}
		if _, err := migrateDSN(t, dsn, "--user", "field:field:"+exampleHash); err != nil {
			t.Fatal(err)
		}
		api.login("field")
	})
}

// TestMigrateWithoutTheRightToMakeSchemas checks that a login that may use the
// schema, but not create one, may migrate.
func TestMigrateWithoutTheRightToMakeSchemas(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		dsn, root := s.schema(t, "fieldreports_test")
		execute(t, root,
			"CREATE DATABASE fieldreports_test",
			"DROP USER IF EXISTS fieldreports_test_app@'%'",
			"CREATE USER fieldreports_test_app@'%' IDENTIFIED BY 'pw'",
			"GRANT CREATE, ALTER, SELECT, INSERT ON fieldreports_test.* TO fieldreports_test_app@'%'")
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
	})
}

// TestGrants checks by experiment what the three users may do. They log in with
// passwords here: the grants are those of AWS.
func TestGrants(t *testing.T) { onEveryServer(t, testGrants) }

func testGrants(t *testing.T, s *testServer) {
	root := openDSN(t, s.dsn)
	config, err := mysql.ParseDSN(s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	schemas := []string{"fieldreports_test", "fieldreportsXtest", "noren_scratch", "noren_other", "norenXscratch"}
	for _, schema := range schemas {
		execute(t, root, "DROP DATABASE IF EXISTS "+schema, "CREATE DATABASE "+schema, "CREATE TABLE "+schema+".t (id INT PRIMARY KEY)")
		t.Cleanup(func() { execute(t, root, "DROP DATABASE "+schema) })
	}
	names := []string{"frt_api", "frt_ddl", "frt_plan"}
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
	execute(t, root, grants(accounts{names[0], names[1], names[2]}.statements("fieldreports_test", patterns))...)
	users := make([]*sql.DB, len(names)) // a session does not see later grants on *.*
	for i, name := range names {
		login := config.Clone()
		login.User, login.Passwd = name, "pw"
		users[i] = openDSN(t, login.FormatDSN())
	}

	tests := []struct {
		statement string // %d is a different number each time
		may       string // the users who may run it
	}{
		{"INSERT INTO fieldreports_test.t VALUES (%d)", "frt_api frt_ddl"},
		{"UPDATE fieldreports_test.t SET id = -id WHERE id = %d", "frt_api frt_ddl"},
		{"DELETE FROM fieldreports_test.t WHERE id = %d", "frt_api frt_ddl"},
		{"SELECT COUNT(*) + %d FROM fieldreports_test.t", "frt_api frt_ddl frt_plan"},
		{"ALTER TABLE fieldreports_test.t ADD COLUMN c%d INT", "frt_ddl"},
		{"CREATE INDEX i%d ON fieldreports_test.t (id)", "frt_ddl"},
		{"CREATE TABLE fieldreports_test.n%d (id INT PRIMARY KEY, t INT, FOREIGN KEY (t) REFERENCES fieldreports_test.t (id))", "frt_ddl"},
		{"DROP TABLE IF EXISTS fieldreports_test.n%d", "frt_ddl"},
		{"DROP DATABASE IF EXISTS noren_scratch /* %d */", "frt_ddl frt_plan"},
		{"CREATE DATABASE IF NOT EXISTS noren_scratch /* %d */", "frt_ddl frt_plan"},
		{"CREATE TABLE noren_scratch.n%d LIKE fieldreports_test.t", "frt_ddl frt_plan"},
		{"CREATE TABLE noren_other.n%d (id INT)", ""},
		{"SELECT COUNT(*) + %d FROM performance_schema.setup_consumers", "frt_ddl frt_plan"},
		{"SELECT COUNT(*) + %d FROM information_schema.innodb_metrics", "frt_ddl frt_plan"}, // requires PROCESS
		{"SELECT COUNT(*) + %d FROM fieldreportsXtest.t", ""},
		{"SELECT COUNT(*) + %d FROM norenXscratch.t", ""},
		{"CREATE DATABASE other_%d", ""},
		{"CREATE USER frt_other_%d", ""},
		{"GRANT SELECT ON fieldreports_test.* TO frt_api /* %d */", ""},
	}
	for i, test := range tests {
		for j, user := range users {
			statement := fmt.Sprintf(test.statement, 3*i+j)
			_, err := user.Exec(statement)
			if may := strings.Contains(test.may, names[j]); may != (err == nil) {
				t.Errorf("%s: %s: got error %v, want it allowed: %v", names[j], statement, err, may)
			}
		}
	}
}
