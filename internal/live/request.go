package live

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// request finds out what a GET gets that no rule lets through. The path is new
// every time, so that no cache answers. Of several switches it is one for the
// hosts of which the address is.
func (q Query) request(ctx context.Context, d *deployed, s rules.Found) Finding {
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
	if len(d.switches) > 1 && !isFor(s, target.Hostname()) {
		return Finding{Detail: fmt.Sprintf("none was sent: whether %s belongs to this switch is not known, so give --url", target.Host)}
	}
	if rule := d.allows(s, target); rule != "" {
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
		return Finding{Detail: detail, Problem: q.explain(err).Error()}
	}
	defer answer.Body.Close()
	switch said := answer.Header.Get(maintenance.Marker); {
	case said == maintenance.MarkerValue && answer.StatusCode == http.StatusServiceUnavailable:
		return Finding{Mode: maintenance.Closed, Detail: fmt.Sprintf("%d, %s: %s: %s", answer.StatusCode, maintenance.Marker, said, detail)}
	case said != "":
		return Finding{Mode: maintenance.Open, Detail: fmt.Sprintf("%d, %s: %s, which is not how maintenance answers: %s", answer.StatusCode, maintenance.Marker, said, detail)}
	case answer.StatusCode >= 500:
		return Finding{Detail: detail, Problem: fmt.Sprintf("%d without %s: neither the application nor the answer of maintenance", answer.StatusCode, maintenance.Marker)}
	}
	return Finding{Mode: maintenance.Open, Detail: fmt.Sprintf("%d, no %s: %s", answer.StatusCode, maintenance.Marker, detail)}
}

// allows names the rule that lets the GET through in every mode, by the
// template. Empty if none does, or if the switch is not known.
func (d *deployed) allows(s rules.Found, target *url.URL) string {
	for _, at := range s.Listeners {
		for _, l := range d.Listeners {
			if l.Ref.String() != at.Name || l.Foreign() {
				continue
			}
			decision := l.Route(&alb.Request{Method: http.MethodGet, Target: target.EscapedPath(), Host: target.Host})
			refused := slices.ContainsFunc(decision.Targets(), func(t alb.Target) bool { return t.Group.String() == s.Responder })
			if decision.Rule != nil && !decision.Rule.Default() && !refused && !slices.Contains(at.Turning, decision.Rule.Priority) {
				return "rule " + decision.Rule.Name()
			}
		}
	}
	return ""
}

// isFor tells whether a switch names a host as one of its own.
func isFor(s rules.Found, host string) bool {
	for _, at := range s.Listeners {
		if slices.ContainsFunc(at.Hosts, func(pattern string) bool { return alb.Overlap(pattern, host) }) {
			return true
		}
	}
	return false
}
