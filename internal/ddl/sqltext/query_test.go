package sqltext

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestReadQuery checks that the tables that a query reads and writes are found,
// and that only they get other names.
func TestReadQuery(t *testing.T) {
	for _, test := range []struct{ sql, want, calls string }{
		{"UPDATE t SET a = 1 WHERE t.b = 2", "UPDATE s.t AS `t` SET a = 1 WHERE t.b = 2", ""},
		{"UPDATE t x SET x.a = 1", "UPDATE s.t x SET x.a = 1", ""},
		{"UPDATE LOW_PRIORITY IGNORE `t`, u AS v SET t.a = v.a", "UPDATE LOW_PRIORITY IGNORE s.t AS `t`, s.u AS v SET t.a = v.a", ""},
		{"UPDATE t JOIN u ON t.id = u.id LEFT JOIN (w, y) USING (id) SET t.a = u.a", "UPDATE s.t AS `t` JOIN s.u AS `u` ON t.id = u.id LEFT JOIN (s.w AS `w`, s.y AS `y`) USING (id) SET t.a = u.a", ""},
		{"DELETE FROM t WHERE t.a = 1 AND id IN (SELECT id FROM u)", "DELETE FROM s.t WHERE s.t.a = 1 AND id IN (SELECT id FROM s.u AS `u`)", ""},
		{"INSERT INTO t SELECT u.a FROM u WHERE NOT EXISTS (SELECT 1 FROM t WHERE t.a = u.a) ON DUPLICATE KEY UPDATE a = t.b", "INSERT INTO s.t SELECT u.a FROM s.u AS `u` WHERE NOT EXISTS (SELECT 1 FROM s.t AS `t` WHERE t.a = u.a) ON DUPLICATE KEY UPDATE a = s.t.b", ""},
		{"DELETE t FROM t JOIN u ON t.id = u.id", "DELETE t FROM s.t AS `t` JOIN s.u AS `u` ON t.id = u.id", ""},
		{"INSERT INTO t (a, b) VALUES (1, (SELECT MAX(a) FROM u)) ON DUPLICATE KEY UPDATE a = VALUES(a), b = t.b", "INSERT INTO s.t (a, b) VALUES (1, (SELECT MAX(a) FROM s.u AS `u`)) ON DUPLICATE KEY UPDATE a = VALUES(a), b = s.t.b", ""},
		{"INSERT t SELECT EXTRACT(YEAR FROM d), TRIM(LEADING 'x' FROM a) FROM u, v w WHERE u.id = w.id", "INSERT s.t SELECT EXTRACT(YEAR FROM d), TRIM(LEADING 'x' FROM a) FROM s.u AS `u`, s.v w WHERE u.id = w.id", ""},
		{"REPLACE INTO t SET a = REPLACE('x', 'y', 'z'), b = INSERT('q', 1, 1, 'w')", "REPLACE INTO s.t SET a = REPLACE('x', 'y', 'z'), b = INSERT('q', 1, 1, 'w')", ""},
		{"WITH c AS (SELECT id FROM u) UPDATE t JOIN c ON t.id = c.id SET a = 1", "WITH c AS (SELECT id FROM s.u AS `u`) UPDATE s.t AS `t` JOIN c ON t.id = c.id SET a = 1", ""},
		{"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", ""},
		{"select `p`.`u`.`id` AS `id` from (`p`.`u` join `p`.`v` `w` on((`p`.`u`.`id` = `w`.`id`))) order by `p`.`u`.`id`", "select `u`.`id` AS `id` from (s.p.u AS `u` join s.p.v `w` on((`u`.`id` = `w`.`id`))) order by `u`.`id`", ""},
		{"UPDATE t SET a = wipe(), b = p.wipe(1), c = UPPER(d)", "UPDATE s.t AS `t` SET a = wipe(), b = p.wipe(1), c = UPPER(d)", "wipe p.wipe"},
		{"SELECT a FROM t UNION SELECT b FROM u", "SELECT a FROM s.t AS `t` UNION SELECT b FROM s.u AS `u`", ""},
		{"SELECT 1 WHERE EXISTS (SELECT 1 FROM t WHERE t.a = 1.5)", "SELECT 1 WHERE EXISTS (SELECT 1 FROM s.t AS `t` WHERE t.a = 1.5)", ""},
	} {
		q, err := ReadQuery(test.sql, Dialect{Version: 90704})
		if err != nil {
			t.Errorf("%s: %v", test.sql, err)
			continue
		}
		got := q.With(func(t Table) string {
			if t.Schema != "" {
				return "s." + t.Schema + "." + t.Name
			}
			return "s." + t.Name
		})
		if got != test.want || strings.Join(q.Calls, " ") != test.calls {
			t.Errorf("%s:\ngot  %s, calls %q\nwant %s, calls %q", test.sql, got, q.Calls, test.want, test.calls)
		}
	}
	for _, sql := range []string{"UPDATE t SET a = (1", "UPDATE t SET a = 1)", "SELECT * FROM JSON_TABLE('[]', '$' COLUMNS (a INT PATH '$')) j"} {
		if q, err := ReadQuery(sql, Dialect{Version: 90704}); err == nil {
			t.Errorf("%s: read as %v", sql, q)
		}
	}
}

