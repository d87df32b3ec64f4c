//go:build mysql

package ddl

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// The corpus: statements that do harm if plan executes them as written, and
// statements that are merely unusual. They are built from parts of both servers'
// grammars, so that whatever a migration may name occurs in every position.

// hostile are expressions that write, or access what they must not.
var hostile = []string{
	"p2.wipe()", "wipe()", "`p2`.`wipe`()", "p2 . wipe ()", "/*!50000 p2.wipe() */", "/*M!100000 p2.wipe() */ + 1", "(SELECT p2.wipe())", "(SELECT COUNT(*) FROM p2.users)",
	"(TABLE p2.users)", "(VALUES ROW(1))", "(WITH x AS (SELECT p2.wipe()) SELECT * FROM x)", "NEXTVAL(p2.seq)", "NEXT VALUE FOR p2.seq", "PREVIOUS VALUE FOR p2.seq", "SETVAL(p2.seq, 99)", "(@x := p2.wipe())", "@x", "@@GLOBAL.max_connections",
	"SLEEP(0.01)", "GET_LOCK('noren', 1)", "LOAD_FILE('/etc/passwd')", "BENCHMARK(10, p2.wipe())", "IF(p2.wipe(), 1, 2)", "COALESCE(NULL, p2.wipe())", "-p2.wipe()", "1 + p2.wipe()",
	"CASE WHEN p2.wipe() THEN 1 END", "CONCAT('a', p2.wipe())", "p2.users.id", "users.id", "'a' 'b' p2.wipe()",
}

// places are where an expression may occur.
var places = []string{
	"SET @x = %s", "SET @x := %s", "SET SESSION sort_buffer_size = %s", "SET @@sort_buffer_size = %s", "SET @x = 1, @y = %s", "SET lock_wait_timeout = %s",
	"ALTER TABLE users ADD c INT DEFAULT (%s)", "ALTER TABLE users ADD c INT DEFAULT %s", "ALTER TABLE users ADD CHECK (%s > 0)", "ALTER TABLE users ADD c INT AS (%s)",
	"ALTER TABLE users ALTER name SET DEFAULT (%s)", "ALTER TABLE users ADD INDEX i ((%s))", "CREATE INDEX i ON users ((%s))", "CREATE TABLE n (c INT DEFAULT (%s))",
	"CREATE TABLE n (c INT CHECK (%s))", "CREATE TABLE n (c INT) PARTITION BY HASH (%s)", "ALTER TABLE users COMMENT %s", "ALTER TABLE users MODIFY name VARCHAR(20) DEFAULT (%s)",
}

// others are tables that the migration must not change.
var others = []string{"p2.users", "`p2`.`users`", "p2 . users", "p2./* x */users", "/*!50000 p2.users */", "/*!99999 x */ p2.users", "mysql.user", "P2.users"}

// names are where a table may occur.
var names = []string{
	"ALTER TABLE %s DROP COLUMN name", "ALTER TABLE %s ADD c INT", "ALTER TABLE %s FORCE", "ALTER IGNORE TABLE %s ADD UNIQUE (name)", "ALTER ONLINE TABLE %s DROP COLUMN name", "DROP TABLE %s", "DROP TABLE IF EXISTS nothing, %s",
	"TRUNCATE %s", "TRUNCATE TABLE %s", "RENAME TABLE %s TO p2.gone", "RENAME TABLE users TO p2.there, %s TO users", "ALTER TABLE %s RENAME TO p2.gone", "ALTER TABLE users RENAME %s",
	"ALTER TABLE parts EXCHANGE PARTITION p0 WITH TABLE %s", "CREATE TABLE n LIKE %s", "CREATE TABLE n (LIKE %s)", "CREATE TABLE n SELECT * FROM %s", "CREATE TABLE n AS TABLE %s", "CREATE OR REPLACE TABLE %s (id INT)",
	"CREATE TABLE n (id INT REFERENCES %s (id) ON DELETE CASCADE)", "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES %s (id) ON DELETE CASCADE", "CREATE TABLE n (id INT) ENGINE=MERGE UNION=(%s) INSERT_METHOD=LAST",
	"ALTER TABLE users UNION=(%s)", "CREATE INDEX i ON %s (name)", "DROP INDEX `PRIMARY` ON %s", "OPTIMIZE TABLE %s", "INSERT INTO %s VALUES (9, 'x')", "REPLACE INTO %s VALUES (1, 'x')", "UPDATE %s SET name = 'x'", "DELETE FROM %s",
	"DELETE %s FROM %[1]s", "WITH x AS (SELECT 1) DELETE FROM %s", "CREATE VIEW p2.w AS SELECT * FROM %s", "CREATE TRIGGER p2.t2 BEFORE INSERT ON %s FOR EACH ROW SET @x = 1", "LOAD DATA INFILE '/etc/passwd' INTO TABLE %s", "LOCK TABLES %s WRITE",
	"ANALYZE TABLE %s", "CHECK TABLE %s", "REPAIR TABLE %s", "CHECKSUM TABLE %s", "HANDLER %s OPEN", "FLUSH TABLES %s FOR EXPORT", "TABLE %s", "SELECT * FROM %s FOR UPDATE",
}

