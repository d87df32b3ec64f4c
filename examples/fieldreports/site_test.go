//go:build browser

package fieldreports_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// TestSavedReportOutlives checks that a report saved while it was closed is sent
// after the tab was closed, and after the browser was.
func TestSavedReportOutlives(t *testing.T) {
	for _, what := range []string{"tab", "browser"} {
		t.Run(what, func(t *testing.T) {
			o, b := openOffice(t), launchBrowser(t)
			v := b.visit(o, "en")
			v.enter("manager")
			o.flip("closed")
			v.write("Pump 3")
			v.want("Kept in this browser. It will be sent automatically.", `document.querySelector("#saved").textContent`)
			v.want("Pump 3", shownWaiting)
			v.close()
			if what == "browser" {
				b.restart()
			}
			v = b.visit(o, "en") // still closed: the report can be read
			v.until(shownWaiting + ` === "Pump 3"`)
			v.close()
			o.flip("open")
			v = b.visit(o, "en")
			v.until(shownReports + ` === "Pump 3"`)
			v.until(shownWaiting + ` === ""`)
			o.wantStored("Pump 3 by manager")
		})
	}
}

// TestLogOutWhileClosed checks that logging out while it is closed takes effect
// at once in this browser, and that what was saved before is sent once its author
// is back.
func TestLogOutWhileClosed(t *testing.T) {
	o, b := openOffice(t), launchBrowser(t)
	v := b.visit(o, "en")
	v.enter("manager")
	cookie := o.asked("GET /api/reports", 0)[0].cookie
	v.write("First")
	o.flip("closed")
	v.write("Pump 3")
	v.do(chromedp.SendKeys(chromedp.CSS("#title"), "Half of a sen"))
	v.click("#logout")
	v.until(loginShown)
	v.until(`document.querySelector("#login-note").textContent.includes("Reports kept in this browser: 1.")`)
	nothing := func() {
		t.Helper()
		v.want("true", loginShown)
		v.want("", shownReports)
		v.want("", shownWaiting)
		v.want("", `document.querySelector("#title").value + document.querySelector("#who").textContent`)
	}
	nothing()
	v.close()
	b.restart()
	v = b.visit(o, "en")
	v.until(closedShown)
	nothing()
	v.close()

	before := len(o.asked("", 0))
	o.flip("open")
	v = b.visit(o, "en")
	v.until(loginShown)
	for start := time.Now(); len(o.asked("", before)) == 0 && time.Since(start) < 10*time.Second; time.Sleep(10 * time.Millisecond) {
	}
	if asked := o.asked("", before); len(asked) != 1 || asked[0].method+asked[0].path != "POST/api/logout" || asked[0].status != 204 {
		t.Errorf("after reopening got %v, want the log-out before anything else", asked)
	}
	request, _ := http.NewRequest(http.MethodGet, o.URL+"/api/session", nil)
	request.Header.Set("Cookie", cookie)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("the old session: got %s, want 401", answer.Status)
	}
	nothing()
	v.enter("manager")
	v.until(shownReports + ` === "Pump 3,First"`)
	v.want("Half of a sen", `document.querySelector("#title").value`)
	o.wantStored("First by manager, Pump 3 by manager")
}

// TestLogOutIsSentAfterReopening checks that a tab that is still open sends the
// log-out by itself, before anything else.
func TestLogOutIsSentAfterReopening(t *testing.T) {
	o, b := openOffice(t), openBrowser(t)
	v := b.visit(o, "en")
	v.enter("manager")
	o.flip("closed")
	v.write("Pump 3")
	v.click("#logout")
	v.until(loginShown)
	before := len(o.asked("", 0))
	o.flip("open")
	v.until(`document.querySelector("#maintenance").hidden`)
	for _, one := range o.asked("", before) {
		if one.status != 503 && one.path != "/api/logout" {
			t.Errorf("got %s %s: %d, want the log-out alone", one.method, one.path, one.status)
		}
	}
	v.want("true", loginShown)
	o.wantStored("")
}

