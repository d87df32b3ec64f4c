package ddl

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// portionLimit is how many rows a statement may touch in one transaction while
// the application writes.
const portionLimit = 10_000

// firstPortion is how many rows the first portion looks at. The next ones are
// as large as what fits into half of the stall.
const (
	firstPortion   = 1000
	largestPortion = 100_000
)

// A portions is a statement on rows that is executed by ranges of the primary
// key of a table.
type portions struct {
	statement sqltext.Portioned
	key       []keyColumn
}

// A keyColumn is a column of a primary key, whose values are written as text.
type keyColumn struct {
	name, read string // how a value is read
	quote      func(text string) string
}

// A position is how far a statement in portions is, in the journal.
type position struct {
	At   []string `json:"at,omitempty"` // values of the key up to which it is done; empty at the beginning
	Last []string `json:"last"`         // that of the last row when it began
	Done int      `json:"done"`         // portions
}

// portionsOf takes a statement apart; why says why it cannot be. origin is the
// name that a table has now.
func (d *Database) portionsOf(ctx context.Context, st sqltext.Statement, origin func(name string) string) (p *portions, why, err error) {
	q, err := sqltext.ReadQuery(st.SQL, d.Dialect())
	if err != nil {
		return nil, err, nil
	}
	statement, err := q.Portions()
	if err != nil {
		return nil, err, nil
	}
	p = &portions{statement: statement}
	if p.key, why, err = d.primaryKey(ctx, sqltext.Table{Schema: statement.Source.Schema, Name: origin(statement.Source.Name)}); why != nil || err != nil {
		return nil, why, err
	}
	for _, k := range p.key {
		if slices.ContainsFunc(statement.Assigned, func(name string) bool { return strings.EqualFold(name, k.name) }) {
			return nil, fmt.Errorf("it changes the primary key of %s", statement.Source), nil
		}
	}
	return p, nil, nil
}

// primaryKey reads the primary key of a table, if its values can be written down.
func (d *Database) primaryKey(ctx context.Context, t sqltext.Table) (key []keyColumn, why, err error) {
	schema := t.Schema
	if schema == "" {
		schema = d.Schema
	}
	rows, err := d.pool.QueryContext(ctx, `SELECT c.column_name, c.data_type, s.sub_part IS NOT NULL FROM information_schema.statistics s
		JOIN information_schema.columns c ON c.table_schema = s.table_schema AND c.table_name = s.table_name AND c.column_name = s.column_name
		WHERE s.table_schema = ? AND s.table_name = ? AND s.index_name = 'PRIMARY' ORDER BY s.seq_in_index`, schema, t.Name)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the primary key of %s: %w", t, err)
	}
	defer rows.Close()
	for rows.Next() {
		var k keyColumn
		var kind string
		var part bool
		if err := rows.Scan(&k.name, &kind, &part); err != nil {
			return nil, nil, err
		}
		name := sqltext.Quote(k.name)
		switch {
		case part:
			why = fmt.Errorf("the primary key of %s is on a part of a column", t)
		case slices.Contains([]string{"tinyint", "smallint", "mediumint", "int", "bigint", "decimal"}, kind):
			k.read, k.quote = name, func(text string) string { return text }
		case slices.Contains([]string{"date", "datetime"}, kind):
			k.read, k.quote = "CAST("+name+" AS CHAR)", func(text string) string { return "'" + text + "'" }
		case slices.Contains([]string{"char", "varchar"}, kind):
			k.read, k.quote = "HEX(CONVERT("+name+" USING utf8mb4))", func(text string) string { return "_utf8mb4 X'" + text + "'" }
		case slices.Contains([]string{"binary", "varbinary"}, kind):
			k.read, k.quote = "HEX("+name+")", func(text string) string { return "X'" + text + "'" }
		default:
			why = fmt.Errorf("the primary key of %s has a column of the type %s", t, kind)
		}
		key = append(key, k)
	}
	if len(key) == 0 {
		why = fmt.Errorf("%s has no primary key", t)
	}
	return key, why, rows.Err()
}

