//go:build mysql

package ddl

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestUpgradeFindings checks that obstacles to MySQL 8.4 are found on the servers
// that can have them, and that similar things are not reported. A new server
// cannot have what is gone.
func TestUpgradeFindings(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		const both, old, recent = "", "MariaDB", "MySQL"
		for _, test := range []struct {
			name   string
			on     string // the only server that can have it
			do     []string
			check  string
			level  UpgradeLevel
			object string // in one of the objects
		}{
			{"nothing", both, []string{"CREATE TABLE plain (id BIGINT PRIMARY KEY AUTO_INCREMENT, `name` TEXT)"}, "AUTO_INCREMENT", UpgradeOK, ""},
			{"AUTO_INCREMENT of FLOAT", old, []string{"CREATE TABLE f (id FLOAT PRIMARY KEY AUTO_INCREMENT)"}, "AUTO_INCREMENT", UpgradeBlocks, "upgrade.f.id float"},
			{"AUTO_INCREMENT of DOUBLE", old, []string{"CREATE TABLE f (id DOUBLE PRIMARY KEY AUTO_INCREMENT)"}, "AUTO_INCREMENT", UpgradeBlocks, "upgrade.f.id double"},
			{"FLOAT without it", both, []string{"CREATE TABLE f (id FLOAT PRIMARY KEY)"}, "AUTO_INCREMENT", UpgradeOK, ""},

			{"a foreign key to a primary key", both, []string{"CREATE TABLE p (a INT, b INT, PRIMARY KEY (a, b))", "CREATE TABLE c (a INT, b INT, FOREIGN KEY (a, b) REFERENCES p (a, b))"}, "foreign keys", UpgradeOK, ""},
			{"a foreign key to a unique key", both, []string{"CREATE TABLE p (a INT, UNIQUE (a))", "CREATE TABLE c (x INT, FOREIGN KEY (x) REFERENCES p (A))"}, "foreign keys", UpgradeOK, ""},
			{"a foreign key to a plain index", both, []string{"CREATE TABLE p (a INT, KEY (a))", "CREATE TABLE c (a INT, CONSTRAINT plain FOREIGN KEY (a) REFERENCES p (a))"}, "foreign keys", UpgradeWarning, "upgrade.c: plain refers to upgrade.p (a)"},
			{"a foreign key to the beginning of a unique key", both, []string{"CREATE TABLE p (a INT, b INT, UNIQUE (a, b))", "CREATE TABLE c (a INT, CONSTRAINT part FOREIGN KEY (a) REFERENCES p (a))"}, "foreign keys", UpgradeWarning, "upgrade.c: part refers to upgrade.p (a)"},
			{"a foreign key to a table in another schema", both, []string{"CREATE TABLE upgrade2.p (a INT, KEY (a))", "CREATE TABLE c (a INT, CONSTRAINT far FOREIGN KEY (a) REFERENCES upgrade2.p (a))"}, "foreign keys", UpgradeWarning, "upgrade.c: far refers to upgrade2.p (a)"},
			{"names with dots", both, []string{"CREATE TABLE `p.q` (a INT, KEY (a))", "CREATE TABLE p (q INT, UNIQUE (q))", "CREATE TABLE c (a INT, CONSTRAINT dots FOREIGN KEY (a) REFERENCES `p.q` (a))"}, "foreign keys", UpgradeWarning, "upgrade.c: dots refers to upgrade.p.q (a)"},

			{"KEY on the prefix of a column", old, []string{"CREATE TABLE k (a VARCHAR(100), b INT, KEY (a(10))) PARTITION BY KEY (a) PARTITIONS 2"}, "partitions", UpgradeBlocks, "upgrade.k.a"},
			{"KEY on a whole column", both, []string{"CREATE TABLE k (a INT, b VARCHAR(100), KEY (a), KEY (b(10))) PARTITION BY KEY (a) PARTITIONS 2"}, "partitions", UpgradeOK, ""},

			{"a table", both, []string{"CREATE TABLE `manual` (id INT PRIMARY KEY)"}, "reserved words", UpgradeWarning, "table upgrade.manual"},
			{"a column", both, []string{"CREATE TABLE w (id INT PRIMARY KEY, `Parallel` INT)"}, "reserved words", UpgradeWarning, "column upgrade.w.Parallel"},
			{"a trigger", both, []string{"CREATE TABLE w (id INT PRIMARY KEY)", "CREATE TRIGGER `qualify` BEFORE INSERT ON w FOR EACH ROW SET NEW.id = 1"}, "reserved words", UpgradeWarning, "trigger upgrade.w.qualify"},
			{"a name that only begins so", both, []string{"CREATE TABLE manuals (id INT PRIMARY KEY, parallelism INT)"}, "reserved words", UpgradeOK, ""},

			{"a routine with a bare word", old, []string{"CREATE TABLE w (manual INT)", "CREATE PROCEDURE pr() SELECT manual FROM w"}, "routines", UpgradeBlocks, "procedure upgrade.pr: MANUAL"},
			{"a trigger with a bare word", old, []string{"CREATE TABLE w (id INT, parallel INT)", "CREATE TRIGGER tr BEFORE INSERT ON w FOR EACH ROW BEGIN DECLARE qualify INT; SET qualify = 1; END"}, "routines", UpgradeBlocks, "trigger upgrade.tr: QUALIFY"},
			{"a routine with the word in quotes", both, []string{"CREATE TABLE w (`manual` INT)", "CREATE PROCEDURE pr() SELECT `manual`, 'parallel' /* qualify */ FROM w"}, "routines", UpgradeOK, ""},

			{"the session that asks", both, nil, "running DDL", UpgradeOK, ""},
		} {
			t.Run(test.name, func(t *testing.T) {
				if test.on != both && !strings.HasPrefix(s.name, test.on) {
					return // the server refuses to create it
				}
				db := s.open(t, "upgrade")
				root := s.pool(t, "upgrade")
				conn, err := root.Conn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer end(conn)
				execute(t, conn, "DROP DATABASE IF EXISTS upgrade2", "CREATE DATABASE upgrade2")
				t.Cleanup(func() { execute(t, root, "DROP DATABASE IF EXISTS upgrade", "DROP DATABASE IF EXISTS upgrade2") })
				if !s.mariaDB() && db.Server.number() >= 80400 {
					execute(t, conn, "SET SESSION restrict_fk_on_non_standard_key = OFF")
				}
				execute(t, conn, test.do...)
				execute(t, conn, "DO 0") // a busy server answers before its list of sessions says that the statement has ended
				f := findingOf(t, db, test.check)
				if f.Level != test.level || test.object != "" && !slices.ContainsFunc(f.Objects, func(o string) bool { return strings.HasPrefix(o, test.object) }) {
					t.Errorf("got %+v, want %s, %q", f, test.level, test.object)
				}
				if (f.Level == UpgradeOK) != (f.Do == "") {
					t.Errorf("%+v: says what to do, or does not", f)
				}
			})
		}
	})
}

