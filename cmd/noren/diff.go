package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/diff"
	"github.com/noren-cdk/noren/internal/term"
	"github.com/noren-cdk/noren/maintenance"
)

// unexpected is the exit code of a change that --expect, --mode-unchanged or
// --upgrades-named does not allow.
const unexpected = 3

func newDiff() *cobra.Command {
	var format, expect, mode, link string
	var modeUnchanged, upgradesNamed, asJSON, full bool
	var both, old, next templateFlags
	var live []string
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Say what a change does to clients and to resources",
		Long: `Show what differs between two templates. First, and in full: permissions,
reachability, and protection of data. Then, for clients, every class of requests
whose outcome changes, each with an example request. Then the resources that are
removed, replaced, changed or added, those that hold data first.

Markdown is for a comment on a pull request. If it does not fit, the rest is left
out and counted, the properties of new resources first, permissions and
reachability last.

OLD and NEW are CloudFormation templates in JSON or YAML, or folders of
assemblies. If a parameter controls the switch, give the same template twice, with
--old-parameter and --new-parameter. With --live, the live state replaces NEW: the
output shows which listeners and rules no longer match OLD. If CloudFormation
returned OLD with ? for non-ASCII characters, the output says that those texts
cannot be compared.

The flip that --expect allows consists of the listener's default action, the
targets of the rules Read, the conditions of the rules Close, the record of the
reopen guard, and the message and end of the maintenance answer.

Exit codes: 0 the comparison was made, and is as expected; 1 a template cannot be
read; 3 more changes than --expect, --mode-unchanged or --upgrades-named allows, or
drift.`,
		Example: `  noren diff cdk.out/dev/open cdk.out/dev/closed
  noren diff cdk.out/prod/open cdk.out/prod/closed --expect closed
  noren diff old.json new.json --format markdown | gh pr comment --body-file -
  noren diff old.json new.json --mode-unchanged
  noren diff old.json new.json --upgrades-named
  noren diff app.yaml app.yaml --old-parameter Maintenance=off --new-parameter Maintenance=on
  noren diff app.json --live listeners.json --live rules.json --live resources.json
  noren diff --mode cdk.out/dev/open
  noren diff --mode deployed.template.json --json`,
		Args: func(_ *cobra.Command, args []string) error {
			return diffArgs(args, mode, expect, format, len(live) > 0)
		},
		ValidArgsFunction: completeTemplates,
		RunE: func(cmd *cobra.Command, args []string) error {
			if mode != "" {
				return printMode(cmd.OutOrStdout(), side{path: mode, flags: both}, asJSON)
			}
			if len(live) > 0 {
				return printDrift(cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], both.with(old), live, asJSON || format == "json")
			}
			before, after := side{path: args[0], flags: both.with(old)}, side{path: args[1], flags: both.with(next)}
			pairs, err := templatePairs(&before, &after)
			if err != nil {
				return err
			}
			if modeUnchanged {
				return checkModeUnchanged(cmd.OutOrStdout(), pairs, slices.Concat(before.faults(), after.faults()))
			}
			if upgradesNamed {
				return checkUpgradesNamed(pairs, slices.Concat(before.faults(), after.faults()))
			}
			if asJSON {
				format = "json"
			}
			if err := writeDiff(cmd.OutOrStdout(), pairs, format, full, link, newComparison(before, after)); err != nil || expect == "" {
				return err
			}
			unread := slices.Concat(before.faults(), after.faults(), before.unread, after.unread)
			if err := checkExpected(pairs, expect, unread); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "nothing but the flip to %s changes\n", expect)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&format, "format", "text", "text, markdown or json")
	flags.BoolVar(&full, "full", false, "leave nothing out of Markdown; otherwise it fits into a GitHub comment")
	flags.StringVar(&link, "link", "", "where Markdown that leaves something out says the rest can be found, such as the address of an artifact")
	flags.BoolVar(&asJSON, "json", false, "write JSON, as --format json does")
	flags.StringVar(&expect, "expect", "", "exit with 3 if anything but the flip to this mode changes: open, read-only or closed")
	flags.BoolVar(&modeUnchanged, "mode-unchanged", false, "compare only the mode, and exit with 3 if it changes")
	flags.BoolVar(&upgradesNamed, "upgrades-named", false, "compare only the major versions of databases, and exit with 3 if one changes that NEW does not name")
	flags.StringVar(&mode, "mode", "", "print the mode that a template is in, and nothing else: open, read-only or closed; with --json the message and until too")
	addValueFlags(cmd, &both, "", "both templates")
	addValueFlags(cmd, &old, "old-", "OLD")
	addValueFlags(cmd, &next, "new-", "NEW")
	flags.StringArrayVar(&live, "live", nil, "in place of NEW, output of aws elbv2 describe-listeners and describe-rules and of aws cloudformation describe-stack-resources: what differs from OLD is drift; may be repeated")
	_ = cmd.MarkFlagFilename("mode", "json")
	for name, values := range map[string][]string{"format": {"text", "markdown", "json"}, "expect": {"open", "read-only", "closed"}} {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	cmd.MarkFlagsMutuallyExclusive("mode", "mode-unchanged", "upgrades-named", "expect", "live")
	return cmd
}

