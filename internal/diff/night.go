package diff

import (
	"slices"

	"github.com/noren-cdk/noren/internal/window"
)

// planned returns the plans of the maintenances that are new or changed in a
// template.
func planned(old, next Template) []string {
	var lines []string
	before, _ := window.Find(old.data) // what cannot be read was not planned
	after, err := window.Find(next.data)
	if err != nil {
		return []string{err.Error()}
	}
	for _, w := range after {
		same := func(b window.Deployed) bool { return b.Machine == w.Machine && b.Metadata() == w.Metadata() }
		if !slices.ContainsFunc(before, same) {
			lines = append(lines, w.Text()...)
		}
	}
	return lines
}
