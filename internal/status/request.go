package status

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/maintenance"
)

// request finds out what a GET gets that no rule lets through. The path is new
// every time, so that no cache answers.
func (q Query) request(ctx context.Context, d *deployed, listener, responder string) Finding {
	base := q.URL
	switch {
	case base != "":
	case d.outputs["ApiUrl"] != "":
		base = d.outputs["ApiUrl"]
	case d.outputs["SiteUrl"] != "":
		base = strings.TrimSuffix(d.outputs["SiteUrl"], "/") + "/api/"
	default:
		return Finding{Detail: "none was sent: the stack has no output ApiUrl or SiteUrl, so give --url"}
	}
	target, err := url.Parse(base)
	if err != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		return Finding{Detail: "none was sent", Problem: fmt.Sprintf("%q is no address such as https://api.example.com/", base)}
	}
	target = target.JoinPath("noren-status-" + strings.ToLower(rand.Text()[:8]))
	if rule := d.allows(listener, responder, target); rule != "" {
		return Finding{Detail: fmt.Sprintf("none was sent: GET %s is let through by %s in every mode, so give --url", target.Path, rule)}
	}
	detail := "GET " + target.String()
	client := q.HTTP
	if client == nil {
		client = &http.Client{Timeout: 15 * time.Second}
	}
	once := *client
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return Finding{Detail: detail, Problem: err.Error()}
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "noren-status")
	answer, err := once.Do(request)
	if err != nil {
		return Finding{Detail: detail, Problem: explain(err, q.Stack, q.AWS.Region).Error()}
	}
	defer answer.Body.Close()
	switch said := answer.Header.Get(maintenance.Marker); {
	case said != "":
		return Finding{Mode: maintenance.Closed, Detail: fmt.Sprintf("%d, %s: %s: %s", answer.StatusCode, maintenance.Marker, said, detail)}
	case answer.StatusCode >= 500:
		return Finding{Detail: detail, Problem: fmt.Sprintf("%d without %s: neither the application nor the answer of maintenance", answer.StatusCode, maintenance.Marker)}
	}
	return Finding{Mode: maintenance.Open, Detail: fmt.Sprintf("%d, no %s: %s", answer.StatusCode, maintenance.Marker, detail)}
}

// allows names the rule that lets the GET through in every mode, by the
// template. Empty if none does, or if the stack does not define the listener.
func (d *deployed) allows(listener, responder string, target *url.URL) string {
	if d.err != nil {
		return ""
	}
	for _, l := range d.template.Listeners {
		if listener == "" || l.Ref.LogicalID != listener {
			continue
		}
		decision := l.Route(&alb.Request{Method: http.MethodGet, Target: target.EscapedPath(), Host: target.Host})
		refused := false // by a rule, on a listener whose default action is not turned
		for _, t := range decision.Targets() {
			refused = refused || d.physical[t.Group.LogicalID] == responder
		}
		if decision.Rule != nil && !decision.Rule.Default() && !refused {
			return "rule " + decision.Rule.Name()
		}
	}
	return ""
}
