//go:build preview

package preview

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/noren-cdk/noren/internal/testing/browser"
)

var update = flag.Bool("update", false, "make the pictures of the README")

// assembly returns a copy of an assembly that make synth has written, in which
// clients are told to wait a second instead of minutes.
func assembly(t *testing.T, env, mode string) Template {
	t.Helper()
	from, err := filepath.Abs(filepath.Join("../../cdk.out", env, mode))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatalf("%v: make preview-test writes it", err)
	}
	template := Template{Mode: mode}
	dir := t.TempDir()
	for _, entry := range entries {
		to := filepath.Join(dir, entry.Name())
		if !strings.HasSuffix(to, ".template.json") {
			if err := os.Symlink(filepath.Join(from, entry.Name()), to); err != nil {
				t.Fatal(err)
			}
			continue
		}
		data, err := os.ReadFile(filepath.Join(from, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		var body map[string]any
		if err := json.Unmarshal(data, &body); err != nil {
			t.Fatal(err)
		}
		for _, r := range body["Resources"].(map[string]any) {
			properties, _ := r.(map[string]any)["Properties"].(map[string]any)
			environment, _ := properties["Environment"].(map[string]any)
			if variables, _ := environment["Variables"].(map[string]any); variables["MAINTENANCE_RETRY_AFTER"] != nil {
				variables["MAINTENANCE_RETRY_AFTER"] = "1"
			}
		}
		if data, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, 0o600); err != nil {
			t.Fatal(err)
		}
		template.File = to
	}
	return template
}

// product runs the example as prod would be deployed.
func product(t *testing.T, twoOrigins bool) *Preview {
	t.Helper()
	p, err := Start(t.Context(), Config{
		Templates:  []Template{assembly(t, "prod", "open"), assembly(t, "prod", "closed")},
		Example:    "../../examples/fieldreports",
		TwoOrigins: twoOrigins,
	}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	for !p.healthy() { // until the test's time is over
		time.Sleep(20 * time.Millisecond)
	}
	return p
}

func (p *Preview) healthy() bool {
	answer, err := http.Get(p.API + "/api/health")
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// browse starts a separate browser for the test, for a person who reads a
// language.
func browse(t *testing.T, language, scheme string, width, height int64) context.Context {
	t.Helper()
	ctx := browser.Open(t)
	browser.Do(t, ctx,
		browser.Call(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: "Mozilla/5.0", AcceptLanguage: language}),
		browser.Call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		}),
		chromedp.EmulateViewport(width, height, chromedp.EmulateScale(1)))
	return ctx
}

// until waits until a JavaScript expression is true, at most as long as the
// browser lives.
func until(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	for start := time.Now(); !browser.See(t, ctx, chromedp.Evaluate[bool]("Boolean("+expression+")")); time.Sleep(50 * time.Millisecond) {
		if time.Since(start) > 30*time.Second {
			text := browser.See(t, ctx, chromedp.Evaluate[string]("document.body.innerText"))
			t.Fatalf("never so: %s\nthe page shows:\n%s", expression, text)
		}
	}
}

// logIn logs in to the site and begins a report.
func logIn(t *testing.T, ctx context.Context, p *Preview) {
	t.Helper()
	browser.Do(t, ctx, chromedp.Navigate(p.Site))
	until(t, ctx, `!document.querySelector("#login").hidden`)
	browser.Do(t, ctx,
		chromedp.SendKeys(chromedp.CSS("#name"), "manager"),
		chromedp.SendKeys(chromedp.CSS("#password"), "example"),
		chromedp.Click(chromedp.CSS("#login-form button")))
	until(t, ctx, `!document.querySelector("#reports").hidden && document.querySelector("#template").options.length > 0`)
	browser.Do(t, ctx,
		chromedp.SendKeys(chromedp.CSS("#title"), "Pump 3"),
		chromedp.SendKeys(chromedp.CSS("#text"), "Leaks at the flange."))
}

const waiting = `document.querySelector("#outbox-list h3")?.textContent + " / " + document.querySelector("#outbox-list .text")?.textContent`

func TestSiteShowsMaintenanceAndRecovers(t *testing.T) {
	for name, twoOrigins := range map[string]bool{"one origin": false, "two origins": true} {
		t.Run(name, func(t *testing.T) {
			p := product(t, twoOrigins)
			ctx := browse(t, "ja", "light", 1280, 800)
			logIn(t, ctx, p)
			browser.See(t, ctx, chromedp.Evaluate[bool]("window.sameDocument = true"))
			if err := p.Flip("closed"); err != nil {
				t.Fatal(err)
			}
			browser.Do(t, ctx, chromedp.Click(chromedp.CSS("#report-form button")))
			until(t, ctx, `!document.querySelector("#maintenance").hidden`)
			message := browser.See(t, ctx, chromedp.Evaluate[string](`document.querySelector("#message").innerText`))
			if !strings.HasPrefix(message, "Field Reportsは現在メンテナンス中です。") {
				t.Errorf("the screen says %q, want the message in the browser's language", message)
			}
			if got := browser.See(t, ctx, chromedp.Evaluate[string](waiting)); got != "Pump 3 / Leaks at the flange." {
				t.Errorf("in maintenance %q waits to be sent, want what was saved", got)
			}
			if err := p.Flip("open"); err != nil {
				t.Fatal(err)
			}
			until(t, ctx, `document.querySelector("#maintenance").hidden`)
			until(t, ctx, `document.querySelector("#report-list").innerText.includes("Pump 3")`)
			if !browser.See(t, ctx, chromedp.Evaluate[bool]("window.sameDocument === true")) {
				t.Error("the page was loaded again")
			}
			reports := browser.See(t, ctx, chromedp.Evaluate[int](`document.querySelectorAll("#report-list > li").length`))
			if reports != 1 {
				t.Errorf("%d reports have arrived, want one", reports)
			}
			if !p.wasAsked(twoOrigins) {
				t.Error("the site did not use the API where it should")
			}
		})
	}
}

