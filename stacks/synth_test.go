package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"

	"github.com/noren-cdk/noren/internal/testing/tempdir"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/maintenance"
)

// TestMain starts one jsii kernel for the package and closes it once.
func TestMain(m *testing.M) {
	tempdir.Use()
	if err := os.Chdir(".."); err != nil { // where cdk.json and the assets are
		panic(err)
	}
	os.Setenv("CDK_VALIDATION", "false") // make synth validates; here it costs seconds
	jsii.Close()                         // drop the client made at init, so Node starts with this environment
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// environments are those of this repository.
var environments = []string{"dev", "staging", "prod"}

// remembered returns the absolute path of a file of the repository. go test
// caches a result until a file changes that the test has read, but it resolves
// relative paths against the package's folder, which TestMain has left before go
// test starts to track files.
func remembered(file string) string {
	path, err := filepath.Abs(file)
	if err != nil {
		panic(err)
	}
	return path
}

// assembly is what a synthesis wrote.
type assembly struct {
	data     []byte // the template as written
	template template
	assets   map[string]any // by hash, without the template's own
	messages []string       // warnings and errors
}

// template is a synthesized template as data.
type template struct {
	Resources map[string]resource
	Outputs   map[string]struct{ Value any }
}

type resource struct {
	Type           string
	Properties     map[string]any
	DependsOn      any
	DeletionPolicy string
	Metadata       map[string]any
}

// ofType returns the logical ids of the resources of a type, sorted.
func (t template) ofType(resourceType string) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		if t.Resources[id].Type == resourceType {
			ids = append(ids, id)
		}
	}
	return ids
}

// only returns the single resource of a type.
func (t template) only(tb testing.TB, resourceType string) resource {
	tb.Helper()
	ids := t.ofType(resourceType)
	if len(ids) != 1 {
		tb.Fatalf("%d resources of type %s, want 1", len(ids), resourceType)
	}
	return t.Resources[ids[0]]
}

// loadEnvironment reads an environment of this repository.
func loadEnvironment(tb testing.TB, name string) environment.Environment {
	tb.Helper()
	env, _, err := environment.Load(remembered("environments"), name)
	if err != nil {
		tb.Fatal(err)
	}
	return env
}

// newTestApp returns an app with the context of cdk.json, as the CLI would pass
// it. It leaves the assets where they are instead of copying 200 MB to every
// assembly; templates and hashes stay the same.
func newTestApp(outdir string) awscdk.App {
	context := cdkContext()
	context["aws:cdk:disable-asset-staging"] = true
	return awscdk.NewApp(&awscdk.AppProps{Context: &context, Outdir: &outdir, AnalyticsReporting: jsii.Bool(false)})
}

// cdkContext returns the context of cdk.json.
func cdkContext() map[string]any {
	data, err := os.ReadFile(remembered("cdk.json"))
	if err != nil {
		panic(err)
	}
	var config struct{ Context map[string]any }
	if err := json.Unmarshal(data, &config); err != nil {
		panic(err)
	}
	return config.Context
}

var explicit = regexp.MustCompile(`"Explicit": "[-0-9:TZ]+"`)

// synth synthesizes an environment in a mode.
func synth(env environment.Environment, mode maintenance.Mode) (assembly, error) {
	return synthWith(env, maintenancemode.Flags{Mode: &mode})
}

// synthWith synthesizes an environment with flags.
func synthWith(env environment.Environment, flags maintenancemode.Flags) (assembly, error) {
	return synthIn(cdkContext(), env, flags)
}

// synthIn synthesizes an environment with flags and the context of an app.
func synthIn(context map[string]any, env environment.Environment, flags maintenancemode.Flags) (assembly, error) {
	outdir, err := os.MkdirTemp("", "noren-stacks-")
	if err != nil {
		return assembly{}, err
	}
	defer os.RemoveAll(outdir)
	app := awscdk.NewApp(&awscdk.AppProps{Context: &context, Outdir: &outdir, AnalyticsReporting: jsii.Bool(false)})
	stack := Build(app, env, flags).Stack
	artifact := app.Synth(nil).GetStackArtifact(stack.ArtifactId())

	var a assembly
	data, err := os.ReadFile(*artifact.TemplateFullPath())
	if err != nil {
		return a, err
	}
	// The time when the mode was typed is the only value in a template that
	// depends on the time of synthesis.
	data = explicit.ReplaceAll(data, []byte(`"Explicit": "2026-12-01T02:00:00Z"`))
	if err := json.Unmarshal(data, &a.template); err != nil {
		return a, err
	}
	a.data = data
	data, err = os.ReadFile(fmt.Sprintf("%s/%s.assets.json", outdir, env.StackName))
	if err != nil {
		return a, err
	}
	type asset struct{ Source, Destinations map[string]any }
	var manifest struct{ Files, DockerImages map[string]asset }
	if err := json.Unmarshal(data, &manifest); err != nil {
		return a, err
	}
	a.assets = map[string]any{}
	for hash, asset := range manifest.DockerImages {
		a.assets[hash] = asset
	}
	for hash, asset := range manifest.Files {
		if asset.Source["path"] != env.StackName+".template.json" {
			delete(asset.Source, "path") // CDK's own assets are in a folder of this synthesis
			a.assets[hash] = asset
		}
	}
	for _, message := range *artifact.Messages() {
		a.messages = append(a.messages, fmt.Sprint(message.Level, " ", *message.Id, " ", message.Entry.Data))
	}
	return a, nil
}

var syntheses sync.Map // "env mode" to func() (assembly, error)

// synthesized returns the assembly of an environment in a mode. It is synthesized
// once.
func synthesized(tb testing.TB, name string, mode maintenance.Mode) assembly {
	tb.Helper()
	env := loadEnvironment(tb, name)
	once, _ := syntheses.LoadOrStore(name+" "+string(mode), sync.OnceValues(func() (assembly, error) { return synth(env, mode) }))
	a, err := once.(func() (assembly, error))()
	if err != nil {
		tb.Fatal(err)
	}
	return a
}
