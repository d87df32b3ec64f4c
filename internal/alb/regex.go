package alb

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// regex is an entry of RegexValues. It is read in four ways, since ALB's way is
// not documented: searching or matching in full, with or without case. Where all
// agree, the outcome is certain.
type regex struct {
	search, full           *regexp.Regexp // with the case-sensitivity that the model assumes
	searchOther, fullOther *regexp.Regexp
	fold                   bool   // the model compares without case
	anchored               bool   // searching and matching in full are the same
	prefix                 string // the prefix of everything that matches, in any case
	segment                bool   // it is ^prefix[^/]+$, the form that the allowlist uses for {id}
	doubt                  Doubt  // why the expression is not known
}

// readRegexes parses expressions. fold says that the model compares without case.
// An expression that the API refuses, which [Rule.Check] reports, matches
// nothing.
func readRegexes(values []string, fold bool) []regex {
	regexes := make([]regex, len(values))
	for i, value := range values {
		regexes[i] = readRegex(value, fold)
	}
	return regexes
}

func readRegex(value string, fold bool) regex {
	if cfn.IsOpaque(value) {
		return regex{doubt: opaqueDoubt(value)}
	}
	if len(value) > MaxValueLength {
		return regex{}
	}
	if tooLarge(value) {
		return regex{doubt: RegexSize}
	}
	model, other := "", "(?i)"
	if fold {
		model, other = other, model
	}
	search, err := regexp.Compile(model + value)
	if err != nil {
		return regex{}
	}
	x := regex{
		search:      search,
		full:        regexp.MustCompile(model + `\A(?:` + value + `)\z`),
		searchOther: regexp.MustCompile(other + value),
		fullOther:   regexp.MustCompile(other + `\A(?:` + value + `)\z`),
		fold:        fold,
	}
	x.anchored, x.prefix = shapeOf(value)
	x.segment = x.prefix != "" && value == "^"+regexp.QuoteMeta(x.prefix)+"[^/]+$"
	return x
}

// shapeOf reports whether an expression starts with ^ and ends with $, and
// returns the literal after a leading ^.
func shapeOf(value string) (anchored bool, prefix string) {
	tree, err := syntax.Parse(value, syntax.Perl)
	if err != nil || tree.Op != syntax.OpConcat || tree.Sub[0].Op != syntax.OpBeginText {
		return false, ""
	}
	if second := tree.Sub[1]; second.Op == syntax.OpLiteral {
		prefix = string(second.Rune)
	}
	if nonASCII(prefix) != 0 {
		prefix = "" // letters whose other case has another length
	}
	return tree.Sub[len(tree.Sub)-1].Op == syntax.OpEndText, prefix
}

// maxProgram limits the size, in instructions, of the regexes that are compiled:
// a short regex with repeats can take megabytes.
const maxProgram = 2000

func tooLarge(value string) bool {
	tree, err := syntax.Parse(value, syntax.Perl)
	if err != nil {
		return false
	}
	program, err := syntax.Compile(tree.Simplify())
	return err == nil && len(program.Inst) > maxProgram
}

func (x regex) match(s string) Outcome {
	switch {
	case x.doubt != 0:
		return Outcome{Unlikely, x.doubt}
	case x.search == nil:
		return Outcome{}
	}
	if len(s) < len(x.prefix) || !equalFold(s[:len(x.prefix)], x.prefix) {
		return Outcome{}
	}
	// What does not match without case and anchors does not match at all.
	if x.segment {
		rest := s[len(x.prefix):]
		if rest == "" || strings.IndexByte(rest, '/') >= 0 {
			return Outcome{}
		}
		if s[:len(x.prefix)] != x.prefix {
			return doubted(x.fold, RegexCase)
		}
		return Outcome{Verdict: Yes}
	}
	widest, narrow := x.searchOther, x.search
	if x.fold {
		widest, narrow = narrow, widest
	}
	if !widest.MatchString(s) {
		return Outcome{}
	}
	exact := narrow.MatchString(s)
	var doubt Doubt
	if !exact {
		doubt |= RegexCase
	}
	matches := x.fold || exact
	if !x.anchored {
		full := x.full.MatchString(s)
		if full != matches {
			doubt |= RegexAnchors
		}
		if x.fullOther.MatchString(s) != full {
			doubt |= RegexCase
		}
	}
	return doubted(matches, doubt)
}
