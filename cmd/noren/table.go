package main

import (
	"io"
	"strings"
	"unicode/utf8"
)

// table is rows of cells under a heading. Where it is too wide for the
// terminal, its widest columns give way and their cells take several lines.
type table struct {
	heading []string
	rows    []row
}

// row is the cells of a line and what stands under them, indented to a column.
type row struct {
	cells  []cell
	below  string
	indent int // the column
}

// cell is a text of one or more lines in a style.
type cell struct {
	text  string
	style style
}

// gap is the space between two columns.
const gap = 2

// narrowest is how far a column gives way.
const narrowest = 12

func (t *table) add(cells ...cell) { t.rows = append(t.rows, row{cells: cells}) }

// write writes the table.
func (t *table) write(out terminal) {
	heading := make([]cell, len(t.heading))
	for i, text := range t.heading {
		heading[i] = cell{strings.ToUpper(text), dim}
	}
	widths := t.widths(out.width)
	writeCells(out, heading, widths)
	for _, r := range t.rows {
		writeCells(out, r.cells, widths)
		r.writeBelow(out, widths)
	}
}

// widths are those of the columns, which together are at most most, if it is
// not 0 and the columns can be made as narrow.
func (t *table) widths(most int) []int {
	widths := make([]int, len(t.heading))
	for i, text := range t.heading {
		widths[i] = utf8.RuneCountInString(text)
	}
	for _, r := range t.rows {
		for i, c := range r.cells {
			for line := range strings.Lines(c.text) {
				widths[i] = max(widths[i], utf8.RuneCountInString(strings.TrimSuffix(line, "\n")))
			}
		}
	}
	if most == 0 {
		return widths
	}
	total := gap * (len(widths) - 1)
	for _, width := range widths {
		total += width
	}
	for ; total > most; total-- {
		widest := 0
		for i, width := range widths {
			if width > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= narrowest {
			break
		}
		widths[widest]--
	}
	return widths
}

func (r row) writeBelow(out terminal, widths []int) {
	indent := 0
	for _, width := range widths[:r.indent] {
		indent += width + gap
	}
	most := 0
	if out.width > 0 {
		most = max(out.width-indent, narrowest)
	}
	for _, line := range wrap(r.below, most) {
		io.WriteString(out, strings.Repeat(" ", indent)+line+"\n")
	}
}

func writeCells(out terminal, cells []cell, widths []int) {
	lines := make([][]string, len(cells))
	height := 0
	for i, c := range cells {
		lines[i] = wrap(c.text, widths[i])
		height = max(height, len(lines[i]))
	}
	for n := range height {
		var b strings.Builder
		for i, c := range cells {
			text := ""
			if n < len(lines[i]) {
				text = lines[i][n]
			}
			pad := widths[i] - utf8.RuneCountInString(text) + gap
			b.WriteString(out.in(c.style, text))
			b.WriteString(strings.Repeat(" ", max(pad, 1)))
		}
		io.WriteString(out, strings.TrimRight(b.String(), " ")+"\n")
	}
}

// wrap breaks a text into lines of at most width, at spaces where it can. What
// continues a line is indented.
func wrap(text string, width int) []string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		for indent := ""; ; indent = "  " {
			runes := []rune(line)
			if width <= 0 || len(runes) <= width {
				lines = append(lines, line)
				break
			}
			end := width
			for i := width; i > len(indent)+1; i-- {
				if runes[i] == ' ' {
					end = i
					break
				}
			}
			lines = append(lines, string(runes[:end]))
			line = "  " + strings.TrimLeft(string(runes[end:]), " ")
		}
	}
	return lines
}
