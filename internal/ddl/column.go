package ddl

import (
	"context"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A Column is a column as the server describes it.
type Column struct {
	// Name and Type are as in SHOW CREATE TABLE: "int unsigned". Data is the
	// first word of the type.
	Name, Type, Data string

	// Charset and Collation are empty for types without them.
	Charset, Collation string

	// Nullable says that it may hold NULL.
	Nullable bool

	// Generated is the expression of a generated column, with its kind.
	Generated string

	// Default is the default expression or value; OnUpdate says that an UPDATE
	// sets the time.
	Default  string
	OnUpdate bool

	filled bool // an INSERT need not name it
	null   bool // the default
	hidden bool // excluded from SELECT *
}

// rest returns the other attributes that matter to users of the column.
func (c Column) rest() string {
	return strings.TrimSpace(c.Collation + " " + c.Generated)
}

// Columns reads the columns of a table, in order. It returns none if the table
// does not exist.
func Columns(ctx context.Context, q queryer, table sqltext.Table) ([]Column, error) {
	rows, err := q.QueryContext(ctx, `SELECT column_name, column_type, data_type, COALESCE(character_set_name, ''), COALESCE(collation_name, ''), is_nullable = 'YES',
		IF(COALESCE(generation_expression, '') = '', '', CONCAT(generation_expression, IF(extra LIKE '%VIRTUAL%', ' VIRTUAL', ' STORED'))),
		COALESCE(column_default, ''), extra LIKE '%on update%',
		is_nullable = 'YES' OR column_default IS NOT NULL OR COALESCE(generation_expression, '') <> '' OR extra LIKE '%auto_increment%' OR extra LIKE '%DEFAULT_GENERATED%', extra LIKE '%INVISIBLE%',
		is_nullable = 'YES' AND COALESCE(generation_expression, '') = '' AND COALESCE(column_default, 'NULL') = 'NULL'
		FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position`, table.Schema, table.Name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Column
	for rows.Next() {
		var c Column
		if err := rows.Scan(&c.Name, &c.Type, &c.Data, &c.Charset, &c.Collation, &c.Nullable, &c.Generated, &c.Default, &c.OnUpdate, &c.filled, &c.hidden, &c.null); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// columns returns the columns of the shadow of t.
func (s *scratch) columns(ctx context.Context, t sqltext.Table) ([]Column, error) {
	return Columns(ctx, s.conn, sqltext.Table{Schema: ScratchSchema, Name: s.shadow(s.home(t))})
}
