package copy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A pair is a column that both sides have.
type pair struct {
	original, copied ddl.Column
}

// pairs are the columns that both sides have, by name, or by the name that the
// migration gives them; left are those that only the original has.
func pairs(original, copied []ddl.Column, renamed map[string]string) (all []pair, left []string) {
	for _, o := range original {
		name := o.Name
		for to, from := range renamed {
			if strings.EqualFold(from, o.Name) {
				name = to
			}
		}
		i := slices.IndexFunc(copied, func(c ddl.Column) bool { return strings.EqualFold(c.Name, name) })
		if i < 0 {
			left = append(left, o.Name)
			continue
		}
		all = append(all, pair{o, copied[i]})
	}
	return all, left
}

// text is how a value of c is written down, the same on both sides if the value is
// the same in c and in other.
func text(c, other ddl.Column) string {
	name := sqltext.Quote(c.Name)
	k, o := kindOf(c), kindOf(other)
	switch {
	case c.Charset != "" && c.Charset != "utf8mb4":
		name = "CONVERT(" + name + " USING utf8mb4)"
	case k.name == "float" || k.name == "double":
		return name + " + 0e0"
	case k.name == "bit" || strings.Contains(c.Type, "zerofill") || strings.Contains(other.Type, "zerofill"):
		return name + " + 0"
	case k.name == "decimal" && o.name == "decimal" && len(k.length) == 2 && len(o.length) == 2:
		scale := max(k.length[1], o.length[1])
		digits := max(k.length[0]-k.length[1], o.length[0]-o.length[1])
		if scale != k.length[1] || scale != o.length[1] {
			return fmt.Sprintf("CAST(%s AS DECIMAL(%d,%d))", name, min(digits+scale, 65), scale)
		}
	}
	if long(k) || long(o) { // so that a row never becomes too long for the server
		return "CRC32(" + name + ")"
	}
	return name
}

// long reports whether values may be large.
func long(k kind) bool {
	return strings.HasSuffix(k.name, "text") || strings.HasSuffix(k.name, "blob") || k.name == "json" || k.name == "geometry" ||
		len(k.length) > 0 && k.length[0] > 4096 && strings.HasPrefix(k.name, "var")
}

// sum is the checksum of rows by the given columns. Sums of CRC32 do not cancel
// out where the same thing happens to an even number of rows, as those by XOR do.
func sum(all []pair, copied bool) string {
	var values, nulls []string
	for _, p := range all {
		mine, other := p.original, p.copied
		if copied {
			mine, other = other, mine
		}
		values = append(values, text(mine, other))
		if p.original.Nullable || p.copied.Nullable {
			nulls = append(nulls, "ISNULL("+sqltext.Quote(mine.Name)+")")
		}
	}
	return "COALESCE(SUM(CRC32(CONCAT_WS('\x1f', " + strings.Join(append(values, nulls...), ", ") + "))), 0)"
}

// A count is what a range of a table holds.
type count struct {
	rows int64
	sums []string
}

func (c count) equal(other count) bool {
	return c.rows == other.rows && slices.Equal(c.sums, other.sums)
}

// counted reads a range of a table on one side.
func counted(ctx context.Context, q queryer, table sqltext.Table, where string, sums ...string) (count, error) {
	c := count{sums: make([]string, len(sums))}
	into := []any{&c.rows}
	for i := range sums {
		into = append(into, &c.sums[i])
	}
	err := q.QueryRowContext(ctx, "/* noren ddl copy compare */ SELECT COUNT(*), "+strings.Join(sums, ", ")+" FROM "+table.String()+" WHERE "+where).Scan(into...)
	if err != nil {
		return c, fmt.Errorf("reading %s: %w", table, err)
	}
	return c, nil
}

// bothSides runs f for the original and for the copy at the same time.
func bothSides[T any](f func(copied bool) (T, error)) (original, copied T, err error) {
	done := make(chan error, 1)
	go func() {
		var err error
		copied, err = f(true)
		done <- err
	}()
	original, err = f(false)
	return original, copied, errors.Join(err, <-done)
}
