//go:build e2e

package e2e

import (
	"cmp"
	"net/http"
	"net/netip"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/environment"
)

// request is a request from the internet.
type request struct {
	line   string // method and path
	header http.Header
	host   string
}

func (r request) route(l *alb.Listener) alb.Decision {
	method, target, _ := strings.Cut(r.line, " ")
	return l.Route(&alb.Request{
		Method: method, Target: target, Host: cmp.Or(r.host, "api.fieldreports.example"), Header: r.header,
		Source: netip.MustParseAddr("198.51.100.7"),
	})
}

func (r request) String() string { return strings.Join(strings.Fields(r.line+" "+r.host), " ") }

// expected is a request and the target group that it must reach.
type expected struct {
	request
	goal string
}

func expect(requests []request, goal string) []expected {
	var all []expected
	for _, r := range requests {
		all = append(all, expected{r, goal})
	}
	return all
}

// allowedRequests returns requests that every mode lets through: one for each
// pattern of the allowlist, the health check, and one with the secret of the
// bypass.
func allowedRequests(env environment.Environment) []request {
	client := http.Header{}
	if c := env.Maintenance.Clients; c.Header != "" {
		client.Set(c.Header, c.Values[0])
	}
	requests := []request{{line: "GET " + env.API.HealthCheckPath}}
	for _, pattern := range env.Maintenance.Allow {
		line := placeholder.Replace(pattern)
		requests = append(requests, request{line: line, header: client})
		if path, get := strings.CutPrefix(line, "GET "); get {
			requests = append(requests, request{line: "HEAD " + path, header: client})
		}
	}
	if b := env.Maintenance.Bypass; b.Cookie != "" {
		requests = append(requests, request{line: "DELETE /api/reports/7", header: http.Header{"Cookie": {"a=b; " + b.Cookie + "=" + secret}}})
	}
	if b := env.Maintenance.Bypass; b.Header != "" {
		requests = append(requests, request{line: "DELETE /api/reports/7", header: http.Header{b.Header: {secret}}})
	}
	return requests
}

var placeholder = strings.NewReplacer("{id}", "7", "{path...}", "2026/11/a.jpg")

// refusedRequests returns requests that are not on the allowlist.
func refusedRequests() (reads, writes []request) {
	for _, line := range []string{"GET /", "GET /api/login", "GET /api/templates/7/history", "HEAD /api/users", "OPTIONS /api/reports"} {
		reads = append(reads, request{line: line})
	}
	for _, line := range []string{"POST /api/reports", "PUT /api/reports/7", "PATCH /api/templates/7", "DELETE /api/files/a.jpg", "POST /api/login/again"} {
		writes = append(writes, request{line: line})
	}
	return reads, writes
}
