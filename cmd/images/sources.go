package main

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/noren-cdk/noren/internal/gobuild"
	"github.com/noren-cdk/noren/internal/gobuild/image"
)

// rdsURL is the address at which Amazon publishes its RDS certificates for all
// regions.
const rdsURL = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"

// sources is what images are made from.
type sources struct {
	rds, changes, goarch string
}

// builders build the images, by name.
var builders = map[string]func(context.Context, sources) (v1.Image, error){
	"api":          buildAPI,
	"schemachange": buildSchemaChange,
	"announcement": function("announcement"),
	"guard":        function("guard"),
	"monitors":     function("monitors"),
	"probe":        function("probe"),
	"responder":    function("responder"),
	"unlock":       function("unlock"),
	"window":       function("window"),
}

func function(name string) func(context.Context, sources) (v1.Image, error) {
	return func(_ context.Context, s sources) (v1.Image, error) {
		program, err := gobuild.Program{Package: "github.com/noren-cdk/noren/lambda/" + name, GOARCH: s.goarch}.Build()
		if err != nil {
			return nil, err
		}
		return image.Function(program, s.goarch, nil)
	}
}

// buildAPI builds the same image as the example's Dockerfile: the tag leaves out
// the embedded database.
func buildAPI(ctx context.Context, s sources) (v1.Image, error) {
	program, err := gobuild.Program{
		Package: "github.com/noren-cdk/noren/examples/fieldreports/api", Dir: "examples/fieldreports", Tags: "image", GOARCH: s.goarch,
	}.Build()
	if err != nil {
		return nil, err
	}
	certificates, err := s.rdsCertificates(ctx)
	if err != nil {
		return nil, err
	}
	return image.Task(program, s.goarch, "fieldreports", certificates)
}

func buildSchemaChange(ctx context.Context, s sources) (v1.Image, error) {
	files, err := filepath.Glob(filepath.Join(s.changes, "*.sql"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no .sql file in %q", s.changes)
	}
	var changes []image.File
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		changes = append(changes, image.File{Path: path.Join("changes", filepath.Base(file)), Content: content})
	}
	program, err := gobuild.Program{Package: "github.com/noren-cdk/noren/cmd/noren", GOARCH: s.goarch}.Build()
	if err != nil {
		return nil, err
	}
	certificates, err := s.rdsCertificates(ctx)
	if err != nil {
		return nil, err
	}
	return image.Task(program, s.goarch, "noren", certificates, changes...)
}

// rdsCertificates returns Amazon's certificates for RDS, from the given file or
// as Amazon publishes them today. It fails if it gets anything else, such as an
// error page.
func (s sources) rdsCertificates(ctx context.Context) ([]byte, error) {
	from, read := s.rds, os.ReadFile
	if from == "" {
		from, read = rdsURL, func(url string) ([]byte, error) { return fetch(ctx, url) }
	}
	certificates, err := read(from)
	if err != nil {
		return nil, fmt.Errorf("reading the certificates for RDS: %w", err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(certificates)); s.rds == "" {
		want, err := rdsChecksum("constructs/schemachange/Dockerfile")
		if err != nil {
			return nil, err
		}
		if sum != want {
			return nil, fmt.Errorf("%s has the SHA-256 %s, want %s, as the Dockerfiles say: take the new one after a look at what was added", from, sum, want)
		}
	}
	if !x509.NewCertPool().AppendCertsFromPEM(certificates) {
		return nil, fmt.Errorf("%s holds no certificates", from)
	}
	return certificates, nil
}

var checksum = regexp.MustCompile(`--checksum=sha256:([0-9a-f]{64})`)

// rdsChecksum returns the checksum of the certificates in a Dockerfile.
func rdsChecksum(dockerfile string) (string, error) {
	text, err := os.ReadFile(dockerfile)
	if err != nil {
		return "", err
	}
	found := checksum.FindSubmatch(text)
	if found == nil {
		return "", fmt.Errorf("%s has no checksum of the certificates for RDS", dockerfile)
	}
	return string(found[1]), nil
}

func fetch(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", url, response.Status)
	}
	return io.ReadAll(response.Body)
}
