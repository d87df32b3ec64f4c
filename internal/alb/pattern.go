package alb

import (
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// pattern is a parsed value with wildcards: * stands for any characters or none,
// ? for exactly one. A pattern matches a whole text. Source: BC.
type pattern struct {
	text    string
	shape   shape
	fold    bool // compares without case
	escapes bool // \* and \? stand for the characters themselves
	doubt   Doubt
}

type shape uint8

const (
	literal  shape = iota // no wildcard
	prefix                // a single *, at the end
	suffix                // a single *, at the start
	anything              // only *
	glob                  // any other
)

// readPattern parses value. A part known only after a deploy becomes a *: a text
// that does not match then will not match whatever the part turns out to be.
func readPattern(value string, fold, escapes bool) pattern {
	p := pattern{text: value, fold: fold}
	if strings.IndexByte(value, '{') >= 0 && cfn.IsOpaque(value) {
		p.doubt = opaqueDoubt(value)
		p.text = cfn.Replace(value, func(string) string { return "*" })
	}
	wild := strings.IndexAny(p.text, "*?")
	switch {
	case wild < 0:
		p.shape = literal
	case strings.Trim(p.text, "*") == "":
		p.shape = anything
	case escapes && strings.IndexByte(p.text, '\\') >= 0:
		p.shape, p.escapes = glob, true
	case wild == len(p.text)-1 && p.text[wild] == '*':
		p.text, p.shape = p.text[:wild], prefix
	case wild == 0 && p.text[0] == '*' && !strings.ContainsAny(p.text[1:], "*?"):
		p.text, p.shape = p.text[1:], suffix
	default:
		p.shape = glob
	}
	return p
}

// match returns the outcome for s, given the doubt about s.
func (p *pattern) match(s string, doubt Doubt) Outcome {
	matches := p.matches(s)
	if p.doubt != 0 {
		if !matches && doubt == 0 {
			return Outcome{}
		}
		return Outcome{Unlikely, p.doubt | doubt}
	}
	if p.shape == anything {
		return Outcome{Verdict: Yes}
	}
	return doubted(matches, doubt)
}

func (p *pattern) matches(s string) bool {
	switch p.shape {
	case literal:
		if p.fold {
			return equalFold(p.text, s)
		}
		return p.text == s
	case prefix:
		if p.fold {
			return len(s) >= len(p.text) && equalFold(p.text, s[:len(p.text)])
		}
		return strings.HasPrefix(s, p.text)
	case suffix:
		if p.fold {
			return len(s) >= len(p.text) && equalFold(p.text, s[len(s)-len(p.text):])
		}
		return strings.HasSuffix(s, p.text)
	case anything:
		return true
	default:
		return p.globs(s)
	}
}

// Glob reports whether a pattern matches all of s: * stands for any bytes or
// none, ? for exactly one.
func Glob(text, s string) bool {
	p := pattern{text: text}
	return p.globs(s)
}

// globs walks pattern and text together; at a mismatch, the last * takes one more
// character. That suffices, since what an earlier * takes is settled once a later
// * is reached.
func (p *pattern) globs(s string) bool {
	i, j := 0, 0
	star, resume := -1, 0
	for j < len(s) {
		if i < len(p.text) && p.text[i] == '*' {
			star, resume = i, j
			i++
			continue
		}
		if width := p.one(i, s[j]); width > 0 {
			i += width
			j++
			continue
		}
		if star < 0 {
			return false
		}
		resume++
		i, j = star+1, resume
	}
	for i < len(p.text) && p.text[i] == '*' {
		i++
	}
	return i == len(p.text)
}

// one returns how many bytes of the pattern at i match the character c, or 0.
func (p *pattern) one(i int, c byte) int {
	switch {
	case i >= len(p.text):
		return 0
	case p.text[i] == '?':
		return 1
	case p.escapes && p.text[i] == '\\' && i+1 < len(p.text) && (p.text[i+1] == '*' || p.text[i+1] == '?'):
		if p.text[i+1] == c {
			return 2
		}
		return 0
	case p.text[i] == c, p.fold && lower(p.text[i]) == lower(c):
		return 1
	}
	return 0
}

// equalFold compares without regard to the case of ASCII letters; rules look at
// ASCII only.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}