func diffArgs(args []string, mode, expect, format string, live bool) error {
	if _, err := maintenance.ParseMode(expect); expect != "" && err != nil {
		return fmt.Errorf("--expect: %w", err)
	}
	if !slices.Contains([]string{"text", "markdown", "json"}, format) {
		return fmt.Errorf("unknown --format %q: want text, markdown or json", format)
	}
	switch {
	case mode != "" && len(args) > 0:
		return errors.New("--mode takes no other templates")
	case live && len(args) != 1:
		return fmt.Errorf("want OLD, and NEW from --live, got %s", term.Plural(len(args), "argument"))
	case mode == "" && !live && len(args) != 2:
		return fmt.Errorf("want OLD and NEW, got %s", term.Plural(len(args), "argument"))
	}
	return nil
}

func writeDiff(w io.Writer, pairs []diff.Pair, format string, full bool, link string, c comparison) error {
	switch format {
	case "json":
		return writeJSON(w, struct {
			comparison
			Templates []diff.Pair `json:"templates"`
		}{c, pairs})
	case "markdown":
		text := diff.Markdown(pairs, c.String(), link)
		if full {
			text = diff.WholeMarkdown(pairs, c.String())
		}
		_, err := io.WriteString(w, text)
		return err
	}
	diff.WriteText(term.New(w), pairs)
	_, err := fmt.Fprintln(w, "\n"+c.String())
	return err
}

// checkExpected fails, naming the rest, if anything but the flip changes.
func checkExpected(pairs []diff.Pair, expect string, unread []string) error {
	var rest []string
	for _, what := range unread {
		rest = append(rest, "not read: "+what)
	}
	for _, p := range pairs {
		if len(pairs) > 1 && p.Empty() {
			continue // another stack of the app, which the flip does not change
		}
		rest = append(rest, p.Unexpected(maintenance.Mode(expect))...)
	}
	if len(pairs) > 1 && allEmpty(pairs) {
		rest = append(rest, "nothing changes: there is no flip")
	}
	if len(rest) == 0 {
		return nil
	}
	return &exitError{unexpected, fmt.Errorf("not only the flip to %s:\n  %s", expect, strings.Join(rest, "\n  "))}
}

func allEmpty(pairs []diff.Pair) bool {
	return !slices.ContainsFunc(pairs, func(p diff.Pair) bool { return !p.Empty() })
}

// checkModeUnchanged fails if the mode of a template changes.
func checkModeUnchanged(w io.Writer, pairs []diff.Pair, unread []string) error {
	if len(unread) > 0 {
		return fmt.Errorf("not read: %s", strings.Join(unread, "; "))
	}
	for _, p := range pairs {
		before, after, err := p.Modes()
		if err != nil {
			if len(pairs) > 1 {
				continue // a stack without a switch
			}
			return err
		}
		if before != after {
			return &exitError{unexpected, fmt.Errorf("the mode changes from %s to %s", before, after)}
		}
		fmt.Fprintln(w, after)
	}
	return nil
}

// checkUpgradesNamed fails if the major version of a database changes and the new
// template does not name the version.
func checkUpgradesNamed(pairs []diff.Pair, unread []string) error {
	if len(unread) > 0 {
		return fmt.Errorf("not read: %s", strings.Join(unread, "; "))
	}
	var refused []error
	for _, p := range pairs {
		for _, u := range p.Upgrades() {
			if !u.Named {
				refused = append(refused, fmt.Errorf("%v. %s", u, u.Way()))
			}
		}
	}
	if len(refused) > 0 {
		return &exitError{unexpected, errors.Join(refused...)}
	}
	return nil
}

// switchState is the mode of a template, and what it tells refused clients.
type switchState struct {
	Mode    maintenance.Mode  `json:"mode"`
	Flag    string            `json:"flag"`              // the mode as it is typed after -c maintenance=
	Message map[string]string `json:"message,omitempty"` // by language tag
	Until   string            `json:"until,omitempty"`

	// Doubtful reports whether CloudFormation may have replaced non-ASCII
	// characters of the message by ?.
	Doubtful bool `json:"doubtful,omitempty"`
}

// printMode prints the mode of a template or assembly, or in JSON also the
// answer.
func printMode(w io.Writer, s side, asJSON bool) error {
	if err := s.read(); err != nil {
		return err
	}
	if unread := s.faults(); len(unread) > 0 {
		return fmt.Errorf("not read: %s", strings.Join(unread, "; "))
	}
	templates := s.templates
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(templates)) {
		mode, err := templates[name].Mode()
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			continue
		}
		if asJSON {
			message, until, doubtful := templates[name].Answer()
			return writeJSON(w, switchState{mode, mode.Flag(), message, until, doubtful})
		}
		fmt.Fprintln(w, mode)
		return nil
	}
	return errors.Join(errs...)
}
