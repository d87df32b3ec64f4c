//go:build clients

package clients

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/noren-cdk/noren/internal/testing/browser"
)

// A product is a page in a browser and an API behind a load balancer. The API is
// also available on another origin, under another port.
type product struct {
	*httptest.Server
	other  *httptest.Server
	closed atomic.Bool
	worker string // a script for the service worker
	asked  [4]atomic.Int32
}

// The kinds of requests that are counted.
const (
	events = iota
	beacons
	writes
	reads
)

func open(t *testing.T) (*product, context.Context) {
	t.Helper()
	p := &product{}
	p.Server, p.other = httptest.NewServer(p), httptest.NewServer(p)
	t.Cleanup(p.Server.Close)
	t.Cleanup(p.other.Close)
	ctx := browser.Open(t)
	browser.Do(t, ctx, chromedp.Navigate(p.URL))
	return p, ctx
}

func (p *product) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	switch r.URL.Path {
	case "/":
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>page</title>")
		return
	case "/worker.js":
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, p.worker)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/workbox-") {
		http.FileServer(http.Dir("node_modules")).ServeHTTP(w, r)
		return
	}
	for i, path := range []string{"/api/events", "/api/beacon", "/api/reports", "/api/list"} {
		if r.URL.Path == path && r.Method != http.MethodOptions {
			p.asked[i].Add(1)
		}
	}
	switch {
	case p.closed.Load() && len(body) > 1<<20: // refused by the load balancer, before its targets
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	case p.closed.Load() && r.Header.Get("Upgrade") != "":
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type, Idempotency-Key")
		w.Header().Set("Access-Control-Expose-Headers", "Retry-After, X-Maintenance-Mode")
	}
	switch {
	case r.Method == http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
	case p.closed.Load():
		closed(w)
	case r.URL.Path == "/api/events":
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: hello\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	default:
		_, _ = io.WriteString(w, `{}`)
	}
}

// until waits until a script returns true.
func until(t *testing.T, ctx context.Context, script string) {
	t.Helper()
	for start := time.Now(); !browser.See(t, ctx, chromedp.Evaluate[bool]("Boolean("+script+")")); time.Sleep(50 * time.Millisecond) {
		if time.Since(start) > 15*time.Second {
			t.Fatalf("never so: %s", script)
		}
	}
}

// outcome runs an asynchronous script and returns its result.
func outcome(t *testing.T, ctx context.Context, script string) string {
	t.Helper()
	browser.See(t, ctx, chromedp.Evaluate[bool](`window.outcome = undefined; (async () => { `+script+` })().then((value) => { window.outcome = String(value); }, (error) => { window.outcome = "threw " + error.name; }); true`))
	until(t, ctx, `window.outcome !== undefined`)
	return browser.See(t, ctx, chromedp.Evaluate[string](`window.outcome`))
}

