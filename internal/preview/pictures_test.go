//go:build preview

package preview

import (
	"image"
	"image/draw"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/noren-cdk/noren/internal/testing/browser"
)

// TestPictures makes the pictures in the README, with -update: the site open and
// closed, side by side, in light and dark. Pixels differ between browsers, so
// without -update only the size is checked.
func TestPictures(t *testing.T) {
	const dir = "../../docs/images"
	if *update {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		p := product(t, false)
		for _, scheme := range []string{"light", "dark"} {
			data := sideBySide(t, p, scheme)
			if err := os.WriteFile(filepath.Join(dir, "open-maintenance-"+scheme+".png"), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	total := 0
	for _, scheme := range []string{"light", "dark"} {
		data, err := os.ReadFile(filepath.Join(dir, "open-maintenance-"+scheme+".png"))
		if err != nil {
			t.Fatal(err)
		}
		total += len(data)
	}
	if total > 100_000 {
		t.Errorf("the pictures have %d bytes together, want 100000 at most", total)
	}
}

func sideBySide(t *testing.T, p *Preview, scheme string) []byte {
	const width, height, gap = 640, 780, 24
	if err := p.Flip("open"); err != nil {
		t.Fatal(err)
	}
	ctx := browse(t, "en", scheme, width, height)
	logIn(t, ctx, p)
	if err := p.Flip("closed"); err != nil {
		t.Fatal(err)
	}
	browser.Do(t, ctx, chromedp.Evaluate[chromedp.Void](`scrollTo(0, 0)`))
	open := picture(t, ctx, "open-"+scheme)
	browser.Do(t, ctx, chromedp.Click(chromedp.CSS("#report-form button")))
	until(t, ctx, `!document.querySelector("#maintenance").hidden`)
	browser.Do(t, ctx, chromedp.Evaluate[chromedp.Void](`scrollTo(0, 0)`))
	time.Sleep(300 * time.Millisecond) // animations have ended
	closed := picture(t, ctx, "maintenance-"+scheme)
	both := image.NewRGBA(image.Rect(0, 0, 2*width+gap, height))
	draw.Draw(both, image.Rect(0, 0, width, height), open, open.Bounds().Min, draw.Src)
	draw.Draw(both, image.Rect(width+gap, 0, 2*width+gap, height), closed, closed.Bounds().Min, draw.Src)
	return browser.PNG(t, both)
}
