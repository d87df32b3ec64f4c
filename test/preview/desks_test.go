//go:build preview

package preview

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/noren-cdk/noren/internal/testing/browser"
)

// A desk is a manager who writes reports in a browser profile of their own.
type desk struct {
	t       *testing.T
	name    string
	ctx     context.Context
	kept    []string // titles of the reports that the page has promised to send, or has sent
	reloads int
}

// openDesks logs managers in to the site.
func openDesks(t *testing.T, site string, life time.Duration) []*desk {
	process := browser.OpenFor(t, life)
	var all []*desk
	for i := range desks {
		ctx, closeTab := chromedp.NewContext(process, chromedp.WithNewBrowserContext())
		t.Cleanup(closeTab)
		browser.Do(t, ctx)
		d := &desk{t: t, name: fmt.Sprintf("desk %d", i+1), ctx: ctx}
		login, giveUp := context.WithTimeout(ctx, 20*time.Second)
		browser.Do(t, login, chromedp.Navigate(site), chromedp.WaitVisible(chromedp.CSS("#login")),
			chromedp.SendKeys(chromedp.CSS("#name"), "manager"), chromedp.SendKeys(chromedp.CSS("#password"), "example"),
			chromedp.Click(chromedp.CSS("#login button")), chromedp.WaitVisible(chromedp.CSS("#reports")))
		giveUp()
		all = append(all, d)
	}
	return all
}

// see returns the value of an expression as text.
func (d *desk) see(expression string) string {
	value, err := chromedp.Run(d.ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		return err.Error()
	}
	return value
}

// await waits for up to ten seconds for an expression to be true.
func (d *desk) await(expression string) bool {
	for start := time.Now(); time.Since(start) < 10*time.Second; time.Sleep(50 * time.Millisecond) {
		if d.see("Boolean("+expression+")") == "true" {
			return true
		}
	}
	return false
}

// write writes reports until ctx ends, and reloads the page after every fourth.
func (d *desk) write(ctx context.Context) {
	for n := 1; ctx.Err() == nil; n++ {
		if !d.await(`document.querySelector("#template").options.length > 0 && document.querySelector("#reports").checkVisibility()`) {
			continue // there is no API, and nothing to write with
		}
		title := fmt.Sprintf("%s, report %d", d.name, n)
		d.see(fmt.Sprintf(`(() => {
			document.querySelector("#saved").textContent = ""
			document.querySelector("#title").value = %q
			document.querySelector("#text").value = "Leaks at the flange."
			document.querySelector("#report-form").requestSubmit()
		})()`, title))
		if d.await(`document.querySelector("#title").value === "" && !["", "Sending…"].includes(document.querySelector("#saved").textContent)`) {
			d.kept = append(d.kept, title)
		}
		if n%4 == 0 {
			_, _ = chromedp.Run(d.ctx, chromedp.Evaluate[string](`(location.reload(), "")`))
			d.reloads++
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// waiting returns the number of reports that wait to be sent.
func (d *desk) waiting() int {
	var n int
	if _, err := fmt.Sscan(d.see(`document.querySelector("#outbox-list").children.length`), &n); err != nil {
		return 1 // the page is loading
	}
	return n
}

// checkDesks compares the reports that the page promised to send with the stored
// ones.
func checkDesks(t *testing.T, db *sql.DB, all []*desk) {
	t.Helper()
	rows, err := db.Query("SELECT users.name, title, COUNT(*) FROM reports JOIN users ON users.id = reports.user_id WHERE title LIKE 'desk %' OR users.name <> 'field' GROUP BY users.name, title")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	stored := map[string]bool{}
	for rows.Next() {
		var author, title string
		var times int
		if err := rows.Scan(&author, &title, &times); err != nil {
			t.Fatal(err)
		}
		if author != "manager" || !strings.HasPrefix(title, "desk ") || times != 1 {
			t.Errorf("%q is stored %d times, by %s", title, times, author)
		}
		stored[title] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		for _, title := range d.kept {
			if !stored[title] {
				t.Errorf("%q was kept by the page, and is not stored", title)
			}
		}
		t.Logf("%s: %d reports kept or sent, page loaded %d times", d.name, len(d.kept), d.reloads)
		if len(d.kept) < 5 || d.reloads == 0 {
			t.Errorf("%s wrote too little to show anything", d.name)
		}
	}
}
