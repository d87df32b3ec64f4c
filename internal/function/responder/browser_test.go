//go:build browser

package responder

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/noren-cdk/noren/internal/testing/browser"
)

// listener is a load balancer with one listener. Its default action is the
// responder while closed, and otherwise a page that says that it is open.
type listener struct {
	*httptest.Server
	open     atomic.Bool
	app      http.HandlerFunc // answers while open; nil for a page
	requests sync.Map         // method and path
}

func listen(t *testing.T, h *Handler) *listener {
	l := &listener{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.requests.Store(r.Method+" "+r.URL.Path, true)
		if l.open.Load() && l.app != nil {
			l.app(w, r)
			return
		}
		if l.open.Load() {
			_, _ = io.WriteString(w, "<!doctype html><title>Field Reports</title>")
			return
		}
		headers := map[string][]string{}
		for name, values := range r.Header {
			headers[strings.ToLower(name)] = values
		}
		event := []byte(encode(map[string]any{"httpMethod": r.Method, "path": r.URL.Path, "multiValueHeaders": headers}))
		returned, _ := h.Invoke(r.Context(), event)
		answer, err := throughLoadBalancer(event, returned)
		if err != nil {
			t.Error(err)
			answer.status = http.StatusBadGateway
		}
		for name, value := range answer.headers {
			w.Header().Set(name, value)
		}
		w.WriteHeader(answer.status)
		_, _ = io.WriteString(w, answer.body)
	}))
	t.Cleanup(l.Close)
	return l
}

func languages(accept string) chromedp.Action[chromedp.Void] {
	return browser.Call(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: "Mozilla/5.0", AcceptLanguage: accept})
}

func TestScriptOnAnotherOriginReadsTheMaintenance(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<!doctype html><title>Field Reports</title>")
	}))
	t.Cleanup(site.Close)
	const script = `fetch(%q, {
		method: %q,
		credentials: 'include',
		headers: {'Authorization': 'Bearer example', 'Content-Type': 'application/json', 'Idempotency-Key': '1'},
		body: '{"title":"Pump 3"}',
	}).then(
		async answer => [
			answer.status,
			answer.headers.get('X-Maintenance-Mode'),
			answer.headers.get('Retry-After'),
			(await answer.json()).errors[0].detail,
		].join(' | '),
		error => 'status 0: ' + error.name)`
	for _, tt := range []struct {
		name    string
		origins []string
		want    string
	}{
		{"allowed", []string{site.URL}, "503 | on | 615 | Back soon."},
		{"not allowed", []string{"https://app.example.com"}, "status 0: TypeError"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			api := listen(t, at(now, Config{Message: map[string]string{"en": "Back soon."}, CORSOrigins: tt.origins}, io.Discard))
			ctx := browser.Open(t)
			browser.Do(t, ctx, chromedp.Navigate(site.URL))
			wait := func(p *runtime.EvaluateParams) { p.AwaitPromise = new(true) }
			for _, method := range []string{"POST", "PUT", "DELETE"} {
				got := browser.See(t, ctx, chromedp.Evaluate[string](fmt.Sprintf(script, api.URL+"/api/reports", method), wait))
				if got != tt.want {
					t.Errorf("%s: the script sees %q, want %q", method, got, tt.want)
				}
			}
		})
	}
}

