package main

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// root is the root of the module.
var root, _ = filepath.Abs("../..")

// images runs the command in the root of the module.
func images(t *testing.T, args ...string) (string, error) {
	t.Helper()
	t.Chdir(root)
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), args, &stdout, &stderr)
	return stdout.String(), err
}

// certificates writes a file that looks like Amazon's certificates.
func certificates(t *testing.T) string {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	file := filepath.Join(t.TempDir(), "rds.crt")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestPush checks that a registry afterwards holds what was printed, the same
// after a second build from an empty cache, and the same as the tarballs, and
// that an assembly's images are pushed unchanged.
func TestPush(t *testing.T) {
	rds := certificates(t)
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	repository := strings.TrimPrefix(server.URL, "http://") + "/noren"
	// Two empty caches for our own results. The compiler's cache, which is keyed
	// by content, stays.
	compiled, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOCACHE", strings.TrimSpace(string(compiled)))
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	pushed, err := images(t, "-registry", repository, "-rds-certificates", rds, "api", "responder")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(pushed), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], repository+":api-") || !strings.HasPrefix(lines[1], repository+":responder-") {
		t.Fatalf("printed %q", pushed)
	}
	for _, line := range lines {
		fields := strings.Fields(line)
		reference, err := name.ParseReference(fields[0])
		if err != nil {
			t.Fatal(err)
		}
		held, err := remote.Image(reference)
		if err != nil {
			t.Fatal(err)
		}
		if digest, err := held.Digest(); err != nil || digest.String() != fields[1] {
			t.Errorf("%s: the registry holds %v (%v)", line, digest, err)
		}
	}

	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	out := t.TempDir()
	saved, err := images(t, "-out", out, "-rds-certificates", rds, "api", "responder")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.ReplaceAll(strings.ReplaceAll(saved, out+"/", repository+":"), ".image.tar", ""), pushed; got != want {
		t.Errorf("from two empty caches:\n%s\n%s", got, want)
	}

	other := strings.Replace(repository, "/noren", "/functions", 1)
	again, err := images(t, "-registry", other, "-assembly", out)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := again, strings.ReplaceAll(pushed, repository, other); got != want {
		t.Errorf("from an assembly:\n%s\n%s", got, want)
	}
}

func TestKeychain_LogsInToECR(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if target := r.Header.Get("X-Amz-Target"); !strings.HasSuffix(target, ".GetAuthorizationToken") {
			t.Errorf("asked for %s", target)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = w.Write([]byte(`{"authorizationData":[{"authorizationToken":"` + base64.StdEncoding.EncodeToString([]byte("AWS:secret:1")) + `"}]}`))
	}))
	defer api.Close()
	t.Setenv("AWS_ENDPOINT_URL", api.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	host, err := name.NewRegistry("111111111111.dkr.ecr.eu-west-1.amazonaws.com")
	if err != nil {
		t.Fatal(err)
	}
	authenticator, err := keychain{t.Context()}.Resolve(host)
	if err != nil {
		t.Fatal(err)
	}
	if login, err := authenticator.Authorization(); err != nil || login.Username != "AWS" || login.Password != "secret:1" {
		t.Errorf("got %+v (%v)", login, err)
	}
}

func TestWrongArguments(t *testing.T) {
	noCertificates := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(noCertificates, []byte("<p>Not found</p>"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ args, want string }{
		{"", "want either -out or -registry"},
		{"-out x -registry y", "want either -out or -registry"},
		{"-out x none", `unknown image "none": want announcement, api, guard, monitors, probe, responder, schemachange, unlock, window`},
		{"-out x -assembly docs", `no function of the assembly "docs" is an image`},
		{"-out x -rds-certificates " + noCertificates + " api", noCertificates + " holds no certificates"},
		{"-out x -arch mips responder", `unknown GOARCH "mips": want arm64 or amd64`},
	} {
		if _, err := images(t, strings.Fields(test.args)...); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v, want %q", test.args, err, test.want)
		}
	}
}

// TestBuilders checks that there is an image of every function.
func TestBuilders(t *testing.T) {
	programs, err := filepath.Glob("../../lambda/*/main.go")
	if err != nil || len(programs) == 0 {
		t.Fatalf("programs %q, %v", programs, err)
	}
	for _, program := range programs {
		if name := filepath.Base(filepath.Dir(program)); builders[name] == nil {
			t.Errorf("no image of %s", name)
		}
	}
}

// TestRDSChecksum: images take the certificates that the Dockerfiles take.
func TestRDSChecksum(t *testing.T) {
	t.Chdir(root)
	ours, err := rdsChecksum("constructs/schemachange/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	if theirs, err := rdsChecksum("examples/fieldreports/api/Dockerfile"); err != nil || theirs != ours {
		t.Errorf("the API takes %s (%v), schema changes take %s", theirs, err, ours)
	}
}
