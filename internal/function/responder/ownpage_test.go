package responder

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/noren-cdk/noren/maintenance"
)

// ownPage has every placeholder wherever it is allowed.
const ownPage = `<!doctype html>
<html lang="{{lang}}" dir='{{dir}}' data-wait="{{retryAfter}}">
<head><meta charset="utf-8"><title>{{title}} - Shop</title>
{{refresh}}
<noscript><meta http-equiv="refresh" content="{{retryAfter}}"></noscript>
<style>body { color: #333 }</style></head>
<body><img alt="" src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><a href="https://shop.example">Shop</a>
{{heading}}<p title="{{title}} {{until}}">{{message}}</p><time datetime="{{datetime}}">{{until}}</time>{{end}}<i>{{reload}}</i>{{action}}
<script>console.log({{retryAfter}})</script>
</body></html>`

// withPage returns a handler of a function whose archive contains a page.
func withPage(t testing.TB, c Config, page []byte) *Handler {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, PageFile), page, 0o600); err != nil {
		t.Fatal(err)
	}
	env := c.Environment()
	env["LAMBDA_TASK_ROOT"] = folder
	var log bytes.Buffer
	h := FromEnvironment(func(name string) string { return env[name] }, &log)
	if log.Len() > 0 {
		t.Fatal(log.String())
	}
	h.now, h.random = func() time.Time { return now }, func(int64) int64 { return 0 }
	return h
}

func TestOwnPage(t *testing.T) {
	c := Config{Message: map[string]string{"en": "Back <soon> & \"well\"."}, Until: now.Add(time.Hour), RetryAfter: time.Minute, Page: maintenance.Page{HTML: []byte(ownPage)}}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	h := withPage(t, c, c.Files()[PageFile])
	r := get(t, h, "accept", "text/html")
	for _, want := range []string{
		`<html lang="en" dir='ltr' data-wait="60">`, "<title>Under maintenance - Shop</title>", `<p title="Under maintenance `,
		"Back &lt;soon&gt; &amp; &#34;well&#34;.</p>", "console.log(60)", `content="60"`, `<script data-retry-after="60">`, "<h1>Under maintenance</h1>",
	} {
		if !strings.Contains(r.body, want) {
			t.Errorf("the page does not have %s:\n%s", want, r.body)
		}
	}
	policy := r.headers["Content-Security-Policy"]
	for _, script := range inline(ownPage, "style") {
		if want := hashes([]string{script}); !strings.Contains(policy, want) {
			t.Errorf("the policy %s lacks %s", policy, want)
		}
	}
	if r := get(t, h); !strings.HasPrefix(r.body, `{"errors":`) {
		t.Errorf("a client gets %s", r.body)
	}
}