// findingOf makes all checks and returns one finding; none may fail.
func findingOf(t *testing.T, db *Database, check string) UpgradeFinding {
	t.Helper()
	var got UpgradeFinding
	all := UpgradeFindings(t.Context(), db)
	for _, f := range all {
		if f.Check == check {
			got = f
		}
		if f.Level == UpgradeUnknown {
			t.Errorf("%+v", f)
		}
	}
	if len(all) != len(upgradeChecks) || got.Check == "" {
		t.Fatalf("no %s in %+v", check, all)
	}
	return got
}

// TestUpgradeFindings_Sessions checks that what other sessions do is seen while
// they do it.
func TestUpgradeFindings_Sessions(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db := s.open(t, "upgrade")
		root := s.pool(t, "upgrade")
		execute(t, root, "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, a INT)", "INSERT INTO t (a) VALUES (1), (2), (3)")
		session := func(t *testing.T) *sql.Conn {
			t.Helper()
			conn, err := root.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { end(conn) })
			return conn
		}
		t.Run("a prepared XA transaction", func(t *testing.T) {
			conn := session(t)
			execute(t, conn, "XA START 'it''s', X'00FF', 7", "INSERT INTO t (a) VALUES (4)", "XA END 'it''s', X'00FF', 7", "XA PREPARE 'it''s', X'00FF', 7")
			const id = "X'69742773',X'00ff',7"
			f := findingOf(t, db, "XA transactions")
			if f.Level != UpgradeBusy || !slices.Equal(f.Objects, []string{id}) {
				t.Errorf("got %+v", f)
			}
			execute(t, conn, "XA ROLLBACK "+id) // the id is one that the server accepts
			if f := findingOf(t, db, "XA transactions"); f.Level != UpgradeOK {
				t.Errorf("afterwards: %+v", f)
			}
		})
		t.Run("a transaction that has written", func(t *testing.T) {
			conn := session(t)
			execute(t, conn, "BEGIN", "UPDATE t SET a = a + 1")
			time.Sleep(200 * time.Millisecond) // InnoDB caches its list for 100 ms
			f := findingOf(t, db, "transactions")
			if f.Level != UpgradeWarning || len(f.Objects) != 1 || !strings.Contains(f.Objects[0], "3 rows not committed") || !strings.Contains(f.Found, "3 rows that would be rolled back") {
				t.Errorf("got %+v", f)
			}
			execute(t, conn, "ROLLBACK")
			time.Sleep(200 * time.Millisecond)
			if f := findingOf(t, db, "transactions"); f.Level != UpgradeOK {
				t.Errorf("afterwards: %+v", f)
			}
		})
		t.Run("an ALTER behind a comment", func(t *testing.T) {
			holder, alter := session(t), session(t)
			execute(t, holder, "BEGIN", "SELECT * FROM t")
			done := make(chan error, 1)
			go func() {
				_, err := alter.ExecContext(t.Context(), "/* by a tool */ ALTER TABLE t ADD COLUMN late INT")
				done <- err
			}()
			for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
				f := findingOf(t, db, "running DDL")
				if f.Level == UpgradeBusy && strings.Contains(f.Objects[0], "ALTER TABLE t") {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("not seen: %+v", f)
				}
			}
			execute(t, holder, "ROLLBACK")
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		t.Run("an account with an old plugin", func(t *testing.T) {
			plugin := "mysql_native_password"
			if !s.mariaDB() {
				plugin = "sha256_password"
			}
			execute(t, root, "DROP USER IF EXISTS upgrader@localhost", "CREATE USER upgrader@localhost IDENTIFIED "+map[bool]string{true: "VIA ", false: "WITH "}[s.mariaDB()]+plugin)
			t.Cleanup(func() { execute(t, root, "DROP USER IF EXISTS upgrader@localhost") })
			f := findingOf(t, db, "accounts")
			if f.Level != UpgradeWarning || !slices.Contains(f.Objects, "'upgrader'@'localhost' "+plugin) {
				t.Errorf("got %+v", f)
			}
		})
		t.Run("a user who sees one schema", func(t *testing.T) {
			execute(t, root, "DROP USER IF EXISTS narrow@localhost", "CREATE USER narrow@localhost", "GRANT SELECT ON upgrade.* TO narrow@localhost", "GRANT PROCESS ON *.* TO narrow@localhost")
			t.Cleanup(func() { execute(t, root, "DROP USER IF EXISTS narrow@localhost") })
			config := s.config(t, "upgrade")
			config.User = "narrow"
			narrow, err := OpenDatabase(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			defer narrow.Close()
			for _, f := range UpgradeFindings(t.Context(), narrow) {
				switch f.Check {
				case "what was looked at", "accounts":
					if f.Level != UpgradeUnknown || f.Do == "" {
						t.Errorf("got %+v, want unknown", f)
					}
				case "foreign keys", "AUTO_INCREMENT", "running DDL", "transactions", "history list":
					if f.Level == UpgradeUnknown {
						t.Errorf("got %+v", f)
					}
				}
			}
		})
	})
}
