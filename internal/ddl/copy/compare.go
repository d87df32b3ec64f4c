package copy

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// own are noren's own tables, which differ between the original and the copy.
var own = []string{Journal, ddl.JournalTable, ddl.CloneMarker}

// CompareOptions configure Compare.
type CompareOptions struct {
	// Tables are the tables to compare. Default: all of the schema.
	Tables []string

	// Load is the share of the time in which the original is read: more than 0,
	// at most 1. Default: 0.5.
	Load float64

	// Stall is how long the writers of a table may have to wait while the
	// position is taken. The copy must catch up in this time. Default: 2 seconds.
	Stall time.Duration

	// Snapshot is how long a position is kept at most. The rest of a table is
	// then compared at another position. Default: 10 minutes.
	Snapshot time.Duration

	// Changes are the results of the migration for tables. They say which columns
	// have other names on the copy.
	Changes []ddl.TableChange

	// Done is the result of an earlier comparison, from which to continue.
	Done []TableResult

	// Report receives the result of a table whenever it grows.
	Report func(TableResult) error
}

// A TableResult is the progress of comparing a table, and the result so far.
type TableResult struct {
	Table    string       `json:"table"`
	At       []string     `json:"at,omitempty"` // the key up to which it is compared
	Done     bool         `json:"done"`
	Rows     int64        `json:"rows"` // the compared rows of the original
	Position Position     `json:"position"`
	Seconds  float64      `json:"seconds"`
	NotRead  []string     `json:"notCompared,omitempty"` // columns that the copy does not have
	Added    []string     `json:"onlyOnCopy,omitempty"`  // columns that only the copy has and that were not compared
	Found    []Difference `json:"differences,omitempty"`
	More     int          `json:"moreDifferences,omitempty"` // ranges that are not in Found

	// Original and Copied are the marks of the two sides before the table was
	// read.
	Original Mark `json:"original"`
	Copied   Mark `json:"copied"`
}

// Equal reports whether the whole table was compared and is equal.
func (r TableResult) Equal() bool { return r.Done && len(r.Found)+r.More == 0 }

// A Difference is a range of a table that is not the same on both sides.
type Difference struct {
	// After and UpTo are values of the primary key: the range begins after the
	// first and ends with the second. An empty value means that the range is
	// open.
	After []string `json:"after,omitempty"`
	UpTo  []string `json:"upTo,omitempty"`

	// Original and Copied are the numbers of rows.
	Original int64 `json:"originalRows"`
	Copied   int64 `json:"copiedRows"`

	// Columns are the columns whose values differ.
	Columns []string `json:"columns,omitempty"`

	// Missing says that the copy does not have the table, or that the user may
	// not read it there.
	Missing bool `json:"missing,omitempty"`
}

// mostFound is the maximum number of ranges of a table that are listed.
const mostFound = 5

// Compare compares the original with the copy, table by table, each at one
// position of the binary log: the number of rows, and a checksum over the columns
// that both have.
func Compare(ctx context.Context, original, copied *ddl.Database, o CompareOptions) ([]TableResult, error) {
	o.Load, o.Stall, o.Snapshot = cmp.Or(o.Load, 0.5), cmp.Or(o.Stall, 2*time.Second), cmp.Or(o.Snapshot, 10*time.Minute)
	if o.Load < 0 || o.Load > 1 {
		return nil, fmt.Errorf("the load must be over 0 and at most 1, got %v", o.Load)
	}
	if o.Report == nil {
		o.Report = func(TableResult) error { return nil }
	}
	tables, err := Tables(ctx, original)
	if err != nil {
		return nil, err
	}
	for _, name := range o.Tables {
		if !slices.Contains(tables, name) {
			return nil, fmt.Errorf("there is no table %q in %q to compare", name, original.Schema)
		}
	}
	if len(o.Tables) > 0 {
		tables = o.Tables
	}
	var all []TableResult
	for _, name := range tables {
		r := TableResult{Table: name}
		if i := slices.IndexFunc(o.Done, func(r TableResult) bool { return r.Table == name }); i >= 0 {
			r = o.Done[i]
		}
		if !r.Done {
			c := &comparison{original: original, copied: copied, options: o, result: r}
			err = c.table(ctx)
			r = c.result
		}
		all = append(all, r)
		if err != nil {
			return all, fmt.Errorf("comparing %s: %w", sqltext.Quote(name), err)
		}
	}
	return all, nil
}

