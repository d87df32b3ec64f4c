//go:build preview

package preview

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/noren-cdk/noren/internal/preview"
	"github.com/noren-cdk/noren/internal/testing/browser"
)

// A manager is a person at the site, in a browser.
type manager struct {
	t       *testing.T
	ctx     context.Context
	product *preview.Preview
}

// openSite serves the example, and lets a manager write a report and save it
// while it is closed.
func openSite(t *testing.T, retryAfter string) manager {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "fieldreports")
	run(t, "go", "build", "-C", "../../examples/fieldreports", "-o", bin, "./api")
	api := &service{bin: bin, args: []string{"--embedded"}, note: func(string, ...any) {}}
	api.start(t)
	ctx := browser.Open(t)
	m := manager{t, ctx, startProduct(t, api.address, retryAfter)}

	m.do(
		browser.Call(emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Tokyo"}),
		chromedp.Navigate(m.product.Site), chromedp.WaitVisible(chromedp.CSS("#login")),
		chromedp.SendKeys(chromedp.CSS("#name"), "manager"), chromedp.SendKeys(chromedp.CSS("#password"), "wrong"),
		chromedp.Click(chromedp.CSS("#login button")), chromedp.WaitVisible(chromedp.CSS("#problem")), // with the wrong one selected
		chromedp.SendKeys(chromedp.CSS("#password"), "example"),
		chromedp.Click(chromedp.CSS("#login button")), chromedp.WaitVisible(chromedp.CSS("#reports")),
		chromedp.SendKeys(chromedp.CSS("#title"), "Access road"), chromedp.SendKeys(chromedp.CSS("#text"), "Washed out."))
	m.flip("closed")
	m.do(chromedp.Click(chromedp.CSS("#report-form button")), chromedp.WaitVisible(chromedp.CSS("#maintenance")), chromedp.WaitVisible(chromedp.CSS("#outbox-list .text")))
	return m
}

func (m manager) do(actions ...chromedp.Action[chromedp.Void]) {
	m.t.Helper()
	for i, action := range actions {
		ctx, giveUp := context.WithTimeout(m.ctx, 20*time.Second)
		err := chromedp.Do(ctx, action)
		giveUp()
		if err != nil {
			text, _ := chromedp.Run(m.ctx, chromedp.Evaluate[string]("document.body.innerText"))
			m.t.Fatalf("step %d: %v\nthe page shows:\n%s", i+1, err, text)
		}
	}
}

func (m manager) flip(mode string) {
	if err := m.product.Flip(mode); err != nil {
		m.t.Fatal(err)
	}
}

// want checks the result of a script.
func (m manager) want(want, script string) {
	m.t.Helper()
	got, err := chromedp.Run(m.ctx, chromedp.Evaluate[string](script))
	if err != nil || got != want {
		m.t.Errorf("%s: got %q (%v), want %q", script, got, err, want)
	}
}

// wantArrived waits until the page has recovered, and looks for the report.
func (m manager) wantArrived() {
	m.t.Helper()
	m.do(chromedp.WaitNotVisible(chromedp.CSS("#maintenance")), chromedp.WaitVisible(chromedp.CSS("#report-list .card")))
	m.want("Access road", `[...document.querySelectorAll("#report-list h2")].map((title) => title.textContent).join()`)
	m.want("/", `document.querySelector("#title").value + "/" + document.querySelector("#text").value`)
	m.want("0", `String(document.querySelector("#outbox-list").children.length)`)
}

const waiting = `document.querySelector("#outbox-list h3").textContent + "/" + document.querySelector("#outbox-list .text").textContent`

// TestSavedReportOutlivesAReload checks that a report that was saved while it was
// closed is still there after a reload, and is sent once, by itself.
func TestSavedReportOutlivesAReload(t *testing.T) {
	m := openSite(t, "1")
	m.want("Access road/Washed out.", waiting)
	m.do(chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#maintenance")), chromedp.WaitVisible(chromedp.CSS("#outbox-list .text")))
	m.want("Access road/Washed out.", waiting)
	m.want("Field Reports (dev) is down for maintenance./en", `document.querySelector("#message").textContent + "/" + document.querySelector("#message").lang`)
	m.flip("open")
	m.wantArrived()
}

// TestPageAsksWhenAPersonComesBack checks that a page that was told to wait for
// minutes does wait, even while someone looks at it, but asks when they come back
// to it.
func TestPageAsksWhenAPersonComesBack(t *testing.T) {
	m := openSite(t, "300")
	m.flip("open")
	time.Sleep(3 * time.Second)
	m.want("true", `String(document.querySelector("#maintenance").checkVisibility())`)
	m.want("Access road/Washed out.", waiting)
	m.do(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := chromedp.Evaluate[bool](`document.dispatchEvent(new Event("visibilitychange"))`)(ctx, tab)
		return err
	}))
	m.wantArrived()
}
