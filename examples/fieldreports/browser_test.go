//go:build browser

package fieldreports_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// The tests with the build tag browser require Chromium on PATH.

// A browser is a profile of Chromium, with its own storage.
type browser struct {
	t       *testing.T
	ctx     context.Context
	stop    func()
	profile string // a folder that outlives the process; "" is a profile in the shared process
}

// A tab shows the site to a visitor.
type tab struct {
	t      *testing.T
	ctx    context.Context
	office *office
	close  func()
}

// shared is the process in which tests have their own profiles. It ends with the
// tests.
var shared = sync.OnceValues(func() (*browser, error) {
	folder, err := os.MkdirTemp("", "fieldreports-chromium-")
	if err != nil {
		return nil, err
	}
	b := &browser{profile: folder}
	err = b.start()
	atEnd = append(atEnd, func() { b.stop(); _ = os.RemoveAll(folder) })
	return b, err
})

// openBrowser returns a new profile.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	process, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	ctx, closeTab := chromedp.NewContext(process.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, ctx: ctx}
}

// launchBrowser returns a new profile in its own process, which can be restarted.
func launchBrowser(t *testing.T) *browser {
	t.Helper()
	b := &browser{t: t, profile: t.TempDir()}
	if err := b.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.stop() })
	return b
}

func (b *browser) start() error {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(b.profile),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeTab := chromedp.NewContext(allocator)
	b.ctx, b.stop = ctx, func() {
		_ = chromedp.Cancel(ctx) // asks it to close, so that the profile is written
		closeTab()
		stop()
	}
	return chromedp.Do(ctx)
}

// restart restarts the browser, as when its user closes it in the evening.
func (b *browser) restart() {
	b.t.Helper()
	b.stop()
	if err := b.start(); err != nil {
		b.t.Fatal(err)
	}
}

// visit opens the site in a tab of a visitor who reads languages. The test fails
// if a script fails, or if a page breaks its content security policy.
func (b *browser) visit(o *office, languages string, before ...chromedp.Action[chromedp.Void]) *tab {
	b.t.Helper()
	ctx, closeTab := chromedp.NewContext(b.ctx) // of the same profile
	ctx, giveUp := context.WithTimeout(ctx, 2*time.Minute)
	v := &tab{b.t, ctx, o, func() { giveUp(); closeTab() }}
	b.t.Cleanup(v.close)
	v.do()
	err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			b.t.Errorf("a script failed: %v %v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
		case *log.EventEntryAdded:
			if strings.Contains(e.Entry.Text, "Content Security Policy") {
				b.t.Errorf("the page breaks its policy: %s", e.Entry.Text)
			}
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
	v.do(send(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: "Mozilla/5.0", AcceptLanguage: languages}),
		send(emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Tokyo"}))
	v.do(before...)
	v.do(chromedp.Navigate(o.URL))
	v.until(`document.querySelector("#loading").hidden || !document.querySelector("#maintenance").hidden`)
	return v
}

// send sends a command of the DevTools protocol.
func send[Params, Result any](command cdp.Command[Params, Result], params Params) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	})
}

// script returns an action that runs source before the scripts of the page.
func script(source string) chromedp.Action[chromedp.Void] {
	return send(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: source})
}

func (v *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	for i, action := range actions {
		ctx, giveUp := context.WithTimeout(v.ctx, 20*time.Second)
		err := chromedp.Do(ctx, action)
		giveUp()
		if err != nil {
			v.t.Fatalf("step %d: %v\nthe page shows:\n%s", i+1, err, v.see("document.body.innerText"))
		}
	}
	if len(actions) == 0 {
		if err := chromedp.Do(v.ctx); err != nil {
			v.t.Fatal(err)
		}
	}
}

// see returns the value of an expression as text.
func (v *tab) see(expression string) string {
	value, err := chromedp.Run(v.ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		return err.Error()
	}
	return value
}

func (v *tab) want(want, expression string) {
	v.t.Helper()
	if got := v.see(expression); got != want {
		v.t.Errorf("%s: got %q, want %q", expression, got, want)
	}
}

// until waits until an expression is true.
func (v *tab) until(expression string) {
	v.t.Helper()
	for start := time.Now(); v.see("Boolean("+expression+")") != "true"; time.Sleep(20 * time.Millisecond) {
		if time.Since(start) > 20*time.Second {
			v.t.Fatalf("never so: %s\nthe page shows:\n%s\nthe office saw:\n%s", expression, v.see("document.body.innerText"), v.office.log())
		}
	}
}

func (v *tab) click(selector string) {
	v.t.Helper()
	v.do(chromedp.Click(chromedp.CSS(selector)))
}

func (v *tab) logIn(name string) {
	v.t.Helper()
	v.until(`!document.querySelector("#login").hidden`)
	v.see(`document.querySelector("#name").value = ""`)
	v.do(chromedp.SendKeys(chromedp.CSS("#name"), name), chromedp.SendKeys(chromedp.CSS("#password"), "example"))
	v.click("#login-form button")
}

// enter logs in, and waits until the form is shown.
func (v *tab) enter(name string) {
	v.t.Helper()
	v.logIn(name)
	v.until(fmt.Sprintf(`document.querySelector("#who").textContent === %q && document.querySelector("#template").options.length > 0 && !document.querySelector("#age").hidden`, name))
}

// write writes a report and saves it.
func (v *tab) write(title string) {
	v.t.Helper()
	v.do(chromedp.SendKeys(chromedp.CSS("#title"), title), chromedp.SendKeys(chromedp.CSS("#text"), "Leaks at the flange."))
	v.click("#report-form button")
	v.until(`document.querySelector("#title").value === "" && !["", "Sending…", "送信しています…"].includes(document.querySelector("#saved").textContent)`)
}

const (
	shownReports = `[...document.querySelectorAll("#report-list h2")].map((title) => title.textContent).join()`
	shownWaiting = `[...document.querySelectorAll("#outbox-list h3")].map((title) => title.textContent).join()`
	closedShown  = `!document.querySelector("#maintenance").hidden`
	loginShown   = `!document.querySelector("#login").hidden && document.querySelector("#reports").hidden`
)
