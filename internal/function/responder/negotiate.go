package responder

import "strings"

// kind is a form that an answer takes.
type kind int

const (
	kindJSON      kind = iota // the default
	kindVendor                // the same, under the media type of JSON:API
	kindProblem               // RFC 9457
	kindHTML                  // for people
	kindForm                  // the same, for a form that was sent
	kindPreflight             // empty body
	kinds
)

func (k kind) String() string {
	return [kinds]string{"json", "vnd.api+json", "problem+json", "html", "html", "preflight"}[k]
}

// offers are the kinds with a body. The first one wins a tie.
var offers = [...]struct {
	kind               kind
	mediaType, subtype string
}{
	{kindJSON, "application", "json"},
	{kindVendor, "application", "vnd.api+json"},
	{kindProblem, "application", "problem+json"},
	{kindHTML, "text", "html"},
}

// negotiate returns the kind that an Accept header prefers: by quality, then by
// how exactly it is named, so that "text/html, */*" means HTML. A browser names
// text/html when it navigates, but not when a script calls. If nothing matches,
// the answer is JSON: a client that cannot read it can still read the status.
func negotiate(accept string) kind {
	var quality, precision [len(offers)]int
	for rest := accept; rest != ""; {
		var element string
		element, rest = cutUnquoted(rest, ',')
		mediaRange, parameters := cutUnquoted(element, ';')
		mediaType, subtype, _ := strings.Cut(strings.TrimSpace(mediaRange), "/")
		q := qualityOf(parameters)
		for i, o := range offers {
			p := 0
			switch {
			case strings.EqualFold(mediaType, o.mediaType) && strings.EqualFold(subtype, o.subtype):
				p = 3
			case strings.EqualFold(mediaType, o.mediaType) && subtype == "*":
				p = 2
			case mediaType == "*" && subtype == "*":
				p = 1
			}
			if p > precision[i] || p == precision[i] && p > 0 && q > quality[i] {
				quality[i], precision[i] = q, p
			}
		}
	}
	best := 0
	for i := range offers {
		if quality[i] > quality[best] || quality[i] == quality[best] && quality[i] > 0 && precision[i] > precision[best] {
			best = i
		}
	}
	return offers[best].kind
}

// cutUnquoted is like strings.Cut, but ignores separators in quoted strings.
func cutUnquoted(s string, separator byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == separator && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// qualityOf returns the q of a media range in thousandths, 1000 if it is missing
// or unreadable.
func qualityOf(parameters string) int {
	for rest := parameters; rest != ""; {
		var parameter string
		parameter, rest = cutUnquoted(rest, ';')
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if strings.EqualFold(name, "q") {
			return thousandths(value)
		}
	}
	return 1000
}

func thousandths(s string) int {
	whole, fraction, _ := strings.Cut(s, ".")
	if whole != "0" || len(fraction) > 3 || strings.Trim(fraction, "0123456789") != "" {
		return 1000
	}
	q := 0
	for i := range 3 {
		q *= 10
		if i < len(fraction) {
			q += int(fraction[i] - '0')
		}
	}
	return q
}
