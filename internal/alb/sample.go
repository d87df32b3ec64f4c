package alb

import (
	"maps"
	"net/netip"
	"regexp"
	"strings"
)

// Part names a part of a request that conditions look at.
type Part struct {
	Field string // of the conditions
	Name  string // of a header, in lower case
}

// PartOf returns the part of a request that a condition looks at.
func PartOf(c Condition) Part { return Part{Field(c), strings.ToLower(c.header())} }

// Space describes what a part of a request may be.
type Space struct {
	// Sides are the texts that make up the part: most parts are one text, a pair
	// of a query is two.
	Sides []Side

	// Repeats says that the part may be sent several times, or not at all.
	Repeats bool

	// Set writes the part into a draft. It returns false for texts that no
	// request can have there.
	Set func(d *Draft, texts []string) bool
}

// SpaceOf returns the space of the part of a request that a condition looks at.
func SpaceOf(c Condition) Space { return c.field().space(c.header()) }

// Samples returns texts of the part of a request that a condition looks at, for
// each side of its space. It returns none for a condition on something unknown.
func Samples(c Condition) []Sample { return c.samples() }

// Side describes what one text of a part may be.
type Side struct {
	Usual     []string   // tried first
	Languages []Language // none if only the texts that conditions name matter
	Blank     bool       // it may be empty
}

// Language is a set of texts.
type Language struct {
	Regex   string // anchored
	Letters string // in order of preference
}

// Sample is what a condition says about one side of a part.
type Sample struct {
	Regexes []string // each matches where one of the condition's values does
	Texts   []string // examples that the values match, as people would write them
}

// visible is visible ASCII.
const visible = "x1abcdefghijklmnopqrstuvwyz023456789-_.~/ABCDEFGHIJKLMNOPQRSTUVWXYZ$@:+&'\"*!(),;=[]{}<>|^`\\?#% "

// word is the set of texts that people write first.
var word = Language{`\A[a-z0-9]+\z`, "xabcdefghijklmnopqrstuvwyz0123456789"}

// Draft is a request under construction.
type Draft struct {
	Method string
	Path   string // as rules see it, not escaped
	Query  []string
	Host   string
	Header map[string][]string
	Source netip.Addr
}

// NewDraft returns a request that no condition constrains. Its source is an
// address reserved for documentation.
func NewDraft() Draft {
	return Draft{Method: "GET", Path: "/", Host: "example.com", Source: netip.AddrFrom4([4]byte{203, 0, 113, 9})}
}

// Request returns the draft as a request.
func (d Draft) Request() Request {
	r := Request{Method: d.Method, Target: escaped(d.Path), Host: d.Host, Source: d.Source, Header: maps.Clone(d.Header)}
	if len(d.Query) > 0 {
		r.Target += "?" + strings.Join(d.Query, "&")
	}
	return r
}

// Add adds the repeatable parts of another draft.
func (d *Draft) Add(other Draft) {
	d.Query = append(append([]string{}, d.Query...), other.Query...)
	for name, lines := range other.Header {
		d.setHeader(name, append(append([]string{}, d.Header[name]...), lines...))
	}
}

// setHeader sets the lines of a header. It copies the header, which drafts share.
func (d *Draft) setHeader(name string, lines []string) {
	d.Header = maps.Clone(d.Header)
	if d.Header == nil {
		d.Header = map[string][]string{}
	}
	d.Header[name] = lines
}

// escaped escapes a path so that rules see it unchanged.
func escaped(path string) string {
	if !strings.ContainsAny(path, "%?# ") {
		return path
	}
	return strings.NewReplacer("%", "%25", "?", "%3F", "#", "%23", " ", "%20").Replace(path)
}

// sampleOf returns the sample of values with wildcards. escapes says that \* and
// \? stand for the characters themselves.
func sampleOf(values []string, flags string, escapes bool) Sample {
	return Sample{globs(values, flags, escapes), plainest(values)}
}

// regexSample returns the sample of regular expressions. fold says that they
// compare without case.
func regexSample(values []string, fold bool) []Sample {
	if fold {
		values = replaced(values, func(value string) string { return "(?i)" + value })
	}
	return []Sample{{Regexes: values}}
}

// globs converts values with wildcards to regexes.
func globs(values []string, flags string, escapes bool) []string {
	return replaced(values, func(value string) string {
		var b strings.Builder
		b.WriteString(flags + `\A`)
		for j := 0; j < len(value); j++ {
			switch c := value[j]; {
			case escapes && c == '\\' && j+1 < len(value) && (value[j+1] == '*' || value[j+1] == '?'):
				j++
				b.WriteString(regexp.QuoteMeta(value[j : j+1]))
			case c == '*':
				b.WriteString("(?s:.*)")
			case c == '?':
				b.WriteString("(?s:.)")
			default:
				b.WriteString(regexp.QuoteMeta(value[j : j+1]))
			}
		}
		return b.String() + `\z`
	})
}

// plainest returns texts that values with wildcards match, as people would write
// them.
func plainest(values []string) []string {
	return replaced(values, func(value string) string {
		value = strings.NewReplacer(`\*`, "\x00", `\?`, "\x01", "*", "x", "?", "x").Replace(value)
		return strings.NewReplacer("\x00", "*", "\x01", "?").Replace(value)
	})
}