// beyond is the condition for the rows after a position, or, with upTo, for
// those up to it.
func (p *portions) beyond(at []string, upTo bool) string {
	compare, last := " > ", " > "
	if upTo {
		compare, last = " < ", " <= "
	}
	var parts []string
	equal := ""
	for i, k := range p.key {
		column, value := sqltext.Quote(p.statement.Name)+"."+sqltext.Quote(k.name), k.quote(at[i])
		if i == len(p.key)-1 {
			compare = last
		}
		parts = append(parts, "("+equal+column+compare+value+")")
		equal += column + " = " + value + " AND "
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

// between is the condition for the rows after at, if there is one, up to to.
func (p *portions) between(at, to []string) string {
	if len(at) == 0 {
		return p.beyond(to, true)
	}
	return "(" + p.beyond(at, false) + " AND " + p.beyond(to, true) + ")"
}

// row reads the key of one row; nil if there is none.
func (p *portions) row(ctx context.Context, d *Database, condition, direction string, offset int) ([]string, error) {
	var read, order []string
	for _, k := range p.key {
		read = append(read, k.read)
		order = append(order, sqltext.Quote(k.name)+direction)
	}
	schema := p.statement.Source.Schema
	if schema == "" {
		schema = d.Schema
	}
	where := ""
	if condition != "" {
		where = " WHERE " + condition
	}
	from := sqltext.Table{Schema: schema, Name: p.statement.Source.Name}.String() + " AS " + sqltext.Quote(p.statement.Name)
	values := make([]string, len(read))
	into := make([]any, len(read))
	for i := range values {
		into[i] = &values[i]
	}
	rows, err := d.pool.QueryContext(ctx, fmt.Sprintf("SELECT %s FROM %s%s ORDER BY %s LIMIT 1 OFFSET %d", strings.Join(read, ", "), from, where, strings.Join(order, ", "), offset))
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
	for i, k := range p.key { // hexadecimal digits are letters and digits, whatever the row holds
		if strings.HasPrefix(k.read, "HEX(") {
			if _, err := hex.DecodeString(values[i]); err != nil {
				return nil, fmt.Errorf("reading a value of %s: %w", sqltext.Quote(k.name), err)
			}
		}
	}
	return values, rows.Err()
}

// inPortions executes a statement range by range, from where an earlier run
// has left it. commit is called in the transaction of each portion.
func (c *conductor) inPortions(ctx context.Context, step *Step, x *execution, commit func(q queryer, at position, finished bool) error) error {
	p, at := step.portioned, step.position
	if len(at.Last) == 0 {
		last, err := p.row(ctx, c.db, "", " DESC", 0)
		if err != nil {
			return err
		}
		if last == nil { // the table is empty
			return commit(c.guard.work, position{}, true)
		}
		at = position{Last: last}
	}
	target := c.guard.budgets.Stall / 2
	size := firstPortion
	began := time.Now()
	for {
		to, err := p.row(ctx, c.db, p.between(at.At, at.Last), "", size-1)
		if err != nil {
			return c.unfinished(at, err)
		}
		finished := to == nil
		if finished {
			to = at.Last
		}
		portion := time.Now()
		x.sql = c.tag(step.Number) + p.statement.With(p.between(at.At, to))
		err = c.guard.execute(ctx, x)
		next := position{At: to, Last: at.Last, Done: at.Done + 1}
		if err = c.finish(ctx, err, func(q queryer) error { return commit(q, next, finished) }); err != nil {
			return c.unfinished(at, err)
		}
		at = next
		if finished {
			return nil
		}
		x.report(EventProgress, PhaseWork, fmt.Sprintf("%d portions", at.Done))
		took := time.Since(portion)
		switch {
		case took < target/2:
			size = min(2*size, largestPortion)
		case took > target:
			size = max(size/2, 10)
		}
		if err := sleep(ctx, min(max(took/2, 10*time.Millisecond), time.Second)); err != nil {
			return c.unfinished(at, err)
		}
		if err := c.keepUp(ctx); err != nil {
			return c.unfinished(at, err)
		}
		x.began = time.Now() // each portion may wait for as long
		x.worked = time.Since(began)
	}
}

// unfinished says how far a statement in portions is.
func (c *conductor) unfinished(at position, err error) error {
	if at.Done == 0 {
		return err
	}
	if errors.Is(err, ErrStopped) {
		err = withoutStop(err)
	} else if !passing(err) && !errors.Is(err, ErrRepeat) {
		return fmt.Errorf("%d portions are done, and stay: %w", at.Done, err)
	}
	return fmt.Errorf("%d portions are done, and stay: %w; the next run goes on behind them; %w", at.Done, err, ErrRepeat)
}
