package edge

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
)

// raw sends bytes on a new connection and returns everything that comes back.
func raw(t *testing.T, address, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("%v after %q", err, answer)
	}
	return string(answer)
}

func fixed(config object) []any {
	return []any{object{"Type": "fixed-response", "FixedResponseConfig": config}}
}

// TestFixedResponse checks that status and body are unchanged, and that no
// unexpected header is added.
func TestFixedResponse(t *testing.T) {
	r := appBehind()
	r["Http"] = listener{port: 80, protocol: "HTTP", rules: map[int]ruleOf{
		1: {conditions: []any{pathIs("/json")}, actions: fixed(object{"StatusCode": "503", "ContentType": "application/json", "MessageBody": `{"é": "<&>"}`})},
		2: {conditions: []any{pathIs("/plain")}, actions: fixed(object{"StatusCode": "404", "MessageBody": "nothing here"})},
		3: {conditions: []any{pathIs("/empty")}, actions: fixed(object{"StatusCode": "204"})},
	}, actions: fixed(object{"StatusCode": "410", "ContentType": "text/html"})}
	address := serve(t, startOne(t, r, nil).Main())
	for path, want := range map[string]reply{
		"/json":  {503, http.Header{"Content-Type": {"application/json"}, "Content-Length": {"13"}}, `{"é": "<&>"}`},
		"/plain": {404, http.Header{"Content-Type": {"text/plain"}, "Content-Length": {"12"}}, "nothing here"},
		"/empty": {204, http.Header{"Content-Type": {"text/plain"}}, ""},
		"/":      {410, http.Header{"Content-Type": {"text/html"}, "Content-Length": {"0"}}, ""},
	} {
		got := send(t, "GET", "http://"+address+path, "", nil)
		want.header.Set("Server", "awselb/2.0")
		got.header.Del("Date")
		if got.status != want.status || got.body != want.body || fmt.Sprint(got.header) != fmt.Sprint(want.header) {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
	got := send(t, "HEAD", "http://"+address+"/json", "", nil)
	if got.status != 503 || got.body != "" || got.header.Get("Content-Length") != "13" {
		t.Errorf("HEAD: got %v", got)
	}
}

// TestListenerHeaders checks what a listener's attributes add to every answer,
// and remove from the load balancer's own.
func TestListenerHeaders(t *testing.T) {
	r := appBehind()
	l := r["Http"].(listener)
	l.rules = map[int]ruleOf{1: {conditions: []any{pathIs("/fixed")}, actions: fixed(object{"StatusCode": "200"})}}
	l.more = object{"ListenerAttributes": attributes(map[string]string{
		"routing.http.response.server.enabled":                                "false",
		"routing.http.response.strict_transport_security.header_value":        "max-age=31536000",
		"routing.http.response.access_control_allow_origin.header_value":      "https://app.example.com",
		"routing.http.response.x_frame_options.header_value":                  "DENY",
		"routing.http.response.access_control_allow_credentials.header_value": "true",
	})}
	r["Http"] = l
	app := application(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "app/1")
		w.Header().Set("X-Frame-Options", "SAMEORIGIN")
	})
	address := serve(t, startOne(t, r, map[string]Target{"App": app}).Main())
	for path, server := range map[string]string{"/fixed": "", "/app": "app/1"} {
		got := send(t, "GET", "http://"+address+path, "", nil).header
		if got.Get("Strict-Transport-Security") != "max-age=31536000" || got.Get("Access-Control-Allow-Origin") != "https://app.example.com" ||
			got.Get("Access-Control-Allow-Credentials") != "true" || len(got["X-Frame-Options"]) != 1 || got.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: got %v", path, got)
		}
		if got.Get("Server") != server {
			t.Errorf("%s: Server is %q, want %q", path, got.Get("Server"), server)
		}
	}
}

// TestRedirect checks that Location is as the load balancer makes it, always with
// a port.
func TestRedirect(t *testing.T) {
	to := func(config object) []any {
		return []any{object{"Type": "redirect", "RedirectConfig": config}}
	}
	r := resources{"Alb": balancer{}, "Http": listener{port: 80, protocol: "HTTP", rules: map[int]ruleOf{
		1: {conditions: []any{pathIs("/eks/*")}, actions: to(object{"StatusCode": "HTTP_301", "Protocol": "HTTPS", "Host": "aws.amazon.com", "Port": "443", "Path": "/eks/", "Query": "k=v"})},
		2: {conditions: []any{pathIs("/path*")}, actions: to(object{"StatusCode": "HTTP_302", "Path": "/new#{path}"})},
		3: {conditions: []any{pathIs("/all*")}, actions: to(object{"StatusCode": "HTTP_302", "Host": "www.#{host}", "Path": "/v2/#{path}", "Query": "#{query}&b=#{port}", "Protocol": "#{protocol}"})},
		4: {conditions: []any{pathIs("/long*")}, actions: to(object{"StatusCode": "HTTP_302", "Path": "/#{path}/#{path}/#{path}/#{path}"})},
	}, actions: to(object{"StatusCode": "HTTP_301", "Protocol": "HTTPS", "Port": "443"})}}
	address := serve(t, startOne(t, r, nil).Main())
	for path, want := range map[string]string{
		"/eks/x":                            "301 https://aws.amazon.com:443/eks/?k=v",
		"/path":                             "302 http://example.com:80/newpath",
		"/all?a=1":                          "302 http://www.example.com:80/v2/all?a=1&b=80",
		"/x/y?z=1":                          "301 https://example.com:443/x/y?z=1",
		"/long" + strings.Repeat("x", 4000): "507 ",
	} {
		got := send(t, "GET", "http://"+address+path, "", []string{"Host", "example.com"})
		if text := fmt.Sprint(got.status) + " " + got.header.Get("Location"); text != want {
			t.Errorf("%.20s: got %q, want %q", path, text, want)
		}
		if got.header.Get("Server") != "awselb/2.0" || got.header.Get("Content-Type") != "text/html" {
			t.Errorf("%.20s: header %v", path, got.header)
		}
	}
}

