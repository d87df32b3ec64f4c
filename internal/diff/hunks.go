package diff

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// shortValue is the maximum length of a value that is shown as a whole, in
	// characters.
	shortValue = 80

	// hunkContext is how much is shown around a difference in a longer value.
	hunkContext = 24

	// mostOfHunk is how much is shown of a difference in one place.
	mostOfHunk = 400
)

// changeOf shows how a text changes: both texts if they are short, otherwise the
// places where they differ, as [-before-] and {+after+}.
func changeOf(before, after string) string {
	if len([]rune(before)) <= shortValue && len([]rune(after)) <= shortValue {
		return before + " -> " + after
	}
	x, y := words(before), words(after)
	var b strings.Builder
	i, j := 0, 0
	hunk := func(toI, toJ int) {
		removed, added := strings.Join(x[i:toI], ""), strings.Join(y[j:toJ], "")
		if removed != "" {
			b.WriteString("[-" + beginning(removed) + "-]")
		}
		if added != "" {
			b.WriteString("{+" + beginning(added) + "+}")
		}
	}
	matches := align(len(x), len(y), func(i, j int) bool { return x[i] == y[j] })
	for k := 0; k < len(matches); {
		hunk(matches[k][0], matches[k][1])
		first := k
		for k++; k < len(matches) && matches[k][0] == matches[k-1][0]+1 && matches[k][1] == matches[k-1][1]+1; k++ {
		}
		b.WriteString(context(strings.Join(x[matches[first][0]:matches[k-1][0]+1], ""), first == 0 && matches[0] == [2]int{}, k == len(matches) && matches[k-1] == [2]int{len(x) - 1, len(y) - 1}))
		i, j = matches[k-1][0]+1, matches[k-1][1]+1
	}
	hunk(len(x), len(y))
	return b.String()
}

// words splits a text into words and the texts between them.
func words(text string) []string {
	var all []string
	start := -1
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' {
			if start < 0 {
				start = i - size
			}
			continue
		}
		if start >= 0 {
			all = append(all, text[start:i-size])
			start = -1
		}
		all = append(all, text[i-size:i])
	}
	if start >= 0 {
		all = append(all, text[start:])
	}
	return all
}

// context returns the equal text between two hunks, without its middle. At the
// beginning or end of the text, it returns only the side next to a hunk.
func context(text string, first, last bool) string {
	runes := []rune(text)
	switch {
	case first && len(runes) > hunkContext:
		return "..." + string(runes[len(runes)-hunkContext:])
	case last && len(runes) > hunkContext:
		return string(runes[:hunkContext]) + "..."
	case len(runes) > 2*hunkContext:
		return string(runes[:hunkContext]) + "..." + string(runes[len(runes)-hunkContext:])
	}
	return text
}

// beginning returns a text, or the beginning of a long text and how much is left
// out.
func beginning(text string) string {
	if runes := []rune(text); len(runes) > mostOfHunk {
		return fmt.Sprintf("%s... %d more characters", string(runes[:mostOfHunk]), len(runes)-mostOfHunk)
	}
	return text
}
