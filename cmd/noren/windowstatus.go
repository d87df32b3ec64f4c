package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/window"
)

// windowStatus is the result for programs.
type windowStatus struct {
	ID        string            `json:"id"`
	At        time.Time         `json:"at"`
	Execution string            `json:"execution,omitempty"`
	Status    string            `json:"status"` // of the execution, or NOT_STARTED
	PastEnd   *pastEnd          `json:"pastEnd,omitempty"`
	Steps     []window.Progress `json:"steps"`
}

func newWindowStatus() *cobra.Command {
	var f windowFlags
	var asJSON, watch bool
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how far along the maintenance is, step by step",
		Long: `Show the progress of the maintenance: the steps that are done, how long each took
compared with its rehearsal, the step that is running, and the steps to come. It
reads the history of the execution in Step Functions. If the planned end has passed,
and the product is still closed, a line says by how long, what is to do, and what to
type. For the mode of the product, use noren status.

Exit codes: 0 it has not begun, is under way, or has succeeded; 3 it has ended
without success, or did not begin in time; 1 anything else.`,
		Example: `  noren window status --env prod
  noren window status --env prod --watch`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			query, err := f.query(cmd)
			if err != nil {
				return err
			}
			if every < time.Second {
				return fmt.Errorf("--every %v: want 1s or longer", every)
			}
			if watch {
				return f.watch(cmd.Context(), cmd.OutOrStdout(), query, every, asJSON)
			}
			n, err := f.find(cmd.Context(), query)
			if err != nil {
				return err
			}
			now := time.Now()
			past := n.pastEnd(cmd.Context(), now)
			if asJSON {
				return errors.Join(writeJSON(cmd.OutOrStdout(), n.status(now, past)), n.exit(now))
			}
			out := cmd.OutOrStdout()
			fmt.Fprintln(out, n.title())
			fmt.Fprintln(out, n.state(now))
			if past != nil {
				fmt.Fprintln(out, past.text(n))
			}
			for _, line := range window.Lines(n.timeline(), now) {
				fmt.Fprintln(out, line)
			}
			return n.exit(now)
		},
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, "write JSON; with --watch one object per line")
	flags.BoolVar(&watch, "watch", false, "keep checking, and write a line whenever a step has changed, until it is over")
	flags.DurationVar(&every, "every", 5*time.Second, "time between two checks of --watch")
	return cmd
}

// status returns what programs read.
func (n night) status(now time.Time, past *pastEnd) windowStatus {
	s := windowStatus{ID: n.ID(), At: now.UTC().Truncate(time.Second), Status: "NOT_STARTED", PastEnd: past, Steps: n.timeline()}
	if n.run != nil {
		s.Execution, s.Status = n.run.ARN, n.run.Status
	}
	return s
}

// writeBegun writes the steps that have begun.
func (n night) writeBegun(out io.Writer, now time.Time) {
	steps := n.timeline()
	for i, line := range window.Lines(steps, now) {
		if steps[i].Stage != window.Comes {
			fmt.Fprintln(out, line)
		}
	}
}

// over reports whether nothing more happens by itself.
func (n night) over(now time.Time) bool {
	if n.run == nil {
		return now.After(n.Start.Add(window.Late))
	}
	return !n.run.Running()
}

// exit returns the exit code; its meaning has already been written.
func (n night) exit(now time.Time) error {
	if n.over(now) && (n.run == nil || n.run.Status != "SUCCEEDED") {
		return &exitError{code: notTurned}
	}
	return nil
}

// watch looks again and again until the maintenance is over. It reports a look
// that fails and continues.
func (f *windowFlags) watch(ctx context.Context, out io.Writer, query live.Query, every time.Duration, asJSON bool) error {
	said := map[string]string{}
	line := func(key, now, text string) {
		if said[key] != now {
			said[key] = now
			fmt.Fprintf(out, "%s  %s\n", time.Now().UTC().Format(time.TimeOnly), text)
		}
	}
	for {
		n, err := f.find(ctx, query)
		now := time.Now()
		var past *pastEnd
		if err == nil {
			past = n.pastEnd(ctx, now)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			line("", err.Error(), err.Error())
		case asJSON:
			if err := json.NewEncoder(out).Encode(n.status(now, past)); err != nil {
				return err
			}
		default:
			line("", n.state(now), n.state(now))
			if past != nil { // the passing of time is not news
				line("past the end", fmt.Sprint(past.Mode, past.Unknown, past.ToDo, past.Type), past.text(n))
			}
			steps := n.timeline()
			for i, text := range window.Lines(steps, now) {
				if p := steps[i]; p.Stage != window.Comes {
					line(p.Name, string(p.Stage)+p.Why, text)
				}
			}
		}
		if err == nil && n.over(now) {
			return n.exit(now)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(every):
		}
	}
}
