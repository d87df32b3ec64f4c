package main

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/function/responder"
	"github.com/noren-cdk/noren/internal/preview/lambdaruntime"
	"github.com/noren-cdk/noren/internal/testing/packaged"
)

// TestFunctionAnswers starts the deployed program behind the runtime API, as
// Lambda does, from the archive and from the image.
func TestFunctionAnswers(t *testing.T) {
	page := []byte("<!doctype html><html><body><p>A page of our own: {{message}}</p></body></html>")
	for _, test := range []struct {
		name    string
		config  responder.Config
		page    []byte
		event   string
		content string
	}{
		{"configured", responder.Config{Message: map[string]string{"en": "Back soon."}, CORSOrigins: []string{"https://app.example.com"}}, nil, "script", "Back soon."},
		{"a page of its own", responder.Config{Message: map[string]string{"en": "Back soon."}}, page, "navigation", "A page of our own: Back soon."},
		{"not configured", responder.Config{}, nil, "script", "maintenance"},
		{"broken", responder.Config{Message: map[string]string{"english": "\x00"}}, nil, "script", "maintenance"},
	} {
		t.Run(test.name, func(t *testing.T) {
			event, err := os.ReadFile("../../internal/function/responder/testdata/events/" + test.event + ".json")
			if err != nil {
				t.Fatal(err)
			}
			files := map[string][]byte{}
			if test.page != nil {
				files[responder.PageFile] = test.page
			}
			packaged.Each(t, "github.com/noren-cdk/noren/lambda/responder", files, func(t *testing.T, config lambdaruntime.Config) {
				config.Environment = test.config.Environment()
				function, err := lambdaruntime.New(config)
				if err != nil {
					t.Fatal(err)
				}
				defer function.Close()
				for range 2 {
					payload, err := function.Invoke(t.Context(), event)
					if err != nil {
						t.Fatal(err)
					}
					var answer struct {
						StatusCode int
						Headers    map[string]string
						Body       string
					}
					if err := json.Unmarshal(payload, &answer); err != nil {
						t.Fatal(err)
					}
					if answer.StatusCode != http.StatusServiceUnavailable || answer.Headers["X-Maintenance-Mode"] != "on" || !strings.Contains(answer.Body, test.content) {
						t.Errorf("got %+v, want a marked 503 that says %q", answer, test.content)
					}
				}
			})
		})
	}
}

// TestResponderStaysSmall checks what the responder imports: every instance loads
// it, and so does everything that checks a configuration with it. It has no
// network. It reads a custom page with a tokenizer of HTML and regular
// expressions, an address with net/url.
func TestResponderStaysSmall(t *testing.T) {
	const format = `{{if .Standard}}std {{end}}{{.ImportPath}}`
	out, err := exec.Command("go", "list", "-deps", "-f", format, "../../internal/function/responder").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dependency := range strings.Lines(string(out)) {
		path, standard := strings.CutPrefix(strings.TrimSpace(dependency), "std ")
		switch {
		case standard && (path == "net" || strings.HasPrefix(path, "net/") && path != "net/url" && path != "net/netip" || path == "os/exec" || strings.HasSuffix(path, "/template")),
			!standard && !strings.HasPrefix(path, "golang.org/x/text/") && !strings.HasPrefix(path, "golang.org/x/net/html") && !strings.HasSuffix(path, "/internal/function/responder") && !strings.HasSuffix(path, "/internal/function/emf") && !strings.HasSuffix(path, "/noren/maintenance"):
			t.Errorf("the responder depends on %s", path)
		}
	}
}
