//go:build preview

package edge

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/gobuild"
	"github.com/noren-cdk/noren/internal/preview/lambdaruntime"
)

// TestFlipUnderLoad checks that, while the mode of the product changes every few
// milliseconds, no request is dropped and every answer is that of some mode.
// Requests that no flip overlaps get the answer of the current mode; those that
// maintenance allows always reach the application. The function is the deployed
// one.
func TestFlipUnderLoad(t *testing.T) {
	const requests, connections = 120_000, 16
	program, err := gobuild.Program{Package: "github.com/noren-cdk/noren/lambda/responder", GOOS: runtime.GOOS, GOARCH: runtime.GOARCH}.Build()
	if err != nil {
		t.Fatal(err)
	}
	function, err := lambdaruntime.New(lambdaruntime.Config{Bootstrap: program.Binary, Timeout: 3 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer function.Close()
	templates := product(t)
	a := start(t, ALBConfig{Templates: templates, Mode: "open", Targets: map[string]Target{
		defaultGroup(t, templates["open"]):   {URLs: []string{constant(t)}},
		defaultGroup(t, templates["closed"]): {Function: function},
	}})
	address := serve(t, a.Main())

	// phase is even while nothing flips: then mode 0 is open, 2 closed, in turn.
	var phase, sent, flips atomic.Int64
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for mode := 1; ; mode = 1 - mode {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
			phase.Add(1)
			if err := a.Flip([]string{"open", "closed"}[mode]); err != nil {
				t.Error(err)
			}
			phase.Add(1)
			flips.Add(1)
		}
	}()
	allowed := []byte("GET /api/reports HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
	refused := []byte("POST /api/reports HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
	var unexpected, app, closed, certain atomic.Int64
	var all sync.WaitGroup
	for range connections {
		c := dial(t, address)
		all.Add(1)
		go func() {
			defer all.Done()
			defer c.conn.Close()
			for n := sent.Add(1); n <= requests; n = sent.Add(1) {
				request, isAllowed := refused, n%2 == 0
				if isAllowed {
					request = allowed
				}
				before := phase.Load()
				status, marked, body, err := c.do(request)
				after := phase.Load()
				byApp := err == nil && status == 200 && body == "app"
				byFunction := err == nil && status == 503 && marked
				fine := byApp || byFunction && !isAllowed
				if before == after && before%2 == 0 && !isAllowed {
					certain.Add(1)
					fine = fine && byApp == (before%4 == 0)
				}
				if !fine && unexpected.Add(1) <= 10 {
					t.Errorf("request %d, allowed %v, phases %d to %d: got %d %.100q, %v", n, isAllowed, before, after, status, body, err)
				}
				if err != nil {
					return
				}
				if byApp {
					app.Add(1)
				} else {
					closed.Add(1)
				}
			}
		}()
	}
	begun := time.Now()
	all.Wait()
	took := time.Since(begun)
	close(stop)
	<-stopped
	t.Logf("%d requests in %v during %d flips: %d by the application, %d by the function, %d unexpected; of %d writes no flip was near",
		app.Load()+closed.Load(), took.Round(time.Millisecond), flips.Load(), app.Load(), closed.Load(), unexpected.Load(), certain.Load())
	if app.Load()+closed.Load() != requests || unexpected.Load() != 0 {
		t.Errorf("%d of %d requests were answered, %d not as expected", app.Load()+closed.Load(), requests, unexpected.Load())
	}
	if flips.Load() < 100 || closed.Load() < 1000 || certain.Load() < 1000 {
		t.Errorf("the test has tested little: %d flips, %d by the function, %d certain", flips.Load(), closed.Load(), certain.Load())
	}
}