// TestLogOutIsNotDoneByABox checks that a proxy that accepts everything does not
// count as the end of a session.
func TestLogOutIsNotDoneByABox(t *testing.T) {
	o, b := openOffice(t), openBrowser(t)
	v := b.visit(o, "en")
	v.enter("manager")
	o.set(func() { o.broken = func(*http.Request, []byte) int { return http.StatusOK } })
	v.click("#logout")
	v.until(loginShown)
	for start := time.Now(); len(o.asked("POST /api/logout", 0)) == 0 && time.Since(start) < 10*time.Second; time.Sleep(10 * time.Millisecond) {
	}
	o.set(func() { o.broken = nil })
	before := len(o.asked("", 0))
	v = b.visit(o, "en")
	for start := time.Now(); len(o.asked("POST /api/logout", before)) == 0 && time.Since(start) < 10*time.Second; time.Sleep(10 * time.Millisecond) {
	}
	if asked := o.asked("", before); len(asked) == 0 || asked[0].method+asked[0].path != "POST/api/logout" || asked[0].status != 204 {
		t.Errorf("without the box got %v, want the log-out before anything else", asked)
	}
	v.want("true", loginShown)
}

// TestNeverSentAsAnotherUser checks that what one person has saved is never sent
// as another user.
func TestNeverSentAsAnotherUser(t *testing.T) {
	o, b := openOffice(t), openBrowser(t)
	v := b.visit(o, "en")
	v.enter("manager")
	o.flip("closed")
	v.write("Pump 3")
	v.do(chromedp.SendKeys(chromedp.CSS("#title"), "Half of a sen"))
	v.do(send(network.ClearBrowserCookies, cdp.Empty{})) // the session ends
	o.flip("open")
	v.until(loginShown)
	v.enter("field")
	v.want("", shownWaiting)
	v.want("", `document.querySelector("#title").value`)
	v.write("Mine")
	v.until(shownReports + ` === "Mine"`)
	o.wantStored("Mine by field")
	v.click("#logout")
	v.until(loginShown)
	v.enter("manager")
	v.until(shownReports + ` === "Pump 3,Mine"`)
	o.wantStored("Mine by field, Pump 3 by manager")
}

// TestAnotherLogsInInAnotherTab checks two tabs that share the session when
// another user logs in in one of them.
func TestAnotherLogsInInAnotherTab(t *testing.T) {
	o, b := openOffice(t), openBrowser(t)
	first := b.visit(o, "en", script(`addEventListener("storage", (event) => event.stopImmediatePropagation(), true)`)) // which is suspended
	first.enter("manager")
	second := b.visit(o, "en")
	second.until(`!document.querySelector("#logout").hidden`)
	second.click("#logout")
	second.enter("field")
	first.do(chromedp.SendKeys(chromedp.CSS("#title"), "Pump 3"))
	first.click("#report-form button")
	first.until(`document.querySelector("#who").textContent === "field"`)
	first.until(shownWaiting + ` === ""`)
	o.wantStored("")

	// An active tab notices at once.
	third := b.visit(o, "en")
	third.until(`document.querySelector("#who").textContent === "field"`)
	second.click("#logout")
	third.until(loginShown)
	second.enter("manager")
	third.until(`document.querySelector("#who").textContent === "manager"`)
	second.until(shownReports + ` === "Pump 3"`)
	o.wantStored("Pump 3 by manager")
}

// TestLoginIsNeverRetried checks that a password that was typed while it was
// closed is not sent later.
func TestLoginIsNeverRetried(t *testing.T) {
	o, b := openOffice(t), openBrowser(t)
	o.flip("closed")
	v := b.visit(o, "en")
	v.until(closedShown)
	o.flip("open")
	v.until(loginShown)
	o.flip("closed")
	v.logIn("manager")
	v.until(closedShown)
	v.want("You have not been logged in. Log in again when the service is available.", `document.querySelector("#login-note").textContent`)
	o.flip("open")
	v.until(`document.querySelector("#maintenance").hidden`)
	time.Sleep(2500 * time.Millisecond)
	if n := len(o.asked("POST /api/login", 0)); n != 1 {
		t.Errorf("the password was sent %d times, want once", n)
	}
	v.want("true", loginShown)
	v.click("#login-form button")
	v.until(`document.querySelector("#who").textContent === "manager"`)
}

