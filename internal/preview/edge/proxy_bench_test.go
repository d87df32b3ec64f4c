package edge

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
)

// product reads the templates of dev, as the preview does.
func product(t testing.TB) map[string]*alb.Template {
	t.Helper()
	templates := map[string]*alb.Template{}
	for _, mode := range []string{"open", "closed"} {
		file, err := os.Open("../../../stacks/testdata/dev/edge." + mode + ".json")
		if err != nil {
			t.Fatal(err)
		}
		templates[mode], err = alb.Read(file, cfn.Options{Reveal: func(string) (string, bool) { return "secret", true }})
		file.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	return templates
}

// defaultGroup returns the target group for requests that no rule takes: the
// application if open, the function if closed.
func defaultGroup(t testing.TB, template *alb.Template) string {
	t.Helper()
	forward, ok := template.Listeners[0].Default.Final().(alb.Forward)
	if !ok {
		t.Fatal("the default action is not a forward")
	}
	return forward.Groups[0].Group.LogicalID
}

// constant returns a target that always gives the same answer.
func constant(t testing.TB) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "app") }))
	t.Cleanup(server.Close)
	return server.URL
}

// BenchmarkALB compares requests through the load balancer of dev, observed as in
// the preview, with requests through an httputil.ReverseProxy with the same
// connections to the same target, both under load from 32 connections.
func BenchmarkALB(b *testing.B) {
	templates, target := product(b), constant(b)
	var observed atomic.Int64
	a := start(b, ALBConfig{
		Templates: templates, Mode: "open",
		Targets: map[string]Target{defaultGroup(b, templates["open"]): {URLs: []string{target}}},
		Observe: func(Observation) { observed.Add(1) },
	})
	to, err := url.Parse(target)
	if err != nil {
		b.Fatal(err)
	}
	transports := newTransports()
	defer transports.close()
	proxy := httptest.NewUnstartedServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.SetXForwarded()
		},
		Transport: transports.http1,
		ErrorLog:  log.New(io.Discard, "", 0),
	})
	proxy.Start()
	defer proxy.Close()
	const connections, batch = 32, 4000
	addresses := []string{serve(b, a.Main()), proxy.Listener.Addr().String()}
	var times [2][]time.Duration
	var latencies [2][]time.Duration
	var sets [2][]*client
	for i, address := range addresses {
		for range connections {
			sets[i] = append(sets[i], dial(b, address))
		}
		load(b, sets[i], batch) // the connections to the target
	}
	observed.Store(0)
	n := 0
	for b.Loop() {
		// The two alternate, so that a busy machine slows down both.
		for i := range sets {
			begun := time.Now()
			latencies[i] = append(latencies[i], load(b, sets[i], batch)...)
			times[i] = append(times[i], time.Since(begun))
		}
		n++
	}
	if got := observed.Load(); got != int64(n*batch) {
		b.Errorf("%d requests were observed, want %d", got, n*batch)
	}
	for _, set := range sets {
		for _, c := range set {
			c.conn.Close()
		}
	}
	ours, theirs := middle(times[0]), middle(times[1])
	p99, theirP99 := percentile(latencies[0], 99), percentile(latencies[1], 99)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(batch/ours.Seconds(), "requests/s")
	b.ReportMetric(batch/theirs.Seconds(), "reverseproxy-requests/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "x-reverseproxy")
	b.ReportMetric(p99.Seconds()*1000, "p99-ms")
	b.ReportMetric(p99.Seconds()/theirP99.Seconds(), "x-reverseproxy-p99")
}

// load sends n requests over all connections, each as soon as the previous one is
// answered, and returns how long each took.
func load(b *testing.B, clients []*client, n int) []time.Duration {
	request := []byte("GET /api/reports?page=2 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: load/1\r\nAccept: application/json\r\nAuthorization: Bearer 0123456789abcdef\r\n\r\n")
	took := make([]time.Duration, n)
	var next atomic.Int64
	var all sync.WaitGroup
	for _, c := range clients {
		all.Add(1)
		go func() {
			defer all.Done()
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				begun := time.Now()
				status, _, body, err := c.do(request)
				if err != nil || status != http.StatusOK || body != "app" {
					b.Errorf("got %d %q, %v", status, body, err)
					return
				}
				took[i] = time.Since(begun)
			}
		}()
	}
	all.Wait()
	return took
}

func middle(d []time.Duration) time.Duration { return percentile(d, 50) }

func percentile(d []time.Duration, p int) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[min(len(d)*p/100, len(d)-1)]
}
