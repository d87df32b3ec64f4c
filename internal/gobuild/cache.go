package gobuild

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// sources prints what a build of a package depends on, one line each: the module
// and version of packages in the module cache, which never change, and the files
// of packages in the main module, which may change. Every package has its own
// line, whose first field names it.
const sources = `{{if not .Standard}}{{.ImportPath}}{{with .Module}} {{.Path}}@{{.Version}} {{.Main}}{{end}}` +
	`{{if .Module.Main}}{{$dir := .Dir}}{{range .GoFiles}}{{"\n"}}file {{$dir}}/{{.}}{{end}}` +
	`{{range .SFiles}}{{"\n"}}file {{$dir}}/{{.}}{{end}}{{range .EmbedFiles}}{{"\n"}}file {{$dir}}/{{.}}{{end}}{{end}}{{end}}`

// key returns the key of the result of building p: a hash of everything that can
// change it.
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
		// Where the module is does not matter, only what it contains.
		fmt.Fprintln(h, strings.TrimPrefix(file, module))
		if err := copyFile(h, file); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16]), nil
}

// cacheDir returns the folder for compiled programs: in the user's cache, or in
// the temporary folder if there is no home.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "noren", "gobuild")
}

// hit reports whether the entry exists, and marks it as used.
func hit(entry string) bool {
	if _, err := os.Stat(filepath.Join(entry, "bootstrap.zip")); err != nil {
		return false
	}
	now := time.Now()
	_ = os.Chtimes(entry, now, now) // a cache that cannot record its use only expires sooner
	return true
}

// How much the cache keeps. Every change of a source adds entries; noren's alone
// takes 80 MB.
const (
	keptUnused = 5 * 24 * time.Hour // like Go's own build cache
	keptBytes  = 2 << 30
	inUse      = time.Hour // a synthesis may still read entries used this recently
)

// prune removes the entries of dir that have not been used for long, and then the
// least recently used ones until the rest fits.
func prune(dir string, now time.Time) {
	type entry struct {
		path string
		used time.Time
		size int64
	}
	var entries []entry
	var total int64
	names, _ := os.ReadDir(dir) // an unreadable cache is not pruned
	for _, name := range names {
		info, err := name.Info()
		if err != nil {
			continue // another process has removed it
		}
		e := entry{filepath.Join(dir, name.Name()), info.ModTime(), diskUsage(filepath.Join(dir, name.Name()))}
		entries = append(entries, e)
		total += e.size
	}
	slices.SortFunc(entries, func(a, b entry) int { return a.used.Compare(b.used) })
	for _, e := range entries {
		unused := now.Sub(e.used)
		if unused <= keptUnused && (total <= keptBytes || unused <= inUse) {
			return // the entries after it were used later
		}
		_ = os.RemoveAll(e.path) // what stays is tried again with the next program
		total -= e.size
	}
}

// diskUsage returns the size of the files in a folder, counting each once however
// many names it has.
func diskUsage(dir string) int64 {
	var total int64
	var seen []fs.FileInfo
	_ = filepath.WalkDir(dir, func(_ string, file fs.DirEntry, err error) error {
		if err != nil || !file.Type().IsRegular() {
			return nil
		}
		info, err := file.Info()
		if err != nil || slices.ContainsFunc(seen, func(other fs.FileInfo) bool { return os.SameFile(info, other) }) {
			return nil
		}
		seen = append(seen, info)
		total += info.Size()
		return nil
	})
	return total
}