// TestLogInWhileReadOnly checks that a reader can log in during read-only
// maintenance.
func TestLogInWhileReadOnly(t *testing.T) {
	o, b := openOffice(t), openBrowser(t)
	o.flip("read-only")
	v := b.visit(o, "en")
	v.logIn("manager")
	v.until(`document.querySelector("#who").textContent === "manager" && !document.querySelector("#reports").hidden`)
	v.want("", `document.querySelector("#password").value`)
	v.want("true", `document.querySelector("#maintenance").hidden`) // nothing that was requested is refused
	v.write("Pump 3")
	v.until(closedShown)
	v.want("Pump 3", shownWaiting)
	o.flip("open")
	v.until(shownReports + ` === "Pump 3"`)
	v.do(chromedp.Reload())
	v.until(shownReports + ` === "Pump 3"`) // the session is an ordinary cookie
}

// TestOneFailureHoldsNothingUp checks that a failure after reopening delays
// nothing else, and is shown.
func TestOneFailureHoldsNothingUp(t *testing.T) {
	o, b := openOffice(t), openBrowser(t)
	v := b.visit(o, "en")
	v.enter("manager")
	o.flip("closed")
	v.click(`a[href="#templates"]`) // which needs the drawings
	v.until(closedShown)
	v.click(`a[href="#reports"]`)
	v.write("First")
	v.write("Second")
	v.write("Third")
	o.set(func() {
		o.mode = "open"
		o.broken = func(r *http.Request, body []byte) int {
			if strings.HasPrefix(r.URL.Path, "/api/files/") || strings.Contains(string(body), `"First"`) {
				return 500
			}
			return 0
		}
	})
	v.until(shownWaiting + ` === "First"`)
	v.until(`document.querySelector("#maintenance").hidden`)
	v.want("The service has a problem.", `document.querySelector("#problem").textContent`)
	o.wantStored("Second by manager, Third by manager")
	o.set(func() { o.broken = nil })
	v.until(`(document.dispatchEvent(new Event("visibilitychange")), ` + shownWaiting + ` === "")`) // the user comes back to the tab
	o.wantStored("Second by manager, Third by manager, First by manager")
}

// TestRefusedForGood checks that a report that the API finally refuses is shown
// with the reason, and can be corrected.
func TestRefusedForGood(t *testing.T) {
	o, b := openOffice(t), openBrowser(t)
	v := b.visit(o, "en")
	v.enter("manager")
	o.set(func() {
		o.broken = func(r *http.Request, body []byte) int {
			if strings.Contains(string(body), `"Pump 3"`) {
				return 422
			}
			return 0
		}
	})
	v.do(chromedp.SendKeys(chromedp.CSS("#title"), "Pump 3"))
	v.click("#report-form button")
	v.until(`document.querySelector("#outbox-list").innerText.includes("Not accepted: 422")`)
	v.write("Pump 4")
	v.until(shownReports + ` === "Pump 4"`)
	v.click("#outbox-list button")
	v.until(`document.querySelector("#title").value === "Pump 3"`)
	v.do(chromedp.SendKeys(chromedp.CSS("#title"), "0"))
	v.click("#report-form button")
	v.until(shownReports + ` === "Pump 30,Pump 4"`)
	v.until(shownWaiting + ` === ""`)
}

func TestTryNow(t *testing.T) {
	o, b := openOffice(t), openBrowser(t)
	o.set(func() { o.wait = "300" })
	v := b.visit(o, "en")
	v.enter("manager")
	o.flip("closed")
	v.write("Pump 3")
	v.write("Pump 4") // is not tried: it waits with the first
	before := len(o.asked("POST /api/reports", 0))
	if before != 1 {
		t.Errorf("%d reports were sent while it was known to be closed, want one", before)
	}
	v.click("#try")
	for start := time.Now(); len(o.asked("POST /api/reports", 0)) == before && time.Since(start) < 5*time.Second; time.Sleep(10 * time.Millisecond) {
	}
	time.Sleep(300 * time.Millisecond)
	if n := len(o.asked("POST /api/reports", 0)); n != before+1 {
		t.Errorf("Try now sent %d requests, want one", n-before)
	}
	v.want("true", closedShown)
	o.flip("open")
	v.click("#try")
	v.until(shownReports + ` === "Pump 4,Pump 3"`)
	v.want("true", `document.querySelector("#maintenance").hidden`)
}

