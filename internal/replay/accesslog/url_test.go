package accesslog

import "testing"

func TestHostAndTarget(t *testing.T) {
	tests := []struct{ url, host, port, target string }{
		{"https://api.example.com:443/api/reports?x=1", "api.example.com", "443", "/api/reports?x=1"},
		{"http://api.example.com:80/", "api.example.com", "80", "/"},
		// A client sends a port that is not the scheme's default.
		{"https://api.example.com:8443/a", "api.example.com:8443", "8443", "/a"},
		{"http://api.example.com:443/a", "api.example.com:443", "443", "/a"},
		// The client's own port is next to the listener's.
		{"https://api.example.com:9000:8443/a", "api.example.com:9000", "8443", "/a"},
		{"https://api.example.com:8443:443/a", "api.example.com:8443", "443", "/a"},
		{"https://[2001:db8::1]:443/a", "[2001:db8::1]", "443", "/a"},
		{"https://[2001:db8::1]:8443/a", "[2001:db8::1]:8443", "8443", "/a"},
		{"https://[2001:db8::1]/a", "[2001:db8::1]", "", "/a"},
		// Nothing is decoded or cleaned.
		{"http://a.example.com:80/x/%2e%2e//y?u=http://b/", "a.example.com", "80", "/x/%2e%2e//y?u=http://b/"},
		{"http://a.example.com:80?x=1", "a.example.com", "80", "?x=1"},
		{"http://a.example.com:80*", "a.example.com", "80", "*"},
		{"http://a.example.com:80-", "a.example.com", "80", "-"},
		{"https://a]-(select 1)|[b:443/robots.txt", "a]-(select 1)|[b", "443", "/robots.txt"},
		{"http://:80/", "", "80", "/"},
		{"/no/host", "", "", "/no/host"},
		{"", "", "", "/"},
	}
	for _, test := range tests {
		e := Entry{URL: test.url}
		if e.Host() != test.host || e.Port() != test.port || e.RequestTarget() != test.target {
			t.Errorf("%q: got host %q, port %q, target %q; want %q, %q, %q", test.url, e.Host(), e.Port(), e.RequestTarget(), test.host, test.port, test.target)
		}
		if port, host, target := e.Address(); host != test.host || port != test.port || target != test.target {
			t.Errorf("%q: got another address: port %q, host %q, target %q", test.url, port, host, target)
		}
	}
}
