package alb

import "strings"

// reading is a path as rules see it, with what is uncertain about it.
//
// Rules match the normalized path, and AWS does not say what normalizing does
// (UGnow, path conditions). The model decodes once, resolves dot segments, and
// keeps double slashes. It is based on url-rewrite seeing the decoded path
// (aws-load-balancer-controller#4579), on "..%2f" being resolved before the
// answer 400 (re:Post QU9JMK-tiDSVK06H6oAaIRZg), and on "//application" matching
// itself (aws-load-balancer-controller#820). The target always gets the raw path.
type reading struct {
	text  string
	doubt Doubt

	// others are other paths that ALB may see instead.
	others []string
}

// readPath reads a raw path. It also reports whether the path climbs above
// the root, which ALB answers with 400 (re:Post QU9JMK-tiDSVK06H6oAaIRZg).
func readPath(raw string) (path reading, aboveRoot bool) {
	doubt := pathDoubt(raw)
	if doubt == 0 {
		return reading{text: raw}, false
	}
	decoded := decodeOnce(raw)
	resolved, ok := resolveDots(decoded)
	if !ok {
		return reading{text: raw, doubt: doubt}, true
	}
	path = reading{text: resolved, doubt: doubt}
	rawResolved, _ := resolveDots(raw)
	for _, other := range []string{raw, decoded, rawResolved, mergeSlashes(resolved), mergeSlashes(raw)} {
		if other != resolved {
			path.others = append(path.others, other)
		}
	}
	return path, false
}

func pathDoubt(raw string) Doubt {
	doubt := nonASCII(raw)
	for i := range len(raw) {
		switch raw[i] {
		case '%':
			doubt |= PathEscapes
			if !escape(raw[i:]) {
				doubt |= MalformedEscape
			}
		case '/':
			doubt |= slashDoubt(raw[i+1:])
		}
	}
	return doubt
}

// slashDoubt returns the doubt about a slash followed by rest.
func slashDoubt(rest string) Doubt {
	if strings.HasPrefix(rest, "/") {
		return PathSlashes
	}
	segment, _, _ := strings.Cut(rest, "/")
	if segment == "." || segment == ".." {
		return PathDots
	}
	return 0
}

// decodeOnce decodes percent-escapes. It leaves a malformed escape as it is.
func decodeOnce(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && escape(s[i:]) {
			b = append(b, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}

// escape reports whether s starts with a percent-escape.
func escape(s string) bool { return len(s) > 2 && unhex(s[1]) >= 0 && unhex(s[2]) >= 0 }

func unhex(c byte) int { return strings.IndexByte("0123456789abcdef", lower(c)) }

// resolveDots resolves "." and ".." segments and keeps empty ones. It returns
// false if the path climbs above the root.
func resolveDots(s string) (string, bool) {
	var kept []string
	segments := strings.Split(strings.TrimPrefix(s, "/"), "/")
	for i, segment := range segments {
		last := i == len(segments)-1
		switch {
		case segment == ".." && len(kept) == 0:
			return s, false
		case segment == "..":
			kept = kept[:len(kept)-1]
		case segment != ".":
			kept = append(kept, segment)
			continue
		}
		if last {
			kept = append(kept, "") // "/a/." is the folder "/a/"
		}
	}
	return "/" + strings.Join(kept, "/"), true
}

func mergeSlashes(s string) string {
	for strings.Contains(s, "//") {
		s = strings.ReplaceAll(s, "//", "/")
	}
	return s
}

// seenBy returns the outcome of a test of the path. It is certain if the path has
// only one reading, or if the test does not look at it.
func (p *reading) seenBy(test func(string) Outcome) Outcome {
	o := test(p.text)
	if p.doubt == 0 {
		return o
	}
	doubt := p.doubt
	for _, other := range p.others {
		if test(other).Verdict.Matches() != o.Verdict.Matches() {
			doubt |= PathReadings
		}
	}
	return doubted(o.Verdict.Matches(), doubt|o.Doubt)
}
