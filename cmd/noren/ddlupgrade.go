package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/bluegreen"
	"github.com/noren-cdk/noren/internal/ddl/upgrade"
	"github.com/noren-cdk/noren/internal/term"
)

// The exit codes of upgrade plan other than 0 and 1.
const (
	upgradeRefused = 3
	upgradeUnknown = 4
)

// newDDLUpgrade returns the family of verbs for major version upgrades.
func newDDLUpgrade() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "upgrade",
		Short: "Judge the upgrade of Aurora MySQL to another major version",
		Long: `Judge the upgrade of an Aurora MySQL cluster to another major version.

  noren ddl upgrade plan  what is in the way, and whether in place or by a copy

docs/aurora-upgrade.md walks through an upgrade.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDDLUpgradePlan())
	return cmd
}

func newDDLUpgradePlan() *cobra.Command {
	var login ddlLogin
	var to, template, cluster string
	var subject upgrade.Subject
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "plan --to VERSION",
		Short: "Say what blocks another major version, and how to get there",
		Long: `Say what is in the way of an upgrade to Aurora MySQL 8.4, and whether it goes in
place, during which the cluster is offline, or by a copy.

The server is asked for what RDS refuses and for what makes the upgrade long:
prepared XA transactions, running DDL, open transactions, the history list,
foreign keys, AUTO_INCREMENT, partitions, accounts, reserved words. RDS is asked
which versions it upgrades to, whether its parameter groups have what the template
sets, and for the conditions of a copy. It only reads. What could not be looked at
is listed as unknown. RDS makes more checks itself when it upgrades: upgrade a
clone first.

Ask as a user who sees everything, such as the master user: information_schema
hides what a user has no right to. The cluster is that of DB_HOST, unless --cluster
names it; with COPY_ROLE_ARN, RDS is asked in that role.

