package alb

import (
	"strings"
	"testing"
)

// TestReject tries requests that the load balancer answers before it looks at
// rules.
func TestReject(t *testing.T) {
	const defensive, strictest, monitor = "defensive", "strictest", "monitor"
	post := func(header ...string) Request {
		r := with(header...)
		r.Method = "POST"
		return r
	}
	for _, test := range []struct {
		name    string
		mode    string
		request Request
		status  int
		certain bool
	}{
		{"TRACE", defensive, Request{Method: "TRACE"}, 405, true},
		{"trace is another method", defensive, Request{Method: "trace"}, 0, true},
		{"HTTP/1.0", defensive, Request{Proto: "HTTP/1.0"}, 0, true},
		{"HTTP/2", defensive, Request{Proto: "HTTP/2.0"}, 0, true},
		{"HTTP/0.9", defensive, Request{Proto: "HTTP/0.9"}, 505, true},
		{"HTTP/3", defensive, Request{Proto: "HTTP/3"}, 505, true},
		{"URI of 16K", defensive, get("/" + strings.Repeat("a", 16<<10)), 414, false},
		{"URI of 15K", defensive, get("/" + strings.Repeat("a", 15<<10)), 0, true},
		{"header of 16K", defensive, with("X", strings.Repeat("a", 16<<10)), 400, false},
		{"headers of 64K", defensive, with("A", big(), "B", big(), "C", big(), "D", big(), "E", big()), 400, false},
		{"headers of 39K", defensive, with("A", big(), "B", big(), "C", big()), 0, true},
		{"30 forwarded addresses", defensive, with("X-Forwarded-For", strings.Repeat("10.0.0.1, ", 29)+"10.0.0.1"), 0, true},
		{"31 forwarded addresses", defensive, with("X-Forwarded-For", strings.Repeat("10.0.0.1, ", 30)+"10.0.0.1"), 463, true},
		{"31 in two lines", defensive, with("X-Forwarded-For", strings.Repeat("10.0.0.1, ", 29)+"10.0.0.1", "X-Forwarded-For", "10.0.0.2"), 463, true},
		{"chunked", defensive, post("Transfer-Encoding", "chunked"), 0, true},
		{"identity", defensive, post("Transfer-Encoding", "Identity"), 0, true},
		{"gzip", defensive, post("Transfer-Encoding", "gzip"), 501, true},
		{"gzip, chunked", defensive, post("Transfer-Encoding", "gzip, chunked"), 501, true},
		{"above the root", defensive, get("/owner/config/..%2f..%2F..%2Ftest"), 400, false},
		{"above the root, plain", defensive, get("/../x"), 400, false},
		{"not above the root", defensive, get("/owner/config/..%2f..%2Ftest"), 0, true},

		// Desync: severe requests, and in the strictest mode all that do not
		// comply.
		{"line break in the URI", defensive, get("/a\r\nb"), 400, true},
		{"null in the URI", defensive, get("/a\x00b"), 400, true},
		{"line break in a header", defensive, with("X", "a\r\nb"), 400, true},
		{"malformed method", defensive, Request{Method: "GE T"}, 400, true},
		{"Content-Length no number", defensive, post("Content-Length", "1x"), 400, true},
		{"Content-Length negative", defensive, post("Content-Length", "-1"), 400, true},
		{"different Content-Lengths", defensive, post("Content-Length", "1", "Content-Length", "2"), 400, true},
		{"the same, monitored", monitor, post("Content-Length", "1", "Content-Length", "2"), 0, true},
		{"Content-Length twice", defensive, post("Content-Length", "1", "Content-Length", "1"), 0, true},
		{"Content-Length twice", strictest, post("Content-Length", "1", "Content-Length", "1"), 400, true},
		{"both lengths", defensive, post("Content-Length", "1", "Transfer-Encoding", "chunked"), 0, true},
		{"both lengths", strictest, post("Content-Length", "1", "Transfer-Encoding", "chunked"), 400, true},
		{"GET with a body", defensive, with("Content-Length", "5"), 0, true},
		{"GET with a body", strictest, with("Content-Length", "5"), 400, true},
		{"GET with an empty body", strictest, with("Content-Length", "0"), 400, true},
		{"POST with a body", strictest, post("Content-Length", "5"), 0, true},
		{"space in the URI", defensive, get("/a?b c"), 0, true},
		{"space in the URI", strictest, get("/a?b c"), 400, true},
		{"tab in the URI", strictest, get("/a?b\tc"), 400, true},
		{"a plain request", strictest, with("X-Client", "ios", "Accept", "*/*"), 0, true},
	} {
		t.Run(test.name+"/"+test.mode, func(t *testing.T) {
			l := &Listener{
				Ref:      Ref{LogicalID: "Listener"},
				Balancer: &LoadBalancer{Attributes: map[string]string{"routing.http.desync_mitigation_mode": test.mode}},
				Default:  Rule{Actions: forwardTo("App")},
			}
			if test.request.Host == "" {
				test.request.Host = "example.com"
			}
			d := l.Route(&test.request)
			if d.Status != test.status || d.Certain() != test.certain {
				t.Errorf("status %d (%s), certain %v; want %d, %v", d.Status, d.Rejection, d.Certain(), test.status, test.certain)
			}
			if rejected := d.Rule == nil; rejected != (test.status != 0) || rejected != (d.Rejection != "") {
				t.Errorf("rule %v and rejection %q do not fit status %d", d.Rule, d.Rejection, d.Status)
			}
		})
	}
}

func big() string { return strings.Repeat("a", 13<<10) }
