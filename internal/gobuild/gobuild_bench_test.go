package gobuild_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/noren-cdk/noren/internal/gobuild"
)

// BenchmarkBuild compiles the responder with an empty cache, with the packages in
// Go's cache as after a change of the program, and without any change. Run it
// without tests (-run '^$'): a process asks Go only once where its cache is.
func BenchmarkBuild(b *testing.B) {
	b.Chdir(filepath.Join("..", ".."))
	goCache, programs := filepath.Join(b.TempDir(), "go"), b.TempDir()
	b.Setenv("GOCACHE", goCache)
	b.Setenv("XDG_CACHE_HOME", programs)
	benchmark := func(name string, forgotten ...string) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				for _, dir := range forgotten {
					if err := os.RemoveAll(dir); err != nil {
						b.Fatal(err)
					}
				}
				program := gobuild.Program{Package: "github.com/noren-cdk/noren/lambda/responder", GOARCH: "arm64"}
				if _, err := program.Build(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/op")
			if entries, _ := os.ReadDir(goCache); len(entries) == 0 {
				b.Fatal("another cache of Go was used: run it without tests")
			}
		})
	}
	benchmark("cold", goCache, programs)
	benchmark("changed", programs)
	benchmark("cached")
}
