package accesslog

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Source is a log that can be opened.
type Source struct {
	Name string // a path, or "stdin"
	Size int64  // in bytes as stored, 0 if unknown
	Open func() (io.ReadCloser, error)
}

// Sources finds the logs that names refer to: a file whatever it is called, a
// folder with all .log and .gz files below it in the order of their names, or "-"
// for stdin. A log named twice is read once. In folders, it skips logs of
// connections and health checks, which ALB may deliver there too.
func Sources(names []string, stdin io.Reader) ([]Source, error) {
	seen := map[string]bool{}
	var sources []Source
	add := func(path string, size int64) {
		if clean := filepath.Clean(path); !seen[clean] {
			seen[clean] = true
			sources = append(sources, Source{path, size, func() (io.ReadCloser, error) { return os.Open(path) }})
		}
	}
	for _, name := range names {
		if name == "-" {
			if !seen["-"] {
				seen["-"] = true
				sources = append(sources, Source{Name: "stdin", Open: func() (io.ReadCloser, error) { return io.NopCloser(stdin), nil }})
			}
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			add(name, info.Size())
			continue
		}
		found := false
		err = filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() || !isLog(entry.Name()) {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			found = true
			add(path, info.Size())
			return nil
		})
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, fmt.Errorf("no access log in %q: want files named .log or .gz", name)
		}
	}
	return sources, nil
}

func isLog(name string) bool {
	if strings.HasPrefix(name, "conn_log.") || strings.HasPrefix(name, "health_check_log.") {
		return false
	}
	extension := filepath.Ext(name)
	return extension == ".log" || extension == ".gz"
}