// TestRetryAfterIsCapped checks that an absurd Retry-After does not make the page
// ask at once.
func TestRetryAfterIsCapped(t *testing.T) {
	o, b := openOffice(t), openBrowser(t)
	v := b.visit(o, "en")
	v.enter("manager")
	o.flip("closed")
	for _, wait := range []string{"9999999999", "2147484", "1e300"} {
		o.set(func() { o.wait = wait })
		before := len(o.asked("", 0))
		v.do(chromedp.Reload())
		v.until(closedShown)
		time.Sleep(1200 * time.Millisecond)
		if n := len(o.asked("", before)); n != 1 {
			t.Errorf("Retry-After %s: asked %d times within a second, want once", wait, n)
		}
		v.want("true", `new Date(document.querySelector("#next time").dateTime) - Date.now() < 86400000`)
	}
}

// TestAnnouncement checks that the page takes the mode and the start from
// /maintenance.json, and notices when it says that maintenance is over.
func TestAnnouncement(t *testing.T) {
	o, b := openOffice(t), openBrowser(t)
	o.set(func() {
		o.wait = "300"
		o.announced = `{"version":1,"status":"in_progress","mode":"read-only","since":"2026-12-01T01:00:00+09:00","until":"2026-12-01T05:00:00+09:00","pollAfter":1,"new":{"field":1}}`
	})
	v := b.visit(o, "en")
	v.enter("manager")
	o.flip("read-only")
	v.write("Pump 3")
	v.until(`document.querySelector("#maintenance-title").textContent === "Read-only"`)
	v.want("2026-11-30T16:00:00.000Z", `document.querySelector("#since time").dateTime`)
	v.want("2099-11-30T19:00:00.000Z", `document.querySelector("#until time").dateTime`) // from the answer
	v.want("Expected end", `document.querySelector("#until dt").textContent`)
	v.click(`a[href="#templates"]`) // reads still work
	v.until(`document.querySelector("#template-list img")?.src.startsWith("data:image/svg")`)
	o.set(func() {
		o.mode = "open"
		o.announced = `{"version":1,"status":"completed","pollAfter":1}`
	})
	v.until(`document.querySelector("#maintenance").hidden`)
	o.wantStored("Pump 3 by manager")
}

// TestPlanned checks that planned maintenance is shown before it begins, in the
// reader's language and time zone, until the reader dismisses it, and not while
// it is closed.
func TestPlanned(t *testing.T) {
	o, b := openOffice(t), openBrowser(t)
	planned := func(id string) {
		o.set(func() {
			o.announced = `{"version":1,"status":"scheduled","mode":"open","id":"` + id + `","scheduledFor":"2099-12-01T01:00:00Z","scheduledUntil":"2099-12-01T04:00:00Z",
				"message":{"en":"We are moving <b>house</b>.","ja":"移転します。"},"pollAfter":1}`
		})
	}
	const shown, hidden = `!document.querySelector("#planned").hidden`, `document.querySelector("#planned").hidden`
	planned("first")
	v := b.visit(o, "en")
	v.until(shown)
	v.want("We are moving <b>house</b>.", `document.querySelector("#planned-message").textContent`)
	v.want("2099-12-01T01:00:00.000Z 2099-12-01T04:00:00.000Z", `[...document.querySelectorAll("#planned time")].map((one) => one.dateTime).join(" ")`)
	v.enter("manager") // everything still works
	v.write("Pump 3")
	o.wantStored("Pump 3 by manager")
	v.click("#dismiss")
	v.until(hidden)
	time.Sleep(1500 * time.Millisecond) // after another look
	v.want("true", hidden)
	planned("second")
	v.until(shown)
	o.set(func() {
		o.mode, o.announced = "closed", `{"version":1,"status":"in_progress","mode":"closed","id":"second","scheduledFor":"2099-12-01T01:00:00Z","pollAfter":1}`
	})
	v.write("Pump 4")
	v.until(closedShown + ` && ` + hidden)
	o.set(func() {
		o.mode, o.announced = "open", `{"version":1,"status":"completed","mode":"open","id":"second","scheduledFor":"2099-12-01T01:00:00Z","pollAfter":1}`
	})
	v.until(`document.querySelector("#maintenance").hidden && ` + hidden)

	planned("third")
	other := b.visit(o, "ja")
	other.until(shown)
	other.want("移転します。 ja メンテナンスのお知らせ", `document.querySelector("#planned-message").textContent + " " + document.querySelector("#planned-message").lang + " " + document.querySelector("#planned-title").textContent`)
}

