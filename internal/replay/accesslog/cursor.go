package accesslog

import (
	"fmt"
	"strings"
)

// cursor takes the fields of a line one by one.
type cursor struct {
	rest  string
	index int // of the field taken last, starting at 1
	end   bool
	err   error // the first one
}

// text takes a field as it is, quoted or not; "-" is empty. At the end of the
// line it takes nothing.
func (c *cursor) text() string {
	if c.end || c.err != nil {
		return ""
	}
	c.index++
	var field string
	if strings.HasPrefix(c.rest, `"`) {
		n := closingQuote(c.rest)
		if n < 0 {
			c.fail("the quote is not closed")
			return ""
		}
		field = c.rest[1:n]
		c.rest = c.rest[n+1:]
	} else {
		n := strings.IndexByte(c.rest, ' ')
		if n < 0 {
			n = len(c.rest)
		}
		field = c.rest[:n]
		c.rest = c.rest[n:]
	}
	if c.end = c.rest == ""; !c.end {
		c.rest = c.rest[1:]
		c.end = c.rest == "" // a space at the end of the line
	}
	if field == "-" {
		return ""
	}
	return unescape(field)
}

// closingQuote returns where the quoted field at the start of s ends: at a quote
// followed by a space, since quotes inside are escaped.
func closingQuote(s string) int {
	for i := 1; ; i++ {
		n := strings.IndexByte(s[i:], '"')
		if n < 0 {
			return -1
		}
		i += n
		if s[i-1] == '\\' && i > 1 {
			continue
		}
		if i+1 == len(s) || s[i+1] == ' ' {
			return i
		}
	}
}

// fail records an error about the field taken last.
func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("field %d (%s): %w", c.index, fieldName(c.index), fmt.Errorf(format, args...))
	}
}

// fieldNames are the names in the user guide.
var fieldNames = [...]string{
	"type", "time", "elb", "client:port", "target:port",
	"request_processing_time", "target_processing_time", "response_processing_time",
	"elb_status_code", "target_status_code", "received_bytes", "sent_bytes",
	"request", "user_agent", "ssl_cipher", "ssl_protocol", "target_group_arn", "trace_id",
	"domain_name", "chosen_cert_arn", "matched_rule_priority", "request_creation_time",
	"actions_executed", "redirect_url", "error_reason", "target:port_list",
	"target_status_code_list", "classification", "classification_reason", "conn_trace_id",
	"transformed_host", "transformed_uri", "request_transform_status",
}

// required is the minimum number of fields of a line: up to user_agent.
const required = 14

func fieldName(index int) string {
	if index < 1 || index > len(fieldNames) {
		return "unknown"
	}
	return fieldNames[index-1]
}

// unescape decodes \xHH, and the \" and \\ of older logs.
func unescape(s string) string {
	first := strings.IndexByte(s, '\\')
	if first < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	b = append(b, s[:first]...)
	for i := first; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			switch next := s[i+1]; {
			case next == 'x' && i+3 < len(s) && unhex(s[i+2]) >= 0 && unhex(s[i+3]) >= 0:
				b = append(b, byte(unhex(s[i+2])<<4|unhex(s[i+3])))
				i += 3
				continue
			case next == '"' || next == '\\':
				b = append(b, next)
				i++
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
