package edge

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
)

// resources are a template's resources for tests: properties by logical id. The
// Go type of the properties gives the resource type.
type resources map[string]any

type (
	balancer map[string]string // attributes
	listener struct {
		port     int
		protocol string
		actions  []any
		rules    map[int]ruleOf
		more     map[string]any
	}
	ruleOf struct {
		conditions []any
		actions    []any
		transforms []any
	}
	groupOf map[string]any
)

type object = map[string]any

func ref(id string) object { return object{"Ref": id} }

func forwardTo(id string) []any {
	return []any{object{"Type": "forward", "TargetGroupArn": ref(id)}}
}

func pathIs(values ...string) object {
	return object{"Field": "path-pattern", "PathPatternConfig": object{"Values": values}}
}

func methodIs(values ...string) object {
	return object{"Field": "http-request-method", "HttpRequestMethodConfig": object{"Values": values}}
}

func attributes(of map[string]string) []any {
	list := []any{}
	for k, v := range of {
		list = append(list, object{"Key": k, "Value": v})
	}
	return list
}

// read synthesizes a template and reads it.
func (r resources) read(t testing.TB) *alb.Template {
	t.Helper()
	all := object{}
	add := func(id, kind string, properties object) {
		all[id] = object{"Type": "AWS::ElasticLoadBalancingV2::" + kind, "Properties": properties}
	}
	for id, of := range r {
		switch of := of.(type) {
		case balancer:
			add(id, "LoadBalancer", object{"Type": "application", "LoadBalancerAttributes": attributes(of)})
		case groupOf:
			add(id, "TargetGroup", of)
		case listener:
			properties := object{"LoadBalancerArn": ref("Alb"), "Port": of.port, "Protocol": of.protocol, "DefaultActions": of.actions}
			for k, v := range of.more {
				properties[k] = v
			}
			add(id, "Listener", properties)
			for priority, rule := range of.rules {
				properties := object{"ListenerArn": ref(id), "Priority": priority, "Conditions": rule.conditions, "Actions": rule.actions}
				if rule.transforms != nil {
					properties["Transforms"] = rule.transforms
				}
				add(fmt.Sprintf("%sRule%d", id, priority), "ListenerRule", properties)
			}
		}
	}
	text, err := json.Marshal(object{"Resources": all})
	if err != nil {
		t.Fatal(err)
	}
	template, err := alb.Read(strings.NewReader(string(text)), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// appBehind returns a load balancer with an HTTP listener on port 80 that sends
// everything to an application.
func appBehind() resources {
	return resources{
		"Alb":  balancer{},
		"App":  groupOf{"TargetType": "ip", "Protocol": "HTTP", "Port": 8080, "HealthCheckPath": "/health"},
		"Http": listener{port: 80, protocol: "HTTP", actions: forwardTo("App")},
	}
}

// start makes a load balancer and waits until every target has been checked.
func start(t testing.TB, config ALBConfig) *ALB {
	t.Helper()
	a, err := NewALB(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	settle(t, a)
	return a
}

func settle(t testing.TB, a *ALB) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		initial := false
		for _, h := range a.TargetHealth() {
			initial = initial || h.Health == Initial
		}
		if !initial {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("targets are still initial: %v", a.TargetHealth())
		}
	}
}

// startOne is like start, with one template.
func startOne(t testing.TB, r resources, targets map[string]Target) *ALB {
	t.Helper()
	return start(t, ALBConfig{Templates: map[string]*alb.Template{"open": r.read(t)}, Mode: "open", Targets: targets})
}

// serve serves a listener on a free port and returns its address.
func serve(t testing.TB, l *Listener) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- l.Serve(ln) }()
	t.Cleanup(func() {
		l.alb.Close()
		if err := <-done; err != nil {
			t.Errorf("Serve returned %v", err)
		}
	})
	for l.Address() == "" {
		time.Sleep(time.Millisecond)
	}
	return ln.Addr().String()
}

// application returns an application whose health check passes.
func application(t testing.TB, handler http.HandlerFunc) Target {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" {
			return
		}
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	return Target{URLs: []string{server.URL}}
}

// reply is a complete answer.
type reply struct {
	status int
	header http.Header
	body   string
}

// send sends a request; header holds alternating names and values.
func send(t testing.TB, method, url, body string, header []string) reply {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Add(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(text)}
}

// TestForward checks that the request reaches the target as it was sent,
// according to the matching rule.
func TestForward(t *testing.T) {
	app := application(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "app "+r.RequestURI) })
	other := application(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "other "+r.RequestURI) })
	r := appBehind()
	r["Other"] = groupOf{"TargetType": "ip", "HealthCheckPath": "/health"}
	r["Http"] = listener{port: 80, protocol: "HTTP", actions: forwardTo("App"), rules: map[int]ruleOf{
		10: {conditions: []any{methodIs("POST"), pathIs("/a*")}, actions: forwardTo("Other")},
	}}
	address := serve(t, startOne(t, r, map[string]Target{"App": app, "Other": other}).Main())
	for request, want := range map[string]string{
		"GET /a%2Fb//c?x=%20&y=a+b": "app /a%2Fb//c?x=%20&y=a+b",
		"GET //double":              "app //double",
		"POST /a?b":                 "other /a?b",
		"POST /b":                   "app /b",
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := send(t, method, "http://"+address+path, "", nil); got.status != http.StatusOK || got.body != want {
			t.Errorf("%s: got %d %q, want %q", request, got.status, got.body, want)
		}
	}
}
