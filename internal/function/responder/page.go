package responder

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html"
	"regexp"
	"slices"
	"strings"
	"time"
)

//go:embed page.html
var pageHTML string

// The scripts at the end of a page: one checks whether the application is back,
// the other leads back to a form that was refused.
var (
	//go:embed comeback.js
	comebackScript string

	//go:embed goback.js
	goBackScript string
)

// pagePolicy returns the Content-Security-Policy of a page. It allows the page's
// own styles and scripts, pictures, and requests for the page itself, and nothing
// else.
func pagePolicy(page string) string {
	scripts := append(inline(page, "script"), comebackScript, goBackScript)
	return "default-src 'none'; style-src " + hashes(inline(page, "style")) + "; script-src " + hashes(scripts) +
		"; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'"
}

var inlinePattern = map[string]*regexp.Regexp{
	"script": regexp.MustCompile(`(?is)<script[^>]*>(.*?)</script>`),
	"style":  regexp.MustCompile(`(?is)<style[^>]*>(.*?)</style>`),
}

// inline returns the texts of a page's elements with a name.
func inline(page, element string) []string {
	var texts []string
	for _, found := range inlinePattern[element].FindAllStringSubmatch(page, -1) {
		texts = append(texts, found[1])
	}
	return texts
}

// hashes returns the CSP source expressions of texts.
func hashes(texts []string) string {
	if len(texts) == 0 {
		return "'none'"
	}
	var sources []string
	for _, text := range texts {
		sum := sha256.Sum256([]byte(text))
		sources = append(sources, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	slices.Sort(sources)
	return strings.Join(slices.Compact(sources), " ")
}

// page returns the answer for people, in the language of s. refused says that it
// answers a form, to which the page leads back, since the form's address itself
// cannot be loaded again.
func page(text string, s speech, until time.Time, planned, refused bool) template {
	tag := s.tag
	if tag == "und" {
		tag = "" // how HTML says that it is unknown
	}
	title := s.words.Title
	if title == "" {
		title, _, _ = strings.Cut(s.message, "\n")
	}
	end, readableEnd, exactEnd := "", "", ""
	if planned {
		readableEnd, exactEnd = readable(until), until.Format(untilLayout)
		end = `<dl>` + element("dt", s.words.Until) +
			`<dd><bdi><time datetime="` + exactEnd + `" dir="ltr">` + readableEnd + `</time></bdi></dd></dl>`
	}
	refresh := `<noscript><meta http-equiv="refresh" content="{{retryAfter}}"></noscript>`
	action := element(`p class="reload"`, s.words.Reload)
	script := `<script data-retry-after="{{retryAfter}}">` + comebackScript + `</script>`
	if refused {
		refresh, script = "", `<script>`+goBackScript+`</script>`
		action = `<button type="button">` + html.EscapeString(s.words.Back) + `</button>`
		if s.words.Back == "" {
			action, script = "", ""
		}
	}
	values := []string{
		"{{lang}}", html.EscapeString(tag),
		"{{dir}}", s.dir,
		"{{title}}", html.EscapeString(title),
		"{{heading}}", element("h1", s.words.Title),
		"{{message}}", isolated(s.message, s.dir),
		"{{until}}", readableEnd,
		"{{datetime}}", exactEnd,
		"{{end}}", end,
		"{{reload}}", html.EscapeString(s.words.Reload),
		"{{action}}", action,
	}
	fill := strings.NewReplacer(values...)
	text = strings.ReplaceAll(beforeEnd(text, script), "{{refresh}}", refresh)
	parts := strings.Split(text, "{{retryAfter}}")
	for i, part := range parts {
		parts[i] = fill.Replace(part)
	}
	return newTemplate(parts...)
}

// element returns an element with a text, or nothing without a text.
func element(tag, text string) string {
	if text == "" {
		return ""
	}
	name, _, _ := strings.Cut(tag, " ")
	return "<" + tag + ">" + html.EscapeString(text) + "</" + name + ">"
}

// beforeEnd inserts a script at the end of the body.
func beforeEnd(page, script string) string {
	i := strings.LastIndex(strings.ToLower(page), "</body>")
	if i < 0 {
		return page + script
	}
	return page[:i] + script + "\n" + page[i:]
}

// latin matches Latin names and numbers in a text that is written from right to
// left.
var latin = regexp.MustCompile(`[\p{Latin}\p{Nd}]+([ .,:/+&'’()-]+[\p{Latin}\p{Nd}]+)*`)

// isolated returns a text as HTML. If it is written from right to left, names in
// Latin letters and numbers are isolated, so that a browser does not reorder
// their parts.
func isolated(text, dir string) string {
	if dir != "rtl" {
		return html.EscapeString(text)
	}
	var b strings.Builder
	rest := 0
	for _, place := range latin.FindAllStringIndex(text, -1) {
		b.WriteString(html.EscapeString(text[rest:place[0]]) + "<bdi>" + html.EscapeString(text[place[0]:place[1]]) + "</bdi>")
		rest = place[1]
	}
	return b.String() + html.EscapeString(text[rest:])
}

// readable returns a time for people in no particular language, for browsers that
// run no scripts.
func readable(t time.Time) string {
	return t.Format("2006-01-02 15:04 (UTC-07:00)")
}
