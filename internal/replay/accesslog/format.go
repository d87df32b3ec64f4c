package accesslog

import (
	"bytes"
	"net/netip"
	"strconv"
	"time"
)

// String returns the entry as a log line, in the format that Parse reads.
func (e Entry) String() string { return string(e.Append(nil)) }

// Append appends the entry to b as a log line, without a line break.
func (e Entry) Append(b []byte) []byte {
	b = appendWord(b, e.Type)
	b = appendTime(append(b, ' '), e.Time)
	b = appendWord(append(b, ' '), e.LoadBalancer)
	b = appendAddress(append(b, ' '), e.Client)
	b = appendAddress(append(b, ' '), e.Target)
	for _, d := range []time.Duration{e.RequestProcessing, e.TargetProcessing, e.ResponseProcessing} {
		b = appendSeconds(append(b, ' '), d)
	}
	for _, status := range []int{e.Status, e.TargetStatus} {
		b = appendNumber(append(b, ' '), int64(status), status == 0)
	}
	b = appendNumber(append(b, ' '), e.Received, false)
	b = appendNumber(append(b, ' '), e.Sent, false)
	b = append(b, ` "`...)
	for i, part := range []string{e.Method, e.URL, e.Proto} {
		if i > 0 {
			b = append(b, ' ')
		}
		b = appendText(b, part)
	}
	b = append(b, '"')
	b = appendQuoted(b, e.UserAgent)
	b = appendWord(append(b, ' '), e.Cipher)
	b = appendWord(append(b, ' '), e.TLS)
	b = appendWord(append(b, ' '), e.TargetGroup)
	b = appendQuoted(b, e.TraceID)
	b = appendQuoted(b, e.Domain)
	b = appendQuoted(b, e.Certificate)
	if e.Rule == RuleNotLogged {
		return b
	}
	b = appendNumber(append(b, ' '), int64(e.Rule), e.Rule == NoRule)
	b = appendTime(append(b, ' '), e.Created)
	for _, text := range []string{e.Actions, e.RedirectURL, e.ErrorReason, e.Targets, e.TargetCodes, e.Desync, e.DesyncReason} {
		b = appendQuoted(b, text)
	}
	b = appendWord(append(b, ' '), e.Connection)
	for _, text := range []string{e.TransformedHost, e.TransformedURI, e.TransformStatus} {
		b = appendQuoted(b, text)
	}
	return b
}

func appendQuoted(b []byte, s string) []byte {
	return append(appendText(append(b, ` "`...), s), '"')
}

// appendWord also escapes spaces, which would end a field without quotes.
func appendWord(b []byte, s string) []byte {
	start := len(b)
	b = appendText(b, s)
	if bytes.IndexByte(b[start:], ' ') >= 0 {
		b = append(b[:start], bytes.ReplaceAll(b[start:], []byte(" "), []byte(`\x20`))...)
	}
	return b
}

// appendText escapes what would end the field or the line early.
func appendText(b []byte, s string) []byte {
	if s == "" {
		return append(b, '-')
	}
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"', c == '\\', c < 0x20, c >= 0x7f:
			b = append(b, '\\', 'x', digits[c>>4], digits[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}

func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, '-')
	}
	return t.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
}

func appendAddress(b []byte, a netip.AddrPort) []byte {
	if !a.IsValid() {
		return append(b, '-')
	}
	return a.AppendTo(b)
}

func appendSeconds(b []byte, d time.Duration) []byte {
	if d < 0 {
		return append(b, "-1"...)
	}
	return strconv.AppendFloat(b, d.Seconds(), 'f', 3, 64)
}

func appendNumber(b []byte, n int64, unset bool) []byte {
	if unset {
		return append(b, '-')
	}
	return strconv.AppendInt(b, n, 10)
}
