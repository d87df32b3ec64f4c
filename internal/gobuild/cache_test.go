package gobuild

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestPrune(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	type entry struct {
		name   string
		unused time.Duration
		size   int64
	}
	for _, test := range []struct {
		name    string
		entries []entry
		want    []string
	}{
		{"an empty cache", nil, nil},
		{"what was used within days stays", []entry{{"a", 4 * day, 1}, {"b", time.Minute, 1}}, []string{"a", "b"}},
		{"what nobody has used for long goes", []entry{{"a", 6 * day, 1}, {"b", 4 * day, 1}}, []string{"b"}},
		{"as does what a build that was killed has left", []entry{{"building-1", 6 * day, 1}}, nil},
		{"as much as fits stays", []entry{{"a", 2 * day, keptBytes / 2}, {"b", day, keptBytes / 2}}, []string{"a", "b"}},
		{"of too much, what was used last stays", []entry{{"c", 2 * time.Hour, keptBytes / 2}, {"a", 3 * day, keptBytes / 2}, {"b", 2 * day, keptBytes / 2}}, []string{"b", "c"}},
		{"the oldest goes, though a smaller one would do", []entry{{"old", 2 * day, 2}, {"new", day, keptBytes - 1}}, []string{"new"}},
		{"what may be in use stays, however much it is", []entry{{"a", day, 1}, {"b", time.Minute, keptBytes}, {"c", 0, keptBytes}}, []string{"b", "c"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, e := range test.entries {
				folder := filepath.Join(dir, e.name)
				file := filepath.Join(folder, "bootstrap")
				if err := os.Mkdir(folder, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, nil, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.Truncate(file, e.size); err != nil { // it takes no disk space
					t.Fatal(err)
				}
				if err := os.Link(file, filepath.Join(folder, "again")); err != nil { // nor does another name
					t.Fatal(err)
				}
				if err := os.Chtimes(folder, now.Add(-e.unused), now.Add(-e.unused)); err != nil {
					t.Fatal(err)
				}
			}
			prune(dir, now)
			left, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, entry := range left {
				names = append(names, entry.Name())
			}
			if !slices.Equal(names, test.want) {
				t.Errorf("left are %q, want %q", names, test.want)
			}
		})
	}
	prune(filepath.Join(t.TempDir(), "none"), now) // there is no cache yet
}

// TestBuild_Prunes checks that compiling a program makes room.
func TestBuild_Prunes(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	old := filepath.Join(cacheDir(), "old")
	if err := os.MkdirAll(old, 0o755); err != nil {
		t.Fatal(err)
	}
	longAgo := time.Now().Add(-keptUnused - time.Hour)
	if err := os.Chtimes(old, longAgo, longAgo); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{"go.mod": "module example.com/hello\n\ngo 1.26.0\n", "go.sum": "", "main.go": "package main\n\nfunc main() {}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	output, err := Program{Package: "example.com/hello", Dir: dir, GOARCH: "arm64"}.Build()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("an entry that nobody has used for long is there: %v", err)
	}
	if _, err := os.Stat(output.Zip); err != nil {
		t.Error(err)
	}
}
