package responder

import (
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/maintenance"
)

// header is a name and a value that need no escaping in JSON.
type header struct{ name, value string }

// answer is what all answers of a kind in a language share, as JSON.
type answer struct {
	status        string   // with its description
	single, multi template // the headers in both forms
	body          template
}

// template is the text around every place for the seconds to wait, escaped for a
// JSON string.
type template []string

// newTemplate returns a template made of parts.
func newTemplate(parts ...string) template {
	t := make(template, len(parts))
	for i, part := range parts {
		t[i] = escape(part)
	}
	return t
}

// escape returns s escaped for a JSON string.
func escape(s string) string {
	quoted := encode(s)
	return quoted[1 : len(quoted)-1]
}

// write returns the answer to r in the form that the load balancer reads: both
// header maps, one of them filled and neither null. more are headers of this
// answer only.
func (a *answer) write(r *request, seconds int64, more []header) []byte {
	b := make([]byte, 0, a.size(r, more))
	b = append(b, `{"statusCode":`...)
	b = append(b, a.status...)
	b = append(b, `,"isBase64Encoded":false,"headers":{`...)
	if r.single {
		b = a.single.append(b, seconds)
		b = appendHeaders(b, more, `":"`, `"`)
	}
	b = append(b, `},"multiValueHeaders":{`...)
	if r.multi {
		b = a.multi.append(b, seconds)
		b = appendHeaders(b, more, `":["`, `"]`)
	}
	b = append(b, `},"body":"`...)
	if r.method != "HEAD" {
		b = a.body.append(b, seconds)
	}
	return append(b, `"}`...)
}

// size returns the number of bytes of an answer, or slightly more, so that memory
// is allocated once.
func (a *answer) size(r *request, more []header) int {
	n := 160 + a.body.size() // with what all answers contain
	families := 0
	if r.single {
		n += a.single.size()
		families++
	}
	if r.multi {
		n += a.multi.size()
		families++
	}
	for _, h := range more {
		n += families * (len(h.name) + len(h.value) + len(`,"":[""]`))
	}
	return n
}

// appendHeaders appends headers to those that every answer has.
func appendHeaders(b []byte, headers []header, before, after string) []byte {
	for _, h := range headers {
		b = append(b, `,"`...)
		b = append(b, h.name...)
		b = append(b, before...)
		b = append(b, h.value...)
		b = append(b, after...)
	}
	return b
}

func (t template) append(b []byte, seconds int64) []byte {
	for i, part := range t {
		if i > 0 {
			b = strconv.AppendInt(b, seconds, 10)
		}
		b = append(b, part...)
	}
	return b
}

func (t template) size() int {
	n := 0
	for _, part := range t {
		n += len(part) + len("2073600")
	}
	return n
}

// newAnswer returns the answer of a kind in a language. planned says that it
// includes the planned end.
func newAnswer(c Config, html string, k kind, s speech, planned bool) *answer {
	a := &answer{status: `503,"statusDescription":"503 Service Unavailable"`}
	headers := []header{{"Cache-Control", "no-store"}, {maintenance.Marker, maintenance.MarkerValue}}
	add := func(name, value string) { headers = append(headers, header{name, value}) }

	if c.Status != "" {
		add("Link", escape("<"+c.Status+`>; rel="status"`))
	}
	until := ""
	if planned {
		until = c.Until.Format(untilLayout)
	}
	leads := (k == kindHTML || k == kindForm) && c.StatusPage != ""
	switch {
	case k == kindPreflight:
		a.status = `204,"statusDescription":"204 No Content"`
		add("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
	case k == kindJSON && c.Body != nil:
		add("Content-Type", "application/json")
		a.body = newTemplate(string(c.Body))
	case k == kindJSON:
		add("Content-Type", "application/json")
		a.body = jsonAPI(s.message, until)
	case k == kindVendor:
		add("Content-Type", "application/vnd.api+json")
		a.body = jsonAPI(s.message, until)
	case k == kindProblem:
		add("Content-Type", "application/problem+json")
		a.body = problem(s.message, until)
	case leads:
		a.status = `303,"statusDescription":"303 See Other"`
		add("Location", c.StatusPage)
	case k == kindHTML || k == kindForm:
		add("Content-Type", "text/html; charset=utf-8")
		add("Content-Security-Policy", pagePolicy(html))
		add("Referrer-Policy", "no-referrer")
		add("X-Robots-Tag", "noindex")
		a.body = page(html, s, c.Until, planned, k == kindForm)
	}
	if k != kindPreflight {
		add("Vary", "Accept, Accept-Language, Origin")
		add("X-Content-Type-Options", "nosniff")
	}
	if k != kindPreflight && !leads {
		if own := k == kindJSON && c.Body != nil; !own && s.tag != "und" {
			add("Content-Language", s.tag)
		}
		add("Retry-After", "\x00")
	}
	a.single = gaps(appendHeaders(nil, headers, `":"`, `"`)[1:])
	a.multi = gaps(appendHeaders(nil, headers, `":["`, `"]`)[1:])
	return a
}

// gaps returns the template with a place for the seconds to wait at every NUL.
func gaps(json []byte) template {
	return strings.Split(string(json), "\x00")
}
