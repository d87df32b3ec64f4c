package edge

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
)

// echo answers with what the target received.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"Line": r.Method + " " + r.RequestURI + " " + r.Proto, "Host": r.Host, "Header": r.Header, "Body": string(body),
		"Trailer": r.Trailer, "Coding": r.TransferEncoding, "Length": r.ContentLength,
	})
}

type echoed struct {
	Line, Host, Body string
	Header, Trailer  http.Header
	Coding           []string
	Length           int64
}

func readEcho(t *testing.T, got reply) echoed {
	t.Helper()
	var e echoed
	if err := json.Unmarshal([]byte(got.body), &e); err != nil {
		t.Fatalf("%v in %+v", err, got)
	}
	return e
}

// behind serves a listener with load balancer attributes in front of an
// application.
func behind(t *testing.T, attributes balancer, l listener, app http.HandlerFunc) string {
	t.Helper()
	r := appBehind()
	r["Alb"], r["Http"] = attributes, l
	return serve(t, startOne(t, r, map[string]Target{"App": application(t, app)}).Main())
}

var (
	plain  = listener{port: 80, protocol: "HTTP", actions: forwardTo("App")}
	secure = listener{port: 443, protocol: "HTTPS", actions: forwardTo("App")}
	odd    = listener{port: 8443, protocol: "HTTPS", actions: forwardTo("App")}
)

// TestForwardedHeaders checks what a target is told about the client, depending
// on the load balancer's attributes.
func TestForwardedHeaders(t *testing.T) {
	for _, test := range []struct {
		name       string
		attributes balancer
		listener   listener
		sent       []string
		want       map[string]string
	}{
		{"HTTP", nil, plain, nil, map[string]string{"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Port": "80"}},
		{"HTTPS", nil, secure, nil, map[string]string{"X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"}},
		{"what the client says of it", nil, secure, []string{"X-Forwarded-Proto", "http", "X-Forwarded-Port", "1"},
			map[string]string{"X-Forwarded-Proto": "https", "X-Forwarded-Port": "443"}},
		{"append", nil, plain, []string{"X-Forwarded-For", "203.0.113.9", "X-Forwarded-For", "10.0.0.1, 10.0.0.2"},
			map[string]string{"X-Forwarded-For": "203.0.113.9, 10.0.0.1, 10.0.0.2, 127.0.0.1"}},
		{"preserve", balancer{"routing.http.xff_header_processing.mode": "preserve"}, plain, []string{"X-Forwarded-For", "203.0.113.9"},
			map[string]string{"X-Forwarded-For": "203.0.113.9"}},
		{"preserve nothing", balancer{"routing.http.xff_header_processing.mode": "preserve"}, plain, nil, map[string]string{"X-Forwarded-For": ""}},
		{"remove", balancer{"routing.http.xff_header_processing.mode": "remove"}, plain, []string{"X-Forwarded-For", "203.0.113.9"},
			map[string]string{"X-Forwarded-For": "", "X-Forwarded-Proto": "http"}},
		{"invalid names", nil, plain, []string{"X_Client", "ios"}, map[string]string{"X_client": "ios"}},
		{"invalid names dropped", balancer{"routing.http.drop_invalid_header_fields.enabled": "true"}, plain, []string{"X_Client", "ios", "X-Client", "ios"},
			map[string]string{"X_client": "", "X-Client": "ios"}},
		{"hop by hop", nil, plain, []string{"Connection", "keep-alive, X-Mine", "X-Mine", "1", "Keep-Alive", "5", "Expect", "100-continue", "Proxy-Connection", "x", "X-Kept", "2"},
			map[string]string{"X-Mine": "", "Keep-Alive": "", "Expect": "", "Proxy-Connection": "", "Connection": "", "X-Kept": "2"}},
		{"no user agent is added", nil, plain, nil, map[string]string{"User-Agent": "", "Accept-Encoding": ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := behind(t, test.attributes, test.listener, echo)
			request := "GET / HTTP/1.1\r\nHost: a.example.com\r\n"
			for i := 0; i < len(test.sent); i += 2 {
				request += test.sent[i] + ": " + test.sent[i+1] + "\r\n"
			}
			_, body, _ := strings.Cut(raw(t, address, request+"Connection: close\r\n\r\n"), "\r\n\r\n")
			got := readEcho(t, reply{body: body})
			for name, want := range test.want {
				if value := strings.Join(got.Header[name], " | "); value != want {
					t.Errorf("%s is %q, want %q", name, value, want)
				}
			}
		})
	}
	_, port, _ := net.SplitHostPort(readEcho(t, send(t, "GET", "http://"+behind(t, balancer{"routing.http.xff_client_port.enabled": "true"}, plain, echo), "", nil)).Header.Get("X-Forwarded-For"))
	if port == "" {
		t.Error("X-Forwarded-For has no port though the attribute says so")
	}
}

