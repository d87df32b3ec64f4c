package preview

import (
	"fmt"
	"slices"
)

// noteOnce adds a note about something that appears after the start, without
// duplicates.
func (p *Preview) noteOnce(format string, args ...any) {
	p.noting.Lock()
	defer p.noting.Unlock()
	if text := fmt.Sprintf(format, args...); !slices.Contains(p.later, text) {
		p.later = append(p.later, text)
	}
}

// notes returns all notes so far.
func (p *Preview) notes() []string {
	p.noting.Lock()
	defer p.noting.Unlock()
	return append(append([]string{}, p.Notes...), p.later...)
}
