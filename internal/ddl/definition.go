package ddl

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// showCreate is the server's definition of a table, or "" if there is none.
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
	return definition, rows.Err()
}

var autoIncrement = regexp.MustCompile(` AUTO_INCREMENT=\d+`)

// settled is a definition without what rows change.
func settled(definition string) string {
	head, tail := definition, ""
	if i := strings.LastIndex(definition, "\n) "); i >= 0 {
		head, tail = definition[:i], definition[i:]
	}
	return head + autoIncrement.ReplaceAllString(tail, "")
}

// tableIDs are the ids that InnoDB gives a table and its partitions, or their
// files. A rebuilt table has another.
func (d *Database) tableIDs(ctx context.Context, q queryer, schema, name string) ([]int64, error) {
	file := filePattern(schema, name)
	const where = " WHERE LOWER(SUBSTRING_INDEX(LOWER(name), '#p#', 1)) LIKE LOWER(?) ORDER BY 1"
	if d.Server.Flavor != "MariaDB" && atLeast(d.Server.Version, 8) {
		// The list of tables waits for everybody's locks, that of the files does
		// not: but tables without a file of their own are only in the other.
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

// filePattern matches, for LIKE, a table's name as InnoDB has it: that of its
// file, in which every character but letters, digits and _ is spelled with an @.
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
			out.WriteString("@__") // two characters of a table that is the servers' own
		default:
			fmt.Fprintf(&out, "@%04x", c)
		}
	}
	return out.String()
}

// rowVersions is how many row versions INSTANT has left in a table, and whether
// the server said so: its list of tables waits for everybody's locks.
func (d *Database) rowVersions(ctx context.Context, schema, name string) (versions int, known bool, err error) {
	if d.Server.rowVersionLimit() == 0 {
		return 0, true, nil
	}
	conn, err := d.session(ctx, 1)
	if err != nil {
		return 0, false, err
	}
	defer end(conn)
	file := filePattern(schema, name)
	var n sql.NullInt64
	err = conn.QueryRowContext(ctx, "SELECT MAX(total_row_versions) FROM "+d.Server.innodbTables()+" WHERE LOWER(SUBSTRING_INDEX(LOWER(name), '#p#', 1)) LIKE LOWER(?)", file).Scan(&n)
	if code(err) == codeLockWait {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("reading the row versions of %s: %w", sqltext.Quote(name), err)
	}
	return int(n.Int64), true, nil
}