// snippet returns the code of a section of the contract.
func snippet(t *testing.T, section string) string {
	t.Helper()
	contract, err := os.ReadFile("../../docs/client-contract.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(contract), "\n### "+section+"\n")
	_, code, found := strings.Cut(rest, "```js\n")
	code, _, _ = strings.Cut(code, "```")
	if !ok || !found {
		t.Fatalf("the contract has no code for %s", section)
	}
	return code
}

func TestUploadToAnotherOrigin(t *testing.T) {
	p, ctx := open(t)
	p.closed.Store(true)
	send := func(bytes int) string {
		return outcome(t, ctx, fmt.Sprintf(`const answer = await fetch("%s/api/reports", { method: "POST", body: "x".repeat(%d) });
			return answer.status + " " + answer.headers.get("X-Maintenance-Mode");`, p.other.URL, bytes))
	}
	if got := send(2 << 20); got != "threw TypeError" {
		t.Errorf("2 MB: got %q, want a TypeError, as the contract says", got)
	}
	if got := send(100); got != "503 on" {
		t.Errorf("a small request: got %q, want the maintenance that the large one hid", got)
	}
}

func TestEventSource(t *testing.T) {
	p, ctx := open(t)
	p.closed.Store(true)
	browser.See(t, ctx, chromedp.Evaluate[bool](`window.plain = new EventSource("/api/events"); true`))
	until(t, ctx, `plain.readyState === EventSource.CLOSED`)
	p.closed.Store(false)
	time.Sleep(4 * time.Second)
	if n := p.asked[events].Load(); n != 1 {
		t.Errorf("an EventSource has asked %d times, want that it gives up after one", n)
	}

	p.closed.Store(true)
	browser.See(t, ctx, chromedp.Evaluate[bool](`
		window.heard = 0;
		window.EventSource = class extends EventSource {
			constructor(url) { super(url); this.onmessage = () => { window.heard++; }; }
		};
		`+snippet(t, "EventSource")+`; listen("/api/events"); true`))
	time.Sleep(1500 * time.Millisecond)
	p.closed.Store(false)
	until(t, ctx, `window.heard > 0`)
}

func TestWebSocket(t *testing.T) {
	p, ctx := open(t)
	p.closed.Store(true)
	got := outcome(t, ctx, `return new Promise((done) => {
		const socket = new WebSocket("ws://" + location.host + "/api/socket");
		socket.onclose = (event) => done(event.code + " " + event.reason);
	});`)
	if got != "1006 " {
		t.Errorf("got %q, want that the script learns nothing but 1006", got)
	}
}

func TestSendBeacon(t *testing.T) {
	p, ctx := open(t)
	p.closed.Store(true)
	if got := outcome(t, ctx, `return navigator.sendBeacon("/api/beacon", "x");`); got != "true" {
		t.Errorf("got %q, want true: it says nothing of the answer", got)
	}
	time.Sleep(500 * time.Millisecond)
	p.closed.Store(false)
	time.Sleep(2 * time.Second)
	if n := p.asked[beacons].Load(); n != 1 {
		t.Errorf("the beacon arrived %d times, want once, refused", n)
	}
}

func TestStaleWhileRevalidate(t *testing.T) {
	p, ctx := open(t)
	p.closed.Store(true)
	got := outcome(t, ctx, `const cache = await caches.open("a");
		await cache.put("/list", await fetch("`+p.other.URL+`/api/list", { mode: "no-cors" }));
		const kept = await cache.match("/list");
		return kept.type + " " + kept.status;`)
	if got != "opaque 0" {
		t.Errorf("got %q, want that the 503 is cached without a trace", got)
	}
}

// TestWorkbox checks that Workbox's queue drops what maintenance refuses, and
// that it does not with the contract's code.
func TestWorkbox(t *testing.T) {
	const scripts = `importScripts("/workbox-core/build/workbox-core.prod.js", "/workbox-background-sync/build/workbox-background-sync.prod.js");
		`
	const plain = `const queue = new workbox.backgroundSync.Queue("reports");
		const replay = (event) => queue.replayRequests();`
	const messages = `
		self.addEventListener("install", () => self.skipWaiting());
		self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
		self.addEventListener("message", (event) => event.waitUntil((async () => {
			if (event.data === "add") {
				await queue.pushRequest({ request: new Request("/api/reports", { method: "POST", body: "{}" }) });
			}
			if (event.data === "replay") {
				await replay({ queue }).catch(() => {});
			}
			event.ports[0].postMessage(await queue.size());
		})()));`
	for name, code := range map[string]string{"as it comes": plain, "with the code of the contract": snippet(t, "Workbox")} {
		t.Run(name, func(t *testing.T) {
			p, ctx := open(t)
			p.worker = scripts + code + messages
			outcome(t, ctx, `await navigator.serviceWorker.register("/worker.js"); await navigator.serviceWorker.ready;`)
			until(t, ctx, `navigator.serviceWorker.controller`)
			say := func(what string) string {
				return outcome(t, ctx, `return new Promise((done) => {
					const channel = new MessageChannel();
					channel.port1.onmessage = (event) => done(event.data);
					navigator.serviceWorker.controller.postMessage("`+what+`", [channel.port2]);
				});`)
			}
			p.closed.Store(true)
			say("add")
			want := "1"
			if name == "as it comes" {
				want = "0"
			}
			got := say("replay")
			for range 50 { // the browser may replay by itself meanwhile, and have taken the request
				if got == want && p.asked[writes].Load() > 0 {
					break
				}
				time.Sleep(100 * time.Millisecond)
				got = say("size")
			}
			if got != want || p.asked[writes].Load() == 0 {
				t.Errorf("closed: %s left in the queue after %d requests, want %s", got, p.asked[writes].Load(), want)
			}
			p.closed.Store(false)
			before := p.asked[writes].Load()
			if got := say("replay"); got != "0" {
				t.Errorf("open: %s left in the queue, want none", got)
			}
			if arrived := p.asked[writes].Load() - before; (arrived == 1) != (want == "1") {
				t.Errorf("open: it arrived %d times", arrived)
			}
		})
	}
}
