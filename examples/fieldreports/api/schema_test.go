package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/fstest"
)

func TestMigrationsByNameAndContent(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db database) {
		files := fstest.MapFS{}
		for _, change := range []string{"0001_tables.sql", "0002_templates.sql"} {
			content, err := schemaFiles.ReadFile("schema/" + change)
			if err != nil {
				t.Fatal(err)
			}
			files[change] = &fstest.MapFile{Data: content}
		}
		add := func(name, text string) { files[name] = &fstest.MapFile{Data: []byte(text)} }
		migrateAll := func() (string, error) {
			var output bytes.Buffer
			m, err := begin(t.Context(), db, masterLogin{}, &output)
			if err != nil {
				t.Fatal(err)
			}
			defer m.end()
			err = m.tables(t.Context(), db.schema, files)
			return output.String(), err
		}
		want := func(lines ...string) {
			t.Helper()
			got, err := migrateAll()
			if err != nil {
				t.Errorf("%v\n%s", err, got)
			}
			for _, line := range lines {
				if !strings.Contains(got, line) {
					t.Errorf("got\n%swant %s", got, line)
				}
			}
		}
		want("-- 0001_tables.sql is done\n-- 0002_templates.sql is done\n")

		add("0004_later.sql", "CREATE TABLE IF NOT EXISTS later (id INT PRIMARY KEY);\n")
		want("CREATE TABLE IF NOT EXISTS later")
		// A migration that comes before it is added, and one with the same
		// number.
		add("0003_between.sql", "CREATE TABLE IF NOT EXISTS between_them (id INT PRIMARY KEY);\r\nINSERT IGNORE INTO between_them VALUES (1); -- of which 0004 knows nothing\r\n")
		add("0004_a_second.sql", "CREATE TABLE IF NOT EXISTS second_of_them (id INT PRIMARY KEY, text VARCHAR(20) DEFAULT '-- none; yet');")
		want("-- 0003_between.sql runs after 0004_later.sql, which has run already", "CREATE TABLE IF NOT EXISTS between_them", "INSERT IGNORE INTO between_them",
			"-- 0004_a_second.sql runs after 0004_later.sql", "CREATE TABLE IF NOT EXISTS second_of_them")
		want("-- 0003_between.sql is done\n-- 0004_a_second.sql is done\n-- 0004_later.sql is done\n")

		// Line endings depend on the checkout.
		add("0004_later.sql", "CREATE TABLE IF NOT EXISTS later (id INT PRIMARY KEY);\r\n")
		want("-- 0004_later.sql is done\n")
		// Any other change is refused before anything is run.
		add("0004_later.sql", "CREATE TABLE IF NOT EXISTS later (id BIGINT PRIMARY KEY);\n")
		add("0005_last.sql", "CREATE TABLE last_of_all (id INT PRIMARY KEY);")
		if got, err := migrateAll(); err == nil || !strings.Contains(err.Error(), `the migration "0004_later.sql" was changed after it had run on 20`) || strings.Contains(got, "last_of_all") {
			t.Errorf("got %q, %v, want the change refused", got, err)
		}
		delete(files, "0004_later.sql") // a release that was rolled back
		want("-- 0004_later.sql has run, and this release does not have it\n", "CREATE TABLE last_of_all")
	})
}

// TestJournalOfAnEarlierVersion checks that a journal from before contents were
// recorded is upgraded.
func TestJournalOfAnEarlierVersion(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db database) {
		m, err := begin(t.Context(), db, masterLogin{}, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		defer m.end()
		for _, statement := range []string{
			"USE " + quote(db.schema), "DROP TABLE schema_migrations",
			"CREATE TABLE schema_migrations (version INT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, done_at DATETIME(3) NOT NULL) CHARACTER SET utf8mb4",
			"INSERT INTO schema_migrations VALUES (1, '0001_tables.sql', '2026-11-01 00:00:00'), (2, '0002_templates.sql', '2026-11-01 00:00:00'), (3, '0003_report_priority.sql', '2026-11-01 00:00:00')",
		} {
			if err := m.run(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		var output bytes.Buffer
		m.stdout = &output
		for _, want := range []string{"-- 0001_tables.sql is done, and its content is recorded from now on\n", "-- 0001_tables.sql is done\n-- 0002_templates.sql is done\n"} {
			output.Reset()
			if err := m.tables(t.Context(), db.schema, migrations()); err != nil || !strings.Contains(output.String(), want) {
				t.Errorf("got %q (%v), want %q", output.String(), err, want)
			}
			if strings.Contains(output.String(), "CREATE TABLE IF NOT EXISTS users") {
				t.Error("what had run was run again")
			}
		}
	})
}
