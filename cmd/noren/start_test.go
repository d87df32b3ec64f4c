package main

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDependencies: the command knows neither CDK nor jsii, so that it starts
// at once and needs no Node.
func TestDependencies(t *testing.T) {
	out, err := osexec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, foreign := range []string{"aws-cdk-go", "jsii-runtime-go", "constructs-go", "noren/constructs", "noren/stacks"} {
		if strings.Contains(string(out), foreign) {
			t.Errorf("cmd/noren depends on %s", foreign)
		}
	}
	if !strings.Contains(string(out), "noren/internal/alb\n") {
		t.Error("go list does not name internal/alb, so what it leaves out says nothing")
	}
}

// BenchmarkStart is noren --version beside an empty program: the metric
// "x-empty" says how many times longer it takes, 3 at most.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	empty := filepath.Join(dir, "empty.go")
	if err := os.WriteFile(empty, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	build := func(name, source string) string {
		binary := filepath.Join(dir, name)
		if out, err := osexec.Command("go", "build", "-o", binary, source).CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		return binary
	}
	ours, theirs := build("noren", "."), build("empty", empty)
	run := func(binary string) time.Duration {
		start := time.Now()
		if err := osexec.Command(binary, "--version").Run(); err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	best := [2]time.Duration{time.Hour, time.Hour}
	for b.Loop() {
		best[0] = min(best[0], run(ours))
		best[1] = min(best[1], run(theirs))
	}
	b.ReportMetric(float64(best[0])/float64(best[1]), "x-empty")
	b.ReportMetric(float64(best[0].Microseconds())/1000, "noren-ms")
	b.ReportMetric(float64(best[1].Microseconds())/1000, "empty-ms")
}
