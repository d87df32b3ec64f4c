package replay

import "strings"

// id replaces an identifier in an endpoint.
const id = "{id}"

// foldPath appends the path of a request-target to b, with ids folded into {id}:
// numbers, dates, UUIDs, ULIDs, hashes, long hex and random tokens. Characters
// that a terminal or a pattern would misinterpret are written as \xHH, and a long
// path is cut.
func foldPath(b []byte, target string) []byte {
	path := target
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "#")
	start := len(b)
	for path != "" {
		var segment string
		if path[0] == '/' {
			b = append(b, '/')
			path = path[1:]
		}
		segment, path = path, ""
		if slash := strings.IndexByte(segment, '/'); slash >= 0 {
			segment, path = segment[:slash], segment[slash:]
		}
		if isID(segment) {
			b = append(b, id...)
		} else {
			b = appendClean(b, segment)
		}
		if len(b)-start > maxText {
			return append(b[:start+maxText], "..."...)
		}
	}
	return b
}

func appendClean(b []byte, s string) []byte {
	if len(s) > maxText {
		s = s[:maxText+1]
	}
	for i := range len(s) {
		if c := s[i]; c <= 0x20 || c >= 0x7f || c == '{' || c == '}' {
			b = append(b, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		} else {
			b = append(b, c)
		}
	}
	return b
}

// letters counts the kinds of characters in a segment.
type letters struct {
	digits, lowerHex, upperHex, lower, upper, dashes, others int
	crockford                                                bool // only characters that occur in a ULID
}

func lettersOf(s string) letters {
	n := letters{crockford: true}
	for i := range len(s) {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			n.digits++
		case 'a' <= c && c <= 'f':
			n.lowerHex++
		case 'A' <= c && c <= 'F':
			n.upperHex++
		case 'g' <= c && c <= 'z':
			n.lower++
		case 'G' <= c && c <= 'Z':
			n.upper++
		case c == '-':
			n.dashes++
		default:
			n.others++
		}
		switch c {
		case 'i', 'l', 'o', 'u', 'I', 'L', 'O', 'U', '-':
			n.crockford = false
		}
	}
	n.crockford = n.crockford && n.others == 0
	return n
}

// isID reports whether a segment identifies one thing of many. It may have a file
// extension and a prefix such as "rep_".
func isID(s string) bool {
	if s == "" || len(s) > maxText {
		return false
	}
	if strings.Trim(s, "0123456789") == "" {
		return true
	}
	if dot := strings.LastIndexByte(s, '.'); dot > 0 && len(s)-dot <= 6 {
		s = s[:dot]
		if len(s) > 3 && strings.Trim(s, "0123456789") == "" {
			return true
		}
	}
	if line := strings.LastIndexByte(s, '_'); line > 0 && line+1 < len(s) && isToken(s[line+1:]) {
		return true
	}
	return isToken(s)
}

func isToken(s string) bool {
	if len(s) < 8 {
		return false
	}
	n := lettersOf(s)
	hex := n.digits + n.lowerHex + n.upperHex
	plain := n.lower + n.upper + n.others // neither hex nor a dash
	switch {
	case n.digits == 0:
		return false
	case plain == 0 && n.lowerHex+n.upperHex == 0: // a date, a phone number
		return true
	case plain == 0 && n.dashes == 4 && len(s) == 36:
		return s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-'
	case plain == 0 && n.dashes == 0 && hex >= 16:
		return true
	case len(s) == 26 && n.crockford && s[0] <= '7':
		return true
	}
	return len(s) >= 20 && n.others == 0 && n.digits >= 2 && n.lower+n.lowerHex > 0 && n.upper+n.upperHex > 0 && n.dashes <= 2
}
