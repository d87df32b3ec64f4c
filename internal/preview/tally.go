package preview

import (
	"cmp"
	"slices"
	"time"

	"github.com/noren-cdk/noren/internal/preview/edge"
)

// A flip is a change of the mode.
type flip struct {
	mode string
	at   time.Time
}

// tally counts the requests since the last flip, by rule and by target, and keeps
// the flips.
type tally struct {
	flips  []flip // the last one at the end
	counts map[counted]int64
}

// counted is the key of a count: a rule that sent requests to a target.
type counted struct{ listener, rule, target string }

// keptFlips is how many flips are shown.
const keptFlips = 20

// flipped resets the counts.
func (t *tally) flipped(mode string, at time.Time) {
	t.flips = append(t.flips, flip{mode, at})
	t.flips = t.flips[max(0, len(t.flips)-keptFlips):]
	t.counts = map[counted]int64{}
}

// add counts a request, unless it came before the last flip.
func (t *tally) add(o edge.Observation) {
	now := t.flips[len(t.flips)-1]
	if o.Rule == nil || o.Mode != now.mode || o.Time.Before(now.at) {
		return
	}
	t.counts[counted{o.Listener.ID, o.Rule.LogicalID, cmp.Or(o.Group, "the load balancer itself")}]++
}

// of returns the counts of a rule by target, the highest first.
func (t *tally) of(listener, rule string) (total int64, targets []targetCount) {
	for key, n := range t.counts {
		if key.listener == listener && key.rule == rule {
			total += n
			targets = append(targets, targetCount{key.target, n})
		}
	}
	slices.SortFunc(targets, func(a, b targetCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Target, b.Target))
	})
	return total, targets
}

// targetCount is the number of requests that a rule sent to a target.
type targetCount struct {
	Target string `json:"target"`
	Count  int64  `json:"count"`
}
