package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/term"
)

// checkMigrations reports whether runs of migrations, in order, would be refused.
func checkMigrations(cmd *cobra.Command, db *ddl.Database, files []migrationFile, rehearsals []*ddl.Rehearsal, options ddl.RunOptions, asJSON bool) error {
	var all []ddl.Candidate
	for i, file := range files {
		all = append(all, ddl.Candidate{Migration: file.Migration, Rehearsal: rehearsals[i]})
	}
	progress := newProgress(cmd, asJSON)
	options.Report = progress.report
	checked, err := ddl.Check(cmd.Context(), db, all, options)
	progress.end()
	if err != nil {
		return withCode(err)
	}
	for _, c := range checked {
		if asJSON {
			if err := json.NewEncoder(cmd.OutOrStdout()).Encode(c); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintln(cmd.OutOrStdout(), checkedText(c, options.WithoutRehearsal))
	}
	return nil
}

// checkedText formats the result for a migration as a line.
func checkedText(c ddl.Checked, withoutRehearsal bool) string {
	text := fmt.Sprintf("%s: %s would run as rehearsed", c.Migration, term.Plural(c.Left, "statement"))
	switch {
	case c.Left == 0:
		return fmt.Sprintf("%s: nothing left to do: %s done before", c.Migration, term.Plural(c.Done, "statement"))
	case withoutRehearsal:
		text = fmt.Sprintf("%s: %s would run; nobody has rehearsed it", c.Migration, term.Plural(c.Left, "statement"))
	}
	if c.Done > 0 {
		text += fmt.Sprintf("; %d were done before", c.Done)
	}
	return text
}