// TestTraceID checks for a new root or, beside the client's root, this hop.
func TestTraceID(t *testing.T) {
	now := time.Unix(0x65000000, 0)
	for sent, want := range map[string]string{
		"":                      "Root=NEW",
		"Root=1-2-3":            "Self=NEW;Root=1-2-3",
		"Self=1-4-5;Root=1-2-3": "Self=NEW;Root=1-2-3",
		"Root=1-2-3;App=x":      "Self=NEW;Root=1-2-3;App=x",
		"App=x":                 "Root=NEW;App=x",
	} {
		got := traceID(sent, now)
		at := strings.Index(got, "1-65000000-")
		if at < 0 || len(got) < at+35 {
			t.Errorf("%q: got %q", sent, got)
			continue
		}
		if got = got[:at] + "NEW" + got[at+35:]; got != want {
			t.Errorf("%q: got %q, want %q", sent, got, want)
		}
	}
}

// TestHostForTarget checks what happens to the Host header.
func TestHostForTarget(t *testing.T) {
	preserve := balancer{"routing.http.preserve_host_header.enabled": "true"}
	for _, test := range []struct {
		attributes balancer
		listener   listener
		target     string
		host, want string
	}{
		{nil, plain, "/", "api.example.com", "api.example.com"},
		{nil, plain, "/", "api.example.com:8080", "api.example.com"},
		{nil, secure, "/", "api.example.com:8080", "api.example.com"},
		{nil, odd, "/", "api.example.com", "api.example.com:8443"},
		{nil, odd, "/", "api.example.com:9", "api.example.com:9"},
		{nil, plain, "http://www.example.com/x", "api.example.com", "www.example.com"},
		{preserve, plain, "/", "api.example.com:8080", "api.example.com:8080"},
		{preserve, odd, "/", "api.example.com", "api.example.com"},
	} {
		address := behind(t, test.attributes, test.listener, echo)
		_, body, _ := strings.Cut(raw(t, address, "GET "+test.target+" HTTP/1.1\r\nHost: "+test.host+"\r\nConnection: close\r\n\r\n"), "\r\n\r\n")
		got := readEcho(t, reply{body: body})
		if got.Host != test.want || !strings.HasPrefix(got.Line, "GET /") {
			t.Errorf("%+v: got %q for %q", test, got.Host, got.Line)
		}
	}
}

// TestHostOfThisMachine checks that a request to a local address is taken for one
// to the product.
func TestHostOfThisMachine(t *testing.T) {
	r := appBehind()
	r["Http"] = listener{port: 80, protocol: "HTTP", actions: fixed(object{"StatusCode": "404"}), rules: map[int]ruleOf{
		1: {conditions: []any{object{"Field": "host-header", "HostHeaderConfig": object{"Values": []string{"api.example.com"}}}}, actions: forwardTo("App")},
	}}
	a := start(t, ALBConfig{Templates: map[string]*alb.Template{"open": r.read(t)}, Mode: "open", Host: "api.example.com",
		Targets: map[string]Target{"App": application(t, echo)}})
	address := serve(t, a.Main())
	got := send(t, "GET", "http://"+address+"/", "", nil)
	if got.status != 200 || readEcho(t, got).Host != "api.example.com" {
		t.Errorf("got %+v", got)
	}
	if got := send(t, "GET", "http://"+address+"/", "", []string{"Host", "www.example.com"}); got.status != 404 {
		t.Errorf("another host: got %+v", got)
	}
}

