package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// repository makes a module with a small program, at a tag.
func repository(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, content := range map[string]string{
		"go.mod": "module example.com/small\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() { println(\"small\") }\n",
		"LICENSE": "free\n", "CHANGELOG.md": "nothing yet\n",
	} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range []string{"init -q", "add .", "-c user.name=n -c user.email=e commit -q -m first", "tag v1.2.3"} {
		command := exec.Command("git", strings.Fields(args)...)
		command.Env = append(os.Environ(), "GIT_COMMITTER_DATE=2026-11-27T12:00:00Z")
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, output)
		}
	}
}

// TestRelease_IsReproducible checks that the same commit gives the same archives
// with another build cache at another time, and that each contains the expected
// files.
func TestRelease_IsReproducible(t *testing.T) {
	repository(t)
	out := t.TempDir()
	r := release{pkg: ".", out: out, platforms: []string{"linux/arm64", "windows/amd64"}, progress: io.Discard}
	first, err := r.make(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes("LICENSE", time.Now(), time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOCACHE", t.TempDir())
	second, err := r.make(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if first != second {
		t.Errorf("got\n%sand then\n%s", first, second)
	}
	content, err := os.ReadFile(filepath.Join(out, "checksums.txt"))
	if err != nil || string(content) != second {
		t.Errorf("checksums.txt: got %q, %v, want %q", content, err, second)
	}
	for line := range strings.Lines(second) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		archive, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(archive)); got != sum {
			t.Errorf("%s has the checksum %s, and checksums.txt says %s", name, got, sum)
		}
		program := "noren"
		if strings.Contains(name, "windows") {
			program += ".exe"
		}
		want := program + " -rwxr-xr-x 12:00, LICENSE -rw-r--r-- 12:00, CHANGELOG.md -rw-r--r-- 12:00"
		if got := list(t, archive); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		if !strings.HasPrefix(name, "noren_v1.2.3_") {
			t.Errorf("%s is not named for the tag", name)
		}
	}
}

// list returns the contents of an archive: names, modes and times.
func list(t *testing.T, archive []byte) string {
	t.Helper()
	var all []string
	add := func(info os.FileInfo) {
		all = append(all, fmt.Sprint(info.Name(), " ", info.Mode(), " ", info.ModTime().UTC().Format("15:04")))
	}
	if compressed, err := gzip.NewReader(bytes.NewReader(archive)); err == nil {
		for files := tar.NewReader(compressed); ; {
			header, err := files.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			add(header.FileInfo())
		}
	} else {
		files, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files.File {
			add(f.FileInfo())
		}
	}
	return strings.Join(all, ", ")
}

func TestRelease_Refuses(t *testing.T) {
	for args, want := range map[string]string{
		"-platforms plan9/amd64": `unknown platform "plan9/amd64": want some of darwin/amd64`,
		"now":                    `unexpected argument "now"`,
	} {
		if err := run(t.Context(), strings.Fields(args), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", args, err, want)
		}
	}
}

func TestRelease_WantsACommit(t *testing.T) {
	repository(t)
	if err := os.RemoveAll(".git"); err != nil {
		t.Fatal(err)
	}
	r := release{pkg: ".", out: t.TempDir(), platforms: platforms[:1], progress: io.Discard}
	if _, err := r.make(t.Context()); err == nil {
		t.Error("a release is made of no commit")
	}
}
