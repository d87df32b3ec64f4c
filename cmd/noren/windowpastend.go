package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

// pastEnd describes a maintenance that has not opened the product by its planned
// end.
type pastEnd struct {
	// Seconds is how long ago the planned end was, in seconds.
	Seconds int `json:"seconds"`

	// Mode is the mode of the product. Unknown says why it is not known.
	Mode    maintenance.Mode `json:"mode,omitempty"`
	Unknown string           `json:"unknown,omitempty"`

	// ToDo are the names of the unfinished steps.
	ToDo []string `json:"toDo"`

	// Type are the commands with which a person continues.
	Type []string `json:"type"`
}

// pastEnd checks whether the product is still in the mode of a maintenance whose
// end has passed. It returns nil if the end has not passed, if the maintenance
// has opened the product or never closed it, or if someone has turned it since.
func (n night) pastEnd(ctx context.Context, now time.Time) *pastEnd {
	if n.run == nil || !now.After(n.End) {
		return nil
	}
	p := &pastEnd{Seconds: int(now.Sub(n.End).Seconds()), Mode: n.Mode, ToDo: []string{}}
	asking := false
	for _, step := range n.timeline() {
		asking = asking || step.Stage == window.Asking
		if step.Stage != window.Done {
			p.ToDo = append(p.ToDo, step.Name)
		}
	}
	if !slices.Contains(p.ToDo, window.Open) {
		return nil
	}
	if other, err := n.query.Still(ctx, n.Switch, n.Mode); other {
		return nil
	} else if err != nil {
		p.Mode, p.Unknown = "", err.Error()
	}
	switch {
	case asking:
		p.Type = n.commands("window approve")
	case n.run.Running(): // it continues by itself
		p.Type = n.commands("window status --watch", map[maintenance.Mode]string{maintenance.Closed: "close", maintenance.ReadOnly: "read-only"}[n.Mode]+" --until TIME")
	default:
		p.Type = n.commands("window retry", "window open")
	}
	return p
}

// commands returns noren commands for this product.
func (n night) commands(verbs ...string) []string {
	var all []string
	for _, verb := range verbs {
		all = append(all, "noren "+verb+" "+n.options)
	}
	return all
}

// text returns the line for people.
func (p *pastEnd) text(n night) string {
	is := "the product is still " + string(p.Mode)
	if p.Unknown != "" {
		is = p.Unknown
	}
	return fmt.Sprintf("past its planned end, %s, by %v: %s; to do: %s; type: %s", n.End.Format("15:04"),
		(time.Duration(p.Seconds) * time.Second).Truncate(time.Minute), is, strings.Join(p.ToDo, ", "), strings.Join(p.Type, ", or "))
}
