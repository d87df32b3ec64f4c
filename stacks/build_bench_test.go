package stacks

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// BenchmarkAppBuild compiles this app with an empty Go cache, which happens once
// for each release of CDK, and again without changes.
func BenchmarkAppBuild(b *testing.B) {
	dir := b.TempDir()
	binary := filepath.Join(dir, "app")
	build := func(b *testing.B) {
		run(b, []string{"GOCACHE=" + filepath.Join(dir, "gocache")}, "go", "build", "-o", binary, ".")
	}
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			if err := os.RemoveAll(filepath.Join(dir, "gocache")); err != nil {
				b.Fatal(err)
			}
			build(b)
		}
		reportSeconds(b)
	})
	b.Run("cached", func(b *testing.B) {
		build(b)
		for b.Loop() {
			build(b)
		}
		reportSeconds(b)
	})
}

// BenchmarkTests runs all compiled tests: with Go's cached results, when nothing
// has changed, and with every test run again.
func BenchmarkTests(b *testing.B) {
	run(b, nil, "go", "test", "./...")
	b.Run("cached", func(b *testing.B) {
		for b.Loop() {
			run(b, nil, "go", "test", "./...")
		}
		reportSeconds(b)
	})
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			run(b, nil, "go", "test", "-count=1", "./...")
		}
		reportSeconds(b)
	})
}

func run(b *testing.B, environment []string, name string, args ...string) {
	b.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), environment...)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

// reportSeconds replaces nanoseconds, which are unreadable at this size.
func reportSeconds(b *testing.B) {
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/op")
}
