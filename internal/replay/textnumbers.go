package replay

import (
	"fmt"

	"github.com/noren-cdk/noren/internal/term"
)

// blank is thousands, but a dot for nothing, so that what is there stands out.
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

// percent is n's share of total, always of the same width. What is there is
// never 0.0 %, and what is not all never 100.0 %.
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

// right returns a cell whose text is aligned to the right of a column of that
// width.
func right(text string, width int) term.Cell { return term.Plain.Cell(term.PadLeft(text, width)) }
