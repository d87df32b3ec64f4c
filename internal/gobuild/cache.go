package gobuild

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// sources prints what a build of a package depends on, a line each: the module
// and version of packages in the module cache, which never change, and the
// files of packages in the main module, which may. Every package is on one
// line of its own so that the first field names it.
const sources = `{{if not .Standard}}{{.ImportPath}}{{with .Module}} {{.Path}}@{{.Version}} {{.Main}}{{end}}` +
	`{{if .Module.Main}}{{$dir := .Dir}}{{range .GoFiles}}{{"\n"}}file {{$dir}}/{{.}}{{end}}` +
	`{{range .SFiles}}{{"\n"}}file {{$dir}}/{{.}}{{end}}{{range .EmbedFiles}}{{"\n"}}file {{$dir}}/{{.}}{{end}}{{end}}{{end}}`

// key names the result of building p: a hash of everything that can change it.
func (p Program) key(module string, env []string) (string, error) {
	out, err := goCommand(module, env, "list", "-mod=readonly", "-deps", p.tags(), "-f", sources, p.Package)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintln(h, p.Package, p.GOOS, p.GOARCH, p.tags(), Toolchain, flags)
	for _, name := range []string{"go.mod", "go.sum"} {
		if err := copyFile(h, filepath.Join(module, name)); err != nil {
			return "", err
		}
	}
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSuffix(line, "\n")
		file, isFile := strings.CutPrefix(line, "file ")
		if !isFile {
			fmt.Fprintln(h, line)
			continue
		}
		// The place of a module does not count, only what is in it.
		fmt.Fprintln(h, strings.TrimPrefix(file, module))
		if err := copyFile(h, file); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16]), nil
}

// cacheDir is where compiled programs are kept: a folder of the user's cache,
// or of the temporary files where there is no home.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "noren", "gobuild")
}

// hit tells whether the entry is there, and notes that it is in use.
func hit(entry string) bool {
	if _, err := os.Stat(filepath.Join(entry, "bootstrap.zip")); err != nil {
		return false
	}
	now := time.Now()
	_ = os.Chtimes(entry, now, now) // a cache that cannot note its use only forgets sooner
	return true
}

// prune removes the entries of dir that nobody used since the time given.
func prune(dir string, since time.Time) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.ModTime().Before(since) {
			_ = os.RemoveAll(filepath.Join(dir, entry.Name()))
		}
	}
}
