package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/noren-cdk/noren/internal/replay"
)

// thousands writes a number with a comma between thousands.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// blank is thousands, but a dot for nothing, so that what is there stands out.
func blank(n int64) string {
	if n == 0 {
		return "·"
	}
	return thousands(n)
}

func several(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return thousands(n) + " " + what + "s"
}

func requests(n int64) string { return several(n, "request") }

func often(n int64) string {
	if n == 1 {
		return "once"
	}
	return thousands(n) + " times"
}

// percent is n's share of total, always of the same width. What is there is
// never 0.0 %, and what is not all never 100.0 %.
func percent(n, total int64) string {
	share := replay.Share(n, total) * 100
	switch {
	case n > 0 && share < 0.05:
		return " <0.1 %"
	case n < total && share >= 99.95:
		return ">99.9 %"
	}
	return fmt.Sprintf("%5.1f %%", share)
}

func padLeft(text string, width int) string {
	return strings.Repeat(" ", max(width-utf8.RuneCountInString(text), 0)) + text
}

// right is a cell whose text stands on the right of a column of that width.
func right(text string, width int) cell { return cell{padLeft(text, width), plain} }