// TestAnnouncementOfNoUse checks that the page works whatever /maintenance.json
// contains.
func TestAnnouncementOfNoUse(t *testing.T) {
	o, b := openOffice(t), openBrowser(t)
	v := b.visit(o, "en")
	v.enter("manager")
	for _, text := range []string{"", "<!doctype html>", "null", "[]", `{"mode":7,"since":"soon","until":[]}`, `{"status":"scheduled"}`, `{"status":"scheduled","scheduledFor":"soon","message":7}`, `{"status":"scheduled","scheduledFor":"2099-12-01T01:00:00Z","message":[7]}`, `{"status":"completed"}`} {
		o.set(func() { o.announced, o.mode = text, "closed" })
		v.write("Pump " + text)
		v.until(closedShown)
		v.want("Down for maintenance", `document.querySelector("#maintenance-title").textContent`)
		v.want("true", `document.querySelector("#since").hidden`)
		o.flip("open")
		v.until(`document.querySelector("#maintenance").hidden && ` + shownWaiting + ` === ""`)
	}
}

// TestScreenInTheLanguageOfItsMessage checks that the screen is in the language
// of its message, and in that language's direction.
func TestScreenInTheLanguageOfItsMessage(t *testing.T) {
	o, b := openOffice(t), openBrowser(t)
	for _, test := range []struct{ message, language, title, until, direction, align string }{
		{"Field Reportsは現在メンテナンス中です。", "ja", "メンテナンス中", "終了予定日時", "ltr", "left"},
		{"Field Reports قيد الصيانة.", "ar", "الخدمة تحت الصيانة", "العودة المتوقعة", "rtl", "right"},
		{"Field Reports בתחזוקה.", "he-IL", "השירות בתחזוקה", "סיום צפוי", "rtl", "right"},
		{"Field Reports 系統維護中。", "zh-Hant", "系統維護中", "預計結束時間", "ltr", "left"},
		{"Field Reports 系統維護中。", "zh-TW", "系統維護中", "預計結束時間", "ltr", "left"},
		{"Field Reports is down.", "eo", "Down for maintenance", "Expected end", "ltr", "left"},
		{"Field Reports is down.", "", "Down for maintenance", "Expected end", "ltr", "left"},
		{"Field Reports is down.", "not a tag", "Down for maintenance", "Expected end", "ltr", "left"},
	} {
		t.Run(test.language, func(t *testing.T) {
			o.set(func() { o.message, o.language, o.mode = test.message, test.language, "closed" })
			v := b.visit(o, "en")
			v.t = t
			v.until(closedShown)
			v.want(test.title, `document.querySelector("#maintenance-title").textContent`)
			v.want(test.until, `document.querySelector("#until dt").textContent`)
			v.want(test.direction, `getComputedStyle(document.querySelector("#maintenance")).direction`)
			v.want(test.direction, `getComputedStyle(document.querySelector("#message")).direction`)
			// Where the text actually is.
			v.want(test.align, `(() => {
				const range = document.createRange();
				range.selectNodeContents(document.querySelector("#maintenance-title"));
				const [text, box] = [range.getBoundingClientRect(), document.querySelector("#maintenance").getBoundingClientRect()];
				return text.left - box.left < box.right - text.right ? "left" : "right";
			})()`)
		})
	}
}

func TestSiteInJapanese(t *testing.T) {
	o, b := openOffice(t), openBrowser(t)
	v := b.visit(o, "ja-JP,ja;q=0.9,en;q=0.5")
	v.until(loginShown)
	v.want("ja", `document.documentElement.lang`)
	v.want("ログイン", `document.querySelector("#login h1").textContent`)
	v.do(chromedp.SendKeys(chromedp.CSS("#name"), "manager"), chromedp.SendKeys(chromedp.CSS("#password"), "wrong"))
	v.click("#login-form button")
	v.until(`!document.querySelector("#problem").hidden`)
	v.want("ユーザー名またはパスワードが正しくありません。", `document.querySelector("#problem").textContent`)
	v.enter("manager")
	o.flip("closed")
	v.write("ポンプ3号")
	v.want("このブラウザーに保存しました。後ほど自動的に送信されます。", `document.querySelector("#saved").textContent`)
	v.want("", `[...document.querySelectorAll("[data-text]")].filter((one) => /[a-z]{3}/i.test(one.textContent)).map((one) => one.textContent).join()`)
	v.want("レポート（新しい順）", `document.querySelector("#report-list").ariaLabel`)
}

