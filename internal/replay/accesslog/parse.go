package accesslog

import (
	"errors"
	"strings"
)

// Parse parses a line without its line break. The error names the field. The
// entry's texts share the line's memory.
func Parse(line string) (Entry, error) {
	c := cursor{rest: line, end: line == ""}
	e := Entry{
		Type:         c.text(),
		Time:         c.time(),
		LoadBalancer: c.text(),
		Client:       c.address(),
		Target:       c.address(),

		RequestProcessing:  c.seconds(),
		TargetProcessing:   c.seconds(),
		ResponseProcessing: c.seconds(),

		Status:       int(c.number(599)),
		TargetStatus: int(c.number(999)),
		Received:     c.number(maxBytes),
		Sent:         c.number(maxBytes),
	}
	e.Method, e.URL, e.Proto = requestLine(c.text())
	e.UserAgent = c.text()
	switch {
	case c.err != nil:
		return Entry{}, c.err
	case c.index < required:
		return Entry{}, shortError(c.index)
	case e.Type == "" || e.Time.IsZero():
		return Entry{}, errors.New("there is no type or no time")
	}

	e.Cipher = c.text()
	e.TLS = c.text()
	e.TargetGroup = c.text()
	e.TraceID = c.text()
	e.Domain = c.text()
	e.Certificate = c.text()
	e.Rule = c.rule()
	e.Created = c.time()
	e.Actions = c.text()
	e.RedirectURL = c.text()
	e.ErrorReason = c.text()
	e.Targets = c.text()
	e.TargetCodes = c.text()
	e.Desync = c.text()
	e.DesyncReason = c.text()
	e.Connection = c.text()
	e.TransformedHost = c.text()
	e.TransformedURI = c.text()
	e.TransformStatus = c.text()
	if c.err != nil {
		return Entry{}, c.err
	}
	return e, nil
}

// requestLine splits a request line. The URL is what the client sent, including
// spaces.
func requestLine(s string) (method, url, proto string) {
	s = strings.TrimSuffix(s, " ")
	first := strings.IndexByte(s, ' ')
	last := strings.LastIndexByte(s, ' ')
	if first < 0 {
		return "", s, ""
	}
	if first == last {
		return dash(s[:first]), dash(s[first+1:]), ""
	}
	return dash(s[:first]), dash(s[first+1 : last]), dash(s[last+1:])
}

func dash(s string) string {
	if s == "-" {
		return ""
	}
	return s
}
