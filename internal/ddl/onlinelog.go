package ddl

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// An onlineLog estimates how full the log is in which InnoDB keeps concurrent
// writes while a table is changed in place. No server shows this: what can be
// seen is how many rows are written, and how long a row is. A rebuild logs rows,
// an index its entries, to which an update of other columns does not matter.
// Which columns are updated cannot be seen, so updates are not counted there.
type onlineLog struct {
	limit     int64 // in bytes
	rowLength int64
	began     int64 // the count at the beginning
	exact     bool  // whether the count is for this table alone
	every     time.Duration
	next      time.Time
	count     func(ctx context.Context, q queryer) (int64, error)
}

// logHeadroom is the share of the log at which a statement is stopped.
const logHeadroom = 0.6

// entryOverhead is roughly the overhead of a log entry, in bytes.
const entryOverhead = 24

// longestEntry is roughly the longest usual entry of an index, in bytes.
const longestEntry = 64

// entryLength returns how many bytes of the log a written row takes.
func entryLength(size tableSize, rebuilds bool) int64 {
	if rebuilds {
		return size.rowLength + entryOverhead
	}
	return min(size.rowLength, longestEntry) + entryOverhead
}

// newOnlineLog begins to watch the writes to a table.
func (d *Database) newOnlineLog(ctx context.Context, q queryer, name string, rebuilds bool) (*onlineLog, error) {
	text, err := variable(ctx, q, "innodb_online_alter_log_max_size")
	if err != nil {
		return nil, err
	}
	limit, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("reading innodb_online_alter_log_max_size: %w", err)
	}
	size, err := d.size(ctx, sqltext.Table{Name: name})
	if err != nil {
		return nil, err
	}
	l := &onlineLog{limit: limit, rowLength: entryLength(size, rebuilds), every: 40 * time.Millisecond}
	l.count, l.exact = d.logCounter(ctx, name, rebuilds)
	l.began, err = l.count(ctx, q)
	return l, err
}

// fill returns the estimated share of the log that is full, where 1 is all of it.
func (l *onlineLog) fill(ctx context.Context, q queryer) (float64, error) {
	now, err := l.count(ctx, q)
	if err != nil {
		return 0, err
	}
	return float64((now-l.began)*l.rowLength) / float64(l.limit), nil
}

// due reports whether it is time to look again.
func (l *onlineLog) due(now time.Time) bool {
	if now.Before(l.next) {
		return false
	}
	l.next = now.Add(l.every)
	return true
}

// writeCounter returns a function that counts the rows that have been written to
// a table or, if the performance schema is off, to all tables.
func (d *Database) writeCounter(ctx context.Context, name string) (count func(context.Context, queryer) (int64, error), exact bool) {
	return d.counter(ctx, true, "object_schema = ? AND object_name = ?", d.Schema, name)
}

// logCounter is like writeCounter, for what an online log keeps.
func (d *Database) logCounter(ctx context.Context, name string, rebuilds bool) (count func(context.Context, queryer) (int64, error), exact bool) {
	return d.counter(ctx, rebuilds, "object_schema = ? AND object_name = ?", d.Schema, name)
}

// counter is like writeCounter, for the tables that a condition selects, with or
// without updates.
func (d *Database) counter(ctx context.Context, updates bool, where string, args ...any) (count func(context.Context, queryer) (int64, error), exact bool) {
	updated, variables := "count_update", "'Innodb_rows_inserted', 'Innodb_rows_updated', 'Innodb_rows_deleted'"
	if !updates {
		updated, variables = "0", "'Innodb_rows_inserted', 'Innodb_rows_deleted'"
	}
	ofTable := func(ctx context.Context, q queryer) (int64, error) {
		var n int64
		err := q.QueryRowContext(ctx, `SELECT COALESCE(SUM(count_insert + `+updated+` + count_delete), 0)
			FROM performance_schema.table_io_waits_summary_by_table WHERE `+where, args...).Scan(&n)
		return n, err
	}
	var on int
	err := d.pool.QueryRowContext(ctx, `SELECT COUNT(*) FROM performance_schema.setup_instruments WHERE name = 'wait/io/table/sql/handler' AND enabled = 'YES'`).Scan(&on)
	if err == nil && on > 0 {
		if _, err := ofTable(ctx, d.pool); err == nil {
			return ofTable, true
		}
	}
	return func(ctx context.Context, q queryer) (int64, error) {
		rows, err := q.QueryContext(ctx, "SHOW GLOBAL STATUS WHERE variable_name IN ("+variables+")")
		if err != nil {
			return 0, err
		}
		defer rows.Close()
		var sum, n int64
		for rows.Next() {
			if err := rows.Scan(new(string), &n); err != nil {
				return 0, err
			}
			sum += n
		}
		return sum, rows.Err()
	}, false
}

// Written returns how many rows of a table were ever written, and when the server
// started to count, in seconds of its clock; exact is false if it does not count
// per table.
func (d *Database) Written(ctx context.Context, table string) (rows, since int64, exact bool, err error) {
	count, exact := d.writeCounter(ctx, table)
	if rows, err = count(ctx, d.pool); err != nil {
		return 0, 0, false, err
	}
	err = d.pool.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE 'Uptime'").Scan(new(string), &since)
	if err != nil {
		return 0, 0, false, err
	}
	var now int64
	err = d.pool.QueryRowContext(ctx, "SELECT UNIX_TIMESTAMP()").Scan(&now)
	return rows, now - since, exact, err
}
