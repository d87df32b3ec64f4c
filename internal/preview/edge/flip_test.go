package edge

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/preview/lambdaruntime"
)

// switchable returns templates of a product that can be closed: in both modes a
// rule lets logins through, and the default action is the switch.
func switchable(t testing.TB) map[string]*alb.Template {
	with := func(group string) *alb.Template {
		r := appBehind()
		r["Closed"] = groupOf{"TargetType": "lambda"}
		r["Http"] = listener{port: 80, protocol: "HTTP", actions: forwardTo(group), rules: map[int]ruleOf{
			100: {conditions: []any{methodIs("POST"), pathIs("/api/login")}, actions: forwardTo("App")},
		}}
		return r.read(t)
	}
	return map[string]*alb.Template{"open": with("App"), "closed": with("Closed")}
}

const closedAnswer = `{"statusCode":503,"headers":{"X-Maintenance-Mode":"on"},"body":"closed"}`

// TestFlip checks that the next request is answered in the new mode, even on an
// existing connection, and that what is allowed is allowed in both modes.
func TestFlip(t *testing.T) {
	a := start(t, ALBConfig{Templates: switchable(t), Mode: "open",
		Targets: map[string]Target{"App": saying(t, "app"), "Closed": {Function: &fake{answer: closedAnswer}}}})
	if got := a.Modes(); !slices.Equal(got, []string{"closed", "open"}) {
		t.Errorf("modes %v", got)
	}
	url := "http://" + serve(t, a.Main())
	for range 3 {
		for mode, want := range map[string]string{"open": "200 app", "closed": "503 closed"} {
			if err := a.Flip(mode); err != nil || a.Mode() != mode {
				t.Fatalf("mode %q, %v", a.Mode(), err)
			}
			got := send(t, "GET", url+"/api/reports", "", nil)
			if text := fmt.Sprint(got.status) + " " + got.body; text != want {
				t.Errorf("%s: got %q, want %q", mode, text, want)
			}
			if got := send(t, "POST", url+"/api/login", "{}", nil); got.body != "app" {
				t.Errorf("%s: an allowed request got %+v", mode, got)
			}
		}
	}
	if err := a.Flip("ajar"); err == nil || !strings.Contains(err.Error(), `unknown mode "ajar": want closed, open`) {
		t.Errorf("unknown mode: %v", err)
	}
	a.Close()
	if err := a.Flip("open"); err == nil {
		t.Error("flipped after Close")
	}
}

// TestFlipKeepsRequestsUnderWay checks that a request that began before the flip
// ends as it began.
func TestFlipKeepsRequestsUnderWay(t *testing.T) {
	began, end := make(chan bool), make(chan bool)
	app := application(t, func(w http.ResponseWriter, r *http.Request) {
		began <- true
		<-end
		io.WriteString(w, "app")
	})
	a := start(t, ALBConfig{Templates: switchable(t), Mode: "open", Targets: map[string]Target{"App": app, "Closed": {Function: &fake{answer: closedAnswer}}}})
	url := "http://" + serve(t, a.Main())
	done := make(chan reply)
	go func() { done <- send(t, "GET", url+"/slow", "", nil) }()
	<-began
	if err := a.Flip("closed"); err != nil {
		t.Fatal(err)
	}
	if got := send(t, "GET", url+"/", "", nil); got.status != 503 {
		t.Errorf("the next request got %+v", got)
	}
	end <- true
	if got := <-done; got.status != 200 || got.body != "app" {
		t.Errorf("the request under way got %+v", got)
	}
}

