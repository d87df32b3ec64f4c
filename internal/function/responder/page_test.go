package responder

import (
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestPageEscapesTheMessage(t *testing.T) {
	message := `<script>alert("1")</script> & {{retryAfter}} {{title}} ` + "\u2028"
	r := get(t, at(now, Config{Message: map[string]string{"en": message}}, io.Discard), "accept", "text/html")
	if want := `&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt; &amp; {{retryAfter}} {{title}} ` + "\u2028"; !strings.Contains(r.body, want) {
		t.Errorf("the page does not have %s:\n%s", want, r.body)
	}
}

func TestBodiesSayTheMessageAsItIs(t *testing.T) {
	message := `"quoted" <b> \ ` + "two\nlines \u2028 \U0001f6a7"
	h := at(now, Config{Message: map[string]string{"en": message}}, io.Discard)
	var jsonAPI struct{ Errors []struct{ Detail string } }
	if err := json.Unmarshal([]byte(get(t, h).body), &jsonAPI); err != nil || jsonAPI.Errors[0].Detail != message {
		t.Errorf("got %+v (%v), want %q", jsonAPI, err, message)
	}
	var problem struct{ Detail string }
	if err := json.Unmarshal([]byte(get(t, h, "accept", "application/problem+json").body), &problem); err != nil || problem.Detail != message {
		t.Errorf("got %+v (%v), want %q", problem, err, message)
	}
}

func TestOwnBodyIsSentAsItIs(t *testing.T) {
	body := `{"ok": false, "note": "{{retryAfter}} \u3000"}`
	h := at(now, Config{Body: json.RawMessage(body)}, io.Discard)
	for accept, want := range map[string]string{
		"*/*":                      "application/json",
		"application/vnd.api+json": "application/json",
		"application/problem+json": "application/problem+json",
		"text/html":                "text/html; charset=utf-8",
	} {
		r := get(t, h, "accept", accept)
		if got := r.headers["Content-Type"]; got != want || (got == "application/json") != (r.body == body) {
			t.Errorf("%s: got %s and\n%s", accept, got, r.body)
		}
	}
}

func TestPageNeedsNothingElse(t *testing.T) {
	page := get(t, at(now, fieldReports, io.Discard), "accept", "text/html").body
	for _, pattern := range []string{`\bsrc=`, `\bhref=`, `url\(`, `@import`, `https?://`, `\bon[a-z]+=`, `\bstyle=`, `{{`} {
		if found := regexp.MustCompile(pattern).FindString(page); found != "" {
			t.Errorf("the page has %s", found)
		}
	}
	for _, want := range []string{`<meta name="robots" content="noindex">`, `<time datetime="2026-12-01T04:00:00+09:00" dir="ltr">2026-12-01 04:00 (UTC+09:00)</time>`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not have %s", want)
		}
	}
}

func TestPageHidesAnEndThatHasPassed(t *testing.T) {
	h := at(fieldReports.Until.Add(time.Second), fieldReports, io.Discard)
	for _, accept := range []string{"text/html", "application/json", "application/problem+json"} {
		if r := get(t, h, "accept", accept); strings.Contains(r.body, "2026-12-01") {
			t.Errorf("%s still promises an end that has passed:\n%s", accept, r.body)
		}
	}
}