// TestBodies tries uploads with and without length, large ones, and trailers.
func TestBodies(t *testing.T) {
	address := behind(t, nil, plain, echo)
	got := readEcho(t, send(t, "PUT", "http://"+address+"/x", "hello", nil))
	if got.Line != "PUT /x HTTP/1.1" || got.Body != "hello" || got.Length != 5 {
		t.Errorf("with length: got %+v", got)
	}
	_, body, _ := strings.Cut(raw(t, address, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n"), "\r\n\r\n")
	got = readEcho(t, reply{body: body})
	if got.Body != "hello" || got.Length != -1 || got.Trailer.Get("X-Sum") != "7" || got.Coding[0] != "chunked" {
		t.Errorf("chunked: got %+v", got)
	}
	large := strings.Repeat("0123456789", 1<<20)
	count := behind(t, nil, plain, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n)
	})
	if got := send(t, "POST", "http://"+count+"/", large, nil); got.body != "10485760" {
		t.Errorf("10 MB: the target got %s bytes", got.body)
	}
	down := behind(t, nil, plain, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, large) })
	if got := send(t, "GET", "http://"+down+"/", "", nil); got.body != large {
		t.Errorf("10 MB down: got %d bytes", len(got.body))
	}
	if got := send(t, "HEAD", "http://"+down+"/", "", nil); got.status != 200 || got.body != "" {
		t.Errorf("HEAD: got %+v", got)
	}
}

// TestEarlyAnswer checks that a target need not read the body before it answers,
// and that the client's connection stays usable if the rest of the body is small.
func TestEarlyAnswer(t *testing.T) {
	address := behind(t, nil, plain, func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusForbidden) })
	if got := send(t, "POST", "http://"+address+"/", strings.Repeat("x", 10<<20), nil); got.status != 403 {
		t.Errorf("large body: got %+v", got)
	}
	c := dial(t, address)
	defer c.conn.Close()
	for range 20 {
		status, _, body, err := c.do([]byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"))
		if err != nil || status != 403 || body != "no\n" {
			t.Fatalf("small body: got %d %q, %v", status, body, err)
		}
	}
}

// TestAnswerHeaders checks that the target's headers are unchanged, without those
// about its connection, and that nothing is added.
func TestAnswerHeaders(t *testing.T) {
	address := behind(t, nil, plain, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Content-Type"] = nil
		if r.URL.Path == "/length" {
			h.Set("Content-Length", "6")
			io.WriteString(w, "<html>")
			return
		}
		h.Set("Server", "app/1")
		h.Set("Keep-Alive", "timeout=5")
		h.Set("Trailer", "X-Sum")
		h["Set-Cookie"] = []string{"a=1", "b=2"}
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "<html>")
		w.(http.Flusher).Flush()
		h.Set("X-Sum", "9")
	})
	resp, err := http.Get("http://" + address + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusTeapot || string(body) != "<html>" || resp.Header.Get("Server") != "app/1" || resp.Header["Content-Type"] != nil ||
		resp.Header["Keep-Alive"] != nil || strings.Join(resp.Header["Set-Cookie"], " ") != "a=1 b=2" || resp.Trailer.Get("X-Sum") != "9" {
		t.Errorf("got %d %v %q, trailer %v", resp.StatusCode, resp.Header, body, resp.Trailer)
	}
	if got := send(t, "GET", "http://"+address+"/length", "", nil); got.header["Content-Type"] != nil || got.body != "<html>" {
		t.Errorf("with a length: got %+v", got)
	}
}

// TestStreaming checks that each piece arrives before the next is sent, in both
// directions.
func TestStreaming(t *testing.T) {
	for name, length := range map[string]string{"server-sent events": "", "with a length": "9"} {
		next := make(chan bool)
		address := behind(t, nil, plain, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			if length != "" {
				w.Header().Set("Content-Length", length)
			}
			for i := range 3 {
				fmt.Fprintf(w, "%d%d\n", i, i)
				w.(http.Flusher).Flush()
				<-next
			}
		})
		resp, err := http.Get("http://" + address + "/")
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(resp.Body)
		for i := range 3 {
			line, err := lines.ReadString('\n')
			if err != nil || line != fmt.Sprintf("%d%d\n", i, i) {
				t.Errorf("%s: got %q, %v", name, line, err)
			}
			next <- true
		}
		resp.Body.Close()
	}
	// The target answers each piece of the upload before the next one is sent.
	address := behind(t, nil, plain, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		lines := bufio.NewReader(r.Body)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			fmt.Fprint(w, "got "+line)
			w.(http.Flusher).Flush()
		}
	})
	r, w := io.Pipe()
	req, err := http.NewRequest(http.MethodPost, "http://"+address+"/", r)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answers := bufio.NewReader(resp.Body)
	for i := range 3 {
		fmt.Fprintf(w, "%d\n", i)
		if line, err := answers.ReadString('\n'); err != nil || line != fmt.Sprintf("got %d\n", i) {
			t.Errorf("both ways: got %q, %v", line, err)
		}
	}
	w.Close()
	if rest, err := io.ReadAll(answers); err != nil || len(rest) > 0 {
		t.Errorf("both ways: at the end %q, %v", rest, err)
	}
}

