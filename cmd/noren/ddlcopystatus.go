package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl/copy"
	"github.com/noren-cdk/noren/internal/term"
)

func newDDLCopyStatus() *cobra.Command {
	var logins copyLogins
	var asJSON, watch bool
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say how far along a copy is, how it follows, and what to do",
		Long: `Say how far along the copy is, by the journal on the original: making, changing,
following, switching, switched, finished or abandoned; whether it replicates, how far
behind it is, and how long catching up will take, judged by its pace over two seconds;
the error of a worker that has stopped, and what to do; and what comparing has found,
or how much longer it takes.

Exit codes: 0 replication works, there is nothing to follow yet or any more, or
--watch was interrupted; 3 it does not work; 1 that could not be found out.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if every < time.Second {
				return fmt.Errorf("--every %v: want 1s or longer", every)
			}
			for said := ""; ; {
				status, err := logins.look(cmd.Context())
				if err != nil {
					return err
				}
				text := copyStatusText(status)
				switch {
				case asJSON && watch:
					err = json.NewEncoder(cmd.OutOrStdout()).Encode(status)
				case asJSON:
					err = writeJSON(cmd.OutOrStdout(), status)
				case text != said:
					_, err = io.WriteString(cmd.OutOrStdout(), text)
				}
				if said = text; err != nil || !watch {
					return cmp.Or(err, copyStatusCode(status))
				}
				select {
				case <-cmd.Context().Done():
					return nil
				case <-time.After(every):
				}
			}
		},
	}
	logins.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON; with --watch one object per line")
	cmd.Flags().BoolVar(&watch, "watch", false, "keep checking, and write what has changed, until interrupted")
	cmd.Flags().DurationVar(&every, "every", 5*time.Second, "time between two checks of --watch")
	return cmd
}

// copyStatusCode returns the error with the exit code of a status, or nil.
func copyStatusCode(s *copy.Status) error {
	switch {
	case s.Unknown != "":
		return &exitError{code: 1}
	case s.Replication != nil && !s.Replication.Well():
		return &exitError{code: disagreeing}
	}
	return nil
}

// look queries the original and the copy.
func (f *copyLogins) look(ctx context.Context) (*copy.Status, error) {
	original, copied, s, err := f.both(ctx)
	if original == nil {
		return nil, err
	}
	defer original.Close()
	if copied != nil {
		defer copied.Close()
	}
	if s == nil { // there is no copy to log in to
		err = nil
	}
	return copy.Look(ctx, original, copied, err)
}

// copyStatusText formats a status for people.
func copyStatusText(s *copy.Status) string {
	var out strings.Builder
	if s.State != nil {
		fmt.Fprintf(&out, "%s: %s\n", s.State.Migration, s.State.Phase)
	}
	if r := s.Replication; r != nil {
		switch {
		case !r.Well():
			fmt.Fprintln(&out, "replication: "+r.Trouble())
		default:
			fmt.Fprintln(&out, "replication: well, "+lagText(s))
		}
	}
	if s.Unknown != "" {
		fmt.Fprintln(&out, "replication: not known: "+s.Unknown)
	}
	if s.State != nil && s.State.Comparison != nil {
		c := s.State.Comparison
		switch {
		case c.Equal():
			fmt.Fprintf(&out, "comparison: %s equal, %s UTC\n", term.Plural(len(c.Tables), "table"), c.Ended)
		case c.Ended == "":
			fmt.Fprintf(&out, "comparison: not finished, %d of about %d rows%s\n", s.Compared, s.All, after(s.Compare))
		default:
			fmt.Fprintln(&out, "comparison: the copy DIFFERS")
		}
	}
	fmt.Fprintln(&out, "next: "+s.Next)
	return out.String()
}

// lagText says how far behind a replicating copy is.
func lagText(s *copy.Status) string {
	text := "how far behind is not known"
	if lag := s.Replication.Lag; lag != nil {
		text = fmt.Sprintf("%d s behind", *lag)
	}
	switch {
	case s.Behind == nil:
		return text
	case *s.Behind == 0:
		return "has caught up"
	case s.CatchUp == nil:
		return fmt.Sprintf("%s, %s of the binary log, and gets no closer", text, bytesText(*s.Behind))
	}
	return fmt.Sprintf("%s, %s of the binary log%s", text, bytesText(*s.Behind), after(s.CatchUp))
}

func bytesText(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KiB", (n+1<<10-1)>>10)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}

// after returns an estimate to append to its subject, or "" if there is none.
func after(seconds *float64) string {
	if seconds == nil {
		return ""
	}
	switch d := time.Duration(*seconds * float64(time.Second)); {
	case d < 90*time.Second:
		return fmt.Sprintf(", about %d s left", int(d.Round(time.Second).Seconds()))
	case d < 100*time.Minute:
		return fmt.Sprintf(", about %d min left", int(d.Round(time.Minute).Minutes()))
	default:
		return fmt.Sprintf(", about %.1f h left", d.Hours())
	}
}
