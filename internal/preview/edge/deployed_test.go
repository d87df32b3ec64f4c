package edge

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/preview/lambdaruntime"
	"github.com/noren-cdk/noren/internal/testing/packaged"
)

// TestDeployedProduct uses the templates of dev and the function that is deployed
// with them, with its environment in the templates.
func TestDeployedProduct(t *testing.T) {
	packaged.Each(t, "github.com/noren-cdk/noren/lambda/responder", nil, testDeployedProduct)
}

func testDeployedProduct(t *testing.T, config lambdaruntime.Config) {
	text, err := os.ReadFile("../../../stacks/testdata/dev/edge.closed.json")
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Properties struct {
				Environment struct{ Variables map[string]any }
			}
		}
	}
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	config.Environment = map[string]string{}
	for id, resource := range template.Resources {
		if strings.HasPrefix(id, "MaintenanceResponderFunction") {
			for name, value := range resource.Properties.Environment.Variables {
				config.Environment[name], _ = value.(string)
			}
		}
	}
	function, err := lambdaruntime.New(config)
	if err != nil {
		t.Fatal(err)
	}
	defer function.Close()
	templates := product(t)
	a := start(t, ALBConfig{Templates: templates, Mode: "closed", Targets: map[string]Target{
		defaultGroup(t, templates["open"]):   {URLs: []string{constant(t)}},
		defaultGroup(t, templates["closed"]): {Function: function},
	}})
	url := "http://" + serve(t, a.Main())
	got := send(t, "POST", url+"/api/reports", "{}", []string{"Accept-Language", "en"})
	if got.status != 503 || got.header.Get("X-Maintenance-Mode") != "on" || got.header.Get("Retry-After") == "" ||
		!strings.HasPrefix(got.header.Get("Content-Type"), "application/") || !strings.Contains(got.body, "Field Reports (dev) is down for maintenance.") {
		t.Errorf("a write: got %+v", got)
	}
	for _, request := range []string{"POST /api/login", "GET /api/reports/7", "GET /api/health"} {
		method, path, _ := strings.Cut(request, " ")
		if got := send(t, method, url+path, "", nil); got.status != 200 || got.body != "app" {
			t.Errorf("%s: got %+v", request, got)
		}
	}
	if got := send(t, "GET", url+"/api/anything", "", []string{"Cookie", "maintenance-bypass=secret"}); got.body != "app" {
		t.Errorf("staff with the cookie: got %+v", got)
	}
	if got := send(t, "GET", url+"/api/anything", "", []string{"Cookie", "maintenance-bypass=guess"}); got.status != 503 {
		t.Errorf("a cookie that was guessed: got %+v", got)
	}
}
