package copy

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/noren-cdk/noren/internal/ddl"
)

// between is the time between two measurements of how far behind a copy is.
const between = 2 * time.Second

// estimate estimates how long it takes until the copy has caught up, and until
// everything is compared.
func (s *Status) estimate(ctx context.Context, original, copied *ddl.Database) {
	first, known := behind(ctx, original, s.Replication.Position)
	if !known {
		return
	}
	if now := first; first > 0 {
		began := time.Now()
		if sleep(ctx, between) != nil {
			return
		}
		r, err := ReadReplication(ctx, copied)
		if err != nil {
			return
		}
		s.Replication = &r
		if now, known = behind(ctx, original, r.Position); !known {
			return
		}
		s.Behind, s.CatchUp = &now, left(now, first-now, time.Since(began).Seconds())
	} else {
		s.Behind, s.CatchUp = &first, new(float64)
	}
}

// left returns how long the rest takes at the pace of done in seconds; nil if
// nothing is done.
func left(rest, done int64, seconds float64) *float64 {
	if rest > 0 && (done <= 0 || seconds <= 0) {
		return nil
	}
	after := 0.0
	if rest > 0 {
		after = float64(rest) / float64(done) * seconds
	}
	return &after
}

// behind returns how many bytes of the original's binary log follow a position.
func behind(ctx context.Context, original *ddl.Database, at Position) (bytes int64, known bool) {
	rows, err := original.Pool().QueryContext(ctx, "SHOW BINARY LOGS")
	if err != nil {
		return 0, false
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil || len(columns) < 2 {
		return 0, false
	}
	values := make([]sql.NullString, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return 0, false
		}
		size, err := strconv.ParseInt(values[1].String, 10, 64)
		switch {
		case err != nil:
			return 0, false
		case values[0].String == at.File:
			bytes, known = max(size-at.At, 0), true
		case known:
			bytes += size
		}
	}
	return bytes, known && rows.Err() == nil
}

// toCompare returns the number of compared rows, about how many there are, and
// how long the rest takes; nil if that is not known.
func (c *Comparison) toCompare(ctx context.Context, original *ddl.Database) (compared, all int64, seconds *float64, err error) {
	names, err := Tables(ctx, original)
	if err != nil {
		return 0, 0, nil, err
	}
	rows, err := original.Pool().QueryContext(ctx, "SELECT table_name, COALESCE(table_rows, 0) FROM information_schema.tables WHERE table_schema = ?", original.Schema)
	if err != nil {
		return 0, 0, nil, fmt.Errorf("reading the sizes of the tables: %w", err)
	}
	defer rows.Close()
	var took float64
	for rows.Next() {
		var name string
		var about int64
		if err := rows.Scan(&name, &about); err != nil {
			return 0, 0, nil, err
		}
		if !slices.Contains(names, name) {
			continue
		}
		if i := slices.IndexFunc(c.Tables, func(r TableResult) bool { return r.Table == name }); i >= 0 {
			r := c.Tables[i]
			compared, took = compared+r.Rows, took+r.Seconds
			if about = max(about, r.Rows); r.Done {
				about = r.Rows
			}
		}
		all += about
	}
	return compared, all, left(all-compared, compared, took), rows.Err()
}
