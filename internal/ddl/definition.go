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

// tableIDs are the ids that InnoDB gives a table and its partitions. A rebuilt
// table has another.
func (d *Database) tableIDs(ctx context.Context, q queryer, schema, name string) ([]int64, error) {
	return collect[int64](ctx, q, "SELECT table_id FROM "+d.Server.innodbTables()+" WHERE LOWER(SUBSTRING_INDEX(LOWER(name), '#p#', 1)) = LOWER(?) ORDER BY 1",
		schema+"/"+name)
}

// rowVersions is how many row versions INSTANT has left in a table.
func (d *Database) rowVersions(ctx context.Context, q queryer, schema, name string) (int, error) {
	if d.Server.rowVersionLimit() == 0 {
		return 0, nil
	}
	var n sql.NullInt64
	err := q.QueryRowContext(ctx, "SELECT MAX(total_row_versions) FROM "+d.Server.innodbTables()+" WHERE LOWER(SUBSTRING_INDEX(LOWER(name), '#p#', 1)) = LOWER(?)",
		schema+"/"+name).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("reading the row versions of %s: %w", sqltext.Quote(name), err)
	}
	return int(n.Int64), nil
}
