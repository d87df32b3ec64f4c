package main

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/function/responder"
)

// TestFunctionAnswers starts the program that is deployed, behind the runtime
// API as in Lambda.
func TestFunctionAnswers(t *testing.T) {
	event, err := os.ReadFile("../../internal/function/responder/testdata/events/script.json")
	if err != nil {
		t.Fatal(err)
	}
	program := build(t, "")[0]
	for name, config := range map[string]responder.Config{
		"configured":     {Message: map[string]string{"en": "Back soon."}, CORSOrigins: []string{"https://app.example.com"}},
		"not configured": {},
		"broken":         {Message: map[string]string{"english": "\x00"}},
	} {
		t.Run(name, func(t *testing.T) {
			runtime := startRuntime(t)
			stop := runtime.run(t, program, config)
			defer stop()
			for range 2 {
				(<-runtime.polls).answer <- event
			}
			close((<-runtime.polls).answer)
			var answer struct {
				StatusCode int
				Headers    map[string]string
			}
			if err := json.Unmarshal(<-runtime.answers, &answer); err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != http.StatusServiceUnavailable || answer.Headers["X-Maintenance-Mode"] != "on" {
				t.Errorf("got %+v, want a marked 503", answer)
			}
		})
	}
}

// TestResponderStaysSmall: what it imports is started with every instance, and
// by everyone who checks a configuration with it. It has no network. A page of
// one's own is read with a tokenizer of HTML and regular expressions, an address
// with net/url.
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
			!standard && !strings.HasPrefix(path, "golang.org/x/text/") && !strings.HasPrefix(path, "golang.org/x/net/html") && !strings.HasSuffix(path, "/internal/function/responder") && !strings.HasSuffix(path, "/noren/maintenance"):
			t.Errorf("the responder depends on %s", path)
		}
	}
}
