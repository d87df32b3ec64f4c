package replay

import "strings"

// Limits on what is remembered of a log. Anything beyond is counted together as
// "other".
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
	maxText          = 200 // maximum length of a stored path, family or method, in bytes
)

// Other is the name for the rest of a limited table.
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

// clean prepares a text of the log for a terminal and for storing: everything
// except visible ASCII becomes \xHH, a long text is cut, and the result has its
// own memory.
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
