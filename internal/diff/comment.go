package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/term"
)

// mostMarkdown is the maximum length, in characters, of a comment on a pull
// request on GitHub.
const mostMarkdown = 65_536

// noteRoom is reserved for the note that something is left out.
const noteRoom = 2_000

// weight is how important a line of a comment is.
type weight int

const (
	propertiesOfOthers weight = iota // of resources that are added or removed
	sections
	properties
	additions // resources that are added
	requests
	remaining // resources with any other fate
	rights    // rights; those that widen come last
	always
)

// leftOut says how much is left out, in the order in which it is left out.
var leftOut = map[weight]string{
	propertiesOfOthers: "%s of resources that are added or removed", sections: "%s of the template outside its resources", properties: "%s of resources that change",
	additions: "%s added", requests: "%s that show a change", remaining: "%s removed, replaced or changed", rights: "AND %s OF RIGHTS, REACH AND PROTECTION: READ WHAT IS LEFT OUT BEFORE YOU APPROVE",
	always: "AND %s OF WHAT MATTERS MOST: READ WHAT IS LEFT OUT BEFORE YOU APPROVE",
}

// leftOutUnits are the units of leftOut.
var leftOutUnits = map[weight]string{
	propertiesOfOthers: "part", sections: "change", properties: "part", additions: "resource", requests: "request", remaining: "resource", rights: "line", always: "line",
}

// markdown is a comment: blocks of lines, each with a weight.
type markdown struct{ blocks []*block }

// block is lines with a frame, which is left out together with the last line.
type block struct {
	before, after string
	lines         []weighted
}

type weighted struct {
	text   string
	weight weight
	left   bool // out
}

// line adds a line without a frame that is never left out.
func (m *markdown) line(text string) {
	m.blocks = append(m.blocks, &block{lines: []weighted{{text: text, weight: always}}})
}

// fold begins a block that opens with a click.
func (m *markdown) fold(title string) *block {
	b := &block{before: "<details><summary>" + title + "</summary>\n\n", after: "\n</details>\n\n"}
	m.blocks = append(m.blocks, b)
	return b
}

func (b *block) add(text string, weight weight) {
	b.lines = append(b.lines, weighted{text: text, weight: weight})
}

// leave leaves out a line, and returns by how much that shortens the block.
func (b *block) leave(i int) int {
	b.lines[i].left = true
	shorter := len([]rune(b.lines[i].text)) + 1
	if !slices.ContainsFunc(b.lines, func(line weighted) bool { return !line.left }) {
		shorter += len([]rune(b.before + b.after))
	}
	return shorter
}

func (b *block) String() string {
	var text strings.Builder
	for _, line := range b.lines {
		if !line.left {
			text.WriteString(line.text + "\n")
		}
	}
	if text.Len() == 0 {
		return ""
	}
	return b.before + text.String() + b.after
}

func (m *markdown) String() string {
	var text strings.Builder
	for _, b := range m.blocks {
		text.WriteString(b.String())
	}
	return text.String()
}

// fit leaves out the least important lines, from the end, until the rest is
// shorter than a number of characters, and says what is left out.
func (m *markdown) fit(most int, whole string) string {
	length := len([]rune(m.String()))
	if length < most {
		return m.String()
	}
	left := map[weight]int{}
	for w := propertiesOfOthers; w <= always; w++ {
		for _, b := range slices.Backward(m.blocks) {
			for i := len(b.lines) - 1; i >= 0 && length >= most-noteRoom; i-- {
				if b.lines[i].weight == w && !b.lines[i].left {
					length -= b.leave(i)
					left[w]++
				}
			}
		}
	}
	var parts []string
	for w := propertiesOfOthers; w <= always; w++ {
		if left[w] > 0 {
			parts = append(parts, fmt.Sprintf(leftOut[w], term.Plural(left[w], leftOutUnits[w])))
		}
	}
	note := "\n> [!IMPORTANT]\n> Not all of it fits into a comment. Left out: " + strings.Join(parts, ", ") + "."
	if whole != "" {
		note += " All of it is [in the artifact](" + address(whole) + ")."
	} else {
		note += " `noren diff` on a terminal shows all of it."
	}
	return m.String() + note + "\n"
}