// Tables returns the tables of a schema, without noren's own.
func Tables(ctx context.Context, db *ddl.Database) ([]string, error) {
	rows, err := db.Pool().QueryContext(ctx, "SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_type NOT IN ('VIEW', 'SEQUENCE') ORDER BY table_name", db.Schema)
	if err != nil {
		return nil, fmt.Errorf("reading the names of the tables: %w", err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		if !slices.Contains(own, name) {
			all = append(all, name)
		}
	}
	return all, rows.Err()
}

// OnlyCopied returns the tables that only the copy has.
func OnlyCopied(ctx context.Context, original, copied *ddl.Database) ([]string, error) {
	here, there, err := bothSides(func(copy bool) ([]string, error) {
		if copy {
			return Tables(ctx, copied)
		}
		return Tables(ctx, original)
	})
	return slices.DeleteFunc(there, func(name string) bool { return slices.Contains(here, name) }), err
}

// A comparison compares one table.
type comparison struct {
	original, copied *ddl.Database
	options          CompareOptions
	result           TableResult

	pairs []pair
	only  []ddl.Column // on the copy, whose default is calculated from other columns
	key   ddl.Key      // of the original; nil if the table is compared as a whole
	on    ddl.Key      // the same columns of the copy
	keys  []pair       // of the two
	last  []string
	gap   bool // the previous range has no rows
	views views
}

// views are sessions that see the two sides at the same position.
type views struct {
	original, copied *sql.Conn
	until            time.Time
}

func (v *views) end() {
	for _, conn := range []*sql.Conn{v.original, v.copied} {
		if conn != nil {
			ddl.End(conn)
		}
	}
	*v = views{}
}

func (c *comparison) at(copied bool) sqltext.Table {
	if copied {
		return sqltext.Table{Schema: c.copied.Schema, Name: c.result.Table}
	}
	return sqltext.Table{Schema: c.original.Schema, Name: c.result.Table}
}

func (c *comparison) table(ctx context.Context) error {
	began, before := time.Now(), c.result.Seconds
	defer c.views.end()
	if err := c.prepare(ctx); err != nil {
		return err
	}
	size := int64(1000)
	for !c.result.Done {
		if time.Now().After(c.views.until) {
			if err := c.look(ctx); err != nil {
				return err
			}
		}
		reading := time.Now()
		rows, err := c.chunk(ctx, size)
		if err != nil {
			return err
		}
		took := time.Since(reading)
		c.result.Seconds = before + time.Since(began).Seconds()
		if err := c.options.Report(c.result); err != nil {
			return err
		}
		switch {
		case took < chunkTime/16 && rows > 0:
			size = min(8*size, largestChunk)
		case took < chunkTime/2 && (rows > 0 || c.key == nil || !c.key[0].Integer()), took < chunkTime/10:
			size = min(2*size, largestChunk)
		case took > 2*chunkTime:
			size = max(size/2, 100)
		}
		if pause := time.Duration(float64(took) * (1/c.options.Load - 1)); !c.result.Done && pause > 0 {
			if err := sleep(ctx, min(pause, 10*time.Second)); err != nil {
				return err
			}
		}
	}
	return nil
}

// chunkTime is how long the original is read at a time, and largestChunk the
// maximum number of rows, or key numbers, that are read.
const (
	chunkTime    = 400 * time.Millisecond
	largestChunk = 1 << 22
)

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// prepare determines what to compare.
func (c *comparison) prepare(ctx context.Context) error {
	if len(c.result.At) == 0 {
		var err error
		if c.result.Original, err = marked(ctx, c.original, c.result.Table); err != nil {
			return err
		}
	}
	here, err := position(ctx, c.original, c.original.Pool())
	if err != nil {
		return err
	}
	if err := reaches(ctx, c.copied, c.copied.Pool(), here, 10*time.Minute); err != nil {
		return err
	}
	if len(c.result.At) == 0 { // what is written from now on counts for the whole table
		if c.result.Copied, err = marked(ctx, c.copied, c.result.Table); err != nil {
			return err
		}
	}
	before, after, err := bothSides(func(copied bool) ([]ddl.Column, error) {
		if copied {
			return ddl.Columns(ctx, c.copied.Pool(), c.at(true))
		}
		return ddl.Columns(ctx, c.original.Pool(), c.at(false))
	})
	if err != nil {
		return err
	}
	switch {
	case len(before) == 0:
		return errors.New("the original no longer has the table: compare again")
	case len(after) == 0:
		c.result.Done, c.result.Found = true, []Difference{{Missing: true}}
		return c.options.Report(c.result)
	}
	renamed := map[string]string{}
	for _, change := range c.options.Changes {
		if change.Name == c.result.Table {
			renamed = change.Origins
		}
	}
	if c.pairs, c.result.NotRead = pairs(before, after, renamed); len(c.pairs) == 0 {
		return errors.New("the two sides have no column in common")
	}
	c.result.Added = nil
	for _, column := range after {
		switch {
		case slices.ContainsFunc(c.pairs, func(p pair) bool { return p.copied.Name == column.Name }):
		case calculated(column):
			c.only = append(c.only, column)
		default:
			c.result.Added = append(c.result.Added, column.Name)
		}
	}
	key, why, err := c.original.PrimaryKey(ctx, c.at(false))
	if err != nil || why != nil {
		return err // without a key the table is compared as a whole
	}
	for _, k := range key {
		i := slices.IndexFunc(c.pairs, func(p pair) bool { return strings.EqualFold(p.original.Name, k.Name) })
		if i < 0 || c.pairs[i].original.Collation != c.pairs[i].copied.Collation {
			return nil // the ranges would not be the same
		}
		there := k
		there.Name = c.pairs[i].copied.Name
		c.on, c.keys = append(c.on, there), append(c.keys, c.pairs[i])
	}
	c.key = key
	return nil
}