// TestReadQuery_Variables checks that variables are found however they are spelt,
// and so is what depends on the previous statement.
func TestReadQuery_Variables(t *testing.T) {
	for _, test := range []struct{ sql, variables, assigns, before string }{
		{"UPDATE t SET a = @N", "@n", "", ""},
		{"UPDATE t SET a = (@`n` := @'N' + 1)", "@n @n", "@n", ""},
		{"UPDATE t JOIN (SELECT @n := 0) i SET a = (@n:=@n+1)", "@n @n @n", "@n @n", ""},
		{"UPDATE t SET a = @x.y", "@x.y", "", ""},
		{"UPDATE t SET a = @@SESSION.identity", "@@identity", "", "@@identity"},
		{"UPDATE t SET a = @@sql_mode", "@@sql_mode", "", ""},
		{"INSERT INTO t VALUES (LAST_INSERT_ID(), row_count ())", "", "", "LAST_INSERT_ID ROW_COUNT"},
		{"INSERT INTO t VALUES ('@n', `row_count`)", "", "", ""},
	} {
		q, err := ReadQuery(test.sql, Dialect{Version: 90704})
		if err != nil {
			t.Errorf("%s: %v", test.sql, err)
			continue
		}
		got := fmt.Sprintf("%s|%s|%s", strings.Join(q.Variables, " "), strings.Join(q.Assigns, " "), strings.Join(q.Before, " "))
		if want := fmt.Sprintf("%s|%s|%s", test.variables, test.assigns, test.before); got != want {
			t.Errorf("%s: got %s, want %s", test.sql, got, want)
		}
	}
}

// TestReadQuery_LowerNames checks that where names are lower case, a table is the
// same however a statement spells it.
func TestReadQuery_LowerNames(t *testing.T) {
	q, err := ReadQuery("UPDATE Shop.`T` JOIN Shop.U ON T.id = SHOP.U.Id SET T.a = 1", Dialect{Version: 90704, LowerNames: true})
	if err != nil {
		t.Fatal(err)
	}
	want := "UPDATE s.t AS `t` JOIN s.u AS `u` ON T.id = `u`.Id SET T.a = 1"
	if got := q.With(func(t Table) string { return "s." + t.Name }); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestReadBody_Queries checks that the queries of a body are found with what they
// read, and without what they fill.
func TestReadBody_Queries(t *testing.T) {
	for _, test := range []struct{ body, want string }{
		{"SET NEW.n = (SELECT MAX(a) FROM t WHERE id = NEW.id)", "SELECT MAX(a) FROM t WHERE id = NULL"},
		{"BEGIN DECLARE x INT; SELECT a INTO x FROM t WHERE b = x LIMIT 1; END", "SELECT a FROM t WHERE b = NULL LIMIT 1"},
		{"BEGIN DECLARE x INT; SELECT a FROM t INTO x; END", "SELECT a FROM t"},
		{"BEGIN DECLARE c CURSOR FOR SELECT a FROM t WHERE (b = 1); OPEN c; END", "SELECT a FROM t WHERE (b = 1)"},
		{"IF EXISTS (WITH w AS (SELECT a FROM t) SELECT 1 FROM w) THEN DELETE FROM u; END IF", "WITH w AS (SELECT a FROM t) SELECT 1 FROM w; DELETE FROM u"},
		{"INSERT INTO u SELECT a FROM t", "INSERT INTO u SELECT a FROM t"},
	} {
		b, err := ReadBody(test.body, Dialect{Version: 90704})
		if err != nil {
			t.Errorf("%s: %v", test.body, err)
			continue
		}
		if got := strings.Join(strings.Fields(strings.Join(b.Statements, "; ")), " "); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.body, got, test.want)
		}
	}
}

func TestReadBody(t *testing.T) {
	b, err := ReadBody("BEGIN DECLARE n, m INT DEFAULT 0; SET n = NEW.a; IF n > OLD.`b` THEN INSERT INTO log (a, n) VALUES (NEW.a, n); ELSE DELETE FROM log WHERE id = OLD.id; END IF; SET NEW.c = REPLACE(NEW.c, 'x', 'y'); UPDATE u SET n.x = m, y = INSERT('a', 1, 1, n) WHERE id = 1; END", Dialect{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "b", "id", "c"}; !slices.Equal(b.Columns, want) {
		t.Errorf("got the columns %q, want %q", b.Columns, want)
	}
	if want := []string{"c"}; !slices.Equal(b.Sets, want) {
		t.Errorf("got the columns that are set %q, want %q", b.Sets, want)
	}
	want := "[INSERT INTO log (a,  NULL) VALUES ( NULL,  NULL) DELETE FROM log WHERE id = NULL UPDATE u SET n.x = NULL, y = INSERT('a', 1, 1, NULL) WHERE id = 1]"
	if got := strings.Join(strings.Fields(fmt.Sprint(b.Statements)), " "); got != strings.Join(strings.Fields(want), " ") {
		t.Errorf("got %s, want %s", got, want)
	}
}
