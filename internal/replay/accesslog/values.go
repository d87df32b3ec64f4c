package accesslog

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// maxBytes limits the size that a request or an answer may claim.
const maxBytes = math.MaxInt64

func shortError(fields int) error {
	if fields == 0 {
		return errors.New("the line is empty")
	}
	return fmt.Errorf("the line ends after field %d (%s), want at least %d fields", fields, fieldName(fields), required)
}

func (c *cursor) time() time.Time {
	text := c.text()
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		c.fail("%s: want a time such as 2026-11-20T03:00:00.000000Z", shown(text))
	}
	return t
}

// address parses ADDRESS:PORT. An IPv6 address may be without brackets. Anything
// else has been anonymized, and is not known.
func (c *cursor) address() netip.AddrPort {
	text := c.text()
	if text == "" {
		return netip.AddrPort{}
	}
	if address, err := netip.ParseAddrPort(text); err == nil {
		return address
	}
	if colon := strings.LastIndexByte(text, ':'); colon >= 0 {
		address, err := netip.ParseAddr(text[:colon])
		port, portErr := strconv.ParseUint(text[colon+1:], 10, 16)
		if err == nil && portErr == nil {
			return netip.AddrPortFrom(address, uint16(port))
		}
	}
	return netip.AddrPort{}
}

// seconds parses a duration; -1 means that the request did not get there.
func (c *cursor) seconds() time.Duration {
	text := c.text()
	if text == "" || text == "-1" {
		return NotReached
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds >= 0 && seconds <= 1e9) {
		c.fail("%s: want seconds, or -1", shown(text))
		return NotReached
	}
	return time.Duration(math.Round(seconds * 1e9))
}

func (c *cursor) number(most int64) int64 {
	text := c.text()
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > most {
		c.fail("%s: want a whole number", shown(text))
		return 0
	}
	return n
}

func (c *cursor) rule() int {
	if c.end {
		return RuleNotLogged
	}
	text := c.text()
	if text == "" {
		return NoRule
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < RuleError || n > 50_000 {
		c.fail("%s: want a priority, 0, -1 or -", shown(text))
		return NoRule
	}
	return n
}

// shown quotes a text of the log for an error, shortened if it is long.
func shown(s string) string {
	if len(s) > 60 {
		return strconv.Quote(s[:60]) + "..."
	}
	return strconv.Quote(s)
}
