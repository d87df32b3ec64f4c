//go:build mysql

package ddl

import (
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// TestRun_RecordsWithMigrationTools checks that the tool's own table is written
// with the last entry of the journal, and only once.
func TestRun_RecordsWithMigrationTools(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		for _, test := range []struct {
			record, file, text string
			table, query, want string
		}{
			{"goose", "00012_c.sql", "-- +goose Up\nALTER TABLE reports ADD c INT;\n-- +goose Down\nDROP TABLE sites;\n",
				"CREATE TABLE goose_db_version (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, version_id BIGINT NOT NULL, is_applied BOOLEAN NOT NULL, tstamp TIMESTAMP NULL DEFAULT NOW())",
				"SELECT GROUP_CONCAT(version_id, '/', is_applied) FROM goose_db_version", "12/1"},
			{"golang-migrate", "000012_c.up.sql", "ALTER TABLE reports ADD c INT;",
				"CREATE TABLE schema_migrations (version BIGINT NOT NULL PRIMARY KEY, dirty BOOLEAN NOT NULL)", "SELECT GROUP_CONCAT(version, '/', dirty) FROM schema_migrations", "12/0"},
			{"rails", "20260101120000_c.sql", "ALTER TABLE reports ADD c INT;",
				"CREATE TABLE schema_migrations (version VARCHAR(255) NOT NULL PRIMARY KEY)", "SELECT GROUP_CONCAT(version) FROM schema_migrations", "20260101120000"},
			{"flyway", "V1.2__add_c.sql", "ALTER TABLE reports\r\n  ADD c INT;\n",
				"CREATE TABLE flyway_schema_history (installed_rank INT NOT NULL PRIMARY KEY, version VARCHAR(50), description VARCHAR(200) NOT NULL, type VARCHAR(20) NOT NULL, script VARCHAR(1000) NOT NULL, checksum INT, installed_by VARCHAR(100) NOT NULL, installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, execution_time INT NOT NULL, success BOOL NOT NULL)",
				"SELECT GROUP_CONCAT(installed_rank, '/', version, '/', description, '/', script, '/', success) FROM flyway_schema_history", "1/1.2/add c/V1.2__add_c.sql/1"},
			{"INSERT INTO sites VALUES (99, 'recorded')", "c.sql", "ALTER TABLE reports ADD c INT;", "", "SELECT name FROM sites WHERE id = 99", "recorded"},
		} {
			db, root := manyReports(t, s, 1000)
			m := sqltext.Migration{Name: test.file, Text: test.text}
			o := unrehearsed(func(Event) {})
			o.Record, o.Journal = test.record, "journal_of_ours"
			if test.table != "" {
				if _, err := Run(t.Context(), db, m, o); err == nil || !strings.Contains(err.Error(), "could not be recorded") {
					t.Errorf("%s without its table: got %v, want that it begins nothing", test.record, err)
				}
				execute(t, root, test.table)
			}
			for range 2 {
				if _, err := Run(t.Context(), db, m, o); err != nil {
					t.Fatalf("%s: %v", test.record, err)
				}
			}
			if got := ask[string](t, root, test.query); got != test.want {
				t.Errorf("%s: got %s, want %s", test.record, got, test.want)
			}
			if n := ask[int](t, root, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'ddl_run' AND table_name IN ('sites', 'journal_of_ours')"); n != 2 {
				t.Errorf("%s: %d of 2 tables are there", test.record, n)
			}
			entries, err := Journal(t.Context(), db, "ddl_run.journal_of_ours")
			if err != nil || ProgressOf(m, entries) != Done {
				t.Errorf("%s: the journal says %+v, %v", test.record, entries, err)
			}
		}
	})
}

// TestRun_ThereAndBack checks that the down migration is separate, and that
// running it makes the up migration pending again.
func TestRun_ThereAndBack(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 1000)
		up := sqltext.Migration{Name: "1_c.sql", Text: "-- +goose Up\nALTER TABLE reports ADD c INT;\n-- +goose Down\nALTER TABLE reports DROP c;\n"}
		down := up
		down.Direction = sqltext.Down
		columns := func() int {
			return ask[int](t, root, "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'ddl_run' AND column_name = 'c'")
		}
		for i, m := range []sqltext.Migration{up, down, up} {
			if _, err := Run(t.Context(), db, m, unrehearsed(func(Event) {})); err != nil {
				t.Fatal(err)
			}
			if got, want := columns(), (i+1)%2; got != want {
				t.Errorf("after %s: %d columns, want %d", m.Key(), got, want)
			}
		}
		entries, err := Journal(t.Context(), db, "")
		if err != nil || ProgressOf(up, entries) != Done || ProgressOf(down, entries) != Left {
			t.Errorf("up %s, down %s, %v", ProgressOf(up, entries), ProgressOf(down, entries), err)
		}
	})
}
