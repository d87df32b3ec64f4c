package responder

import "strconv"

// marker tells a planned 503 from any other.
const marker = "X-Maintenance-Mode"

// header is a name and a value that JSON writes as they are.
type header struct{ name, value string }

// answer is what all answers of a kind in a language have in common.
type answer struct {
	status  string // with its description
	headers []header
	body    template
}

// template is the text around every place where the seconds to wait belong,
// as JSON writes it within a string.
type template []string

// newTemplate returns the template of parts.
func newTemplate(parts ...string) template {
	t := make(template, len(parts))
	for i, part := range parts {
		t[i] = escape(part)
	}
	return t
}

// escape returns s as JSON writes it within a string.
func escape(s string) string {
	quoted := encode(s)
	return quoted[1 : len(quoted)-1]
}

// append writes the answer to r as the load balancer reads it: the two families
// of headers, one of them filled, and neither ever null. more are the headers
// of this answer alone.
func (a *answer) append(b []byte, r request, seconds int64, more []header) []byte {
	b = append(b, `{"statusCode":`...)
	b = append(b, a.status...)
	b = append(b, `,"isBase64Encoded":false,"headers":{`...)
	if r.single {
		b = appendHeaders(b, a.headers, more, `":"`, `",`)
	}
	b = append(b, `},"multiValueHeaders":{`...)
	if r.multi {
		b = appendHeaders(b, a.headers, more, `":["`, `"],`)
	}
	b = append(b, `},"body":"`...)
	if r.method != "HEAD" {
		b = a.body.append(b, seconds)
	}
	return append(b, `"}`...)
}

func appendHeaders(b []byte, common, more []header, before, after string) []byte {
	for _, headers := range [...][]header{common, more} {
		for _, h := range headers {
			b = append(b, '"')
			b = append(b, h.name...)
			b = append(b, before...)
			b = append(b, h.value...)
			b = append(b, after...)
		}
	}
	return b[:len(b)-1] // the last comma: there are always headers
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

// size is about how many bytes an answer takes.
func (a *answer) size() int {
	n := 1024
	for _, part := range a.body {
		n += len(part)
	}
	return n
}

// newAnswer returns the answer of a kind in a language, with the planned end if
// it is still to come.
func newAnswer(c Config, k kind, s speech, planned bool) *answer {
	if k == kindPreflight {
		return &answer{status: `204,"statusDescription":"204 No Content"`, headers: []header{
			{"Cache-Control", "no-store"},
			{marker, "on"},
			{"Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"},
		}}
	}
	a := &answer{status: `503,"statusDescription":"503 Service Unavailable"`, headers: []header{
		{"Cache-Control", "no-store"},
		{marker, "on"},
		{"Vary", "Accept, Accept-Language, Origin"},
		{"X-Content-Type-Options", "nosniff"},
	}}
	if k == kindJSON && c.Body != nil {
		a.headers = append(a.headers, header{"Content-Type", "application/json"})
		a.body = newTemplate(string(c.Body))
		return a
	}
	until := ""
	if planned {
		until = c.Until.Format(untilLayout)
	}
	if s.tag != "und" {
		a.headers = append(a.headers, header{"Content-Language", s.tag})
	}
	switch k {
	case kindJSON:
		a.headers = append(a.headers, header{"Content-Type", "application/json"})
		a.body = jsonAPI(s.message, until)
	case kindVendor:
		a.headers = append(a.headers, header{"Content-Type", "application/vnd.api+json"})
		a.body = jsonAPI(s.message, until)
	case kindProblem:
		a.headers = append(a.headers, header{"Content-Type", "application/problem+json"})
		a.body = problem(s.message, until)
	case kindHTML:
		a.headers = append(a.headers,
			header{"Content-Type", "text/html; charset=utf-8"},
			header{"Content-Security-Policy", pagePolicy()},
			header{"Referrer-Policy", "no-referrer"},
			header{"X-Robots-Tag", "noindex"})
		a.body = page(s, c.Until, planned)
	}
	return a
}