// TestWebSocket checks that an upgraded connection carries both directions, and
// ends with either side.
func TestWebSocket(t *testing.T) {
	ended := make(chan bool, 2)
	app := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Connection") != "Upgrade" || r.Header.Get("X-Forwarded-For") == "" {
			http.Error(w, fmt.Sprint(r.Header), http.StatusBadRequest)
			return
		}
		c, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nhello\n")
		for {
			line, err := buffered.ReadString('\n')
			if err != nil || line == "bye\n" {
				ended <- true
				return
			}
			io.WriteString(c, "got "+line)
		}
	}
	address := behind(t, nil, plain, app)
	for _, bye := range []string{"", "bye\n"} {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		io.WriteString(c, "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\nearly\n")
		r := bufio.NewReader(c)
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusSwitchingProtocols || resp.Header.Get("Sec-WebSocket-Accept") != "x" || resp.Header.Get("Upgrade") != "websocket" {
			t.Fatalf("got %d %v", resp.StatusCode, resp.Header)
		}
		for i, want := range []string{"hello", "got early", "got 2", "got 3"} {
			if i > 1 {
				fmt.Fprintf(c, "%d\n", i)
			}
			if line, err := r.ReadString('\n'); err != nil || line != want+"\n" {
				t.Errorf("got %q, %v, want %q", line, err, want)
			}
		}
		if bye == "" {
			c.Close()
		} else {
			io.WriteString(c, bye)
			if _, err := r.ReadString('\n'); err != io.EOF {
				t.Errorf("after the target's end: %v", err)
			}
		}
		<-ended
	}
}

// TestTargetErrors tries targets that do not exist, or do not answer as they
// should.
func TestTargetErrors(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	says := func(bytes string) Target {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ln.Close() })
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				_, _ = http.ReadRequest(bufio.NewReader(c))
				io.WriteString(c, bytes)
				c.Close()
			}
		}()
		return Target{URLs: []string{"http://" + ln.Addr().String()}}
	}
	for name, target := range map[string]Target{
		"refuses the connection": {URLs: []string{"http://" + nobody.Addr().String()}},
		"closes the connection":  says(""),
		"answers nonsense":       says("hello\r\n\r\n"),
		"malformed header":       says("HTTP/1.1 200 OK\r\nno header\r\n\r\n"),
		"headers too large":      says("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 40<<10) + "\r\n\r\n"),
		"upgrades uninvited":     says("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			var cause string
			r := appBehind()
			r["App"] = groupOf{"TargetType": "ip", "UnhealthyThresholdCount": 2, "HealthCheckIntervalSeconds": 5}
			a, err := NewALB(ALBConfig{Templates: map[string]*alb.Template{"open": r.read(t)}, Mode: "open",
				Targets: map[string]Target{"App": target}, Observe: func(o Observation) { cause = o.Cause }})
			if err != nil {
				t.Fatal(err)
			}
			a.groups["App"].targets()[0].set(Unhealthy) // as it will be, so that requests are sent anyway
			address := serve(t, a.Main())
			got := send(t, "GET", "http://"+address+"/", "", nil)
			if got.status != 502 || got.body != page(502) {
				t.Errorf("got %+v", got)
			}
			a.Close()
			if cause == "" {
				t.Error("the observation has no cause")
			}
		})
	}
}

