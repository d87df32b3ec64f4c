package maintenancemode_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules/allowlist"
	"github.com/noren-cdk/noren/maintenance"
)

// TestTheSynthesizedRulesAllowWhatServeMuxRoutes checks in the template what
// internal/rules/allowlist checks over thousands of allowlists: the listener of a
// closed product sends to the app exactly what a ServeMux with the same patterns
// serves.
func TestTheSynthesizedRulesAllowWhatServeMuxRoutes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(words ...string) string { return words[random.IntN(len(words))] }
	for range 12 {
		var patterns []string
		for range 12 {
			path := ""
			for i := range random.IntN(3) {
				path += "/" + pick("api", "v1.2", "a", fmt.Sprintf("{id%d}", i))
			}
			p := pick("GET", "POST", "PUT") + " " + path + "/" + pick("a", "b-c", "{last}", "{rest...}", "{$}", "")
			if _, err := allowlist.Compile(append(patterns[:len(patterns):len(patterns)], p), nil); err == nil {
				patterns = append(patterns, p)
			}
		}
		served := false
		mux := http.NewServeMux()
		for _, p := range patterns {
			mux.HandleFunc(p, func(http.ResponseWriter, *http.Request) { served = true })
		}
		closed := mustSynth(t, func(p product) {
			p.new(maintenancemode.Props{Mode: maintenance.Closed, Allow: patterns, HealthCheckPath: "/not/asked/for"})
		})
		listener := closed.listener(t)
		for range 300 {
			path := ""
			for range random.IntN(4) {
				path += "/" + pick("api", "v1.2", "v1x2", "a", "b-c", "other", "A")
			}
			if path == "" || random.IntN(3) == 0 {
				path += "/"
			}
			method := pick("GET", "HEAD", "POST", "PUT", "DELETE")
			served = false
			mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, path, nil))
			to := listener.Route(&alb.Request{Method: method, Target: path, Host: "app.example.com"}).Target().LogicalID
			if strings.HasPrefix(to, "App") != served {
				t.Fatalf("%s %s with\n\t%s\ngoes to %s; ServeMux serves it: %v", method, path, strings.Join(patterns, "\n\t"), to, served)
			}
		}
	}
}
