package replay

import (
	"fmt"

	"github.com/noren-cdk/noren/internal/term"
)

// blank is like Thousands, but returns a dot for zero, so that other numbers are
// prominent.
func blank(n int64) string {
	if n == 0 {
		return "·"
	}
	return term.Thousands(n)
}

func requests(n int64) string { return term.Plural(n, "request") }

func howOften(n int64) string {
	if n == 1 {
		return "once"
	}
	return term.Thousands(n) + " times"
}

// percent returns n's share of total, always with the same width. It is 0.0 %
// only for zero, and 100.0 % only for all.
func percent(n, total int64) string {
	share := Share(n, total) * 100
	switch {
	case n > 0 && share < 0.05:
		return " <0.1 %"
	case n < total && share >= 99.95:
		return ">99.9 %"
	}
	return fmt.Sprintf("%5.1f %%", share)
}

// right returns a cell whose text is right-aligned in a column of that width.
func right(text string, width int) term.Cell { return term.Plain.Cell(term.PadLeft(text, width)) }
