package responder

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/noren-cdk/noren/maintenance"
)

// PageFile is the name of the file with a custom page, beside the function's
// program.
const PageFile = "page.html"

// MaxPage is the maximum size, in bytes, of a custom page, including its logo: a
// load balancer accepts at most 1 MB of JSON from a function.
const MaxPage = 700_000

// maxAnswer is the maximum size, in bytes, of a whole answer in JSON. Source:
// UG23 lambda-functions.
const maxAnswer = 1_000_000

// BuildPage returns the page in the form that the function reads.
func BuildPage(p maintenance.Page) ([]byte, error) {
	if len(p.HTML) > 0 {
		if len(p.Logo) > 0 || p.Background != "" || p.Text != "" || p.Accent != "" {
			return nil, errors.New("want an HTML page, or a logo and colours for noren's page, not both")
		}
		return p.HTML, checkPage(p.HTML)
	}
	page := pageHTML
	if len(p.Logo) > 0 {
		image, err := picture(p.Logo)
		if err != nil {
			return nil, err
		}
		before, rest, _ := strings.Cut(page, "<svg")
		_, after, _ := strings.Cut(rest, "</svg>")
		page = before + image + after
	}
	for _, colour := range []struct{ name, value, variables string }{
		{"background", p.Background, "ground"}, {"text", p.Text, "ink soft"}, {"accent", p.Accent, "cloth rod"},
	} {
		if colour.value == "" {
			continue
		}
		if !colourPattern.MatchString(colour.value) {
			return nil, fmt.Errorf("%s %q: want a colour such as #26304a", colour.name, colour.value)
		}
		for _, variable := range strings.Fields(colour.variables) {
			page = regexp.MustCompile(`--`+variable+`: #[0-9a-f]{6};`).ReplaceAllString(page, "--"+variable+": "+colour.value+";")
		}
	}
	return []byte(page), checkPage([]byte(page))
}

var colourPattern = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

// picture returns a logo as an HTML element.
func picture(logo []byte) (string, error) {
	kind := pictureType(logo)
	if kind == "" {
		return "", errors.New("the logo is of an unknown type: want SVG, PNG, JPEG, GIF or WebP")
	}
	return `<img class="logo" alt="" src="data:` + kind + `;base64,` + base64.StdEncoding.EncodeToString(logo) + `">`, nil
}

// pictureType returns the media type of a picture, by its first bytes, or "" if
// browsers do not show it. Source: WHATWG MIME Sniffing, section 6.1. Package
// net/http would bring networking into a function that has none.
func pictureType(data []byte) string {
	begins := func(text string) bool { return bytes.HasPrefix(data, []byte(text)) }
	switch {
	case begins("\x89PNG\r\n\x1a\n"):
		return "image/png"
	case begins("\xff\xd8\xff"):
		return "image/jpeg"
	case begins("GIF87a"), begins("GIF89a"):
		return "image/gif"
	case begins("RIFF") && len(data) >= 14 && string(data[8:14]) == "WEBPVP":
		return "image/webp"
	case bytes.Contains(data, []byte("<svg")):
		return "image/svg+xml"
	}
	return ""
}

// A place is where in a page a placeholder may occur.
type place int

const (
	inText      place = iota // between tags
	inAttribute              // also in the quoted value of an attribute that only holds text
	anywhere
)

var placeholders = map[string]place{
	"message": inText, "heading": inText, "end": inText, "action": inText, "refresh": inText,
	"title": inAttribute, "until": inAttribute, "datetime": inAttribute, "reload": inAttribute, "lang": inAttribute, "dir": inAttribute,
	"retryAfter": anywhere, // digits
}

var placeholderPattern = regexp.MustCompile(`\{\{([^{}]*)\}\}`)

