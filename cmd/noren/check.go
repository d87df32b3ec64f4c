package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/alb/witness"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/internal/term"
)

func newCheck() *cobra.Command {
	var from templateFlags
	var asJSON, deploy bool
	cmd := &cobra.Command{
		Use:   "check [TEMPLATE...]",
		Short: "Find what the ALB API would refuse in the middle of a deploy",
		Long: `Check load balancers, listeners, rules and target groups against the limits of
ALB that neither CDK nor CloudFormation checks before a deploy: condition
values and wildcards in a rule, characters and lengths, priorities, weights,
target groups, regexes.

Warnings name rules and values that no request reaches, with the rules that take
their requests; whatever keeps noren close from turning a switch of the template
(parameters that every update reads again, and characters that CloudFormation does
not give back); whatever stays open in a template whose switch is closed; and a
network that contains 192.0.2.1, the address that disarms closing rules.

A TEMPLATE is a CloudFormation template in JSON or YAML, or the folder of an
assembly, whose templates are checked as one, nested stacks included. Without a
TEMPLATE, the assemblies that make synth wrote for the environment are checked.

--deploy checks the environment's file instead, for what can be synthesized but
should not be deployed: values whose comment says REPLACE, and a guarded
environment without an address for alarms.

Exit codes: 0 no errors, at most warnings; 1 errors, or a template is missing or
cannot be read.`,
		Example: `  noren check --env prod
  noren check --env prod --deploy
  noren check cdk.out/dev/closed
  noren check --json shop.template.json | jq '.[] | select(.severity == "error")'`,
		ValidArgsFunction: completeTemplates,
		RunE: func(cmd *cobra.Command, args []string) error {
			if deploy {
				return checkDeploy(args, from.env)
			}
			findings, sources, err := check(args, from)
			if err != nil {
				return err
			}
			if asJSON {
				err = writeJSON(cmd.OutOrStdout(), findings)
			} else {
				writeFindings(term.New(cmd.OutOrStdout()), findings, sources)
			}
			if err == nil && slices.ContainsFunc(findings, func(f finding) bool { return f.Severity == alb.Error.String() }) {
				return &exitError{code: 1}
			}
			return err
		},
	}
	from.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	cmd.Flags().BoolVar(&deploy, "deploy", false, "check whether the environment's file is fit to be deployed")
	cmd.MarkFlagsMutuallyExclusive("deploy", "json")
	return cmd
}

// checkDeploy returns what an environment's file leaves open.
func checkDeploy(args []string, env string) error {
	if len(args) > 0 {
		return errors.New("--deploy checks the environment's file and takes no templates")
	}
	if _, _, err := environment.Load("environments", env); err != nil {
		return err
	}
	open, err := environment.Unfinished("environments", env)
	if err != nil {
		return err
	}
	errs := make([]error, len(open))
	for i, p := range open {
		errs[i] = p
	}
	return errors.Join(errs...)
}

// finding is a problem and the templates that have it.
type finding struct {
	Severity  string   `json:"severity"` // "error" or "warning"
	LogicalID string   `json:"logicalId"`
	Path      string   `json:"path"`     // construct path, if CDK wrote the template
	Property  string   `json:"property"` // where in the resource
	Message   string   `json:"message"`
	Value     string   `json:"value"`
	Limit     string   `json:"limit"`
	Templates []string `json:"templates"` // their files, with line and column if known
}

// check returns the problems of templates, errors first, and the templates that
// were checked.
func check(paths []string, from templateFlags) ([]finding, []source, error) {
	sources, err := checkable(paths, from)
	if err != nil {
		return nil, nil, err
	}
	findings := []finding{}
	add := func(f finding, where string) {
		i := slices.IndexFunc(findings, f.same)
		if i < 0 {
			i = len(findings)
			findings = append(findings, f)
		}
		findings[i].Templates = append(findings[i].Templates, where)
	}
	for _, s := range sources {
		s.eachFault(func(where string, fault cfn.Fault) {
			add(finding{alb.Error.String(), fault.LogicalID, fault.Path, fault.Property, "not read: " + fault.Error(), "", "", nil}, where)
		})
		for _, name := range s.unread {
			add(finding{alb.Warning.String(), "", "", "", "not read: " + name + ": its rules are not checked", "", "", nil}, s.file)
		}
		for _, p := range s.parts {
			for _, f := range slices.Concat(unturnable(p.data), stillOpen(p.data), takenNetworks(p.data)) {
				add(f, p.file)
			}
		}
		for _, p := range alb.Check(s.Template) {
			where, id := s.placed(p.LogicalID, p.Property)
			add(finding{p.Severity.String(), id, p.Path, p.Property, p.Message, p.Value, p.Limit, nil}, where)
		}
		for _, l := range s.Listeners {
			for _, dead := range witness.FindDead(l) {
				where, id := s.placed(dead.Rule.LogicalID, "Conditions")
				add(finding{alb.Warning.String(), id, dead.Rule.Path, "Conditions", dead.String(), "", "", nil}, where)
			}
		}
	}
	slices.SortStableFunc(findings, func(a, b finding) int { return strings.Compare(a.Severity, b.Severity) })
	return findings, sources, nil
}

// same reports whether g is the same problem in another template.
func (f finding) same(g finding) bool {
	return f.Severity == g.Severity && f.LogicalID == g.LogicalID && f.Property == g.Property && f.Message == g.Message
}

// checkable reads all templates of the paths. In those without a load balancer
// there is nothing to check.
func checkable(paths []string, from templateFlags) ([]source, error) {
	if len(paths) == 0 {
		return from.load(nil)
	}
	var sources []source
	var errs []error
	for _, path := range paths {
		s, err := from.readPath(path)
		errs = append(errs, err)
		if err == nil {
			sources = append(sources, s)
		}
	}
	if len(from.live) > 0 {
		live, err := from.loadLive()
		errs = append(errs, err)
		sources = append(sources, live)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return sources, from.known(sources)
}

// writeFindings writes a paragraph for each finding, and the totals.
func writeFindings(out term.Terminal, findings []finding, sources []source) {
	count := map[string]int{}
	for _, f := range findings {
		count[f.Severity]++
		s := term.Yellow
		if f.Severity == alb.Error.String() {
			s = term.Red
		}
		for i, line := range term.Wrap(f.Severity+": "+f.Message, out.Width) {
			if rest, ok := strings.CutPrefix(line, f.Severity); ok && i == 0 {
				line = out.In(s, f.Severity) + rest
			}
			fmt.Fprintln(out, line)
		}
		for _, line := range f.where() {
			for _, part := range term.Wrap(line, out.Width-2) {
				fmt.Fprintln(out, "  "+out.In(term.Dim, part))
			}
		}
		fmt.Fprintln(out)
	}
	sum := fmt.Sprintf("%s, %s; %s", term.Plural(count["error"], "error"), term.Plural(count["warning"], "warning"), extentText(sources))
	for _, line := range term.Wrap(sum, out.Width) {
		fmt.Fprintln(out, line)
	}
}

// where returns lines that name the resource and the templates.
func (f finding) where() []string {
	resource := f.LogicalID
	if f.Property != "" {
		resource += " " + f.Property
	}
	var lines []string
	if resource != "" {
		lines = append(lines, resource)
	}
	if f.Path != "" {
		lines = append(lines, f.Path)
	}
	if f.Value != "" || f.Limit != "" {
		lines = append(lines, fmt.Sprintf("value %s, limit %s", f.Value, f.Limit))
	}
	return append(lines, strings.Join(f.Templates, "\n"))
}
