// Package browser runs Chromium for tests: headless, from PATH.
package browser

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Open starts a separate browser for the test. It lives for at most two minutes
// and ends with the test. A failing script fails the test, and so does a page
// that violates its content security policy.
func Open(t *testing.T) context.Context {
	t.Helper()
	return OpenFor(t, 2*time.Minute)
}

// OpenFor is like Open, for a browser that lives longer.
func OpenFor(t *testing.T, life time.Duration) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(allocator)
	ctx, giveUp := context.WithTimeout(ctx, life)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // this lets the browser tidy up; it is killed when its context ends
		giveUp()
		closeTab()
	})
	err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("a script failed: %v", e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			if strings.Contains(e.Entry.Text, "Content Security Policy") {
				t.Errorf("the page breaks its policy: %s", e.Entry.Text)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	Do(t, ctx) // the browser lives as long as the context of the first call
	return ctx
}

// Do runs actions that have no result.
func Do(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// See returns the result of an action.
func See[T any](t *testing.T, ctx context.Context, action chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// Call sends a command of the DevTools protocol.
func Call[Params, Result any](command cdp.Command[Params, Result], params Params) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, command, params)
		return err
	})
}
