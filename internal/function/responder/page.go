package responder

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html"
	"strings"
	"sync"
	"time"
)

//go:embed page.html
var pageHTML string

// pagePolicy is the Content-Security-Policy of the page: its own style and its
// own script, the page itself asked again, and nothing else.
var pagePolicy = sync.OnceValue(func() string {
	return "default-src 'none'; style-src " + hash("style") + "; script-src " + hash("script") +
		"; connect-src 'self'; base-uri 'none'; form-action 'none'"
})

// hash is the source expression of the page's only element of a name.
func hash(element string) string {
	_, rest, _ := strings.Cut(pageHTML, "<"+element+">")
	text, _, _ := strings.Cut(rest, "</"+element+">")
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// page is the answer for people, in the language of s.
func page(s speech, until time.Time, planned bool) template {
	end := ""
	if planned {
		end = `<dl><dt>` + html.EscapeString(s.words.until) + `</dt><dd><time datetime="` +
			until.Format(untilLayout) + `">` + readable(until) + `</time></dd></dl>`
	}
	tag := s.tag
	if tag == "und" {
		tag = "" // HTML's way to say so
	}
	fill := strings.NewReplacer(
		"{{lang}}", html.EscapeString(tag),
		"{{words}}", html.EscapeString(s.words.tag),
		"{{title}}", html.EscapeString(s.words.title),
		"{{message}}", html.EscapeString(s.message),
		"{{end}}", end,
		"{{reload}}", html.EscapeString(s.words.reload),
	)
	parts := strings.Split(pageHTML, "{{retryAfter}}")
	for i, part := range parts {
		parts[i] = fill.Replace(part)
	}
	return newTemplate(parts...)
}

// readable is a time for people in no particular language, for pages whose
// script does not run.
func readable(t time.Time) string {
	return t.Format("2006-01-02 15:04 (UTC-07:00)")
}