Exit codes: 0 a way is possible; 3 none is possible now; 4 it is not known whether
one is; 1 the server cannot be asked, or a flag is wrong.`,
		Example: `  noren ddl upgrade plan --to 8.4.mysql_aurora.8.4.7 --template cdk.out/prod/open
  noren ddl upgrade plan --to 8.4.mysql_aurora.8.4.7 --rehearsed 22m --window 1h`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			var err error
			if subject.To, err = upgrade.ParseVersion(to); err != nil {
				return fmt.Errorf("--to: %w", err)
			}
			subject.NoGroups = "no template was read"
			if template != "" {
				if subject.Groups, err = parameterGroups(template); err != nil {
					return err
				}
				subject.NoGroups = ""
			}
			from := ddl.LoginFromEnvironment(os.Getenv)
			db, err := login.open(ctx, from)
			if err != nil {
				return err
			}
			defer db.Close()
			subject.Server, subject.Findings = db.Server, ddl.UpgradeFindings(ctx, db)
			if cluster == "" {
				cluster, err = bluegreen.ClusterOf(from.Host)
			}
			if subject.Cluster = cluster; err != nil {
				subject.NoRDS = "the cluster is not known: " + err.Error()
			} else if subject.RDS, err = askRDS(ctx, from.Region); err != nil {
				return err
			}
			return writeUpgrade(cmd, upgrade.Make(ctx, subject), asJSON)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&login.dsn, "dsn", "", "database, as user:password@tcp(host:port)/schema (default: the DB_ variables)")
	flags.StringVar(&to, "to", "", "version to upgrade to, in full, such as 8.4.mysql_aurora.8.4.7")
	flags.StringVar(&template, "template", "", "synthesized template or assembly whose parameter groups the new version gets")
	flags.StringVar(&cluster, "cluster", "", "name of the cluster (default: that of DB_HOST)")
	flags.DurationVar(&subject.Window, "window", 0, "how long the product may be closed")
	flags.DurationVar(&subject.Rehearsed, "rehearsed", 0, "how long the upgrade of a clone took")
	flags.BoolVar(&asJSON, "json", false, "write JSON")
	_ = cmd.MarkFlagRequired("to")
	_ = cmd.MarkFlagFilename("template", "json", "yaml")
	return cmd
}

// askRDS returns a client for RDS, with the role for changes of a copy if there
// is one.
func askRDS(ctx context.Context, region string) (*bluegreen.Client, error) {
	settings, err := config.LoadDefaultConfig(ctx, config.WithRegion(region))
	if err != nil {
		return nil, fmt.Errorf("reading the settings of AWS: %w", err)
	}
	if role := os.Getenv("COPY_ROLE_ARN"); role != "" {
		settings = bluegreen.Assume(settings, role)
	}
	return bluegreen.New(settings, 0), nil
}

// parameterGroups reads the parameter groups of a template or an assembly.
func parameterGroups(path string) ([]upgrade.Group, error) {
	files, err := templateFiles(path)
	if err != nil {
		return nil, err
	}
	var groups []upgrade.Group
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		found, err := upgrade.Groups(f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		groups = append(groups, found...)
	}
	return groups, nil
}

// writeUpgrade writes a plan, and returns the error with its exit code.
func writeUpgrade(cmd *cobra.Command, p upgrade.Plan, asJSON bool) error {
	if asJSON {
		if err := writeJSON(cmd.OutOrStdout(), p); err != nil {
			return err
		}
	} else {
		writeUpgradeText(term.New(cmd.OutOrStdout()), p)
	}
	switch {
	case p.InPlace.Verdict == upgrade.Possible || p.Copy.Verdict == upgrade.Possible:
		return nil
	case p.InPlace.Verdict == upgrade.NotKnown || p.Copy.Verdict == upgrade.NotKnown:
		return &exitError{code: upgradeUnknown}
	}
	return &exitError{code: upgradeRefused}
}

func writeUpgradeText(out term.Terminal, p upgrade.Plan) {
	fmt.Fprintln(out, out.In(term.Bold, fmt.Sprintf("%s to %s", p.From, p.To)))
	rows := term.Table{Heading: []string{"", "check", "found"}}
	for _, f := range p.Findings {
		below := make([]string, 0, len(f.Objects)+1)
		for _, object := range f.Objects {
			below = append(below, shorten(object, 120))
		}
		if f.Do != "" {
			below = append(below, "do: "+f.Do)
		}
		rows.Rows = append(rows.Rows, term.Row{Indent: 1, Below: strings.Join(below, "\n"), Cells: []term.Cell{
			upgradeStyle(f.Level).Cell(string(f.Level)), term.Plain.Cell(f.Check), term.Plain.Cell(f.Found),
		}})
	}
	for _, c := range p.Conditions {
		if c.State == bluegreen.Met {
			continue
		}
		level := map[bluegreen.State]ddl.UpgradeLevel{bluegreen.Unmet: ddl.UpgradeBlocks, bluegreen.Unknown: ddl.UpgradeUnknown}[c.State]
		rows.Rows = append(rows.Rows, term.Row{Indent: 1, Below: "do: " + c.Do, Cells: []term.Cell{
			upgradeStyle(level).Cell(string(level)), term.Plain.Cell("copy: " + c.Name), term.Plain.Cell(c.Found),
		}})
	}
	rows.Write(out)
	for _, way := range []struct {
		name string
		upgrade.Way
	}{{"In place", p.InPlace}, {"By a copy", p.Copy}} {
		text := fmt.Sprintf("%s: %s", way.name, way.Verdict)
		if len(way.Because) > 0 {
			text += " (" + strings.Join(way.Because, ", ") + ")"
		}
		fmt.Fprintln(out, strings.Join(term.Wrap(text+".", out.Width), "\n"))
	}
	fmt.Fprintln(out, strings.Join(term.Wrap("Way: "+p.Advice+".", out.Width), "\n"))
}

func upgradeStyle(level ddl.UpgradeLevel) term.Style {
	switch level {
	case ddl.UpgradeOK:
		return term.Green
	case ddl.UpgradeBlocks, ddl.UpgradeBusy:
		return term.Red
	}
	return term.Yellow
}
