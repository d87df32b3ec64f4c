package replay

import "strings"

// These bound what is remembered of a log. What goes beyond is counted
// together as "other".
const (
	maxEndpoints     = 20_000
	maxFamilies      = 1_000
	maxMethods       = 40
	maxAgents        = 20_000
	maxSessions      = 50_000
	maxDisagreements = 200
	maxPorts         = 20
	maxBalancers     = 20
	maxHeaders       = 60
	maxHeaderSets    = 100
	maxMalformed     = 5
	maxText          = 200 // bytes of a path, a family or a method that are kept
)

// Other is what the rest of a bounded table is called.
const Other = "other"

// bump counts key in m, or Other if m is full.
func bump(m map[string]int64, key string, most int) {
	if _, ok := m[key]; ok {
		m[key]++
		return
	}
	if len(m) >= most {
		m[Other]++
		return
	}
	m[clean(key)]++
}

const hexDigits = "0123456789ABCDEF"

// clean returns a text of the log ready for a terminal, and for keeping: what
// is not visible ASCII as \xHH, the text cut if it is long, and in memory of its
// own.
func clean(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if b.Len() >= maxText {
			b.WriteString("...")
			break
		}
		if c := s[i]; c < 0x20 || c >= 0x7f {
			b.WriteString(`\x`)
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
