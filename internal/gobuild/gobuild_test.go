package gobuild_test

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/gobuild"
)

const program = "example.com/hello"

// module writes a module with one program into a new folder, changes to that
// folder and starts with an empty cache of compiled programs.
func module(t *testing.T, mainGo string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module example.com/hello\n\ngo 1.26.0\n")
	write(t, filepath.Join(dir, "go.sum"), "")
	write(t, filepath.Join(dir, "main.go"), mainGo)
	t.Chdir(dir)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	return dir
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func build(t *testing.T, goarch string) gobuild.Output {
	t.Helper()
	out, err := gobuild.Program{Package: program, GOARCH: goarch}.Build()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

const hello = "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n"

func TestTheSameZipFromTwoDirectories(t *testing.T) {
	module(t, hello)
	first := build(t, "arm64")

	// Use another folder, another cache, and settings that would change a build.
	module(t, hello)
	t.Setenv("GOFLAGS", "-tags=other")
	t.Setenv("GOARM64", "v9.0")
	t.Setenv("CGO_ENABLED", "1")
	t.Setenv("GOWORK", "/nowhere/go.work")
	if _, err := (gobuild.Program{Package: program, GOARCH: "arm64"}).Build(); err == nil {
		t.Fatal("the caller's own workspace does not count when the module is looked up")
	}
	t.Setenv("GOWORK", "")
	second := build(t, "arm64")

	if first.Zip == second.Zip {
		t.Fatal("the second build came from the cache of the first")
	}
	if !bytes.Equal(read(t, first.Zip), read(t, second.Zip)) {
		t.Error("the archives differ")
	}
	if first.Hash != second.Hash {
		t.Errorf("hashes differ: %s and %s", first.Hash, second.Hash)
	}
}

func TestTheZipHoldsAProgramThatLambdaCanStart(t *testing.T) {
	module(t, hello)
	archive, err := zip.OpenReader(build(t, "arm64").Zip)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if len(archive.File) != 1 || archive.File[0].Name != "bootstrap" {
		t.Fatalf("got %d files, want bootstrap alone", len(archive.File))
	}
	if mode := archive.File[0].Mode(); mode != 0o755 {
		t.Errorf("mode %v, want -rwxr-xr-x", mode)
	}
	f, err := archive.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	program, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if program.Machine != elf.EM_AARCH64 {
		t.Errorf("machine %v, want AArch64", program.Machine)
	}
	if libraries, _ := program.ImportedLibraries(); len(libraries) != 0 {
		t.Errorf("needs %v, want no shared library", libraries)
	}
}

func TestAChangedSourceIsBuiltAgain(t *testing.T) {
	dir := module(t, hello)
	first := build(t, "amd64")
	if again := build(t, "amd64"); again != first {
		t.Errorf("nothing changed, but it was built again: %v, then %v", first, again)
	}
	write(t, filepath.Join(dir, "main.go"), strings.ReplaceAll(hello, "hello", "goodbye"))
	if changed := build(t, "amd64"); changed.Hash == first.Hash {
		t.Error("the source changed, the program did not")
	}
}

func TestErrorsSayWhatIsWrong(t *testing.T) {
	module(t, "package main\n\nfunc main() { undefinedThing() }\n")
	tests := []struct {
		name    string
		program gobuild.Program
		want    string
	}{
		{"does not compile", gobuild.Program{Package: program, GOARCH: "arm64"}, "main.go:3:15: undefined: undefinedThing"},
		{"no such package", gobuild.Program{Package: "example.com/hello/none", GOARCH: "arm64"}, "example.com/hello/none"},
		{"unknown processor", gobuild.Program{Package: program, GOARCH: "mips"}, `unknown GOARCH "mips": want arm64 or amd64`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.program.Build()
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestNoGoCommand(t *testing.T) {
	module(t, hello)
	t.Setenv("PATH", t.TempDir())
	_, err := gobuild.Program{Package: program, GOARCH: "arm64"}.Build()
	if err == nil || !strings.Contains(err.Error(), "the go command is not on PATH") {
		t.Errorf("got %v", err)
	}
}

func TestWith_PutsFilesBesideTheProgram(t *testing.T) {
	module(t, hello)
	program := build(t, "arm64")
	files := map[string][]byte{"page.html": []byte("<p>one</p>"), "b.txt": []byte("two")}
	out, err := program.With(files)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.OpenReader(out.Zip)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	got := map[string]string{}
	for _, file := range archive.File {
		f, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		got[file.Name] = string(content)
	}
	if len(got) != 3 || got["bootstrap"] != string(read(t, program.Binary)) || got["page.html"] != "<p>one</p>" || got["b.txt"] != "two" {
		t.Errorf("the archive has %d files", len(got))
	}
	again, err := program.With(files)
	if err != nil || again != out {
		t.Errorf("the same files: %v, then %v (%v)", out, again, err)
	}
	other, err := program.With(map[string][]byte{"page.html": []byte("<p>two</p>"), "b.txt": []byte("two")})
	if err != nil || other.Hash == out.Hash || out.Hash == program.Hash {
		t.Errorf("hashes %s, %s and %s (%v)", program.Hash, out.Hash, other.Hash, err)
	}
	if none, err := program.With(nil); err != nil || none != program {
		t.Errorf("without files: %v (%v)", none, err)
	}
}

func TestFolder_HoldsTheProgramAndTheFiles(t *testing.T) {
	module(t, "package main\n\nfunc main() {}\n")
	output, err := gobuild.Program{Package: program, GOARCH: "arm64"}.Build()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"Dockerfile": []byte("FROM scratch\n"), "changes/a.sql": []byte("SELECT 1;\n")}
	folder, err := output.Folder("noren", files)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, name := range []string{"Dockerfile", "changes/a.sql"} {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		got[name] = string(content)
	}
	if got["Dockerfile"] != "FROM scratch\n" || got["changes/a.sql"] != "SELECT 1;\n" {
		t.Errorf("files %q", got)
	}
	compiled, err := os.Stat(output.Binary)
	if err != nil {
		t.Fatal(err)
	}
	if linked, err := os.Stat(filepath.Join(folder, "noren")); err != nil || !os.SameFile(linked, compiled) || linked.Mode().Perm()&0o111 == 0 {
		t.Errorf("the program is %v (%v), want the compiled one under another name", linked, err)
	}
	if again, err := output.Folder("noren", files); err != nil || again != folder {
		t.Errorf("the same is in %s, then in %s (%v)", folder, again, err)
	}
	files["changes/b.sql"] = nil
	if other, err := output.Folder("noren", files); err != nil || other == folder {
		t.Errorf("with another file it is in %s (%v)", other, err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(output.Binary), "writing-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q (%v)", left, err)
	}
}
