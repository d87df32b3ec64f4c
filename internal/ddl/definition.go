package ddl

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// showCreate returns the server's definition of a table, or "" if the table does
// not exist.
func showCreate(ctx context.Context, q queryer, schema, name string) (string, error) {
	rows, err := q.QueryContext(ctx, "SHOW CREATE TABLE "+sqltext.Table{Schema: schema, Name: name}.String())
	if code(err) == codeUnknownTable {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the definition of %s: %w", sqltext.Quote(name), err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	if columns[0] != "Table" {
		return "", fmt.Errorf("%s is a %s, not a table", sqltext.Quote(name), strings.ToLower(columns[0]))
	}
	var definition string
	for rows.Next() {
		if err := rows.Scan(new(string), &definition); err != nil {
			return "", err
		}
	}
	return oldFormat.ReplaceAllString(definition, ""), rows.Err()
}

// oldFormat matches the comment on columns whose values are stored as before
// MySQL 5.6. It reflects the table's past rather than its definition.
var oldFormat = regexp.MustCompile(` /\* (mariadb-5\.3|5\.5 binary format) \*/`)

var autoIncrement = regexp.MustCompile(` AUTO_INCREMENT=\d+`)

// settled returns a definition without the parts that rows change.
func settled(definition string) string {
	head, tail := definition, ""
	if i := strings.LastIndex(definition, "\n) "); i >= 0 {
		head, tail = definition[:i], definition[i:]
	}
	return head + autoIncrement.ReplaceAllString(tail, "")
}

// tableIDs returns the ids that InnoDB gives a table and its partitions, or their
// files. A rebuilt table has a different one.
func (d *Database) tableIDs(ctx context.Context, q queryer, schema, name string) ([]int64, error) {
	file := filePattern(schema, name)
	const where = " WHERE LOWER(SUBSTRING_INDEX(LOWER(name), '#p#', 1)) LIKE LOWER(?) ORDER BY 1"
	if d.Server.Flavor != "MariaDB" && atLeast(d.Server.Version, 8) {
		// The list of tables waits for everyone's locks, the list of files does
		// not; but tables without their own file are only in the list of tables.
		files, err := collect[int64](ctx, q, "SELECT space FROM information_schema.innodb_tablespaces_brief"+where, file)
		if err != nil || len(files) > 0 {
			return files, err
		}
		there, err := collect[int](ctx, q, "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", schema, name)
		if err != nil || len(there) == 0 {
			return nil, err
		}
	}
	return collect[int64](ctx, q, "SELECT table_id FROM "+d.Server.innodbTables()+where, file)
}

// filePattern returns a LIKE pattern for a table's name in InnoDB, which is that
// of its file: every character other than letters, digits and _ is encoded with
// an @.
func filePattern(schema, name string) string {
	var out strings.Builder
	for _, c := range schema + "/" + name {
		switch {
		case c == '/' && out.Len() > 0 && !strings.Contains(out.String(), "/"):
			out.WriteByte('/')
		case c == '_':
			out.WriteString(`\_`)
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			out.WriteRune(c)
		case 0xC0 <= c && c <= 0x5FF, 0x1E00 <= c && c <= 0x1FFF, 0x2160 <= c && c <= 0x217F, 0x24B0 <= c && c <= 0x24EF, 0xFF20 <= c && c <= 0xFF5F:
			out.WriteString("@__") // two characters, in names of the server's own tables
		default:
			fmt.Fprintf(&out, "@%04x", c)
		}
	}
	return out.String()
}

// A past is what a table retains of earlier changes and its definition does not
// show. The server's answers depend on it.
type past struct {
	known    bool     // whether the server could tell: its list of tables waits for everyone's locks
	versions int      // row versions left by INSTANT
	fulltext bool     // a hidden column FTS_DOC_ID, although the last FULLTEXT index is gone
	format   string   // the row format, if a new table would get another
	temporal []string // columns whose times are stored as before MySQL 5.6, unlike in a new table
}

// pastOf reads the past of a table with a definition.
func (d *Database) pastOf(ctx context.Context, schema, name, definition string) (past, error) {
	p := past{}
	conn, err := d.session(ctx, 1)
	if err != nil {
		return p, err
	}
	defer end(conn)
	var format, options, usual string
	err = conn.QueryRowContext(ctx, "SELECT COALESCE(row_format, ''), COALESCE(create_options, ''), @@innodb_default_row_format FROM information_schema.tables WHERE table_schema = ? AND table_name = ?",
		schema, name).Scan(&format, &options, &usual)
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	}
	if err != nil {
		return p, fmt.Errorf("reading the row format of %s: %w", sqltext.Quote(name), err)
	}
	options = strings.ToLower(options)
	if implicit := []string{"COMPACT", "DYNAMIC", "REDUNDANT"}; slices.Contains(implicit, strings.ToUpper(format)) && !strings.EqualFold(format, usual) &&
		!strings.Contains(options, "row_format") && !strings.Contains(options, "key_block_size") {
		p.format = strings.ToUpper(format)
	}
	var versions, hidden sql.NullInt64
	err = conn.QueryRowContext(ctx, d.Server.pastQuery(), schema, name, filePattern(schema, name)).Scan(&versions, &hidden)
	if code(err) == codeLockWait {
		return p, nil
	}
	if err != nil {
		return p, fmt.Errorf("reading what InnoDB keeps of %s: %w", sqltext.Quote(name), err)
	}
	p.temporal, err = collect[string](ctx, conn, "SELECT column_name FROM information_schema.columns WHERE table_schema = ? AND table_name = ? AND data_type IN ('time', 'datetime', 'timestamp') AND column_type LIKE '% /* %'", schema, name)
	if code(err) == codeLockWait {
		return p, nil
	}
	if err != nil {
		return p, fmt.Errorf("reading how times are stored in %s: %w", sqltext.Quote(name), err)
	}
	p.known, p.versions = true, int(versions.Int64)
	p.fulltext = hidden.Int64 > 0 && !strings.Contains(definition, "FULLTEXT KEY ") && !strings.Contains(strings.ToUpper(definition), "FTS_DOC_ID") &&
		!strings.Contains(definition, "SYSTEM VERSIONING") // their columns are hidden, too
	return p, nil
}

// pastQuery returns a query for the row versions of a table, and for how many
// columns InnoDB has besides its own three and those in the definition. Its
// parameters are the schema, the name and the pattern of the file.
func (s Server) pastQuery() string {
	const where = " WHERE LOWER(SUBSTRING_INDEX(LOWER(name), '#p#', 1)) LIKE LOWER(?)"
	const columns = "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = ? AND table_name = ? AND extra NOT LIKE '%VIRTUAL%'"
	versions := "0"
	if s.rowVersionLimit() > 0 {
		versions = "MAX(total_row_versions)"
	}
	return "SELECT " + versions + ", MAX(n_cols % 65536) - 3 - (" + columns + ") FROM " + s.innodbTables() + where
}
