package copy

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A span is a range of the primary key: after one value, up to and including
// another.
type span struct{ after, upTo []string }

// where returns the condition for a span on one side.
func (c *comparison) where(s span, copied bool) string {
	key := c.key
	if copied {
		key = c.on
	}
	switch {
	case key == nil:
		return "TRUE"
	case len(key) == 1 && key[0].Integer() && len(s.after)+len(s.upTo) == 2: // one test per row
		return sqltext.Quote(key[0].Name) + " BETWEEN " + shift(s.after[0], 1) + " AND " + s.upTo[0]
	}
	return key.Between(c.result.Table, s.after, s.upTo)
}

func (c *comparison) read(ctx context.Context, s span, sums func(copied bool) []string) (original, copied count, err error) {
	return bothSides(func(side bool) (count, error) {
		q := queryer(c.views.original)
		if side {
			q = c.views.copied
		}
		return counted(ctx, q, c.at(side), c.where(s, side), sums(side)...)
	})
}

func (c *comparison) whole(copied bool) []string { return []string{sum(c.pairs, copied, c.key != nil)} }

// chunk compares the next range, and returns its number of rows.
func (c *comparison) chunk(ctx context.Context, size int64) (int64, error) {
	s, err := c.next(ctx, c.result.At, size)
	if err != nil {
		return 0, err
	}
	original, copied, err := c.read(ctx, s, c.whole)
	if err != nil {
		return 0, err
	}
	if !original.equal(copied) {
		if err := c.differs(ctx, s, original, copied); err != nil {
			return 0, err
		}
	}
	if err := c.calculated(ctx, s); err != nil {
		return 0, err
	}
	c.result.Rows += original.rows
	c.result.At, c.result.Done, c.gap = s.upTo, len(s.upTo) == 0, original.rows == 0
	return original.rows, nil
}

// calculated compares columns that only the copy has with their defaults, which
// replication does not calculate.
func (c *comparison) calculated(ctx context.Context, s span) error {
	for _, column := range c.only {
		var wrong int64
		where := c.where(s, true) + " AND NOT (" + sqltext.Quote(column.Name) + " <=> (" + strings.ReplaceAll(column.Default, `\'`, "'") + "))"
		if err := c.views.copied.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+c.at(true).String()+" WHERE "+where).Scan(&wrong); err != nil {
			return fmt.Errorf("comparing %s with its default: %w", sqltext.Quote(column.Name), err)
		}
		switch {
		case wrong == 0:
		case len(c.result.Found) >= mostFound:
			c.result.More++
		default:
			c.result.Found = append(c.result.Found, Difference{After: c.legible(s.after), UpTo: c.legible(s.upTo), Original: wrong, Copied: wrong, Columns: []string{column.Name}})
		}
	}
	return nil
}

// next returns a range of about size rows after a key. The last range has no end.
func (c *comparison) next(ctx context.Context, after []string, size int64) (span, error) {
	if c.key == nil || c.last == nil {
		return span{after: after}, nil
	}
	if len(c.key) == 1 && c.key[0].Integer() {
		return c.byNumber(ctx, after, size)
	}
	upTo, err := c.key.Row(ctx, c.views.original, c.at(false).String()+" WHERE "+c.where(span{after, c.last}, false), "", int(size-1))
	return span{after, upTo}, err
}

// byNumber is like next, for a key that is a single whole number, so that no row
// must be looked up.
func (c *comparison) byNumber(ctx context.Context, after []string, size int64) (span, error) {
	if len(after) == 0 {
		first, err := c.key.Row(ctx, c.views.original, c.at(false).String(), "", 0)
		if err != nil || first == nil {
			return span{}, err
		}
		after = []string{shift(first[0], -1)}
		upTo := []string{shift(after[0], size)}
		if compareNumbers(upTo[0], c.last[0]) >= 0 {
			return span{}, nil
		}
		return span{nil, upTo}, nil
	}
	from := after[0]
	if c.gap { // it may be large
		next, err := c.key.Row(ctx, c.views.original, c.at(false).String()+" WHERE "+c.where(span{after: after}, false), "", 0)
		if err != nil || next == nil {
			return span{after: after}, err
		}
		from = next[0]
	}
	upTo := shift(from, size)
	if compareNumbers(upTo, c.last[0]) >= 0 {
		return span{after: after}, nil
	}
	return span{after, []string{upTo}}, nil
}