// TestRedirectToThisMachine checks that a browser that opened a listener's local
// address is redirected to another local address, where AWS would use the
// product's own.
func TestRedirectToThisMachine(t *testing.T) {
	r := appBehind()
	r["Https"] = listener{port: 443, protocol: "HTTPS", actions: forwardTo("App")}
	r["Http"] = listener{port: 80, protocol: "HTTP", actions: []any{object{"Type": "redirect",
		"RedirectConfig": object{"StatusCode": "HTTP_301", "Protocol": "HTTPS", "Port": "443"}}}}
	var seen []Observation
	config := ALBConfig{Templates: map[string]*alb.Template{"open": r.read(t)}, Mode: "open",
		Targets: map[string]Target{"App": saying(t, "app")}, Observe: func(o Observation) { seen = append(seen, o) }}
	for host, location := range map[string]string{"": "https://127.0.0.1:443/a?b", "api.example.com": "https://api.example.com:443/a?b"} {
		config.Host = host
		a := start(t, config)
		if list := a.Listeners(); len(list) != 2 || list[0].Protocol != "HTTPS" || list[0].Port != 443 || list[1].Port != 80 {
			t.Fatalf("listeners %v", list)
		}
		https, http := serve(t, a.Main()), serve(t, a.Listeners()[1])
		got := send(t, "GET", "http://"+http+"/a?b", "", nil)
		if want := "http://" + https + "/a?b"; got.header.Get("Location") != want {
			t.Errorf("redirected to %q, want %q", got.header.Get("Location"), want)
		}
		a.Close()
		if o := seen[len(seen)-1]; o.Location != location {
			t.Errorf("on AWS it would lead to %q, want %q", o.Location, location)
		}
	}
}

// TestPage compares the load balancer's own pages byte by byte.
func TestPage(t *testing.T) {
	const want = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
	app := application(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	got := send(t, "GET", "http://"+serve(t, startOne(t, appBehind(), map[string]Target{"App": app}).Main())+"/", "", nil)
	if got.status != 502 || got.body != want || got.header.Get("Server") != "awselb/2.0" || got.header.Get("Content-Type") != "text/html" {
		t.Errorf("got %+v", got)
	}
	if len(strings.Replace(want, "<body>", `<body bgcolor="white">`, 1)) != 138 {
		t.Error("with the bgcolor of 2018 it has another length than was seen then")
	}
}

// TestRejected checks what is answered before any rule, and with which page,
// including where net/http answers before any handler.
func TestRejected(t *testing.T) {
	r := appBehind()
	address := serve(t, startOne(t, r, map[string]Target{"App": saying(t, "app")}).Main())
	var addresses []string
	for i := range 31 {
		addresses = append(addresses, fmt.Sprintf("10.0.0.%d", i))
	}
	for request, want := range map[string]string{
		"TRACE / HTTP/1.1\r\nHost: a":                                                    "405 Not Allowed",
		"CONNECT example.com:443 HTTP/1.1\r\nHost: a":                                    "405 Not Allowed",
		"GET /../x HTTP/1.1\r\nHost: a":                                                  "400 Bad Request",
		"GET /a/..%2f..%2F..%2Ftest HTTP/1.1\r\nHost: a":                                 "400 Bad Request",
		"GET /%zz HTTP/1.1\r\nHost: a":                                                   "400 Bad Request",
		"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + strings.Join(addresses, ", "): "463 X-Forwarded-For Too Long",
		"GET /" + strings.Repeat("x", 17<<10) + " HTTP/1.1\r\nHost: a":                   "414 Request-URI Too Large",
		"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 17<<10):                 "400 Bad Request",
		"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 2<<20):                  "400 Bad Request",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip":                          "501 Not Implemented",
		"GET / HTTP/2.1\r\nHost: a":                                                      "505 HTTP Version Not Supported",
		"GET / HTTP/1.1":                                                                 "400 Bad Request", // no Host
		"G@T / HTTP/1.1\r\nHost: a":                                                      "400 Bad Request",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4":           "400 Bad Request",
	} {
		answer := raw(t, address, request+"\r\nConnection: close\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), nil)
		if err != nil {
			t.Errorf("%.40q: %v in %q", request, err, answer)
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		status, _, _ := strings.Cut(want, " ")
		if fmt.Sprint(resp.StatusCode) != status || !strings.Contains(string(body), "<h1>"+want+"</h1>") || resp.Header.Get("Server") != "awselb/2.0" {
			t.Errorf("%.40q: got %q, want %s", request, answer, want)
		}
	}
	if got := send(t, "GET", "http://"+address+"/a/..%2fb", "", nil); got.status != 200 || got.body != "app" {
		t.Errorf("inside the root: got %+v", got)
	}
}

// TestStrictest checks the mode that also refuses what is merely unusual.
func TestStrictest(t *testing.T) {
	request := "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab"
	for mode, want := range map[string]string{"defensive": "200", "monitor": "200", "strictest": "400"} {
		r := appBehind()
		r["Alb"] = balancer{"routing.http.desync_mitigation_mode": mode}
		address := serve(t, startOne(t, r, map[string]Target{"App": saying(t, "app")}).Main())
		if got := raw(t, address, request); !strings.HasPrefix(got, "HTTP/1.1 "+want) {
			t.Errorf("%s: got %.30q, want %s", mode, got, want)
		}
	}
}
