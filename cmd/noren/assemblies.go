package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/internal/term"
	"github.com/noren-cdk/noren/maintenance"
)

// source is a template that was read, and where it comes from.
type source struct {
	mode string // open, read-only or closed; else a name to tell it from others
	file string
	data []byte // the template as it is written

	folder string // that check was asked about
	*alb.Template
}

// loadAssemblies reads the templates that make synth wrote for an environment,
// one for each mode: open and closed, and read-only if it is there.
func (f templateFlags) loadAssemblies() ([]source, error) {
	env := f.env
	var sources []source
	for _, mode := range maintenance.Modes() {
		dir := filepath.Join("cdk.out", env, string(mode))
		_, err := os.Stat(dir)
		if errors.Is(err, fs.ErrNotExist) && mode == maintenance.ReadOnly {
			continue
		}
		if errors.Is(err, fs.ErrNotExist) {
			if err := knownEnvironment(env); err != nil {
				return nil, err
			}
			return nil, fmt.Errorf("no templates in %s: run \"make synth ENV=%s\", or name a template", dir, env)
		}
		s, err := f.loadOne(dir)
		if err != nil {
			return nil, err
		}
		s.mode = string(mode)
		sources = append(sources, s)
	}
	return sources, f.known(sources)
}

// knownEnvironment fails if there are environment files here, and none of that
// name.
func knownEnvironment(env string) error {
	if files, err := filepath.Glob("environments/*.yaml"); err != nil || len(files) == 0 {
		return err
	}
	return environment.Known("environments", env)
}

// templateFlags are the flags of verbs that read templates.
type templateFlags struct {
	env        string            // whose assemblies are read where no template is named
	parameters map[string]string // of the templates
	live       []string          // files that the AWS CLI printed
	values     map[string]string // of what only a deploy knows, by LogicalId.Attribute
}

func (f templateFlags) options() cfn.Options {
	return cfn.Options{Parameters: f.parameters, Values: f.values}
}

// with is the flags with more parameters.
func (f templateFlags) with(parameters map[string]string) templateFlags {
	all := map[string]string{}
	maps.Copy(all, f.parameters)
	maps.Copy(all, parameters)
	f.parameters = all
	return f
}

// load reads templates, each a file or an assembly folder; without any, those
// of the environment.
func (f templateFlags) load(paths []string) ([]source, error) {
	if len(f.live) > 0 {
		live, err := f.loadLive()
		if err != nil || len(paths) == 0 {
			return []source{live}, err
		}
		sources, err := f.loadAll(paths)
		return append(sources, live), err
	}
	return f.loadAll(paths)
}

// loadLive reads what the AWS CLI prints of load balancers that exist.
func (f templateFlags) loadLive() (source, error) {
	var described alb.Described
	for _, file := range f.live {
		data, err := os.ReadFile(file)
		if err != nil {
			return source{}, err
		}
		var answer map[string]json.RawMessage
		if err := json.Unmarshal(data, &answer); err != nil {
			return source{}, fmt.Errorf("%s: %w", file, err)
		}
		switch {
		case answer["Listeners"] != nil:
			described.Listeners = append(described.Listeners, data)
		case answer["Rules"] != nil:
			described.Rules = append(described.Rules, data)
		case answer["TargetGroups"] != nil:
			described.TargetGroups = append(described.TargetGroups, data)
		default:
			return source{}, fmt.Errorf("%s: want what aws elbv2 describe-listeners, describe-rules or describe-target-groups prints", file)
		}
	}
	template, err := alb.ReadDescribed(described)
	if err != nil {
		return source{}, fmt.Errorf("%s: %w", strings.Join(f.live, ", "), err)
	}
	if len(template.Listeners) == 0 {
		return source{}, fmt.Errorf("%s: no listener: want what aws elbv2 describe-listeners prints too", strings.Join(f.live, ", "))
	}
	return source{mode: "live", file: strings.Join(f.live, ", "), Template: template}, nil
}

func (f templateFlags) loadAll(paths []string) ([]source, error) {
	if len(paths) == 0 {
		return f.loadAssemblies()
	}
	var sources []source
	for _, path := range paths {
		s, err := f.loadOne(path)
		if err != nil {
			return nil, err
		}
		sources = append(sources, s)
	}
	nameApart(sources)
	return sources, f.known(sources)
}

// pseudoParameters are the parameters that every template has.
var pseudoParameters = []string{"AWS::AccountId", "AWS::NotificationARNs", "AWS::Partition", "AWS::Region", "AWS::StackId", "AWS::StackName", "AWS::URLSuffix"}

