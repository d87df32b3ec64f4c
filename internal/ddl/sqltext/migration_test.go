package sqltext

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

func TestMigration_Statements(t *testing.T) {
	const up, down = "ALTER TABLE a ADD b INT", "DROP TABLE a"
	trigger := "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN IF NEW.b THEN SET NEW.b = 1; END IF; SET NEW.end = CASE 1 WHEN 1 THEN 2 END; END"
	for _, test := range []struct {
		name, file, text string
		up, down         []string
	}{
		{"plain", "a.sql", up + ";\n", []string{up}, nil},
		{"goose", "1_a.sql", "-- +goose Up\n" + up + ";\n-- +goose Down\n" + down + ";\n", []string{up}, []string{down}},
		{"goose without spaces, in Windows lines", "1_a.sql", "--+goose up\r\n" + up + ";\r\n--+goose down\r\n" + down + ";\r\n", []string{up}, []string{down}},
		{"goose without a transaction", "1_a.sql", "-- +goose NO TRANSACTION\n-- +goose Up\n" + up + ";\n-- +goose Down\n", []string{up}, nil},
		{"goose with a trigger", "1_a.sql", "-- +goose Up\n-- +goose StatementBegin\nCREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET NEW.b = 1; END;\n-- +goose StatementEnd\n" + up + ";\n-- +goose Down\n" + down,
			[]string{"CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET NEW.b = 1; END", up}, []string{down}},
		{"dbmate", "1_a.sql", "-- migrate:up transaction:false\n" + up + ";\n\n-- migrate:down\n" + down + ";", []string{up}, []string{down}},
		{"dbmate with a trigger", "1_a.sql", "-- migrate:up\n" + trigger + ";\n" + up + ";\n-- migrate:down\n" + down + ";", []string{trigger, up}, []string{down}},
		{"sql-migrate", "1_a.sql", "-- +migrate Down\n" + down + ";\n-- +migrate Up notransaction\n" + up + ";\n", []string{up}, []string{down}},
		{"rambler", "1_a.sql", "-- rambler up\n" + up + ";\n-- rambler down\n" + down + ";\n", []string{up}, []string{down}},
		{"Play", "1.sql", "# --- !Ups\n" + up + ";\n# --- !Downs\n" + down + ";\n", []string{up}, []string{down}},
		{"node-pg-migrate", "1.sql", "-- Up Migration\n" + up + ";\n-- Down Migration\n" + down + ";\n", []string{up}, []string{down}},
		{"golang-migrate", "1_a.up.sql", up + ";", []string{up}, nil},
		{"golang-migrate, the way back", "1_a.down.sql", down + ";", nil, []string{down}},
		{"Flyway", "V1.2__a.sql", up + ";", []string{up}, nil},
		{"Prisma", "1_a/migration.sql", "-- AlterTable\n" + up + ";\n\n-- AddForeignKey\n" + up + ";\n", []string{up, up}, nil},
		{"Laravel", "pretend.sql", "alter table `a` add `b` int null;\nalter table `a` add constraint `a_b_foreign` foreign key (`b`) references `c` (`id`) on delete cascade;\n",
			[]string{"alter table `a` add `b` int null", "alter table `a` add constraint `a_b_foreign` foreign key (`b`) references `c` (`id`) on delete cascade"}, nil},
		{"Rails", "20260101000000_a.sql", "ALTER TABLE `a` ADD `b` int, ADD INDEX `index_a_on_b` (`b`);\n", []string{"ALTER TABLE `a` ADD `b` int, ADD INDEX `index_a_on_b` (`b`)"}, nil},
		{"Django", "sqlmigrate", "--\n-- Add field b to a\n--\n" + up + ";\n", []string{up}, nil},
		{"a mark in a string", "1_a.sql", "INSERT INTO a VALUES ('\n-- +goose Down\n');\n" + up + ";", []string{"INSERT INTO a VALUES ('\n-- +goose Down\n')", up}, nil},
		{"a byte order mark", "a.sql", "\xef\xbb\xbf" + up + ";", []string{up}, nil},
		{"UTF-16", "a.sql", utf16le(up + ";"), []string{up}, nil},
		{"comments of people", "a.sql", "-- clean up the rows\n-- the way back is another file: DROP TABLE a\n" + up + ";", []string{up}, nil},
	} {
		for direction, want := range map[Direction][]string{Up: test.up, Down: test.down} {
			pieces, err := Migration{Name: test.file, Text: test.text, Direction: direction}.Statements()
			var got []string
			for _, piece := range pieces {
				got = append(got, piece.SQL)
			}
			if !slices.Equal(got, want) || err != nil && want != nil {
				t.Errorf("%s, %s: got %q, %v, want %q", test.name, direction, got, err, want)
			}
		}
	}
}

func utf16le(text string) string {
	bytes := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		bytes = binary.LittleEndian.AppendUint16(bytes, unit)
	}
	return string(bytes)
}

func TestMigration_LinesAreThoseOfTheFile(t *testing.T) {
	pieces, err := Migration{Name: "1_a.sql", Text: "-- +goose Up\n\nALTER TABLE a ADD b INT;\n-- +goose StatementBegin\n\nDROP TABLE c;\n-- +goose StatementEnd\nDROP TABLE d;\n-- +goose Down\nDROP TABLE a;"}.Statements()
	if err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, piece := range pieces {
		lines = append(lines, piece.Line)
	}
	if want := []int{3, 6, 8}; !slices.Equal(lines, want) {
		t.Errorf("got %v, want %v", lines, want)
	}
}

