package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl/copy"
	"github.com/noren-cdk/noren/internal/term"
)

func newDDLCopyCompare() *cobra.Command {
	var logins copyLogins
	var options copy.CompareOptions
	var asJSON, again bool
	cmd := &cobra.Command{
		Use:   "compare",
		Short: "Compare the copy with the original, table by table",
		Long: `Compare the copy with the original: per table the number of rows, and a checksum
over the columns that both have by name, in ranges of the primary key. A table is
compared at a position of the binary log, and at another after every 10 minutes of
reading. To take one, its writers are kept out until the copy gets there, for at
most --stall, and up to eight times if the copy is too slow.

A difference names the table, the range of the primary key, and the columns. Run
again, it continues where it was cut off. For a copy that noren ddl copy start has
made, the result goes into the journal, where switch looks for it.

Exit codes: 0 equal; 3 not equal, or the copy has not caught up; 1 it could not be
found out.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			original, copied, s, err := logins.both(ctx)
			if original != nil {
				defer original.Close()
			}
			if err != nil {
				return err
			}
			defer copied.Close()
			only, err := copy.OnlyCopied(ctx, original, copied)
			if err != nil {
				return err
			}
			if len(only) > 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "only the copy has the tables %s: they are not compared\n", strings.Join(only, ", "))
			}
			if len(options.Tables) > 0 || ended(s) { // without using the journal
				results, err := copy.Compare(ctx, original, copied, options)
				if err != nil {
					return withBehind(err)
				}
				return writeComparison(cmd, results, asJSON)
			}
			c, err := copy.CompareCopy(ctx, original, copied, options, again)
			if err != nil {
				return withBehind(err)
			}
			results := c.Tables
			return writeComparison(cmd, results, asJSON)
		},
	}
	logins.register(cmd)
	flags := cmd.Flags()
	flags.StringSliceVar(&options.Tables, "table", nil, "tables to compare, without recording the result (default: all)")
	flags.BoolVar(&again, "again", false, "begin from the first table, instead of continuing where an earlier comparison was cut off")
	flags.Float64Var(&options.Load, "load", 0.5, "share of the time in which the original is read: over 0, at most 1")
	flags.DurationVar(&options.Stall, "stall", 2*time.Second, "how long the writers of a table may have to wait while the position is taken")
	flags.BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

// withBehind adds the exit code to the error that a copy has not caught up.
func withBehind(err error) error {
	if errors.Is(err, copy.ErrBehind) {
		return &exitError{disagreeing, err}
	}
	return err
}

// writeComparison writes the result of a comparison, and returns the error with
// its exit code.
func writeComparison(cmd *cobra.Command, results []copy.TableResult, asJSON bool) error {
	equal := true
	for _, r := range results {
		equal = equal && r.Equal()
	}
	if asJSON {
		if err := writeJSON(cmd.OutOrStdout(), struct {
			Equal  bool               `json:"equal"`
			Tables []copy.TableResult `json:"tables"`
		}{equal, results}); err != nil {
			return err
		}
	} else {
		writeTableResults(term.New(cmd.OutOrStdout()), results)
	}
	if !equal {
		return &exitError{code: disagreeing}
	}
	return nil
}

func writeTableResults(out term.Terminal, results []copy.TableResult) {
	rows := term.Table{Heading: []string{"table", "rows", "time", "position", ""}}
	for _, r := range results {
		var below []string
		for _, d := range r.Found {
			below = append(below, d.Text(r.Table))
		}
		if r.More > 0 {
			below = append(below, term.Plural(r.More, "more range")+" not listed")
		}
		if len(r.NotRead) > 0 {
			below = append(below, "not compared, since the copy does not have them: "+strings.Join(r.NotRead, ", "))
		}
		if len(r.Added) > 0 {
			below = append(below, "not compared, since only the copy has them: "+strings.Join(r.Added, ", "))
		}
		how, verdict := term.Green, "equal"
		switch {
		case !r.Done:
			how, verdict = term.Yellow, "unfinished"
		case !r.Equal():
			how, verdict = term.Red, "DIFFERS"
		}
		rows.Rows = append(rows.Rows, term.Row{Indent: 1, Below: strings.Join(below, "\n"), Cells: []term.Cell{
			term.Plain.Cell(r.Table), term.Plain.Cell(fmt.Sprint(r.Rows)), term.Plain.Cell(seconds(r.Seconds)), term.Plain.Cell(r.Position.String()), how.Cell(verdict),
		}})
	}
	rows.Write(out)
}