// corpus has statements of all kinds: every first word that either server knows.
var corpus = []string{
	"SET STATEMENT lock_wait_timeout=5 FOR ALTER TABLE p2.users DROP COLUMN name", "SET STATEMENT sql_mode='' FOR SELECT p2.wipe()", "SET GLOBAL max_connections = 50", "SET @@GLOBAL.max_connections = 50",
	"SET PERSIST max_connections = 50", "SET @@PERSIST.max_connections = 50", "SET PERSIST_ONLY max_connections = 50", "SET @x = 1, GLOBAL max_connections = 50", "SET PASSWORD = 'x'", "SET PASSWORD FOR victim@localhost = 'x'",
	"SET ROLE NONE", "SET DEFAULT ROLE NONE TO victim@localhost", "SET TRANSACTION READ ONLY", "SET SESSION TRANSACTION READ ONLY", "SET RESOURCE GROUP x", "SET sql_log_bin = 0", "SET autocommit = 0", "SET SESSION lock_wait_timeout = 3600",
	"SET sql_mode = 'ANSI_QUOTES'", "SET sql_mode = ORACLE", "SET @m = 'ANSI_QUOTES'; SET sql_mode = @m; ALTER TABLE users COMMENT \"x\"", "SET @c = 'sjis'; SET character_set_client = @c", "SET NAMES gbk", "SET NAMES utf8mb4; ALTER TABLE users ADD c INT",
	"SET foreign_key_checks = 0; DROP TABLE users", "SET unique_checks=0, foreign_key_checks=@@foreign_key_checks, sql_mode='NO_AUTO_VALUE_ON_ZERO'", "SET @OLD=@@SQL_MODE; SET sql_mode=@OLD", "SET CHARACTER SET utf8mb4", "SET CHARACTER SET sjis",
	"SET debug = '+d,crash'", "SET gtid_next = 'AUTOMATIC'", "SET insert_id = 7", "SET timestamp = 1", "SET NEW.x = 1", "SET x.y = 1",
	"/*!50000 DROP TABLE p2.users */", "/*!99999 DROP TABLE p2.users */; ALTER TABLE users ADD c INT", "/*M! DROP TABLE p2.users */", "ALTER TABLE users /*! , RENAME TO p2.gone */", "ALTER TABLE users ADD c INT /*!50000 , RENAME TO p2.gone */",
	"ALTER TABLE users /*!99999 ADD c INT */ DROP COLUMN name", "ALTER TABLE users COMMENT '/*'; DROP TABLE p2.users; -- */'", "ALTER TABLE users COMMENT 'a\\'; DROP TABLE p2.users; -- '", "ALTER TABLE users COMMENT 'a''; DROP TABLE p2.users; -- '",
	"ALTER TABLE users COMMENT \"a\\\"; DROP TABLE p2.users; -- \"", "ALTER TABLE `users``; DROP TABLE p2.users` ADD c INT", "DELIMITER //\nALTER TABLE users ADD c INT; DROP TABLE p2.users//", "ALTER TABLE users ADD c INT;\x00DROP TABLE p2.users",
	"ALTER TABLE users --\x01\nADD c INT", "ALTER TABLE users ADD c INT -- ; DROP TABLE p2.users", "ALTER TABLE users ADD c INT # ; DROP TABLE p2.users",
	"CALL p2.wipe_all()", "DO p2.wipe()", "SELECT p2.wipe()", "VALUES ROW(p2.wipe())", "EXPLAIN ANALYZE SELECT p2.wipe()", "ANALYZE FORMAT=JSON SELECT p2.wipe()", "DESCRIBE p2.users", "PREPARE s FROM 'DELETE FROM p2.users'", "EXECUTE IMMEDIATE 'DELETE FROM p2.users'",
	"BEGIN NOT ATOMIC DELETE FROM p2.users; END", "BEGIN", "START TRANSACTION", "COMMIT", "ROLLBACK", "SAVEPOINT a", "XA START 'x'", "KILL 1", "SHUTDOWN", "RESTART", "RESET MASTER", "RESET PERSIST", "PURGE BINARY LOGS TO 'x'", "FLUSH PRIVILEGES", "FLUSH TABLES WITH READ LOCK",
	"GRANT ALL ON *.* TO victim@localhost", "REVOKE ALL ON *.* FROM victim@localhost", "CREATE USER evil@localhost", "ALTER USER victim@localhost IDENTIFIED BY 'x'", "DROP USER victim@localhost", "RENAME USER victim@localhost TO evil@localhost", "CREATE ROLE r", "DROP ROLE r",
	"CREATE DATABASE p3", "ALTER DATABASE p2 CHARACTER SET latin1", "DROP DATABASE p2", "DROP SCHEMA p2", "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'x')", "CREATE TABLESPACE ts ADD DATAFILE 'x.ibd'", "CREATE SEQUENCE p2.s2", "ALTER SEQUENCE p2.seq RESTART 5", "DROP SEQUENCE p2.seq",
	"INSTALL PLUGIN x SONAME 'x.so'", "INSTALL COMPONENT 'file://x'", "UNINSTALL PLUGIN x", "CREATE FUNCTION f RETURNS INT SONAME 'x.so'", "LOCK INSTANCE FOR BACKUP", "BACKUP STAGE START", "CHANGE MASTER TO MASTER_HOST='x'", "CHANGE REPLICATION SOURCE TO SOURCE_HOST='x'", "START SLAVE", "STOP REPLICA",
	"BINLOG 'x'", "CACHE INDEX users IN x", "CLONE LOCAL DATA DIRECTORY '/tmp/x'", "HELP 'x'", "IMPORT TABLE FROM 'x'", "LOAD INDEX INTO CACHE users", "SIGNAL SQLSTATE '45000'", "RESIGNAL", "GET DIAGNOSTICS @x = NUMBER", "SHOW TABLES", "USE p2", "UNLOCK TABLES", "CREATE TEMPORARY TABLE users (id INT)", "DROP TEMPORARY TABLE users",
	"CREATE VIEW w AS SELECT p2.wipe()", "CREATE OR REPLACE VIEW v AS SELECT 1", "ALTER VIEW v AS SELECT 1", "DROP VIEW v", "CREATE TRIGGER t2 AFTER INSERT ON users FOR EACH ROW DELETE FROM p2.users", "DROP TRIGGER t", "DROP TRIGGER p1.t", "CREATE PROCEDURE q() DELETE FROM p2.users", "DROP PROCEDURE p2.wipe_all", "DROP FUNCTION p2.wipe", "ALTER FUNCTION p2.wipe COMMENT 'x'",
	"CREATE EVENT e2 ON SCHEDULE EVERY 1 SECOND DO DELETE FROM p2.users", "ALTER EVENT e DISABLE", "DROP EVENT e", "INSERT INTO users VALUES (p2.wipe(), 'x')", "INSERT INTO users SELECT id, name FROM p2.users", "UPDATE users SET name = p2.wipe()", "DELETE FROM users WHERE p2.wipe()", "REPLACE users SET id = 1",
	"CREATE TABLE n (id INT) ENGINE=FEDERATED CONNECTION='mysql://root@127.0.0.1/p2/users'", "CREATE TABLE n (id INT) ENGINE=CONNECT", "CREATE TABLE n (id INT) ENGINE=CSV", "CREATE TABLE n (id INT) ENGINE=BLACKHOLE", "CREATE TABLE n (id INT) DATA DIRECTORY='/tmp'", "CREATE TABLE n (id INT) TABLESPACE mysql", "CREATE TABLE n (id INT) START TRANSACTION",
	"CREATE TABLE n (id INT) SELECT * FROM users", "CREATE TABLE n (id INT) IGNORE AS SELECT * FROM users", "CREATE TABLE n (id INT) TABLE users", "CREATE TABLE n (id INT) VALUES ROW(1)", "CREATE TABLE n (id INT) WITH x AS (SELECT 1) SELECT * FROM x", "CREATE TABLE n (id INT) (SELECT 1)", "CREATE TABLE n ENGINE=InnoDB SELECT p2.wipe()", "CREATE OR REPLACE TABLE users (id INT)",
	"ALTER TABLE users DISCARD TABLESPACE", "ALTER TABLE users IMPORT TABLESPACE", "ALTER TABLE users ENGINE=MERGE", "ALTER TABLE users SECONDARY_LOAD", "ALTER TABLE users CONNECTION='x'", "ALTER TABLE users DATA DIRECTORY='/tmp'", "ALTER TABLE users TABLESPACE x", "ALTER TABLE parts CONVERT PARTITION p0 TO TABLE p2.gone", "ALTER TABLE users RENAME AS p2.gone", "ALTER TABLE users NOWAIT ADD c INT", "ALTER TABLE users WAIT 5 ADD c INT",
}