// TestSavedIsInView checks that a user who saves keeps the focus and sees what
// they wrote, also on a phone.
func TestSavedIsInView(t *testing.T) {
	for name, width := range map[string]int64{"desktop": 1280, "phone": 390} {
		t.Run(name, func(t *testing.T) {
			o, b := openOffice(t), openBrowser(t)
			v := b.visit(o, "en", chromedp.EmulateViewport(width, 700, chromedp.EmulateScale(1)))
			v.enter("manager")
			for range 3 {
				v.write("Before")
			}
			v.until(shownReports + ` === "Before,Before,Before"`)
			o.flip("closed")
			v.write("Pump 3")
			v.until(closedShown)
			time.Sleep(300 * time.Millisecond)
			v.want("true", `document.querySelector("#report-form").contains(document.activeElement)`)
			for _, what := range []string{"#saved", "#outbox-list li"} {
				v.want("true", `(() => { const box = document.querySelector("`+what+`").getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight; })()`)
			}
			v.want("Leaks at the flange.", `(() => { getSelection().selectAllChildren(document.querySelector("#outbox-list .text")); return getSelection().toString(); })()`)
			v.click("#outbox-list button") // which moves it back to the form, to be corrected
			v.until(`document.querySelector("#title").value + "/" + document.querySelector("#text").value + "/" + ` + shownWaiting + ` === "Pump 3/Leaks at the flange./"`)
			v.want("title", `document.activeElement.id`)
		})
	}
}

// TestPromiseOnlyToWhoHasTyped checks that the page promises to keep typed text
// only to a user who has typed some.
func TestPromiseOnlyToWhoHasTyped(t *testing.T) {
	o, b := openOffice(t), openBrowser(t)
	const promised = `document.querySelector("#promise").checkVisibility()`
	v := b.visit(o, "en")
	v.enter("manager")
	v.want("false", promised)
	o.flip("closed")
	v.click(`a[href="#templates"]`)
	v.until(closedShown)
	v.click(`a[href="#reports"]`)
	v.want("false", promised)
	v.do(chromedp.SendKeys(chromedp.CSS("#title"), "P"))
	v.want("true", promised)
	v.do(chromedp.Reload())
	v.until(closedShown)
	v.until(promised)
	v.want("P", `document.querySelector("#title").value`)
	v.close()

	stranger := openBrowser(t).visit(o, "en")
	stranger.until(closedShown)
	stranger.want("false", promised)
}

// TestBrowserThatStoresNothing checks that the page does not claim to have stored
// anything in a browser that stores nothing.
func TestBrowserThatStoresNothing(t *testing.T) {
	o, b := openOffice(t), openBrowser(t)
	v := b.visit(o, "en", script(`IDBFactory.prototype.open = () => { throw new DOMException("no", "SecurityError"); };
		Storage.prototype.setItem = () => { throw new DOMException("no", "QuotaExceededError"); };`))
	v.enter("manager")
	o.flip("closed")
	v.write("Pump 3")
	v.until(`document.querySelector("#saved").textContent.startsWith("This browser cannot store it.")`)
	v.want("Pump 3", shownWaiting)
	o.flip("open")
	v.until(shownReports + ` === "Pump 3"`)
	v.want("", shownWaiting)
}

// TestWrongClockOfTheBrowser checks that a machine with a wrong clock writes
// reports with the right date.
func TestWrongClockOfTheBrowser(t *testing.T) {
	o, b := openOffice(t), openBrowser(t)
	v := b.visit(o, "en", script(`Date.now = () => 600000`))
	v.enter("manager")
	v.write("Pump 3")
	v.until(shownReports + ` === "Pump 3"`)
	if sent := o.asked("POST /api/reports", 0)[0]; !strings.Contains(sent.body, `"writtenAt":"`+time.Now().UTC().Format("2006-01-02T15")) {
		t.Errorf("got %s, want the time of the service", sent.body)
	}
}
