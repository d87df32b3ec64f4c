// Package packaged runs the test of a function with both packages in which the
// function is deployed: the zip archive and the container image.
package packaged

import (
	"archive/zip"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/noren-cdk/noren/internal/gobuild"
	"github.com/noren-cdk/noren/internal/gobuild/image"
	"github.com/noren-cdk/noren/internal/preview/lambdaruntime"
)

// Each compiles the program for this machine, packs it with files, and runs the
// test for each package, with a config that starts the unpacked program. The
// program in the image sees only the files of the image, which needs Linux.
func Each(t *testing.T, program string, files map[string][]byte, test func(*testing.T, lambdaruntime.Config)) {
	t.Helper()
	output, err := gobuild.Program{Package: program, GOOS: runtime.GOOS, GOARCH: runtime.GOARCH}.Build()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("zip", func(t *testing.T) {
		archive, err := output.With(files)
		if err != nil {
			t.Fatal(err)
		}
		r, err := zip.OpenReader(archive.Zip)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		dir := t.TempDir()
		if err := os.CopyFS(dir, r); err != nil {
			t.Fatal(err)
		}
		bootstrap := filepath.Join(dir, "bootstrap")
		if err := os.Chmod(bootstrap, 0o755); err != nil { // CopyFS applies the umask
			t.Fatal(err)
		}
		test(t, lambdaruntime.Config{Bootstrap: bootstrap})
	})
	t.Run("image", func(t *testing.T) {
		if runtime.GOOS != "linux" {
			t.Skip("an image runs on Linux")
		}
		built, err := image.Function(output, runtime.GOARCH, files)
		if err != nil {
			t.Fatal(err)
		}
		config, err := built.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		root := t.TempDir()
		if err := image.Unpack(built, root); err != nil {
			t.Fatal(err)
		}
		test(t, lambdaruntime.Config{Bootstrap: config.Config.Entrypoint[0], Dir: config.Config.WorkingDir, Root: root, User: image.User})
	})
}