func number(text string) *big.Int {
	n, _ := new(big.Int).SetString(text, 10)
	if n == nil {
		return new(big.Int)
	}
	return n
}

func shift(text string, by int64) string {
	return new(big.Int).Add(number(text), big.NewInt(by)).String()
}

func compareNumbers(a, b string) int { return number(a).Cmp(number(b)) }

// smallSpan is the number of rows below which a range is not narrowed further.
const smallSpan = 50

// differs narrows a range that differs, and finds the differing columns.
func (c *comparison) differs(ctx context.Context, s span, original, copied count) error {
	if len(c.result.Found) >= mostFound {
		c.result.More++
		return nil
	}
	for c.key != nil && max(original.rows, copied.rows) > smallSpan {
		middle, err := c.key.Row(ctx, c.views.original, c.at(false).String()+" WHERE "+c.where(s, false), "", int(original.rows/2))
		if err != nil {
			return err
		}
		if middle == nil || slices.Equal(middle, s.upTo) {
			break
		}
		half := span{s.after, middle}
		o, n, err := c.read(ctx, half, c.whole)
		if err != nil {
			return err
		}
		if o.equal(n) {
			half = span{middle, s.upTo}
			if o, n, err = c.read(ctx, half, c.whole); err != nil {
				return err
			}
		}
		s, original, copied = half, o, n
	}
	one := func(copied bool) []string {
		var all []string
		for _, p := range c.pairs { // with the key, so that values exchanged between rows are found
			all = append(all, sum(append(slices.Clip(c.keys), p), copied, c.key != nil))
		}
		return all
	}
	o, n, err := c.read(ctx, s, one)
	if err != nil {
		return err
	}
	d := Difference{After: c.legible(s.after), UpTo: c.legible(s.upTo), Original: original.rows, Copied: copied.rows}
	for i, p := range c.pairs {
		if o.sums[i] != n.sums[i] {
			d.Columns = append(d.Columns, p.copied.Name)
		}
	}
	c.result.Found = append(c.result.Found, d)
	return nil
}

// legible formats a key for people.
func (c *comparison) legible(values []string) []string {
	var all []string
	for i, value := range values {
		if strings.HasPrefix(c.key[i].Read, "HEX(CONVERT") {
			var text strings.Builder
			for ; len(value) >= 2; value = value[2:] {
				b, _ := strconv.ParseUint(value[:2], 16, 8)
				text.WriteByte(byte(b))
			}
			value = text.String()
		}
		all = append(all, value)
	}
	return all
}

// keyText formats a range for people: "`id` 1 to 50".
func keyText(after, upTo []string) string {
	switch {
	case len(after)+len(upTo) == 0:
		return "the whole table"
	case len(after) == 0:
		return "up to key " + strings.Join(upTo, ", ")
	case len(upTo) == 0:
		return "after key " + strings.Join(after, ", ")
	}
	return "after key " + strings.Join(after, ", ") + " up to " + strings.Join(upTo, ", ")
}

// Text describes a difference for people.
func (d Difference) Text(table string) string {
	if d.Missing {
		return sqltext.Quote(table) + " is not on the copy, or the user may not read it there"
	}
	text := sqltext.Quote(table) + " differs, " + keyText(d.After, d.UpTo)
	if d.Original != d.Copied {
		text += ": " + strconv.FormatInt(d.Original, 10) + " rows on the original, " + strconv.FormatInt(d.Copied, 10) + " on the copy"
	}
	if len(d.Columns) > 0 {
		text += "; columns " + strings.Join(d.Columns, ", ")
	}
	return text
}
