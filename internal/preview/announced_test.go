package preview

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// announcing is the part of a template that keeps /maintenance.json in the site's
// bucket and redirects to it from the API.
const announcing = `, "Keeper": {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": {"ANNOUNCEMENT_BUCKET": {"Ref": "Site"}}}}},
	"Announced": {"Type": "Custom::NorenAnnouncement", "Properties": {"From": "2099-12-01T01:00:00Z", "Until": "2099-12-01T04:00:00Z", "Message": "{\"en\":\"Soon.\"}"}},
	"Status": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": {"Ref": "Listener"}, "Priority": 3,
		"Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/maintenance.json"]}}],
		"Actions": [{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "Host": "www.shop.example", "Path": "/maintenance.json", "Query": "", "StatusCode": "HTTP_302"}}]}}`

// TestAnnounced checks that the site serves the document in every mode, with the
// template's announcement, and that the API redirects to it.
func TestAnnounced(t *testing.T) {
	p := run(t, Config{Templates: templates(t, cdn+announcing), Apps: map[string]string{"": app(t, "web")}})
	get := func(address, etag string) (status int, header http.Header, text []byte) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/maintenance.json", nil)
		if err != nil {
			t.Fatal(err)
		}
		if etag != "" {
			request.Header.Set("If-None-Match", etag)
		}
		answer, err := http.DefaultClient.Do(request) // it follows the redirect of the API
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err = io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, answer.Header, text
	}
	etags := map[string]bool{}
	for _, want := range []struct{ mode, status string }{{"open", "scheduled"}, {"closed", "in_progress"}, {"open", "scheduled"}} {
		if err := p.Flip(want.mode); err != nil {
			t.Fatal(err)
		}
		for _, address := range []string{p.Site, p.API} {
			status, header, text := get(address, "")
			var said struct{ Status, Mode, ScheduledFor, ScheduledUntil string }
			if err := json.Unmarshal(text, &said); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			if said.Status != want.status || said.Mode != want.mode || said.ScheduledFor != "2099-12-01T01:00:00Z" || said.ScheduledUntil != "2099-12-01T04:00:00Z" {
				t.Errorf("%s in %s: %s", address, want.mode, text)
			}
			if status != http.StatusOK || !strings.HasPrefix(header.Get("Content-Type"), "application/json") || !strings.Contains(header.Get("Cache-Control"), "max-age=60") || header.Get("ETag") == "" {
				t.Errorf("%s in %s: %d, %v", address, want.mode, status, header)
			}
			etags[header.Get("ETag")] = true
			if again, _, _ := get(address, header.Get("ETag")); again != http.StatusNotModified {
				t.Errorf("%s: asked again with its ETag: %d", address, again)
			}
		}
	}
	if len(etags) < 2 {
		t.Errorf("the ETag is the same whatever it says: %v", etags)
	}
}