// TestIdleTimeout checks that a target that does not answer is a 504, that a
// client that sends nothing is a 408, and that an answer in pieces may take
// longer.
func TestIdleTimeout(t *testing.T) {
	t.Parallel()
	release := make(chan bool)
	address := behind(t, balancer{"idle_timeout.timeout_seconds": "1"}, plain, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/pieces":
			for range 4 {
				io.WriteString(w, "x")
				w.(http.Flusher).Flush()
				time.Sleep(400 * time.Millisecond)
			}
		case "/stops":
			io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			<-release
		case "/upload":
			_, _ = io.Copy(io.Discard, r.Body)
		default:
			<-release
		}
	})
	var all sync.WaitGroup
	run := func(f func()) {
		all.Add(1)
		go func() { defer all.Done(); f() }()
	}
	run(func() {
		if got := send(t, "GET", "http://"+address+"/silent", "", nil); got.status != 504 || got.body != page(504) {
			t.Errorf("silent target: got %+v", got)
		}
	})
	run(func() {
		if got := send(t, "GET", "http://"+address+"/pieces", "", nil); got.status != 200 || got.body != "xxxx" {
			t.Errorf("pieces: got %+v", got)
		}
	})
	run(func() {
		resp, err := http.Get("http://" + address + "/stops")
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); err == nil || string(body) != "x" {
			t.Errorf("a target that stops: got %q, %v, want an answer that is not whole", body, err)
		}
	})
	run(func() {
		answer := raw(t, address, "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
		if !strings.HasPrefix(answer, "HTTP/1.1 408 ") || !strings.Contains(answer, "408 Request Time-out") {
			t.Errorf("a client that stops: got %q", answer)
		}
	})
	all.Wait()
	close(release)
}

// TestClientGone checks that the target learns of it, and that the observation
// says 460.
func TestClientGone(t *testing.T) {
	started, gone := make(chan bool), make(chan bool)
	observed := make(chan Observation, 1)
	a := start(t, ALBConfig{Templates: map[string]*alb.Template{"open": appBehind().read(t)}, Mode: "open",
		Targets: map[string]Target{"App": application(t, func(w http.ResponseWriter, r *http.Request) {
			started <- true
			<-r.Context().Done()
			gone <- true
		})}, Observe: func(o Observation) { observed <- o }})
	address := serve(t, a.Main())
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-started
		cancel()
	}()
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Error("got an answer")
	}
	<-gone
	if o := <-observed; o.Status != 460 || o.Cause == "" {
		t.Errorf("status %d, cause %q", o.Status, o.Cause)
	}
}

// TestPartialAnswer checks that if a target ends in the middle of its answer, the
// client can see that it is incomplete.
func TestPartialAnswer(t *testing.T) {
	address := behind(t, nil, plain, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/length" {
			w.Header().Set("Content-Length", "100")
		}
		io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	for _, path := range []string{"/length", "/chunked"} {
		resp, err := http.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); err == nil || string(body) != "half" {
			t.Errorf("%s: got %q, %v", path, body, err)
		}
		resp.Body.Close()
	}
}

// TestHTTPSTarget uses TLS, with a certificate that no one would trust.
func TestHTTPSTarget(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "tls") }))
	defer server.Close()
	r := appBehind()
	r["App"] = groupOf{"TargetType": "ip", "Protocol": "HTTPS"}
	a := startOne(t, r, map[string]Target{"App": {URLs: []string{server.URL}}})
	if got := send(t, "GET", "http://"+serve(t, a.Main())+"/", "", nil); got.body != "tls" {
		t.Errorf("got %+v", got)
	}
}

// TestHTTP2 tries clients and targets with HTTP/2, as for gRPC, with trailers.
func TestHTTP2(t *testing.T) {
	app := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			return
		}
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Trailer", "Grpc-Status")
		fmt.Fprintf(w, "%s %s", r.Proto, bytes.ToUpper(body))
		w.Header().Set("Grpc-Status", "0")
	}))
	app.Config.Protocols = new(http.Protocols)
	app.Config.Protocols.SetUnencryptedHTTP2(true)
	app.Start()
	defer app.Close()
	r := appBehind()
	r["App"] = groupOf{"TargetType": "ip", "ProtocolVersion": "GRPC", "Matcher": object{"GrpcCode": "12"}}
	address := serve(t, startOne(t, r, map[string]Target{"App": {URLs: []string{app.URL}}}).Main())
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Post("http://"+address+"/service", "application/grpc", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.ProtoMajor != 2 || string(body) != "HTTP/2.0 HELLO" || resp.Trailer.Get("Grpc-Status") != "0" {
		t.Errorf("got %s %q, trailer %v", resp.Proto, body, resp.Trailer)
	}
}
