package main

import (
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/testing/tempdir"

	"github.com/noren-cdk/noren/internal/preview"
)

// TestMain can also run noren's own functions, which a preview starts.
func TestMain(m *testing.M) {
	preview.RunFunction(os.Args[1:], nil)
	tempdir.Use()
	os.Exit(m.Run())
}

// TestFirstLook checks that the templates that come with the program show the
// site, and the product in every mode, before anything is synthesized.
func TestFirstLook(t *testing.T) {
	templates, err := unpack(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	product, err := preview.Start(t.Context(), preview.Config{Templates: templates, Site: "../../examples/fieldreports/web"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer product.Close()
	if want := []string{"open", "read-only", "closed"}; !slices.Equal(product.Modes(), want) {
		t.Fatalf("got the modes %q, want %q", product.Modes(), want)
	}
	ask := func(method, address string) (int, string, string) {
		request, err := http.NewRequest(method, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, answer.Header.Get("X-Maintenance-Mode"), string(body)
	}
	if status, _, body := ask("GET", product.Site); status != 200 || !strings.Contains(body, "Field Reports") {
		t.Errorf("the site: got %d %.200s", status, body)
	}
	for _, test := range []struct {
		mode, method, path string
		refused            bool // by maintenance; otherwise there is no application yet
	}{
		{"open", "POST", "/api/reports", false},
		{"read-only", "POST", "/api/reports", true},
		{"read-only", "GET", "/api/session", false},
		{"closed", "GET", "/api/session", true},
		{"closed", "GET", "/api/templates", false},
		{"closed", "POST", "/api/reports", true},
	} {
		if err := product.Flip(test.mode); err != nil {
			t.Fatal(err)
		}
		if status, mode, body := ask(test.method, product.API+test.path); status != 503 || (mode == "on") != test.refused {
			t.Errorf("%s: %s %s: got %d, X-Maintenance-Mode %q, %.200s", test.mode, test.method, test.path, status, mode, body)
		}
	}
}

func TestArguments(t *testing.T) {
	for _, test := range []struct{ mode, app, want string }{
		{"open", "http://127.0.0.1:3000", "preview --env dev --app http://127.0.0.1:3000"},
		{"closed", "", "preview --env dev --closed"},
		{"read-only", "", "preview --env dev --read-only"},
	} {
		if got := strings.Join(arguments(test.mode, test.app), " "); got != test.want {
			t.Errorf("%s, %q: got %q, want %q", test.mode, test.app, got, test.want)
		}
	}
}
