package edge

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
)

// patient is an application that answers health checks with a configurable
// status, and remembers them.
type patient struct {
	status atomic.Int32
	mu     sync.Mutex
	checks []*http.Request
	server *httptest.Server
}

func newPatient(t *testing.T, status int, name string) *patient {
	p := &patient{}
	p.status.Store(int32(status))
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.UserAgent() != userAgent {
			fmt.Fprint(w, name)
			return
		}
		p.mu.Lock()
		p.checks = append(p.checks, r)
		p.mu.Unlock()
		if p.status.Load() == 0 {
			<-r.Context().Done()
			return
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(int(p.status.Load()))
	}))
	t.Cleanup(p.server.Close)
	return p
}

func (p *patient) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.checks)
}

// checked returns a load balancer whose target group is configured by properties.
func checked(properties groupOf) resources {
	r := appBehind()
	group := groupOf{"TargetType": "ip", "Port": 8080, "HealthCheckPath": "/health?deep=1", "HealthCheckIntervalSeconds": 1,
		"HealthCheckTimeoutSeconds": 1, "HealthyThresholdCount": 2, "UnhealthyThresholdCount": 2}
	for k, v := range properties {
		group[k] = v
	}
	r["App"] = group
	return r
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so after 20 s: %s", what)
		}
	}
}

func health(a *ALB) Health { return a.TargetHealth()[0].Health }