// TestPageShowsTheEndInTheVisitorsTimeZone checks the end on the page. With
// -artifacts it also keeps a picture of the page in every situation.
func TestPageShowsTheEndInTheVisitorsTimeZone(t *testing.T) {
	c := fieldReports
	c.Until = time.Now().Add(40 * time.Minute)
	closed := listen(t, at(time.Now(), c, io.Discard))
	for _, tt := range []struct {
		name, language, zone, scheme string
		width, height                int64
		want                         []string
	}{
		{"phone-light", "en-GB", "Europe/London", "light", 390, 844, []string{"Field Reports is being upgraded", "GMT", "in 40 minutes"}},
		{"phone-dark", "ja-JP", "Asia/Tokyo", "dark", 390, 844, []string{"メンテナンス中", "終了予定", "JST", "40 分後"}},
		{"small-light", "zh-TW", "Asia/Taipei", "light", 320, 568, []string{"系統維護中", "GMT+8", "40 分鐘後"}},
		{"desktop-light", "en-US", "America/Phoenix", "light", 1280, 800, []string{"Expected back", "MST", "in 40 minutes"}},
		{"desktop-dark", "ar-EG", "Asia/Kolkata", "dark", 1280, 800, []string{"Expected back", "GMT+5:30", "in 40 minutes"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := browser.Open(t)
			browser.Do(t, ctx,
				languages(tt.language),
				browser.Call(emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: tt.zone}),
				browser.Call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: tt.scheme}},
				}),
				chromedp.EmulateViewport(tt.width, tt.height, chromedp.EmulateScale(2)),
				chromedp.Navigate(closed.URL+"/reports"))
			text := browser.See(t, ctx, chromedp.Text(chromedp.CSS("main")))
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("the page does not say %q:\n%s", want, text)
				}
			}
			if browser.See(t, ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`)) {
				t.Error("the page must be scrolled sideways")
			}
			picture := browser.See(t, ctx, chromedp.CaptureScreenshot())
			if err := os.WriteFile(filepath.Join(t.ArtifactDir(), tt.name+".png"), picture, 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
	closed.requests.Range(func(request, _ any) bool {
		if request != "GET /reports" {
			t.Errorf("the page asked for %v: want nothing but itself", request)
		}
		return true
	})
}

func TestPageIsReadWithoutScript(t *testing.T) {
	closed := listen(t, at(now, fieldReports, io.Discard))
	ctx := browser.Open(t)
	browser.Do(t, ctx,
		languages("ja"),
		browser.Call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}),
		chromedp.Navigate(closed.URL))
	text := browser.See(t, ctx, chromedp.Text(chromedp.CSS("main")))
	for _, want := range []string{fieldReports.Message["ja"], "2026-12-01 04:00 (UTC+09:00)"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
}

func TestPageGivesWayWhenTheApplicationIsBack(t *testing.T) {
	for name, scriptless := range map[string]bool{"with script": false, "without script": true} {
		t.Run(name, func(t *testing.T) {
			closed := listen(t, at(now, Config{RetryAfter: 2 * time.Second}, io.Discard))
			ctx := browser.Open(t)
			browser.Do(t, ctx,
				browser.Call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: scriptless}),
				chromedp.Navigate(closed.URL+"/reports?page=2"),
				chromedp.WaitVisible(chromedp.CSS("h1")))
			closed.open.Store(true)
			for browser.See(t, ctx, chromedp.Title()) != "Field Reports" {
				time.Sleep(100 * time.Millisecond) // until the context ends
			}
			if got, want := browser.See(t, ctx, chromedp.Location()), closed.URL+"/reports?page=2"; got != want {
				t.Errorf("the visitor is at %s, want %s", got, want)
			}
		})
	}
}

// TestPageComesBackToAnApplication checks applications behind a login elsewhere,
// and applications without HEAD.
func TestPageComesBackToAnApplication(t *testing.T) {
	login := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<!doctype html><title>Log in</title>")
	}))
	t.Cleanup(login.Close)
	for name, tt := range map[string]struct {
		app  http.HandlerFunc
		want string
	}{
		"a login at another origin": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, login.URL, http.StatusFound) }, "Log in"},
		"HEAD answered by 501": {func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusNotImplemented)
				return
			}
			_, _ = io.WriteString(w, "<!doctype html><title>Field Reports</title>")
		}, "Field Reports"},
		"HEAD answered by 405": {func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			_, _ = io.WriteString(w, "<!doctype html><title>Field Reports</title>")
		}, "Field Reports"},
	} {
		t.Run(name, func(t *testing.T) {
			closed := listen(t, at(now, Config{RetryAfter: time.Second}, io.Discard))
			closed.app = tt.app
			ctx := browser.Open(t)
			browser.Do(t, ctx, chromedp.Navigate(closed.URL+"/reports"), chromedp.WaitVisible(chromedp.CSS("h1")))
			closed.open.Store(true)
			opened := time.Now()
			for browser.See(t, ctx, chromedp.Title()) != tt.want {
				if time.Since(opened) > 15*time.Second {
					t.Fatal("the page is still up 15 seconds after reopening")
				}
				time.Sleep(100 * time.Millisecond)
			}
		})
	}
}

// TestPageLeadsBackToAFormThatWasRefused checks that the page leads back to a
// refused form, with what was typed into it, and never loads the form's address.
func TestPageLeadsBackToAFormThatWasRefused(t *testing.T) {
	closed := listen(t, at(now, Config{RetryAfter: time.Second}, io.Discard))
	closed.app = func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/form" {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		_, _ = io.WriteString(w, `<!doctype html><title>Form</title><form method="post" action="/save"><input name="text"><button>Save</button></form>`)
	}
	closed.open.Store(true)
	ctx := browser.Open(t)
	browser.Do(t, ctx, chromedp.Navigate(closed.URL+"/form"), chromedp.SendKeys(chromedp.CSS("input"), "Pump 3"))
	closed.open.Store(false)
	browser.Do(t, ctx, chromedp.Click(chromedp.CSS("button")), chromedp.WaitVisible(chromedp.CSS("h1")))
	closed.open.Store(true)
	time.Sleep(7 * time.Second) // longer than the page waits between two requests
	if got, want := browser.See(t, ctx, chromedp.Location()), closed.URL+"/save"; got != want {
		t.Fatalf("the visitor is at %s, want %s", got, want)
	}
	if _, asked := closed.requests.Load("GET /save"); asked {
		t.Error("the page loaded the form's address")
	}
	browser.See(t, ctx, chromedp.Evaluate[bool](`setTimeout(() => document.querySelector('button').click()) > 0`))
	got := ""
	for end := time.Now().Add(10 * time.Second); got != "Pump 3" && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		got = browser.See(t, ctx, chromedp.Evaluate[string](`document.querySelector('input')?.value ?? document.title`))
	}
	if got != "Pump 3" {
		t.Errorf("the form has %q, want what was typed", got)
	}
}