// TestMigration_Refuses checks that what is not understood is refused, with the
// tool's name.
func TestMigration_Refuses(t *testing.T) {
	for _, test := range []struct{ file, text, want string }{
		{"a.sql", "--liquibase formatted sql\n--changeset me:1\nALTER TABLE a ADD b INT;\n--rollback DROP TABLE a;", "Liquibase"},
		{"a.sql", "ALTER TABLE a ADD b INT;\n--rollback ALTER TABLE a DROP b;", "Liquibase"},
		{"V1__a.sql", "ALTER TABLE ${prefix}a ADD b INT;", "placeholder of Flyway"},
		{"V1__a.sql", "INSERT INTO a VALUES ('${value}');", "placeholder of Flyway"},
		{"a.sql", "-- MySQL dump 10.13\nLOCK TABLES `a` WRITE;\n", "mysqldump"},
		{"a.sql", "START TRANSACTION;\nALTER TABLE a ADD b INT;\nINSERT INTO `__EFMigrationsHistory` VALUES ('1');\nCOMMIT;", "EF Core with transactions"},
		{"a.sql", "DROP PROCEDURE IF EXISTS MigrationsScript;\nDELIMITER //\nCREATE PROCEDURE MigrationsScript()\nBEGIN\nEND //\nDELIMITER ;\nCALL MigrationsScript();", "without --idempotent"},
		{"1_a.sql", "-- +goose Up\nDROP TABLE a;\n-- +goose ENVSUB ON\n", `goose's mark "-- +goose ENVSUB ON"`},
		{"1_a.sql", "-- +other Up\nDROP TABLE a;\n-- +other Down\n", "a migration tool that noren does not know"},
		{"1_a.sql", "DROP TABLE b;\n-- +goose Up\nDROP TABLE a;\n", "comes before the first mark of goose"},
		{"1_a.sql", "-- +goose Up\n-- +goose StatementBegin\nDROP TABLE a;\n-- +goose Down\n", "without a StatementEnd"},
		{"a.sql", "ALTER TABLE a ADD b INT;\n-- DOWN\nDROP TABLE a;", "looks like a mark"},
		{"a.sql", "ALTER TABLE a ADD b INT;\n--- rollback ---\nDROP TABLE a;", "looks like a mark"},
		{"a.sql", "ALTER TABLE a ADD b INT;\n# undo:\nDROP TABLE a;", "looks like a mark"},
		{"1_a.down.sql", "DROP TABLE a;", "is, by its name, the down file"},
		{"U1__a.sql", "DROP TABLE a;", "is, by its name, the down file"},
		{"1_a/down.sql", "DROP TABLE a;", "is, by its name, the down file"},
		{"a.sql", "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET NEW.b = 1;", "put DELIMITER lines around it"},
	} {
		_, err := Migration{Name: test.file, Text: test.text}.Statements()
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v, want %q", test.text, err, test.want)
		}
	}
	if _, err := (Migration{Name: "a.sql", Text: "DROP TABLE a;", Direction: Down}).Statements(); err == nil || !strings.Contains(err.Error(), "has no down part") {
		t.Errorf("got %v, want that it has no down part", err)
	}
}

// FuzzParse checks that what is executed is what was read: the statement contains
// no comments any more, and parses the same again. With a rung, it asks for that
// rung and no other.
func FuzzParse(f *testing.F) {
	for _, sql := range []string{
		"ALTER TABLE `a` ADD b INT DEFAULT (1 + 2), ALGORITHM=COPY, DROP c", "ALTER TABLE a /*!50000 RENAME TO b */", "CREATE TABLE a (b INT, KEY (b)) ENGINE=InnoDB PARTITION BY HASH (b)",
		"SET @x = 1, SESSION foreign_key_checks = OFF", "DROP TABLE a, b.c", "RENAME TABLE a TO b", "CREATE VIEW v AS SELECT 1", "INSERT /*+ NO_ICP(a) */ INTO a VALUES (1)", "/*!", "'", "ALTER TABLE a ADD b INT /*!99999 '*/",
		"ALTER TABLE `a`ALGORITHM=COPY", "ALTER TABLE `a`LOCK=NONE, FORCE", "CREATE INDEX i ON a (b)LOCK=NONE",
	} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		for _, d := range []Dialect{mysql8, {MariaDB: true, Version: 101100}} {
			s, err := Parse(sql, d)
			if err != nil || s.Kind == Session && s.SQL == "" {
				continue
			}
			if s.Kind.Shadowed() {
				for _, w := range words(s.SQL) {
					if w.kind == conditional || w.kind == comment {
						t.Fatalf("%q is executed as %q", sql, s.SQL)
					}
				}
			}
			again, err := Parse(s.SQL, d)
			if err != nil {
				t.Fatalf("%q is read as %q, and that not at all: %v", sql, s.SQL, err)
			}
			if got, want := fmt.Sprint(again.Kind, again.Tables), fmt.Sprint(s.Kind, s.Tables); got != want {
				t.Fatalf("%q is read as %s, and %q as %s", sql, want, s.SQL, got)
			}
			if !s.Kind.Laddered() {
				continue
			}
			for _, rung := range ladder {
				with, err := Parse(s.With(rung), d)
				if err != nil {
					t.Fatalf("%q at %s is %q, which is not read: %v", sql, rung, s.With(rung), err)
				}
				if got, want := with.Pinned(), strings.TrimSpace(rung.clauses(", ")); got != want {
					t.Fatalf("%q at %s is %q, which asks for %q", sql, rung, s.With(rung), got)
				}
			}
		}
	})
}