func TestOwnPageIsChecked(t *testing.T) {
	for name, tt := range map[string]struct{ page, want string }{
		"everything allowed":        {ownPage, ""},
		"no message":                {"<p>Closed.</p>", "the page lacks {{message}}"},
		"unknown":                   {"{{message}}{{since}}", "unknown placeholder {{since}}"},
		"unknown in an attribute":   {`{{message}}<p title="{{x}}">`, "unknown placeholder {{x}}"},
		"in a script":               {"<script>alert('{{message}}')</script>", "{{message}} is within <script>"},
		"in a style":                {"{{message}}<style>a::before { content: '{{title}}' }</style>", "{{title}} is within <style>"},
		"in a comment":              {"{{message}}<!-- {{title}} -->", "{{title}} is within a comment"},
		"message in an attribute":   {`<p title="{{message}}">`, "{{message}} is in <p title=...>"},
		"in an address":             {`{{message}}<a href="{{title}}">`, "{{title}} is in <a href=...>"},
		"in a program":              {`{{message}}<a onclick="{{retryAfter}}">`, "<a onclick=...>"},
		"not quoted":                {`{{message}}<p title={{title}}>`, "outside of a quoted value"},
		"not quoted beside quoted":  {`{{message}}<p title="{{title}}" alt={{title}}>`, "outside of a quoted value"},
		"name of an attribute":      {`{{message}}<p {{title}}="a">`, "outside of a quoted value"},
		"name of an element":        {`{{message}}<{{title}}>`, ""},
		"in a refresh":              {`{{message}}<meta http-equiv="refresh" content="0;url={{title}}">`, "{{title}} is in <meta content=...>"},
		"picture from elsewhere":    {`{{message}}<img src="https://cdn.example/logo.png">`, "want it inline or as a data: URL"},
		"style from elsewhere":      {`{{message}}<link rel="stylesheet" href="/style.css">`, "want it inline or as a data: URL"},
		"script from elsewhere":     {`{{message}}<script src="//cdn.example/a.js"></script>`, "want it inline or as a data: URL"},
		"base":                      {`{{message}}<base href="data:,">`, "<base> is not supported"},
		"too large":                 {"{{message}}" + strings.Repeat("x", MaxPage), "at most 700000"},
		"too large as JSON":         {"{{message}}" + strings.Repeat("\"", 600_000), "bytes as JSON"},
		"not UTF-8":                 {"{{message}}\xff", "not text in UTF-8"},
		"message in a textarea":     {"<textarea>{{message}}</textarea>", "{{message}} is within <textarea>"},
		"in a noscript of the head": {"{{message}}<noscript>{{title}}</noscript>", "{{title}} is within <noscript>"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := BuildPage(maintenance.Page{HTML: []byte(tt.page)})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestLogoAndColours(t *testing.T) {
	png := []byte("\x89PNG\x0D\x0A\x1A\x0A and more")
	page, err := BuildPage(maintenance.Page{Logo: png, Background: "#ffffff", Accent: "#AA0000"})
	if err != nil {
		t.Fatal(err)
	}
	r := get(t, withPage(t, Config{}, page), "accept", "text/html")
	for _, want := range []string{`src="data:image/png;base64,` + base64.StdEncoding.EncodeToString(png), "--ground: #ffffff;", "--cloth: #AA0000;", "--ink: #26304a;"} {
		if !strings.Contains(r.body, want) {
			t.Errorf("the page does not have %s", want)
		}
	}
	if strings.Contains(r.body, "<svg") || strings.Contains(r.body, "#f6f4ef") {
		t.Error("the page has noren's curtain or colour")
	}
	for want, p := range map[string]maintenance.Page{
		"want SVG, PNG, JPEG, GIF or WebP": {Logo: []byte("%PDF-1.7")},
		"want a colour such as #26304a":    {Text: "red; } body { display: none"},
		"not both":                         {HTML: []byte(ownPage), Logo: png},
		"at most 700000":                   {Logo: append(bytes.Clone(png), make([]byte, MaxPage)...)},
	} {
		if _, err := BuildPage(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if page, err := BuildPage(maintenance.Page{Logo: []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`)}); err != nil || !bytes.Contains(page, []byte("data:image/svg+xml")) {
		t.Errorf("an SVG: %v", err)
	}
}

func TestStatusPage(t *testing.T) {
	c := Config{StatusPage: "https://status.example.com/shop?a=b"}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	h := at(now, c, io.Discard)
	if r := get(t, h, "accept", "text/html"); r.status != 303 || r.headers["Location"] != c.StatusPage || r.headers["X-Maintenance-Mode"] != "on" || r.headers["Cache-Control"] != "no-store" || r.body != "" {
		t.Errorf("people get %v", r)
	}
	for _, accept := range []string{"*/*", "application/json", "application/problem+json", ""} {
		if r := get(t, h, "accept", accept); r.status != 503 {
			t.Errorf("a client that asks for %q gets %v", accept, r)
		}
	}
	for _, address := range []string{"http://status.example.com", "//status.example.com", "javascript:alert(1)", "https://", "https://a b", "https://user@status.example.com", "https://é.example", "status"} {
		if err := (Config{StatusPage: address}).Validate(); err == nil {
			t.Errorf("the status page %q is accepted", address)
		}
	}
	if err := (Config{StatusPage: c.StatusPage, Page: maintenance.Page{HTML: []byte(ownPage)}}).Validate(); err == nil || !strings.Contains(err.Error(), "not both") {
		t.Errorf("got %v", err)
	}
}

// TestABrokenPageIsNotShown checks that the function answers with noren's own
// page instead, and logs it.
func TestABrokenPageIsNotShown(t *testing.T) {
	for _, page := range []string{"", "closed", "{{message}}\xff", "{{message}}" + strings.Repeat("x", MaxPage)} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, PageFile), []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		h := FromEnvironment(func(name string) string { return map[string]string{"LAMBDA_TASK_ROOT": folder}[name] }, &log)
		if r := get(t, h, "accept", "text/html"); r.status != 503 || !strings.Contains(r.body, "<h1>Under maintenance</h1>") || !strings.Contains(log.String(), PageFile) {
			t.Errorf("%.20q: got %v, log %q", page, r, &log)
		}
	}
}

// FuzzPage checks that texts stay text, whatever they are: noren's page and a
// custom page keep their elements and attributes.
func FuzzPage(f *testing.F) {
	f.Add(`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "ar")
	f.Add(`{{message}} {{retryAfter}} {{action}}`, `' onmouseover='a`, "en")
	f.Add("</title></textarea><!--", "--></noscript>\x00", "he")
	pages := []*Handler{withPage(f, Config{}, []byte(pageHTML)), withPage(f, Config{}, []byte(ownPage))}
	f.Fuzz(func(t *testing.T, message, title, tag string) {
		if validateText(message) != nil || validateText(title) != nil {
			return // invalid settings are refused earlier
		}
		own := func(message, title string) Config {
			return Config{Message: map[string]string{"en": message}, Words: map[string]Words{"en": say(title, title, title, title)}, Until: now.Add(time.Hour)}
		}
		for _, loaded := range pages {
			for _, method := range []bool{false, true} {
				shape := func(c Config) string {
					s := newSpeeches(c).all[0]
					if tag == "ar" || tag == "he" {
						s.dir = "rtl"
					}
					answer := page(loaded.page, s, c.Until, true, method)
					return structure(t, strings.Join(answer, "600"))
				}
				if got, want := shape(own(message, title)), shape(own("x", "x")); got != want {
					t.Fatalf("%q and %q change the page:\n%s\nwant\n%s", message, title, got, want)
				}
			}
		}
	})
}

// structure returns the elements of a page and their attributes, in order,
// without those that isolate Latin names.
func structure(t *testing.T, asJSON string) string {
	t.Helper()
	var text string
	if err := json.Unmarshal([]byte(`"`+asJSON+`"`), &text); err != nil {
		t.Fatal(err)
	}
	document, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for node := range document.Descendants() {
		switch {
		case node.Type == html.ElementNode && node.Data == "bdi":
		case node.Type == html.ElementNode:
			fmt.Fprintf(&b, "<%s", node.Data)
			for _, a := range node.Attr {
				fmt.Fprintf(&b, " %s", a.Key)
			}
			b.WriteString(">")
		case node.Type == html.CommentNode:
			b.WriteString("<!---->")
		}
	}
	return b.String()
}
