// Package tempdir gives tests a temporary folder that go test removes, however
// they end.
package tempdir

import (
	"os"
	"path/filepath"
	"strings"
)

// Use makes the folder of the test program the temporary folder of this process
// and of those that it starts. go test creates that folder, and removes it even
// after tests that failed, timed out or were interrupted, which remove nothing
// themselves. A test program that was started without go test keeps its temporary
// folder. TestMain calls Use first.
func Use() {
	program, err := os.Executable()
	if err != nil {
		return
	}
	folder := filepath.Dir(program)
	if strings.HasPrefix(filepath.Base(filepath.Dir(folder)), "go-build") {
		os.Setenv("TMPDIR", folder)
	}
}
