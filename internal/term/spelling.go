package term

import "strings"

// Nearest returns the word that a misspelling most likely means, or "".
func Nearest(misspelt string, words []string) string {
	best, least := "", 1+max(1, len(misspelt)/3)
	for _, word := range words {
		if len(misspelt)-len(word) >= least {
			continue // avoid a matrix for very long texts
		}
		if d := distance(strings.ToLower(misspelt), strings.ToLower(word)); d < least && d < len(misspelt) {
			best, least = word, d
		}
	}
	return best
}

// Edits returns how many letters must be inserted, deleted, replaced or swapped
// with their neighbour to turn one word into the other, ignoring case.
func Edits(a, b string) int { return distance(strings.ToLower(a), strings.ToLower(b)) }

// distance returns how many letters must be inserted, deleted, replaced or
// swapped with their neighbour to turn a into b.
func distance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replaced := d[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			d[i][j] = min(replaced, d[i-1][j]+1, d[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
