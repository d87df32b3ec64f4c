//go:build preview

package preview

import (
	"bytes"
	"context"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/noren-cdk/noren/internal/preview"
	"github.com/noren-cdk/noren/internal/testing/browser"
	"github.com/noren-cdk/noren/internal/window"
)

// TestNightPictures makes, with -update, the picture of a night in the README:
// the control page at the question whether to open, for light and dark. Pixels
// differ between browsers, so without -update it checks only the size.
func TestNightPictures(t *testing.T) {
	dir := filepath.Join("..", "..", "docs", "images")
	schemes := []string{"light", "dark"}
	if *update {
		p, err := preview.Start(t.Context(), preview.Config{
			Templates: nightly(t, aWindow()), Mode: "open", Example: filepath.Join("..", "..", "examples", "fieldreports"), Quick: true,
		}, os.Stderr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Close)
		n := played(t, p, preview.NightConfig{Phones: 3, Every: 400 * time.Millisecond})
		ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
		defer stop()
		go func() { _, _ = n.Run(ctx) }() // it waits for an answer that nobody gives
		for !slices.ContainsFunc(n.Timeline(), func(p window.Progress) bool { return p.Stage == window.Asking }) {
			if ctx.Err() != nil {
				t.Fatal(reportOf(t, n))
			}
			time.Sleep(100 * time.Millisecond)
		}
		for _, scheme := range schemes {
			page := browser.Open(t)
			browser.Do(t, page,
				browser.Call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}),
				chromedp.EmulateViewport(1100, 900, chromedp.EmulateScale(1)),
				chromedp.Navigate(p.Control), chromedp.WaitVisible(chromedp.CSS("#night li")))
			made, err := png.Decode(bytes.NewReader(browser.See(t, page, chromedp.Screenshot(chromedp.CSS("#night")))))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "night-"+scheme+".png"), browser.PNG(t, made), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, scheme := range schemes {
		info, err := os.Stat(filepath.Join(dir, "night-"+scheme+".png"))
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > 60_000 {
			t.Errorf("%s has %d bytes, want 60000 at most", info.Name(), info.Size())
		}
	}
}