// known fails on a parameter that no template has, and on a value of a resource
// that none has: they are mistyped.
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

// warn names on stderr what of the templates could not be read.
func warn(stderr io.Writer, sources []source) {
	for _, s := range sources {
		for _, f := range s.Faults {
			fmt.Fprintf(stderr, "not read: %s: %v\n", placed(s.file, f), f)
		}
	}
}

// placed is a file with the place of a fault in it, if that is known.
func placed(file string, f cfn.Fault) string {
	if f.Line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d:%d", file, f.Line, f.Column)
}

// loadOne reads a template file, or the one template of an assembly folder that
// has listeners or listener rules.
func (f templateFlags) loadOne(path string) (source, error) {
	files, err := templateFiles(path)
	if err != nil {
		return source{}, err
	}
	var found []source
	for _, file := range files {
		s, err := f.readSource(file)
		if err != nil {
			return source{}, err
		}
		if len(s.Listeners) > 0 {
			found = append(found, s)
		}
	}
	switch len(found) {
	case 0:
		return source{}, fmt.Errorf("%s: no listener and no listener rule of an application load balancer in %s", path, term.Plural(len(files), "template"))
	case 1:
		return found[0], nil
	}
	return source{mode: filepath.Base(path), file: path, Template: joined(found)}, nil
}

// joined is one template of several that are deployed together.
func joined(sources []source) *alb.Template {
	stacks := make([]alb.Stack, len(sources))
	for i, s := range sources {
		stacks[i] = alb.Stack{Name: s.mode, Template: s.Template}
	}
	return alb.Join(stacks)
}

// templateFiles are the templates of an assembly folder, or path itself if it
// is a file.
func templateFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if failed := new(fs.PathError); errors.As(err, &failed) {
		return nil, fmt.Errorf("reading template %q: %w", path, failed.Err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	for _, pattern := range []string{"*.template.json", "*.template.yaml", "*.template.yml", "*.template"} {
		found, err := filepath.Glob(filepath.Join(path, pattern))
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	nested, err := filepath.Glob(filepath.Join(path, "assembly-*")) // of Stages
	if err != nil {
		return nil, err
	}
	for _, dir := range nested {
		more, err := templateFiles(dir)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no *.template.json, which cdk synth --output writes, and no *.template.yaml", path)
	}
	return files, nil
}

func (f templateFlags) readSource(file string) (source, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return source{}, err
	}
	template, err := alb.ReadPart(bytes.NewReader(data), f.options())
	if err != nil {
		return source{}, fmt.Errorf("reading template %q: %w", file, err)
	}
	name := filepath.Base(file)
	name = strings.TrimSuffix(strings.TrimSuffix(name, filepath.Ext(name)), ".template")
	return source{mode: name, file: file, data: data, Template: template}, nil
}

// nameApart names templates by their folders if their file names are equal.
func nameApart(sources []source) {
	seen := map[string]bool{}
	for _, s := range sources {
		if seen[s.mode] {
			for i := range sources {
				sources[i].mode = filepath.Base(filepath.Dir(sources[i].file))
			}
			break
		}
		seen[s.mode] = true
	}
	seen = map[string]bool{}
	for i := range sources {
		if seen[sources[i].mode] {
			sources[i].mode = sources[i].file
		}
		seen[sources[i].mode] = true
	}
}

// add adds the flags to a verb.
func (f *templateFlags) add(cmd *cobra.Command) {
	f.addReading(cmd)
	cmd.Flags().StringArrayVar(&f.live, "live", nil, "what aws elbv2 describe-listeners, describe-rules or describe-target-groups printed, of any load balancer; may be repeated")
}

// addReading adds the flags that say how templates are read.
func (f *templateFlags) addReading(cmd *cobra.Command) {
	addEnvFlag(cmd, &f.env)
	addParameterFlag(cmd, &f.parameters)
	cmd.Flags().StringToStringVar(&f.values, "value", nil, "what only a deploy knows of a resource, as LogicalId.Attribute=value; may be repeated")
}

// addParameterFlag adds --parameter, for what a template leaves open.
func addParameterFlag(cmd *cobra.Command, parameters *map[string]string) {
	cmd.Flags().StringToStringVar(parameters, "parameter", nil, "value of a parameter of the templates, as Name=value; may be repeated")
}

// addEnvFlag adds --env, which says what a verb reads without a template.
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

// envFlag names an environment: --env NAME or, as people are used to from the CDK
// CLI, -c env=NAME.
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
