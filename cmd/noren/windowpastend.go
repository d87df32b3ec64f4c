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

// pastEnd says of a maintenance that has not opened the product by its planned end
// what that means.
type pastEnd struct {
	// Seconds is by how much it is past the end.
	Seconds int `json:"seconds"`

	// Mode is what the product is in, and Unknown is why that is not known.
	Mode    maintenance.Mode `json:"mode,omitempty"`
	Unknown string           `json:"unknown,omitempty"`

	// ToDo are the names of the steps that are not done.
	ToDo []string `json:"toDo"`

	// Type are the commands with which a person goes on.
	Type []string `json:"type"`
}

// pastEnd looks whether the product is still in the mode of a maintenance whose end
// has passed. Nil: the end has not passed, the maintenance has opened the product or
// never closed it, or someone has turned it since.
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
	case n.run.Running(): // it goes on by itself
		p.Type = n.commands("window status --watch", map[maintenance.Mode]string{maintenance.Closed: "close", maintenance.ReadOnly: "read-only"}[n.Mode]+" --until TIME")
	default:
		p.Type = n.commands("window retry", "window open")
	}
	return p
}

// commands returns commands of noren for this product.
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
