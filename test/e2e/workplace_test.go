//go:build e2e

package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/environment"
)

var (
	builtImage  = regexp.MustCompile(`(?m)^  image: "".*$`)
	changesFile = regexp.MustCompile(`(?m)^  changes: .*\n`)
)

// workplace turns dir into a folder from which the app can be synthesized as from
// the root of the repository. The environment is unchanged except for its images,
// which are named, since building them requires Docker.
func workplace(t *testing.T, dir, name string) environment.Environment {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("environments", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(builtImage.FindAll(source, -1)); n != 2 {
		t.Fatalf("environments/%s.yaml has %d images that are built, want 2: of the API and of the schema change", name, n)
	}
	source = builtImage.ReplaceAll(source, []byte("  image: registry.example/fieldreports:e2e"))
	source = changesFile.ReplaceAll(source, nil) // a named image contains them
	environments := filepath.Join(dir, "environments")
	if err := os.MkdirAll(environments, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(environments, name+".yaml"), source, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, same := range []string{"cdk.json", "examples"} {
		if err := os.Symlink(filepath.Join(root, same), filepath.Join(dir, same)); err != nil {
			t.Fatal(err)
		}
	}
	env, _, err := environment.Load(environments, name)
	if err != nil {
		t.Fatal(err)
	}
	return env
}

// deployable turns dir into a checkout of this tree with an environment that can
// be deployed: its placeholders are replaced, and someone is told.
func deployable(t *testing.T, dir, name string) environment.Environment {
	t.Helper()
	env := workplace(t, dir, name)
	file := filepath.Join(dir, "environments", name+".yaml")
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	source = bytes.ReplaceAll(source, []byte("# REPLACE"), []byte("# replaced"))
	source = bytes.Replace(source, []byte(`alarmEmail: "" # replaced`), []byte("alarmEmail: ops@example.com # replaced"), 1)
	if err := os.WriteFile(file, source, 0o644); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if slices.Contains([]string{"environments", "cdk.out", "cdk.json", "examples", ".git"}, entry.Name()) {
			continue
		}
		if err := os.Symlink(filepath.Join(root, entry.Name()), filepath.Join(dir, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return env
}

// assembly is a synthesized app in one mode, without what the emulator lacks.
type assembly struct {
	mode     string // as in -c maintenance=
	dir      string
	template []byte
	listener *alb.Listener // the listener that has rules
	filtered map[string]int
}

// turnable are types that turning a stack needs and other tests omit.
var turnable = []string{"Custom::NorenReopenGuard", "AWS::SSM::Parameter"}

// synthesize runs a program's app in a mode.
func (e *emulator) synthesize(t *testing.T, program, stack, mode string, flags ...string) assembly {
	t.Helper()
	return e.synthesizeWith(t, nil, program, stack, mode, flags...)
}

// synthesizeWith leaves the types of keep in the templates.
func (e *emulator) synthesizeWith(t *testing.T, keep []string, program, stack, mode string, flags ...string) assembly {
	t.Helper()
	a := assembly{mode: mode, dir: filepath.Join(e.dir, mode)}
	args := append([]string{"synth", "--quiet", "--no-version-reporting", "--app", program, "--output", a.dir, "-c", "maintenance=" + mode}, flags...)
	e.cdk(t, "cdk synth -c maintenance="+mode, e.dir, args...)
	a.filtered = filter(t, filepath.Join(a.dir, stack+".template.json"), keep...)
	var err error
	if a.template, err = os.ReadFile(filepath.Join(a.dir, stack+".template.json")); err != nil {
		t.Fatal(err)
	}
	template, err := alb.Read(bytes.NewReader(a.template), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range template.Listeners {
		if len(l.Rules) == 0 {
			continue
		}
		if a.listener != nil {
			t.Fatalf("listeners %s and %s have rules, want one", a.listener.Ref, l.Ref)
		}
		a.listener = l
	}
	if a.listener == nil {
		t.Fatalf("%s: no listener has rules", a.dir)
	}
	return a
}
