package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/cfn"
)

// templateFlags are the flags of verbs that read templates.
type templateFlags struct {
	env        string            // of the assemblies to read if no template is given
	parameters map[string]string // of the templates
	live       []string          // files with output of the AWS CLI
	values     map[string]string // of what only a deploy knows, by LogicalId.Attribute
}

func (f templateFlags) options() cfn.Options {
	return cfn.Options{Parameters: f.parameters, Values: f.values}
}

// with returns the flags with the parameters and values of others added.
func (f templateFlags) with(others templateFlags) templateFlags {
	merged := func(a, b map[string]string) map[string]string {
		all := map[string]string{}
		maps.Copy(all, a)
		maps.Copy(all, b)
		return all
	}
	f.parameters, f.values = merged(f.parameters, others.parameters), merged(f.values, others.values)
	return f
}

// pseudoParameters are the parameters that every template has.
var pseudoParameters = []string{"AWS::AccountId", "AWS::NotificationARNs", "AWS::Partition", "AWS::Region", "AWS::StackId", "AWS::StackName", "AWS::URLSuffix"}

// known fails for a parameter that no template has, and for a value of a resource
// that no template has: they are mistyped.
func (f templateFlags) known(sources []source) error {
	for _, name := range slices.Sorted(maps.Keys(f.parameters)) {
		all := slices.Clone(pseudoParameters)
		for _, s := range sources {
			all = append(all, s.Parameters...)
		}
		if !slices.Contains(all, name) {
			own := all[len(pseudoParameters):]
			if len(own) == 0 {
				return fmt.Errorf("unknown parameter %q: the template has none", name)
			}
			slices.Sort(own)
			return fmt.Errorf("unknown parameter %q: want %s", name, strings.Join(slices.Compact(own), " or "))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		id, _, _ := strings.Cut(name, ".")
		if !slices.ContainsFunc(sources, func(s source) bool { return slices.Contains(s.Resources, id) }) {
			return fmt.Errorf("--value %s: the template has no resource %q", name, id)
		}
	}
	return nil
}

// warn reports on stderr what could not be read of the templates.
func warn(stderr io.Writer, sources []source) {
	for _, s := range sources {
		s.eachFault(func(where string, f cfn.Fault) { fmt.Fprintf(stderr, "not read: %s: %v\n", where, f) })
	}
}

// add adds the flags to a verb.
func (f *templateFlags) add(cmd *cobra.Command) {
	f.addReading(cmd)
	cmd.Flags().StringArrayVar(&f.live, "live", nil, "output of aws elbv2 describe-listeners, describe-rules or describe-target-groups, of any load balancer; may be repeated")
}

// addReading adds the flags for how templates are read.
func (f *templateFlags) addReading(cmd *cobra.Command) {
	addEnvFlag(cmd, &f.env)
	addValueFlags(cmd, f, "", "the templates")
}

// addValueFlags adds the flags for what a template leaves open. Their names get a
// prefix if each template has its own flags.
func addValueFlags(cmd *cobra.Command, f *templateFlags, prefix, of string) {
	cmd.Flags().StringToStringVar(&f.parameters, prefix+"parameter", nil, "value of a parameter of "+of+", as Name=value; may be repeated")
	cmd.Flags().StringToStringVar(&f.values, prefix+"value", nil, "value that only a deploy knows, of a resource of "+of+", as LogicalId.Attribute=value; may be repeated")
}

// addEnvFlag adds --env, which says what a verb reads if no template is given.
func addEnvFlag(cmd *cobra.Command, env *string) {
	*env = "dev"
	named := new(bool)
	cmd.Flags().Var(envFlag{env, named, ""}, "env", "environment whose assemblies are read, from cdk.out/ENV")
	cmd.Flags().VarP(envFlag{env, named, "env="}, "context", "c", "env=NAME, as for the CDK CLI: the same as --env NAME")
	_ = cmd.RegisterFlagCompletionFunc("env", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"dev", "staging", "prod"}, cobra.ShellCompDirectiveNoFileComp
	})
}

func completeTemplates(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"json"}, cobra.ShellCompDirectiveFilterFileExt
}

// envFlag names an environment: --env NAME or, as in the CDK CLI, -c env=NAME.
type envFlag struct {
	env    *string
	named  *bool
	prefix string // "env=", or nothing
}

func (f envFlag) Set(value string) error {
	name, ok := strings.CutPrefix(value, f.prefix)
	if !ok || name == "" {
		return errors.New("want " + f.Type())
	}
	if *f.named && *f.env != name {
		return fmt.Errorf("two environments, %s and %s", *f.env, name)
	}
	*f.env, *f.named = name, true
	return nil
}

func (f envFlag) String() string {
	if f.env == nil || f.prefix != "" {
		return ""
	}
	return *f.env
}

func (f envFlag) Type() string { return f.prefix + "NAME" }