// TestFlipKeepsWebSockets checks that an upgraded connection stays on its target.
func TestFlipKeepsWebSockets(t *testing.T) {
	app := application(t, func(w http.ResponseWriter, r *http.Request) {
		if c, buffered, err := http.NewResponseController(w).Hijack(); err == nil {
			defer c.Close()
			io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			_, _ = io.Copy(c, buffered)
		}
	})
	a := start(t, ALBConfig{Templates: switchable(t), Mode: "open", Targets: map[string]Target{"App": app, "Closed": {Function: &fake{answer: closedAnswer}}}})
	c := dial(t, serve(t, a.Main()))
	defer c.conn.Close()
	io.WriteString(c.conn, "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	for line := ""; line != "\r\n"; {
		var err error
		if line, err = c.r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Flip("closed"); err != nil {
		t.Fatal(err)
	}
	io.WriteString(c.conn, "still here\n")
	if line, err := c.r.ReadString('\n'); err != nil || line != "still here\n" {
		t.Errorf("got %q, %v", line, err)
	}
}

// TestForeignListener tries a template that only adds rules to a listener: a
// request that no rule takes gets a page that says so.
func TestForeignListener(t *testing.T) {
	template, err := alb.Read(strings.NewReader(`{"Resources": {
		"App": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"TargetType": "ip", "HealthCheckPath": "/health"}},
		"Rule": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": {"Fn::ImportValue": "Shared"}, "Priority": 5,
			"Conditions": [{"Field": "path-pattern", "Values": ["/mine"]}], "Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": "App"}}]}}}}`), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a := start(t, ALBConfig{Templates: map[string]*alb.Template{"open": template}, Mode: "open", Targets: map[string]Target{"App": application(t, echo)}})
	url := "http://" + serve(t, a.Main())
	got := send(t, "GET", url+"/mine", "", nil)
	if header := readEcho(t, got).Header; got.status != 200 || header.Get("X-Forwarded-For") == "" || header["X-Forwarded-Proto"] != nil {
		t.Errorf("got %+v", got)
	}
	if got := send(t, "GET", url+"/other", "", nil); got.status != 503 || !strings.Contains(got.body, "the template does not have the listener's default action") {
		t.Errorf("got %+v", got)
	}
}

// TestObservation checks what is reported about a request, and what is counted.
func TestObservation(t *testing.T) {
	var last atomic.Pointer[Observation]
	a := start(t, ALBConfig{Templates: switchable(t), Mode: "closed",
		Targets: map[string]Target{"App": saying(t, "app"), "Closed": {Function: &fake{answer: closedAnswer}}},
		Observe: func(o Observation) { last.Store(&o) }})
	url := "http://" + serve(t, a.Main())
	before := time.Now()
	send(t, "POST", url+"/api/login?a=b", "{}", nil)
	o := last.Load()
	if o.Method != http.MethodPost || o.URL != "/api/login?a=b" || o.Host != "127.0.0.1" || o.Source.String() != "127.0.0.1" || o.RuleName() != "100" ||
		o.Rule.LogicalID != "HttpRule100" || o.Group != "App" || !strings.HasPrefix(o.Target, "http://127.0.0.1:") || o.Status != 200 ||
		o.Mode != "closed" || o.Listener != a.Main() || o.Cause != "" || o.Time.Before(before) || o.Duration <= 0 || o.Action() != "App" {
		t.Errorf("got %+v, %s %s", o, o.RuleName(), o.Action())
	}
	if why := strings.Join(o.Why(), "; "); why != `rule 100 matches: method POST, path "/api/login"` {
		t.Errorf("why: %s", why)
	}
	send(t, "GET", url+"/api/login", "", nil)
	o = last.Load()
	if o.RuleName() != "default" || o.Group != "Closed" || o.Target != "function" || o.Status != 503 {
		t.Errorf("got %+v", o)
	}
	if why := strings.Join(o.Why(), "; "); why != `rule 100 does not match: method "GET" is not POST; default rule: no rule before it matches` {
		t.Errorf("why: %s", why)
	}
	send(t, "TRACE", url+"/", "", nil)
	o = last.Load()
	if o.RuleName() != "none" || o.Status != 405 || o.Cause != "method TRACE is not supported" || o.Action() != "answer 405 Not Allowed" {
		t.Errorf("got %+v, %s", o, o.Action())
	}
}

// TestConfigErrors checks that what cannot be served is reported.
func TestConfigErrors(t *testing.T) {
	one := switchable(t)
	other := appBehind()
	other["Http2"] = other["Http"]
	delete(other, "Http")
	twice := appBehind()
	badTransform := appBehind()
	badTransform["Http"] = listener{port: 80, protocol: "HTTP", actions: forwardTo("App"), rules: map[int]ruleOf{
		7: {conditions: []any{pathIs("/a")}, actions: forwardTo("App"), transforms: []any{object{"Type": "url-rewrite", "UrlRewriteConfig": object{"Rewrites": []any{object{"Regex": "(", "Replace": ""}}}}}},
	}}
	for want, config := range map[string]ALBConfig{
		"Templates are missing":                             {},
		`unknown mode "shut": want closed, open`:            {Templates: one, Mode: "shut"},
		`no listener is of load balancer "Other": want Alb`: {Templates: one, Mode: "open", LoadBalancer: "Other"},
		`no template has such a target group`:               {Templates: one, Mode: "open", Targets: map[string]Target{"Ap": {}}},
		`its type is lambda: want a Function and no URLs`:   {Templates: one, Mode: "open", Targets: map[string]Target{"Closed": {URLs: []string{"http://127.0.0.1:1"}}}},
		`its type is ip: want URLs and no Function`:         {Templates: one, Mode: "open", Targets: map[string]Target{"App": {Function: &fake{}}}},
		`URL "127.0.0.1:80": want`:                          {Templates: one, Mode: "open", Targets: map[string]Target{"App": {URLs: []string{"ftp://127.0.0.1:80"}}}},
		`a load balancer adds no path`:                      {Templates: one, Mode: "open", Targets: map[string]Target{"App": {URLs: []string{"http://127.0.0.1:80/api"}}}},
		`it has no listener "Http"`:                         {Templates: map[string]*alb.Template{"open": twice.read(t), "x": other.read(t)}, Mode: "open"},
		`rule 7: transform url-rewrite`:                     {Templates: map[string]*alb.Template{"open": badTransform.read(t)}, Mode: "open"},
		`the template has no listener`:                      {Templates: map[string]*alb.Template{"open": resources{}.read(t)}, Mode: "open"},
	} {
		want = strings.Replace(want, `"127.0.0.1:80"`, `"ftp://127.0.0.1:80"`, 1)
		if _, err := NewALB(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestCloseLeavesNothing checks that no goroutine, socket or process is left,
// whatever is in progress.
func TestCloseLeavesNothing(t *testing.T) {
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	hang := make(chan bool)
	app := application(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hang":
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		case "/ws":
			if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
				io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
				_, _ = io.Copy(io.Discard, c)
				c.Close()
			}
		}
	})
	goroutines, files := runtime.NumGoroutine(), openFiles()
	f, err := lambdaruntime.New(lambdaruntime.Config{Bootstrap: binary, Environment: map[string]string{"BOOTSTRAP": "1"}, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewALB(ALBConfig{Templates: switchable(t), Mode: "closed", Targets: map[string]Target{"App": app, "Closed": {Function: f}}})
	if err != nil {
		t.Fatal(err)
	}
	settle(t, a)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- a.Main().Serve(ln) }()
	dial := func(request string) net.Conn {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, request+" HTTP/1.1\r\nHost: a\r\n")
		return c
	}
	slow := dial("GET /slow") // in the function
	io.WriteString(slow, "\r\n")
	idle := dial("GET /") // answered, and kept open
	io.WriteString(idle, "\r\n")
	if _, err := io.ReadFull(idle, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	if err := a.Flip("open"); err != nil {
		t.Fatal(err)
	}
	hanging := dial("GET /hang")
	io.WriteString(hanging, "\r\n")
	half := dial("POST /half") // has not sent its headers
	socket := dial("GET /ws")
	io.WriteString(socket, "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	if _, err := io.ReadFull(socket, make([]byte, 12)); err != nil {
		t.Fatal(err)
	}
	a.Close()
	f.Close()
	a.Close() // a second call does no harm
	if err := <-served; err != nil {
		t.Errorf("Serve returned %v", err)
	}
	if c, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		c.Close()
		t.Error("the port is still open")
	}
	for _, c := range []net.Conn{slow, idle, hanging, half, socket} {
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.ReadAll(c); err != nil && os.IsTimeout(err) {
			t.Errorf("a connection is still open")
		}
		c.Close()
	}
	waitFor(t, "goroutines and files are gone", func() bool {
		return runtime.NumGoroutine() <= goroutines && openFiles() <= files
	})
}

func openFiles() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}
