package alb

// Fit splits conditions into as few lists as possible, so that each list has at
// most the given numbers of values and of wildcards, and the lists together match
// what all conditions match. It returns nil if no list can be that small.
func Fit(conditions []Condition, values, wildcards int) [][]Condition {
	if len(conditions) == 0 {
		if values < 0 || wildcards < 0 {
			return nil
		}
		return [][]Condition{nil}
	}
	if len(conditions[0].values()) == 0 { // a mistake, which is reported elsewhere
		return Fit(conditions[1:], values, wildcards)
	}
	var best [][]Condition
	for size := min(values, len(conditions[0].values())); size > 0; size-- {
		pieces := Split(conditions[0], size)
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