// checkPage reports everything that keeps a page from being shown.
func checkPage(page []byte) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(page) > MaxPage {
		return fmt.Errorf("the page has %d bytes: at most %d fit into an answer", len(page), MaxPage)
	}
	if !utf8.Valid(page) || bytes.ContainsRune(page, 0) {
		return errors.New("the page is not text in UTF-8")
	}
	if size := len(escape(string(page))); size+64<<10 > maxAnswer {
		return fmt.Errorf("the page takes %d bytes as JSON: at most %d fit into an answer", size, maxAnswer-64<<10)
	}
	if !bytes.Contains(page, []byte("{{message}}")) {
		bad("the page lacks {{message}}")
	}
	tokens := html.NewTokenizer(bytes.NewReader(page))
	raw := "" // the element whose content is not HTML
	for tokens.Next() != html.ErrorToken {
		source := slices.Clone(tokens.Raw())
		token := tokens.Token()
		switch token.Type {
		case html.TextToken:
			for _, name := range found(source) {
				allowed, known := placeholders[name]
				switch {
				case !known:
					bad("unknown placeholder {{%s}}", name)
				case raw != "" && allowed != anywhere && (raw != "title" || allowed != inAttribute):
					bad("{{%s}} is within <%s>, where a text cannot be escaped", name, raw)
				}
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			raw = ""
			if token.Type == html.StartTagToken && slices.Contains(rawElements, token.Data) {
				raw = token.Data
			}
			errs = append(errs, checkTag(token, string(source))...)
		case html.EndTagToken:
			raw = ""
		default:
			for _, name := range found(source) {
				if placeholders[name] != anywhere {
					bad("{{%s}} is within a comment", name)
				}
			}
		}
	}
	return errors.Join(errs...)
}

var rawElements = []string{"script", "style", "title", "textarea", "iframe", "noembed", "noframes", "noscript", "plaintext", "xmp"}

// found returns the names of the placeholders in a text.
func found(text []byte) []string {
	var names []string
	for _, match := range placeholderPattern.FindAllSubmatch(text, -1) {
		names = append(names, string(match[1]))
	}
	return names
}

// checkTag reports faults of the placeholders in a tag, and anything that the
// page would load from elsewhere.
func checkTag(tag html.Token, source string) []error {
	var errs []error
	if tag.Data == "base" {
		errs = append(errs, errors.New("<base> is not supported"))
	}
	isRefresh := slices.ContainsFunc(tag.Attr, func(a html.Attribute) bool { return a.Key == "http-equiv" })
	inValues := 0
	for _, a := range tag.Attr {
		if slices.Contains([]string{"src", "srcset", "href", "data", "poster"}, a.Key) && loads(tag.Data, a.Val) {
			errs = append(errs, fmt.Errorf("<%s %s=%q>: the page is all that is served: want it inline or as a data: URL", tag.Data, a.Key, short(a.Val)))
		}
		if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
			errs = append(errs, fmt.Errorf("<%s %s=...>: the page's policy allows <style> and <script> only", tag.Data, a.Key))
		}
		for _, name := range found([]byte(a.Val)) {
			inValues++
			allowed, known := placeholders[name]
			switch {
			case !known:
				errs = append(errs, fmt.Errorf("unknown placeholder {{%s}}", name))
			case allowed == anywhere:
			case allowed == inText, !textAttribute(a.Key), isRefresh:
				errs = append(errs, fmt.Errorf("{{%s}} is in <%s %s=...>: want it in a text, or a quoted attribute that is only text", name, tag.Data, a.Key))
			}
		}
	}
	if len(found([]byte(source))) != inValues || len(found(quoted(source))) != inValues {
		errs = append(errs, fmt.Errorf("<%s> has a placeholder outside of a quoted value", tag.Data))
	}
	return errs
}

// quoted returns the quoted texts of a tag.
func quoted(tag string) []byte {
	var within []byte
	for rest := tag; ; {
		start := strings.IndexAny(rest, `"'`)
		if start < 0 {
			return within
		}
		end := strings.IndexByte(rest[start+1:], rest[start])
		if end < 0 {
			return within
		}
		within = append(within, rest[start:start+1+end+1]...)
		rest = rest[start+1+end+1:]
	}
}

// textAttribute reports whether an attribute's value is text for people or about
// it, rather than an address or code.
func textAttribute(name string) bool {
	return slices.Contains([]string{"lang", "dir", "title", "alt", "content", "datetime", "value", "aria-label", "aria-description"}, name) ||
		strings.HasPrefix(name, "data-")
}

// loads reports whether an element with an address makes the browser fetch it. A
// link does not.
func loads(element, address string) bool {
	return element != "a" && element != "area" && !strings.HasPrefix(address, "data:") && !strings.HasPrefix(address, "#")
}

func short(text string) string {
	if runes := []rune(text); len(runes) > 60 {
		return string(runes[:60]) + "..."
	}
	return text
}
