package term

import (
	"io"
	"strings"
	"unicode/utf8"
)

// Table is rows of cells under a heading. If it is too wide for the terminal, its
// widest columns shrink and their cells take several lines.
type Table struct {
	Heading []string
	Rows    []Row
}

// Row is the cells of a line and the text below them, indented to a column.
type Row struct {
	Cells  []Cell
	Below  string
	Indent int // the column
}

// Cell is a text of one or more lines in a style.
type Cell struct {
	Text  string
	Style Style
}

// Cell returns a text in the style, as a cell of a table.
func (s Style) Cell(text string) Cell { return Cell{text, s} }

// gap is the space between two columns.
const gap = 2

// narrowest is the minimum width to which a column shrinks.
const narrowest = 12

// Add adds a row.
func (t *Table) Add(cells ...Cell) { t.Rows = append(t.Rows, Row{Cells: cells}) }

// Write writes the table.
func (t *Table) Write(out Terminal) {
	heading := make([]Cell, len(t.Heading))
	for i, text := range t.Heading {
		heading[i] = Dim.Cell(strings.ToUpper(text))
	}
	widths := t.widths(out.Width)
	writeCells(out, heading, widths)
	for _, r := range t.Rows {
		writeCells(out, r.Cells, widths)
		r.writeBelow(out, widths)
	}
}

// widths returns the widths of the columns, whose sum is at most most if most is
// not 0 and the columns can be made that narrow.
func (t *Table) widths(most int) []int {
	widths := make([]int, len(t.Heading))
	for i, text := range t.Heading {
		widths[i] = utf8.RuneCountInString(text)
	}
	for _, r := range t.Rows {
		for i, c := range r.Cells {
			for line := range strings.Lines(c.Text) {
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

func (r Row) writeBelow(out Terminal, widths []int) {
	indent := 0
	for _, width := range widths[:r.Indent] {
		indent += width + gap
	}
	most := 0
	if out.Width > 0 {
		most = max(out.Width-indent, narrowest)
	}
	for _, line := range Wrap(r.Below, most) {
		io.WriteString(out, strings.Repeat(" ", indent)+line+"\n")
	}
}

func writeCells(out Terminal, cells []Cell, widths []int) {
	lines := make([][]string, len(cells))
	height := 0
	for i, c := range cells {
		lines[i] = Wrap(c.Text, widths[i])
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
			b.WriteString(out.In(c.Style, text))
			b.WriteString(strings.Repeat(" ", max(pad, 1)))
		}
		io.WriteString(out, strings.TrimRight(b.String(), " ")+"\n")
	}
}

// Wrap breaks a text into lines of at most width, at spaces where possible.
// Continuation lines are indented.
func Wrap(text string, width int) []string {
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