// unusual are statements that plan should understand.
var unusual = []string{
	"ALTER TABLE users ADD COLUMN (c INT, d VARCHAR(5) NOT NULL DEFAULT 'x;y', KEY (c))", "ALTER TABLE users ADD c DECIMAL(10,2) UNSIGNED DEFAULT -1.5", "ALTER TABLE users ADD c DOUBLE DEFAULT 1e-5", "ALTER TABLE users ADD c TIMESTAMP(3) NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)",
	"ALTER TABLE users ADD c VARCHAR(9) CHARACTER SET latin1 COLLATE latin1_bin", "ALTER TABLE users ADD c ENUM('a','b;c','d''e') NOT NULL DEFAULT 'a'", "ALTER TABLE users ADD c SET('a','b')", "ALTER TABLE users ADD c BIT(3) DEFAULT b'101'", "ALTER TABLE users ADD c BINARY(2) DEFAULT 0x4142", "ALTER TABLE users ADD c NATIONAL VARCHAR(3)",
	"ALTER TABLE users ADD c INT AS (CASE WHEN id > 5 THEN 1 ELSE 0 END) STORED", "ALTER TABLE users ADD c VARCHAR(50) AS (CONCAT(name, '-', id)) VIRTUAL", "ALTER TABLE users ADD c INT CHECK (c BETWEEN 1 AND 10 OR c IS NULL)", "ALTER TABLE users ADD CONSTRAINT k CHECK (name LIKE 'a%' AND CHAR_LENGTH(name) > 2)", "ALTER TABLE users ADD c DATE DEFAULT (CURRENT_DATE)",
	"ALTER TABLE users MODIFY COLUMN name VARCHAR(200) NOT NULL DEFAULT '' COMMENT 'a; -- b' AFTER id", "ALTER TABLE users CHANGE `name` `full name` VARCHAR(50)", "ALTER TABLE users ALTER COLUMN name SET DEFAULT 'x', ALTER name DROP DEFAULT", "ALTER TABLE users RENAME COLUMN name TO `select`", "ALTER TABLE users ADD UNIQUE KEY u (name(5) DESC) USING BTREE COMMENT 'x'", "ALTER TABLE users DROP PRIMARY KEY, ADD PRIMARY KEY (id, name)",
	"ALTER TABLE users ENGINE InnoDB ROW_FORMAT=DYNAMIC, COMMENT='x'", "ALTER TABLE users CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", "ALTER TABLE users ORDER BY name DESC", "ALTER TABLE users ADD FULLTEXT INDEX f (name)", "ALTER TABLE users AUTO_INCREMENT 500", "ALTER TABLE users DISABLE KEYS", "ALTER TABLE users STATS_PERSISTENT=1, STATS_SAMPLE_PAGES=20",
	"ALTER TABLE orders DROP FOREIGN KEY by_user", "ALTER TABLE orders ADD CONSTRAINT `second` FOREIGN KEY `i` (`user_id`) REFERENCES `users` (`id`) ON DELETE SET NULL ON UPDATE NO ACTION", "ALTER TABLE parts ADD PARTITION (PARTITION p2 VALUES LESS THAN (300) COMMENT 'x')", "ALTER TABLE parts DROP PARTITION p1", "ALTER TABLE parts TRUNCATE PARTITION ALL", "ALTER TABLE parts REORGANIZE PARTITION p0 INTO (PARTITION a VALUES LESS THAN (50), PARTITION b VALUES LESS THAN (100))", "ALTER TABLE parts REBUILD PARTITION p0, p1",
	"ALTER TABLE users PARTITION BY KEY (id) PARTITIONS 3", "ALTER TABLE users PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (10), PARTITION z VALUES LESS THAN MAXVALUE)", "ALTER TABLE parts REMOVE PARTITIONING", "ALTER TABLE parts EXCHANGE PARTITION p0 WITH TABLE likeparts WITHOUT VALIDATION",
	"CREATE TABLE IF NOT EXISTS n (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, a JSON, b TEXT, UNIQUE (a1), a1 INT, CONSTRAINT f FOREIGN KEY (a1) REFERENCES users (id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='x'", "CREATE TABLE n LIKE users", "CREATE UNIQUE INDEX i USING BTREE ON users (name, id) COMMENT 'x' ALGORITHM=INPLACE LOCK=NONE",
	"RENAME TABLE users TO people, orders TO purchases", "DROP TABLE IF EXISTS orders, parts CASCADE", "TRUNCATE TABLE parts", "OPTIMIZE NO_WRITE_TO_BINLOG TABLE users", "alter table `users` add `c` int /* why */ -- end", "ALTER TABLE users ADD c INT, ALGORITHM=INSTANT", "ALTER TABLE users",
}

