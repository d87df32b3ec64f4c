package image_test

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/noren-cdk/noren/internal/gobuild"
	"github.com/noren-cdk/noren/internal/gobuild/image"
)

const hello = "package main\n\nfunc main() { println(\"hello\") }\n"

// program compiles a program in its own folder with an empty cache of compiled
// programs.
func program(t *testing.T) gobuild.Output {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"go.mod": "module example.com/hello\n\ngo 1.26.0\n", "go.sum": "", "main.go": hello} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	output, err := gobuild.Program{Package: "example.com/hello", Dir: dir, GOARCH: "arm64"}.Build()
	if err != nil {
		t.Fatal(err)
	}
	return output
}

func function(t *testing.T, files map[string][]byte) v1.Image {
	t.Helper()
	built, err := image.Function(program(t), "arm64", files)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

func TestFunction_IsTheSameFromTwoEmptyCaches(t *testing.T) {
	files := map[string][]byte{"b.html": []byte("b"), "a.html": []byte("a")}
	first, second := function(t, files), function(t, files)
	a, err := first.Digest()
	if err != nil {
		t.Fatal(err)
	}
	b, err := second.Digest()
	if err != nil || a != b {
		t.Errorf("digests %v and %v (%v)", a, b, err)
	}
	other, err := image.Tag("hello", function(t, map[string][]byte{"a.html": []byte("A")}))
	if err != nil {
		t.Fatal(err)
	}
	tag, err := image.Tag("hello", first)
	if err != nil || tag == other || !strings.HasPrefix(tag, "hello-") || len(tag) > 128 {
		t.Errorf("tags %q and, with another file, %q (%v)", tag, other, err)
	}
}

func TestFunction_HoldsTheProgramAndNoMore(t *testing.T) {
	output := program(t)
	built, err := image.Function(output, "arm64", map[string][]byte{"page.html": []byte("page")})
	if err != nil {
		t.Fatal(err)
	}
	config, err := built.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if c := config.Config; config.Architecture != "arm64" || config.OS != "linux" || c.User != "65532:65532" || len(c.Entrypoint) != 1 || c.Entrypoint[0] != "/var/task/bootstrap" || c.WorkingDir != "/var/task" {
		t.Errorf("config %+v", config)
	}
	root := t.TempDir()
	if err := image.Unpack(built, root); err != nil {
		t.Fatal(err)
	}
	sizes := map[string]int64{}
	err = fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		sizes[name] = info.Size()
		if executable := name == "var/task/bootstrap"; (info.Mode().Perm()&0o111 != 0) != executable || info.Mode().Perm()&0o222 != 0 {
			t.Errorf("%s has the mode %v", name, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.Stat(output.Binary)
	if err != nil {
		t.Fatal(err)
	}
	bundle := int64(len(image.Certificates().Content))
	if len(sizes) != 3 || sizes["var/task/bootstrap"] != binary.Size() || sizes["var/task/page.html"] != 4 || sizes["etc/ssl/certs/ca-certificates.crt"] != bundle {
		t.Errorf("files %v", sizes)
	}
	layers, err := built.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers (%v)", len(layers), err)
	}
	archive, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	counted, err := io.Copy(io.Discard, archive)
	if err != nil {
		t.Fatal(err)
	}
	if most := (binary.Size() + bundle) * 11 / 10; counted > most {
		t.Errorf("the layer has %d bytes, want at most %d", counted, most)
	}
}

func TestCertificates_AreThoseThatAWSUses(t *testing.T) {
	found := map[string]bool{}
	rest := image.Certificates().Content
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		found[certificate.Subject.CommonName] = true
	}
	for _, name := range []string{"Amazon Root CA 1", "Amazon Root CA 2", "Amazon Root CA 3", "Amazon Root CA 4"} {
		if !found[name] {
			t.Errorf("%s is not among %d roots", name, len(found))
		}
	}
}

func TestBuild_RefusesPathsThatAreNotInTheImage(t *testing.T) {
	for _, path := range []string{"/etc/passwd", "../x", "a/../b", "a", ""} {
		_, err := image.Image{GOARCH: "arm64", Entrypoint: "/a", Files: []image.File{{Path: "a"}, {Path: path}}}.Build()
		if err == nil || !strings.Contains(err.Error(), "in an image: want one that is new") {
			t.Errorf("%q: got %v", path, err)
		}
	}
}
