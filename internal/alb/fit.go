package alb

import (
	"net/netip"
	"slices"
)

// Fit takes conditions apart into as few lists as there must be, so that each
// has at most a number of values and of wildcards, and together they match what
// all of them match. It is nil if no list is that small. Values that only a
// deploy knows are not taken apart.
func Fit(conditions []Condition, values, wildcards int) [][]Condition {
	if len(conditions) == 0 {
		if values < 0 || wildcards < 0 {
			return nil
		}
		return [][]Condition{nil}
	}
	if len(conditions[0].values()) == 0 { // a mistake, which is said elsewhere
		return Fit(conditions[1:], values, wildcards)
	}
	var best [][]Condition
	for size := min(values, len(conditions[0].values())); size > 0; size-- {
		pieces := Pieces(conditions[0], size)
		var all [][]Condition
		for _, piece := range pieces {
			n, w := Count(piece)
			rest := Fit(conditions[1:], values-max(n, size), wildcards-w)
			if rest == nil {
				all = nil
				break
			}
			for _, list := range rest {
				all = append(all, append([]Condition{piece}, list...))
			}
		}
		if all != nil && (best == nil || len(all) < len(best)) {
			best = all
		}
	}
	return best
}

// Pieces returns conditions with at most n values each that together match what
// c matches. It is c alone where values are known after a deploy only.
func Pieces(c Condition, n int) []Condition {
	switch c := c.(type) {
	case Methods:
		return piecesOf(c, n, func(v []string) Condition { return Methods(v) })
	case PathPatterns:
		return piecesOf(c, n, func(v []string) Condition { return PathPatterns(v) })
	case PathRegexes:
		return piecesOf(c, n, func(v []string) Condition { return PathRegexes(v) })
	case Hosts:
		return piecesOf(c, n, func(v []string) Condition { return Hosts(v) })
	case HostRegexes:
		return piecesOf(c, n, func(v []string) Condition { return HostRegexes(v) })
	case Header:
		return piecesOf(c.Values, n, func(v []string) Condition { return Header{c.Name, v} })
	case HeaderRegexes:
		return piecesOf(c.Values, n, func(v []string) Condition { return HeaderRegexes{c.Name, v} })
	case QueryStrings:
		return piecesOf(c, n, func(v []QueryPair) Condition { return QueryStrings(v) })
	case SourceIPs:
		return piecesOf(c, n, func(v []netip.Prefix) Condition { return SourceIPs(v) })
	}
	return []Condition{c}
}

func piecesOf[S ~[]V, V any](values S, n int, condition func([]V) Condition) []Condition {
	var all []Condition
	for piece := range slices.Chunk(values, n) {
		all = append(all, condition(piece))
	}
	return all
}
