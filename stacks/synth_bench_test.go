package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/gobuild"
)

// BenchmarkSynth measures what this module costs over CDK alone. It synthesizes
// dev and testdata/plainapp alternately, in whole processes as the CLI runs them,
// and reports the medians of the pairwise ratios. CPU time is the steadier of the
// two on a busy machine. Choose the number of pairs with -benchtime=9x.
func BenchmarkSynth(b *testing.B) {
	var functions []string
	for _, name := range []string{"responder", "unlock", "probe"} {
		function, err := gobuild.Program{Package: "github.com/noren-cdk/noren/lambda/" + name, GOARCH: "arm64"}.Build()
		if err != nil {
			b.Fatal(err)
		}
		functions = append(functions, function.Zip)
	}
	product := compileApp(b, ".")
	plain := compileApp(b, "./stacks/testdata/plainapp", functions...)
	for _, validation := range []string{"off", "on"} {
		b.Run("validation="+validation, func(b *testing.B) {
			environment := []string{"CDK_VALIDATION=" + map[string]string{"off": "false", "on": "true"}[validation]}
			product.synth(b, environment) // the first run of each warms up
			plain.synth(b, environment)
			if differ := differentTypes(product.types(b), plain.types(b)); differ != nil {
				b.Fatalf("testdata/plainapp does not define what the product does in dev:\n%s", strings.Join(differ, "\n"))
			}
			var costs, plainCosts []cost
			for b.Loop() {
				costs = append(costs, product.synth(b, environment))
				plainCosts = append(plainCosts, plain.synth(b, environment))
			}
			report(b, costs, plainCosts)
		})
	}
}

// report prints the medians of the product's runs, and of their ratios to the
// runs of the plain app that followed them.
func report(b *testing.B, product, plain []cost) {
	b.Helper()
	var wall, plainWall, wallRatio, cpuRatio []float64
	for i := range product {
		wall = append(wall, product[i].wall.Seconds())
		plainWall = append(plainWall, plain[i].wall.Seconds())
		wallRatio = append(wallRatio, product[i].wall.Seconds()/plain[i].wall.Seconds())
		cpuRatio = append(cpuRatio, product[i].cpu.Seconds()/plain[i].cpu.Seconds())
	}
	b.ReportMetric(0, "ns/op") // of a pair, which means nothing
	b.ReportMetric(median(wall), "s/product")
	b.ReportMetric(median(plainWall), "s/plain")
	b.ReportMetric(median(wallRatio), "wall-ratio")
	b.ReportMetric(median(cpuRatio), "cpu-ratio")
	b.Logf("synth takes %.2fx the time of a plain CDK app (goal: at most 1.20x) and %.2fx its processor time; %.2f s against %.2f s, medians of %d pairs",
		median(wallRatio), median(cpuRatio), median(wall), median(plainWall), len(product))
}

// compiledApp is a CDK app as a program.
type compiledApp struct {
	binary string
	args   []string
	outdir string
}

// cost is what a synthesis took, including child processes.
type cost struct{ wall, cpu time.Duration }

// compileApp compiles the main package at a path.
func compileApp(b *testing.B, path string, args ...string) compiledApp {
	b.Helper()
	dir := b.TempDir()
	app := compiledApp{binary: filepath.Join(dir, "app"), args: args, outdir: filepath.Join(dir, "cdk.out")}
	if out, err := exec.Command("go", "build", "-o", app.binary, path).CombinedOutput(); err != nil {
		b.Fatalf("building %s: %v\n%s", path, err, out)
	}
	return app
}

// synth runs the app as the CLI would.
func (a compiledApp) synth(b *testing.B, environment []string) cost {
	b.Helper()
	if err := os.RemoveAll(a.outdir); err != nil {
		b.Fatal(err)
	}
	context, err := json.Marshal(cdkContext())
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(a.binary, a.args...)
	cmd.Env = append(os.Environ(), "CDK_OUTDIR="+a.outdir, "CDK_CONTEXT_JSON="+string(context))
	cmd.Env = append(cmd.Env, environment...)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(start)
	if err != nil {
		b.Fatalf("%s: %v\n%s", a.binary, err, out)
	}
	return cost{wall: wall, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
}

// types counts the resources of each type in the template that synth wrote.
func (a compiledApp) types(b *testing.B) map[string]int {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(a.outdir, "*.template.json"))
	if err != nil || len(files) != 1 {
		b.Fatalf("templates %q, %v: want one", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		b.Fatal(err)
	}
	var t template
	if err := json.Unmarshal(data, &t); err != nil {
		b.Fatal(err)
	}
	count := map[string]int{}
	for _, r := range t.Resources {
		count[r.Type]++
	}
	return count
}

// differentTypes names the resource types whose numbers differ.
func differentTypes(product, plain map[string]int) []string {
	all := maps.Clone(product)
	maps.Copy(all, plain)
	var differ []string
	for _, resourceType := range slices.Sorted(maps.Keys(all)) {
		if product[resourceType] != plain[resourceType] {
			differ = append(differ, fmt.Sprintf("%s: %d in the product, %d in the plain app", resourceType, product[resourceType], plain[resourceType]))
		}
	}
	return differ
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}
