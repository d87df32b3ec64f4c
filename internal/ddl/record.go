package ddl

import (
	"fmt"
	"hash/crc32"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// Recorders are the migration tools whose own tables a run can write, so that the
// tool does not apply the file again.
var Recorders = []string{"goose", "golang-migrate", "flyway", "rails", "dbmate", "sql-migrate"}

// Record returns the statements that tell a migration tool that a migration is
// done: those for one of Recorders, or text itself if that is SQL.
func Record(text string, m sqltext.Migration, dialect sqltext.Dialect) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	file := path.Base(strings.ReplaceAll(m.Name, "\\", "/"))
	version := leadingNumber().FindString(file)
	down := m.Direction == sqltext.Down
	literal := func(s string) string { return "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(s) + "'" }
	switch text {
	case "goose", "golang-migrate", "rails", "dbmate":
		if version == "" {
			return nil, fmt.Errorf("%s knows a migration by the number at the beginning of its name, and %q has none", text, file)
		}
	}
	switch {
	case text == "goose" && down:
		return []string{"DELETE FROM goose_db_version WHERE version_id = " + number(version)}, nil
	case text == "goose":
		return []string{"INSERT INTO goose_db_version (version_id, is_applied) VALUES (" + number(version) + ", 1)"}, nil
	case text == "golang-migrate" && !down:
		return []string{"DELETE FROM schema_migrations", "INSERT INTO schema_migrations (version, dirty) VALUES (" + number(version) + ", 0)"}, nil
	case (text == "rails" || text == "dbmate") && down:
		return []string{"DELETE FROM schema_migrations WHERE version = " + literal(version)}, nil
	case text == "rails" || text == "dbmate":
		return []string{"INSERT INTO schema_migrations (version) VALUES (" + literal(version) + ")"}, nil
	case text == "sql-migrate" && down:
		return []string{"DELETE FROM gorp_migrations WHERE id = " + literal(file)}, nil
	case text == "sql-migrate":
		return []string{"INSERT INTO gorp_migrations (id, applied_at) VALUES (" + literal(file) + ", UTC_TIMESTAMP())"}, nil
	case text == "flyway" && !down:
		return flyway(file, m.Text, literal)
	case text == "golang-migrate", text == "flyway":
		return nil, fmt.Errorf("what %s records of a way back depends on the migration before it: give --record the SQL", text)
	}
	pieces, err := sqltext.Split(text)
	if err != nil {
		return nil, fmt.Errorf("reading --record: %w", err)
	}
	var all []string
	for _, piece := range pieces {
		if piece.SQL == "" {
			continue
		}
		st, err := sqltext.Parse(piece.SQL, dialect)
		if err != nil || st.Kind != sqltext.Rows {
			return nil, fmt.Errorf("--record is %q: want INSERT, UPDATE, REPLACE or DELETE, or one of %s", text, strings.Join(Recorders, ", "))
		}
		all = append(all, st.SQL)
	}
	return all, nil
}

var leadingNumber = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\d+`) })

// number returns a number without the leading zeros in a file's name.
func number(digits string) string {
	if trimmed := strings.TrimLeft(digits, "0"); trimmed != "" {
		return trimmed
	}
	return "0"
}

var flywayName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^V(\d[\d._]*)__(.+)\.sql$`) })

// flyway returns the row that Flyway would write.
func flyway(file, text string, literal func(string) string) ([]string, error) {
	m := flywayName().FindStringSubmatch(file)
	if m == nil {
		return nil, fmt.Errorf("flyway knows a migration by a name like V1__what.sql, and this is %q", file)
	}
	version := strings.ReplaceAll(m[1], "_", ".")
	description := strings.ReplaceAll(m[2], "_", " ")
	return []string{fmt.Sprintf("INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, checksum, installed_by, installed_on, execution_time, success)"+
		" SELECT COALESCE(MAX(installed_rank), 0) + 1, %s, %s, 'SQL', %s, %d, SUBSTRING_INDEX(CURRENT_USER(), '@', 1), NOW(), 0, 1 FROM flyway_schema_history",
		literal(version), literal(description), literal(file), flywayChecksum(text))}, nil
}

// flywayChecksum returns the CRC-32 of a file's lines without line ends.
func flywayChecksum(text string) int32 {
	text = strings.TrimPrefix(text, "\xef\xbb\xbf")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	return int32(crc32.ChecksumIEEE([]byte(strings.ReplaceAll(text, "\n", "")))) //nolint:gosec // Flyway keeps the bits in a signed column
}