// wasAsked reports whether the last requests went to the API's own origin, or all
// through the site's.
func (p *Preview) wasAsked(directly bool) bool {
	for _, o := range p.journal.requests() {
		if direct := o.Method == http.MethodOptions; direct { // browsers send preflights only across origins
			return directly
		}
	}
	return !directly
}

func TestBypassCookieLetsABrowserThrough(t *testing.T) {
	p := product(t, false)
	ctx := browse(t, "en", "light", 1280, 800)
	if err := p.Flip("closed"); err != nil {
		t.Fatal(err)
	}
	s := p.state()
	if s.Unlock == "" {
		t.Fatal("the control page names no page that unlocks")
	}
	var secret string
	for _, value := range p.Secrets {
		secret = value
	}
	browser.Do(t, ctx, chromedp.Navigate(s.Unlock), chromedp.SendKeys(chromedp.CSS("input"), secret), chromedp.Click(chromedp.CSS("button")))
	until(t, ctx, `document.querySelector("#login") && !document.querySelector("#login").hidden`)
	browser.Do(t, ctx,
		chromedp.SendKeys(chromedp.CSS("#name"), "manager"),
		chromedp.SendKeys(chromedp.CSS("#password"), "example"),
		chromedp.Click(chromedp.CSS("#login-form button")))
	until(t, ctx, `!document.querySelector("#reports").hidden`)
}

func TestControlPage(t *testing.T) {
	p := product(t, false)
	for _, tt := range []struct {
		name, scheme  string
		width, height int64
	}{
		{"desktop-light", "light", 1280, 1000},
		{"desktop-dark", "dark", 1280, 1000},
		{"phone-light", "light", 390, 844},
		{"phone-dark", "dark", 390, 844},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := p.Flip("open"); err != nil {
				t.Fatal(err)
			}
			ctx := browse(t, "en", tt.scheme, tt.width, tt.height)
			browser.Do(t, ctx, chromedp.Navigate(p.Control))
			until(t, ctx, `document.querySelectorAll("#rules tr").length > 3`)
			browser.Do(t, ctx, chromedp.Click(chromedp.CSS(`button[value="closed"]`)))
			until(t, ctx, `document.querySelector("#mode").textContent === "closed"`)
			until(t, ctx, `document.querySelector('button[value="closed"]').getAttribute("aria-pressed") === "true"`)
			if p.Mode() != "closed" {
				t.Errorf("the mode is %q after the button, want closed", p.Mode())
			}
			before := browser.See(t, ctx, chromedp.Evaluate[int](`Number(document.querySelector("#rules tr:last-child .count").textContent)`))
			post(t, p.API+"/api/audits/"+tt.name) // reads have their own rule
			until(t, ctx, fmt.Sprintf(`Number(document.querySelector("#rules tr:last-child .count").textContent) === %d`, before+1))
			first := browser.See(t, ctx, chromedp.Evaluate[string](`document.querySelector("#requests li").textContent`))
			for _, want := range []string{"POST /api/audits/" + tt.name, "503", "rule default", "default rule: no rule before it matches"} {
				if !strings.Contains(first, want) {
					t.Errorf("the last request does not say %q: %s", want, first)
				}
			}
			browser.Do(t, ctx, chromedp.Click(chromedp.CSS("#requests li summary")))
			post(t, p.API+"/api/audits/another")
			until(t, ctx, `document.querySelector("#requests").children[1].querySelector("details").open`)
			const wide = `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth || e.scrollWidth > innerWidth).map(e => e.tagName + "." + e.className + " " + e.textContent).join("\n")`
			if browser.See(t, ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`)) {
				t.Errorf("the page must be scrolled sideways, for\n%s", browser.See(t, ctx, chromedp.Evaluate[string](wide)))
			}
			for _, secret := range p.Secrets {
				if !strings.Contains(browser.See(t, ctx, chromedp.Evaluate[string](`document.querySelector("#bypass").innerText`)), secret) {
					t.Error("the page does not show the bypass secret")
				}
			}
			picture(t, ctx, tt.name)
			browser.Do(t, ctx, chromedp.Evaluate[chromedp.Void](`scrollTo(0, 0)`))
			picture(t, ctx, tt.name+"-top")
			if err := p.Flip("open"); err != nil { // as if by someone else
				t.Fatal(err)
			}
			until(t, ctx, `document.querySelector("#mode").textContent === "open"`)
		})
	}
}

func post(t *testing.T, address string) {
	t.Helper()
	answer, err := http.Post(address, "application/json", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
}

// picture returns a picture of the page, and keeps it with -artifacts.
func picture(t *testing.T, ctx context.Context, name string) image.Image {
	t.Helper()
	data := browser.See(t, ctx, chromedp.CaptureScreenshot())
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name+".png"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	made, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return made
}