// held is what must not change, whatever plan is given.
type held struct {
	root    *sql.DB
	mariaDB bool
}

// text returns all rows, definitions, accounts and global variables.
func (h held) text(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	for _, query := range []string{
		"SELECT CONCAT_WS('|', table_schema, table_name, engine, table_comment, create_options) FROM information_schema.tables WHERE table_schema IN ('p1', 'p2') ORDER BY 1",
		"SELECT CONCAT_WS('|', table_schema, table_name, ordinal_position, column_name, column_type, column_default, extra) FROM information_schema.columns WHERE table_schema IN ('p1', 'p2') ORDER BY 1",
		"SELECT CONCAT_WS('|', table_schema, table_name, index_name, column_name) FROM information_schema.statistics WHERE table_schema IN ('p1', 'p2') ORDER BY 1",
		"SELECT CONCAT_WS('|', trigger_schema, trigger_name, action_statement) FROM information_schema.triggers ORDER BY 1",
		"SELECT CONCAT_WS('|', routine_schema, routine_name, routine_definition, routine_comment, last_altered) FROM information_schema.routines WHERE routine_schema IN ('p1', 'p2') ORDER BY 1",
		"SELECT CONCAT_WS('|', event_schema, event_name, status, last_altered) FROM information_schema.events ORDER BY 1",
		"SELECT CONCAT_WS('|', schema_name, default_character_set_name) FROM information_schema.schemata WHERE schema_name <> 'noren_scratch' ORDER BY 1",
		"SELECT CONCAT_WS('|', user, host) FROM mysql.user ORDER BY 1",
		"SELECT CONCAT_WS('|', 'users', id, name) FROM p2.users ORDER BY 1", "SELECT CONCAT_WS('|', 'calls', n) FROM p2.calls",
		"SELECT CONCAT_WS('|', 'users', id, name) FROM p1.users ORDER BY 1", "SELECT CONCAT_WS('|', 'orders', id, user_id) FROM p1.orders ORDER BY 1", "SELECT CONCAT_WS('|', 'parts', id) FROM p1.parts ORDER BY 1",
		"SELECT @@GLOBAL.max_connections",
	} {
		all, err := collect[string](context.Background(), h.root, query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		fmt.Fprintln(&out, strings.Join(all, "\n"))
	}
	if h.mariaDB {
		fmt.Fprintln(&out, ask[int64](t, h.root, "SELECT next_not_cached_value FROM p2.seq"))
	}
	return out.String()
}

func setUpHeld(t *testing.T, s *testServer) held {
	t.Helper()
	h := held{root: s.pool(t, "")}
	h.mariaDB = strings.Contains(s.name, "MariaDB")
	execute(t, h.root,
		"DROP DATABASE IF EXISTS p1", "DROP DATABASE IF EXISTS p2", "CREATE DATABASE p1 CHARACTER SET utf8mb4", "CREATE DATABASE p2 CHARACTER SET utf8mb4",
		"CREATE TABLE p2.users (id INT PRIMARY KEY, name VARCHAR(20))", "INSERT INTO p2.users VALUES (1, 'a'), (2, 'b')", "CREATE TABLE p2.calls (n INT)", "INSERT INTO p2.calls VALUES (0)",
		"CREATE FUNCTION p2.wipe() RETURNS INT DETERMINISTIC MODIFIES SQL DATA BEGIN DELETE FROM p2.users; UPDATE p2.calls SET n = n + 1; RETURN 1; END",
		"CREATE PROCEDURE p2.wipe_all() DELETE FROM p2.users",
		"CREATE TABLE p1.users (id INT PRIMARY KEY, name VARCHAR(20))", "INSERT INTO p1.users VALUES (1, 'a'), (2, 'b')",
		"CREATE TABLE p1.orders (id INT PRIMARY KEY, user_id INT, CONSTRAINT by_user FOREIGN KEY (user_id) REFERENCES p1.users (id))", "INSERT INTO p1.orders VALUES (1, 1)",
		"CREATE TABLE p1.parts (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (100), PARTITION p1 VALUES LESS THAN (200))", "INSERT INTO p1.parts VALUES (1), (150)",
		"CREATE TABLE p1.likeparts (id INT PRIMARY KEY)", "CREATE VIEW p1.v AS SELECT id FROM p1.users", "CREATE TRIGGER p1.t AFTER UPDATE ON p1.users FOR EACH ROW SET @x = 1",
		"CREATE EVENT p1.e ON SCHEDULE EVERY 1 DAY DO DELETE FROM p2.users",
		"DROP USER IF EXISTS victim@localhost", "CREATE USER victim@localhost", "DROP USER IF EXISTS schemaplan@localhost", "CREATE USER schemaplan@localhost",
	)
	execute(t, h.root, planGrants("p1", "schemaplan@localhost")...)
	if h.mariaDB {
		execute(t, h.root, "CREATE SEQUENCE p2.seq")
	}
	t.Cleanup(func() {
		root := s.pool(t, "")
		execute(t, root, "DROP DATABASE p1", "DROP DATABASE p2", "DROP USER victim@localhost", "DROP USER schemaplan@localhost")
	})
	return h
}

// planGrants returns the grants that the documents list for plan.
func planGrants(schema, user string) []string {
	return []string{
		"GRANT SELECT, SHOW VIEW ON " + sqltext.Quote(schema) + ".* TO " + user,
		"GRANT ALL ON `noren_scratch`.* TO " + user,
		"GRANT PROCESS ON *.* TO " + user,
		"GRANT SELECT ON `performance_schema`.* TO " + user,
	}
}

// TestPlan_ChangesNothing checks that plan changes nothing, whatever it is given:
// neither as a user who could nor as one who could not.
func TestPlan_ChangesNothing(t *testing.T) {
	var all []string
	for _, place := range places {
		for _, expression := range hostile {
			all = append(all, fmt.Sprintf(place, expression))
		}
	}
	for _, name := range names {
		for _, other := range others {
			all = append(all, fmt.Sprintf(name, other))
		}
	}
	all = append(all, corpus...)
	for _, op := range operations {
		all = append(all, strings.ReplaceAll(strings.ReplaceAll(op.sql, "reports", "users"), "sites", "orders"))
	}
	onEveryServerAtOnce(t, func(t *testing.T, s *testServer) {
		h := setUpHeld(t, s)
		config := s.config(t, "p1")
		wide := s.reopen(t, "p1")
		config.User, config.Passwd = "schemaplan", ""
		narrow, err := OpenDatabase(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer narrow.Close()
		before := h.text(t)
		executed, refused := 0, 0
		for i, sql := range slices.Concat(all, unusual) {
			for _, db := range []*Database{wide, narrow} {
				_, err := MakePlan(t.Context(), db, change(sql), PlanOptions{Writes: Live, Policy: Any, ScratchServer: db == wide})
				if err == nil {
					executed++
				} else {
					refused++
				}
				if i >= len(all) && err != nil {
					t.Errorf("%s: %v", sql, err)
				}
				if errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
			}
			if i%20 == 19 || i+1 == len(all)+len(unusual) {
				if after := h.text(t); after != before {
					t.Fatalf("one of these changed the server:\n%s\n%s", strings.Join(slices.Concat(all, unusual)[i/20*20:i+1], "\n"), difference(before, after))
				}
			}
		}
		t.Logf("%d statements as two users: %d planned, %d refused, nothing changed", len(all)+len(unusual), executed, refused)
		if len(all) < 300 || executed < 200 {
			t.Errorf("%d statements, of which %d were planned: too few", len(all), executed)
		}
		noScratch(t, wide)
	})
}

// difference returns the lines that are in only one of two texts.
func difference(a, b string) string {
	before, after := strings.Split(a, "\n"), strings.Split(b, "\n")
	var out strings.Builder
	for _, line := range before {
		if !slices.Contains(after, line) {
			fmt.Fprintln(&out, "-", line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			fmt.Fprintln(&out, "+", line)
		}
	}
	return out.String()
}

// TestPlan_RefusesWideRights checks that a user who may write more than the
// scratch schema is refused, and told which rights are too many.
func TestPlan_RefusesWideRights(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		h := setUpHeld(t, s)
		for _, test := range []struct {
			name   string
			grants []string
			want   string // "" if plan continues
		}{
			{"as documented", nil, ""},
			{"another scratch", []string{"GRANT ALL ON `noren\\_scratch`.* TO schemaplan@localhost"}, ""},
			{"rows of the schema", []string{"GRANT UPDATE ON p1.* TO schemaplan@localhost"}, "UPDATE on p1.*"},
			{"a column", []string{"GRANT UPDATE (name) ON p1.users TO schemaplan@localhost"}, "UPDATE on p1.users"},
			{"another schema", []string{"GRANT DROP ON p2.* TO schemaplan@localhost"}, "DROP on p2.*"},
			{"a wildcard", []string{"GRANT ALTER ON `p%`.* TO schemaplan@localhost"}, "ALTER on p%.*"},
			{"a wildcard that means the scratch schema, too", []string{"GRANT INSERT ON `%_scratch`.* TO schemaplan@localhost"}, "INSERT on %_scratch.*"},
			{"everywhere", []string{"GRANT CREATE ON *.* TO schemaplan@localhost"}, "CREATE on *.*"},
			{"a routine", []string{"GRANT EXECUTE ON FUNCTION p2.wipe TO schemaplan@localhost"}, "EXECUTE on p2.wipe"},
			{"a role", []string{"CREATE ROLE r1", "GRANT DELETE ON p2.* TO r1", "GRANT r1 TO schemaplan@localhost"}, "DELETE on p2.*"},
			{"a role of a role", []string{"CREATE ROLE r1", "CREATE ROLE r2", "GRANT DELETE ON p2.* TO r1", "GRANT r1 TO r2", "GRANT r2 TO schemaplan@localhost"}, "DELETE on p2.*"},
			{"grants of its own", []string{"GRANT SELECT ON p2.* TO schemaplan@localhost WITH GRANT OPTION"}, "GRANT OPTION on p2.*"},
		} {
			t.Run(test.name, func(t *testing.T) {
				execute(t, h.root, "DROP USER schemaplan@localhost", "DROP ROLE IF EXISTS r1, r2", "CREATE USER schemaplan@localhost")
				execute(t, h.root, planGrants("p1", "schemaplan@localhost")...)
				execute(t, h.root, test.grants...)
				t.Cleanup(func() { execute(t, h.root, "DROP ROLE IF EXISTS r1, r2") })
				config := s.config(t, "p1")
				config.User, config.Passwd = "schemaplan", ""
				db, err := OpenDatabase(t.Context(), config)
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				_, err = MakePlan(t.Context(), db, change("ALTER TABLE users ADD c INT"), PlanOptions{Writes: Live, Policy: Any})
				if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
					t.Errorf("got %v, want %q", err, test.want)
				}
			})
		}
		root := s.reopen(t, "p1")
		if _, err := MakePlan(t.Context(), root, change("ALTER TABLE users ADD c INT"), PlanOptions{Writes: Live, Policy: Any}); err == nil || !strings.Contains(err.Error(), "plan needs a user who cannot write") {
			t.Errorf("as root: got %v, want a refusal", err)
		}
	})
}

// TestPlan_SaysWhichVariablesAreNorens checks that settings of noren's own
// variables in a file are ignored, with a note.
func TestPlan_SaysWhichVariablesAreNorens(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, _ := manyReports(t, s, 1000)
		plan, err := planText(t.Context(), db, "SET SESSION lock_wait_timeout = 3600, foreign_key_checks = 0; SET autocommit = 0;", PlanOptions{Writes: Live, Policy: Any})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"lock_wait_timeout is noren's", "autocommit is noren's"} {
			if got := strings.Join(plan.Steps[i].Notes, "\n"); !strings.Contains(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	})
}
