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

// A pair is a column that exists on both sides.
type pair struct {
	original, copied ddl.Column
}

// pairs returns the columns that exist on both sides, paired by name or by the
// name that the migration gives them; left are the columns that only the original
// has.
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

// text returns an expression for the bytes by which a value of c is compared:
// they are the same on both sides if the value is the same in c and in other.
func text(c, other ddl.Column) string {
	name := sqltext.Quote(c.Name)
	k, o := kindOf(c), kindOf(other)
	switch {
	case c.Charset != "" && c.Charset != other.Charset && !slices.Contains([]string{"ascii", "utf8", "utf8mb3", "utf8mb4"}, c.Charset):
		return "CONVERT(" + name + " USING utf8mb4)"
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
	return name
}

// numbers are types whose values a server multiplies faster than it formats them
// as text, with the maximum number of bits of a value, including its sign.
var numbers = map[string]int{
	"tinyint": 32, "smallint": 32, "mediumint": 32, "int": 32,
	"date": 47, "datetime": 47, "timestamp": 47, "time": 47, // 99991231235959
}

// number reports whether the values of a column are compared as whole numbers,
// and how many bits they have. Both sides must have such a type. Times with
// fractional seconds are compared as text.
func (p pair) number() (bits int, ok bool) {
	o, c := kindOf(p.original), kindOf(p.copied)
	bits = numbers[o.name]
	if bits == 0 || o.unsigned != c.unsigned {
		return 0, false
	}
	if bits == 32 {
		return bits, numbers[c.name] == 32
	}
	fraction := func(k kind) bool { return len(k.length) > 0 && k.length[0] > 0 }
	return bits, o.name == c.name && !fraction(o) && !fraction(c)
}

// value returns an expression for 64 bits of the column at a place: they are the
// same on both sides if the value is, and differ between NULL and any value.
func (p pair) value(place int, copied bool) string {
	mine, other := p.original, p.copied
	if copied {
		mine, other = other, mine
	}
	spread := func(bits int) uint64 { return uint64(place+1)*0x9E3779B1&(1<<(62-bits)-1)<<1 | 1 } // an odd factor for each place
	value, null := fmt.Sprintf("CRC32(%s) * %d", text(mine, other), spread(32)), fmt.Sprint(1<<63|spread(32))
	if bits, ok := p.number(); ok {
		value = fmt.Sprintf("%s * %d", sqltext.Quote(mine.Name), spread(bits))
		if !kindOf(mine).unsigned { // from -2^62 to 2^62; NULL is less
			null = fmt.Sprint(-1<<62 - int64(spread(32)))
		}
	}
	if p.original.Nullable || p.copied.Nullable {
		return fmt.Sprintf("(IFNULL(%s, %s))", value, null)
	}
	return "(" + value + ")"
}

// sum returns the checksum expression of rows over the given columns: the values
// of a row, each with its own factor, make a number of 64 bits, and the CRC32 of
// these numbers are combined. CRC32 reads a number as text. So a change in one
// row does not cancel out the opposite change in another, and neither does
// exchanging values between two rows, as would happen if the numbers themselves
// were combined.
//
// With a key no two rows are the same, and XOR combines them at the lowest cost.
// Without a key, two equal rows may change in the same way, which XOR would not
// notice, so they are added.
func sum(all []pair, copied, keyed bool) string {
	var values []string
	for i, p := range all {
		values = append(values, p.value(i, copied))
	}
	row := "CRC32(" + strings.Join(values, " ^ ") + ")"
	if keyed {
		return "BIT_XOR(" + row + ")"
	}
	return "COALESCE(SUM(" + row + "), 0)"
}

// A count is the content of a range of a table.
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
	return c, wholeValues(ctx, q, table)
}

// wholeValues fails if the server could not produce the text of a value in the
// last query because it is too long: the server then treats the value as NULL,
// and only warns.
func wholeValues(ctx context.Context, q queryer, table sqltext.Table) error {
	rows, err := q.QueryContext(ctx, "SHOW WARNINGS")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var level, message string
		var code int
		if err := rows.Scan(&level, &code, &message); err != nil {
			return err
		}
		if code == tooLong {
			return fmt.Errorf("reading %s: %s: raise max_allowed_packet on both sides, and compare again", table, message)
		}
	}
	return rows.Err()
}

const tooLong = 1301 // ER_WARN_ALLOWED_PACKET_OVERFLOWED

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
