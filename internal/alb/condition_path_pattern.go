package alb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

var pathField = &field{
	name:   "path-pattern",
	config: "PathPatternConfig",
	keys:   []string{"Values", "RegexValues"},
	read: func(r *reader, n, config cfn.Node) []Condition {
		values, regexes := r.spelled(n, "Values", config, true), r.spelled(n, "RegexValues", config, true)
		return valuesAndRegexes(PathPatterns(values), PathRegexes(regexes), len(values), len(regexes))
	},
	space: func(string) Space {
		return Space{
			Sides: []Side{{Usual: []string{"/"}, Languages: []Language{usualPath, anyPath}}},
			Set: func(d *Draft, texts []string) bool {
				d.Path = texts[0]
				return strings.HasPrefix(d.Path, "/")
			},
		}
	},
}

// segment matches a part of a path that is neither empty nor "." nor "..".
const segment = `(?:[^/.][^/]*|\.[^/.][^/]*|\.\.[^/]+)`

var (
	usualPath = Language{`\A/(?:` + segment + `(?:/` + segment + `)*/?)?\z`, "x1abcdefghijklmnopqrstuvwyz023456789-_.~/ABCDEFGHIJKLMNOPQRSTUVWXYZ$@:+&'\"*!(),;=[]{}<>|^`\\"}
	anyPath   = Language{`\A(?:/(?:` + segment + `)?)+\z`, visible}
)

// PathPatterns matches the whole path of a request, never its query, against
// patterns in which * stands for any characters or none, / included, and ? for
// exactly one. Case matters; there is no escape. Sources: BC; LBC-conf
// HTTPRouteExactPathMatching and HTTPRouteMatching.
type PathPatterns []string

// Match matches the path of the request.
func (p PathPatterns) Match(r *Request) Outcome { return p.prepare().Match(r) }

// String returns text such as `path "/api/login" or "/api/files/*"`.
func (p PathPatterns) String() string { return "path " + quoted(p) }

func (p PathPatterns) field() *field          { return pathField }
func (p PathPatterns) header() string         { return "" }
func (p PathPatterns) values() []Value        { return wildcardValues(p) }
func (p PathPatterns) regexes() bool          { return false }
func (p PathPatterns) always() bool           { return slices.Contains(p, "*") || slices.Contains(p, "/*") }
func (p PathPatterns) nobody() bool           { return false }
func (p PathPatterns) samples() []Sample      { return []Sample{sampleOf(p, "", false)} }
func (p PathPatterns) config() map[string]any { return map[string]any{"Values": []string(p)} }

func (p PathPatterns) split(n int) []Condition {
	return splitInto(p, n, func(v []string) Condition { return PathPatterns(v) })
}

func (p PathPatterns) replace(text func(string) string) Condition {
	return PathPatterns(replaced(p, text))
}

func (p PathPatterns) mismatch(r *Request) string {
	return fmt.Sprintf("path %q is not %s%s", r.path.text, quoted(p), p.hint(r))
}

func (p PathPatterns) hint(r *Request) string {
	for _, value := range p {
		if p := readPattern(value, true, false); p.doubt == 0 && p.matches(r.path.text) {
			return ": case counts"
		}
	}
	return ""
}

func (p PathPatterns) check(c *checker) {
	checkSome(c, "path pattern", p)
	for _, path := range p {
		c.checkText("path pattern", path, MaxValueLength)
		c.checkCharacters("path pattern", path, pathCharacters, `A-Z a-z 0-9 _ - . $ / ~ " ' @ : + & * ?`)
	}
}

func (p PathPatterns) prepare() Matcher {
	patterns := make(pathPatterns, len(p))
	for i, value := range p {
		patterns[i] = readPattern(value, false, false)
		if value == "/*" {
			patterns[i].shape = anything // every path starts with /, in any reading
		}
	}
	return patterns
}

type pathPatterns []pattern

func (p pathPatterns) Match(r *Request) Outcome {
	r.prepare()
	var o Outcome
	for i := range p {
		if r.path.doubt == 0 {
			o = o.or(p[i].match(r.path.text, 0))
		} else if p[i].shape == anything && p[i].doubt == 0 {
			o = Outcome{Verdict: Yes}
		} else {
			o = o.or(r.path.seenBy(func(path string) Outcome { return p[i].match(path, 0) }))
		}
		if o.Verdict == Yes {
			break
		}
	}
	return o
}

// quick puts the patterns into a trial, if it has none yet and all are plain.
func (p pathPatterns) quick(t *trial) bool {
	if t.paths != nil || len(p) == 0 {
		return false
	}
	for i := range p {
		if p[i].doubt != 0 {
			return false
		}
	}
	t.paths = p
	return true
}

// PathRegexes matches the path of a request against case-sensitive regular
// expressions. Whether ALB matches the whole path or searches in it, and whether
// case really matters, is not documented: the outcome is uncertain where that
// decides. Source: BC.
type PathRegexes []string

// Match matches the path of the request.
func (p PathRegexes) Match(r *Request) Outcome { return p.prepare().Match(r) }

// String returns text such as `path ~ "^/a$"`.
func (p PathRegexes) String() string { return "path ~ " + quoted(p) }

func (p PathRegexes) field() *field          { return pathField }
func (p PathRegexes) header() string         { return "" }
func (p PathRegexes) values() []Value        { return regexValues(p) }
func (p PathRegexes) regexes() bool          { return true }
func (p PathRegexes) always() bool           { return false }
func (p PathRegexes) nobody() bool           { return false }
func (p PathRegexes) samples() []Sample      { return regexSample(p, false) }
func (p PathRegexes) config() map[string]any { return map[string]any{"RegexValues": []string(p)} }

func (p PathRegexes) split(n int) []Condition {
	return splitInto(p, n, func(v []string) Condition { return PathRegexes(v) })
}

// A regex is not replaced: values known only after a deploy are never part of
// one.
func (p PathRegexes) replace(func(string) string) Condition { return p }

func (p PathRegexes) mismatch(r *Request) string {
	return fmt.Sprintf("path %q is not ~ %s", r.path.text, quoted(p))
}

func (p PathRegexes) check(c *checker) { c.checkRegexes("path regex", p) }

func (p PathRegexes) prepare() Matcher { return pathRegexes(readRegexes(p, false)) }

type pathRegexes []regex

func (p pathRegexes) Match(r *Request) Outcome {
	r.prepare()
	return anyOf(p, func(x regex) Outcome { return r.path.seenBy(x.match) })
}