// TestHealthCheck checks the template's health check and its effect: the first
// check that passes brings a target into service; after that, it takes as many
// consecutive checks as the thresholds say.
func TestHealthCheck(t *testing.T) {
	t.Parallel()
	p := newPatient(t, 500, "app")
	a, err := NewALB(ALBConfig{Templates: map[string]*alb.Template{"open": checked(nil).read(t)}, Mode: "open",
		Targets: map[string]Target{"App": {URLs: []string{p.server.URL}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	address := serve(t, a.Main())
	request := func() int { return send(t, "GET", "http://"+address+"/", "", nil).status }
	if got := request(); health(a) == Initial && got != 503 {
		t.Errorf("before the first check has passed: got %d, want 503", got)
	}
	waitFor(t, "unhealthy", func() bool { return health(a) == Unhealthy })
	if n := p.count(); n < 2 {
		t.Errorf("unhealthy after %d checks, want 2", n)
	}
	if got := request(); got != 200 {
		t.Errorf("the only target is unhealthy: got %d, want 200, since requests go to all then", got)
	}
	before := p.count()
	p.status.Store(200)
	waitFor(t, "healthy", func() bool { return health(a) == Healthy })
	if n := p.count() - before; n < 2 {
		t.Errorf("healthy again after %d checks, want 2", n)
	}
	p.mu.Lock()
	check := p.checks[0]
	p.mu.Unlock()
	if check.Method != http.MethodGet || check.RequestURI != "/health?deep=1" || "http://"+check.Host != p.server.URL {
		t.Errorf("check %s %s of %s", check.Method, check.RequestURI, check.Host)
	}
}

// TestHealthCheckRecoversAtOnce checks that a target that is healthy from the
// beginning is in service after one check, whatever the threshold.
func TestHealthCheckRecoversAtOnce(t *testing.T) {
	p := newPatient(t, 200, "app")
	start := time.Now()
	a := startOne(t, checked(groupOf{"HealthyThresholdCount": 10, "HealthCheckIntervalSeconds": 300}), map[string]Target{"App": {URLs: []string{p.server.URL}}})
	if health(a) != Healthy || p.count() != 1 || time.Since(start) > 9*time.Second {
		t.Errorf("%v after %d checks and %v", health(a), p.count(), time.Since(start))
	}
}

// TestHealthCheckCodes checks which statuses count as healthy.
func TestHealthCheckCodes(t *testing.T) {
	for _, test := range []struct {
		codes  any
		status int
		want   Health
	}{
		{nil, 200, Healthy}, {nil, 204, Unhealthy}, {nil, 302, Unhealthy},
		{"200-299", 204, Healthy}, {"200,302", 302, Healthy}, {"200,301", 302, Unhealthy},
		{nil, 0, Unhealthy}, // takes longer than the timeout
	} {
		t.Run(fmt.Sprint(test.codes, test.status), func(t *testing.T) {
			t.Parallel()
			properties := groupOf{}
			if test.codes != nil {
				properties["Matcher"] = object{"HttpCode": test.codes}
			}
			p := newPatient(t, test.status, "app")
			a := startOne(t, checked(properties), map[string]Target{"App": {URLs: []string{p.server.URL}}})
			if health(a) != test.want {
				t.Errorf("got %v, want %v", health(a), test.want)
			}
		})
	}
}

// TestHealthDefaults checks for the API's defaults.
func TestHealthDefaults(t *testing.T) {
	got := readHealthCheck(&alb.TargetGroup{TargetType: "ip", Port: 80})
	want := healthCheck{enabled: true, path: "/", interval: 30 * time.Second, timeout: 5 * time.Second, healthy: 5, unhealthy: 2, codes: "200"}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	got = readHealthCheck(&alb.TargetGroup{TargetType: "ip", Port: 80, HealthCheck: alb.HealthCheck{Port: "9000", Protocol: "HTTPS"}})
	if got.port != "9000" || !got.https {
		t.Errorf("got %+v", got)
	}
}

// TestUnhealthyTargets checks that the healthy targets share the requests, and
// that all targets get some if there are none, or fewer than the target group
// requires.
func TestUnhealthyTargets(t *testing.T) {
	t.Parallel()
	one, two, three := newPatient(t, 200, "one"), newPatient(t, 200, "two"), newPatient(t, 500, "three")
	targets := map[string]Target{"App": {URLs: []string{one.server.URL, two.server.URL, three.server.URL}}}
	a := startOne(t, checked(nil), targets)
	if got := tally(t, serve(t, a.Main()), 10); got["200 one"] != 5 || got["200 two"] != 5 {
		t.Errorf("two of three are healthy: got %v", got)
	}
	thresholds := groupOf{"TargetGroupAttributes": attributes(map[string]string{"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "3"})}
	b := startOne(t, checked(thresholds), targets)
	if got := tally(t, serve(t, b.Main()), 9); got["200 one"] != 3 || got["200 three"] != 3 {
		t.Errorf("fewer are healthy than the target group wants: got %v", got)
	}
	one.status.Store(500)
	two.status.Store(500)
	waitFor(t, "all unhealthy", func() bool {
		for _, h := range a.TargetHealth() {
			if h.Health != Unhealthy {
				return false
			}
		}
		return true
	})
	if got := tally(t, serve(t, a.Main()), 9); got["200 one"] != 3 || got["200 three"] != 3 {
		t.Errorf("none is healthy: got %v", got)
	}
}

// TestDetachedGroup checks that a group that no rule refers to is unused and not
// checked, and that when it comes back it starts over, and gets nothing until a
// check has passed.
func TestDetachedGroup(t *testing.T) {
	t.Parallel()
	open := checked(nil)
	closed := checked(nil)
	closed["Http"] = listener{port: 80, protocol: "HTTP", actions: fixed(object{"StatusCode": "503"})}
	p := newPatient(t, 200, "app")
	a := start(t, ALBConfig{Templates: map[string]*alb.Template{"open": open.read(t), "closed": closed.read(t)}, Mode: "open",
		Targets: map[string]Target{"App": {URLs: []string{p.server.URL}}}})
	address := serve(t, a.Main())
	if err := a.Flip("closed"); err != nil {
		t.Fatal(err)
	}
	if health(a) != Unused {
		t.Errorf("health %v, want unused", health(a))
	}
	before := p.count()
	time.Sleep(1500 * time.Millisecond)
	if n := p.count() - before; n != 0 {
		t.Errorf("%d checks though no rule uses the group", n)
	}
	p.status.Store(0) // the first check takes a while
	if err := a.Flip("open"); err != nil {
		t.Fatal(err)
	}
	if got := send(t, "GET", "http://"+address+"/", "", nil); got.status != 503 || health(a) != Initial {
		t.Errorf("attached again: got %d, health %v, want 503 and initial", got.status, health(a))
	}
	p.status.Store(200)
	waitFor(t, "healthy", func() bool { return health(a) == Healthy })
	if got := send(t, "GET", "http://"+address+"/", "", nil); got.body != "app" {
		t.Errorf("healthy: got %+v", got)
	}
}

// TestWeightZeroStaysAttached checks that a group that gets no requests, but is
// named in an action, is checked, so that it is in service when it gets some.
func TestWeightZeroStaysAttached(t *testing.T) {
	p := newPatient(t, 200, "app")
	r := checked(nil)
	r["Other"] = groupOf{"TargetType": "ip"}
	r["Http"] = listener{port: 80, protocol: "HTTP", actions: weighted(nil, "App", 0, "Other", 1)}
	a := startOne(t, r, map[string]Target{"App": {URLs: []string{p.server.URL}}})
	if health(a) != Healthy || p.count() == 0 {
		t.Errorf("health %v after %d checks", health(a), p.count())
	}
}
