// Package tempdir gives tests a folder for temporary files that go test removes,
// however they end.
package tempdir

import (
	"os"
	"path/filepath"
	"strings"
)

// Use makes the folder of the test program the one for temporary files, of this
// process and of those that it starts. go test has made that folder, and removes
// it also after tests that failed, ran out of time, or were interrupted, which
// remove nothing themselves. A test program that was started without go test
// keeps the folder that it was given. TestMain calls Use first.
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
