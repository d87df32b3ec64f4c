package ddl

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A Key is a primary key by whose values a table is processed in parts.
type Key []KeyColumn

// A KeyColumn is a column of a primary key, whose values are represented as text.
type KeyColumn struct {
	// Name is the name of the column, Type the first word of its type.
	Name, Type string

	// Read is the expression that reads a value as text, and Quote how to write
	// it into a statement.
	Read  string
	Quote func(text string) string

	// Moves says that the server may change a value when a row is updated.
	Moves bool
}

// PrimaryKey reads the primary key of a table; why is not nil if its values
// cannot be represented.
func (d *Database) PrimaryKey(ctx context.Context, t sqltext.Table) (key Key, why, err error) {
	schema := t.Schema
	if schema == "" {
		schema = d.Schema
	}
	rows, err := d.pool.QueryContext(ctx, `SELECT c.column_name, c.data_type, s.sub_part IS NOT NULL,
		COALESCE(c.generation_expression, '') <> '' OR c.extra LIKE '%on update%' FROM information_schema.statistics s
		JOIN information_schema.columns c ON c.table_schema = s.table_schema AND c.table_name = s.table_name AND c.column_name = s.column_name
		WHERE s.table_schema = ? AND s.table_name = ? AND s.index_name = 'PRIMARY' ORDER BY s.seq_in_index`, schema, t.Name)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the primary key of %s: %w", t, err)
	}
	defer rows.Close()
	for rows.Next() {
		var k KeyColumn
		var part bool
		if err := rows.Scan(&k.Name, &k.Type, &part, &k.Moves); err != nil {
			return nil, nil, err
		}
		name := sqltext.Quote(k.Name)
		switch {
		case part:
			why = fmt.Errorf("the primary key of %s is on a part of a column", t)
		case k.Integer(), k.Type == "decimal":
			k.Read, k.Quote = name, func(text string) string { return text }
		case slices.Contains([]string{"date", "datetime"}, k.Type):
			k.Read, k.Quote = "CAST("+name+" AS CHAR)", func(text string) string { return "'" + text + "'" }
		case slices.Contains([]string{"char", "varchar"}, k.Type):
			k.Read, k.Quote = "HEX(CONVERT("+name+" USING utf8mb4))", func(text string) string { return "_utf8mb4 X'" + text + "'" }
		case slices.Contains([]string{"binary", "varbinary"}, k.Type):
			k.Read, k.Quote = "HEX("+name+")", func(text string) string { return "X'" + text + "'" }
		default:
			why = fmt.Errorf("the primary key of %s has a column of the type %s", t, k.Type)
		}
		key = append(key, k)
	}
	if len(key) == 0 {
		why = fmt.Errorf("%s has no primary key", t)
	}
	return key, why, rows.Err()
}

// Integer reports whether the values are whole numbers.
func (k KeyColumn) Integer() bool {
	return slices.Contains([]string{"tinyint", "smallint", "mediumint", "int", "bigint"}, k.Type)
}

// beyond returns the condition for the rows of a table after a position or, with
// upTo, for those up to it.
func (key Key) beyond(table string, at []string, upTo bool) string {
	compare, last := " > ", " > "
	if upTo {
		compare, last = " < ", " <= "
	}
	var parts []string
	equal := ""
	for i, k := range key {
		column, value := sqltext.Quote(table)+"."+sqltext.Quote(k.Name), k.Quote(at[i])
		if i == len(key)-1 {
			compare = last
		}
		parts = append(parts, "("+equal+column+compare+value+")")
		equal += column + " = " + value + " AND "
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

// Between returns the condition for the rows of a table, given by its name or
// alias, after at and up to to. An empty bound is open.
func (key Key) Between(table string, at, to []string) string {
	switch {
	case len(at) == 0 && len(to) == 0:
		return "TRUE"
	case len(at) == 0:
		return key.beyond(table, to, true)
	case len(to) == 0:
		return key.beyond(table, at, false)
	}
	return "(" + key.beyond(table, at, false) + " AND " + key.beyond(table, to, true) + ")"
}

// Row reads the key of one row of what follows FROM: the one at offset in the
// order of the key; direction is "" or " DESC". It returns nil if there is none.
func (key Key) Row(ctx context.Context, q queryer, from, direction string, offset int) ([]string, error) {
	var read, order []string
	for _, k := range key {
		read = append(read, k.Read)
		order = append(order, sqltext.Quote(k.Name)+direction)
	}
	values := make([]string, len(read))
	into := make([]any, len(read))
	for i := range values {
		into[i] = &values[i]
	}
	rows, err := q.QueryContext(ctx, fmt.Sprintf("SELECT %s FROM %s ORDER BY %s LIMIT 1 OFFSET %d", strings.Join(read, ", "), from, strings.Join(order, ", "), offset))
	if err != nil {
		return nil, fmt.Errorf("looking for the next portion: %w", err)
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, rows.Err()
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	for i, k := range key { // hexadecimal digits are letters and digits, whatever the row contains
		if strings.HasPrefix(k.Read, "HEX(") {
			if _, err := hex.DecodeString(values[i]); err != nil {
				return nil, fmt.Errorf("reading a value of %s: %w", sqltext.Quote(k.Name), err)
			}
		}
	}
	return values, rows.Err()
}
