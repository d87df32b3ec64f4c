package alb

import (
	"regexp"
	"regexp/syntax"
)

// regex is a RegexValues entry. It is read in four ways, since ALB's way is
// not published: searching or in full, with case or without. Where all agree
// the outcome is certain.
type regex struct {
	search, full           *regexp.Regexp // with the case that the model assumes
	searchOther, fullOther *regexp.Regexp
	doubt                  Doubt // why the expression is not known
}

// readRegexes reads expressions; fold says that the model compares without
// case. One that the API refuses, which [Rule.Check] reports, matches nothing.
func readRegexes(values []string, fold bool) []regex {
	regexes := make([]regex, len(values))
	for i, value := range values {
		regexes[i] = readRegex(value, fold)
	}
	return regexes
}

func readRegex(value string, fold bool) regex {
	if IsOpaque(value) {
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
	return regex{
		search:      search,
		full:        regexp.MustCompile(model + `\A(?:` + value + `)\z`),
		searchOther: regexp.MustCompile(other + value),
		fullOther:   regexp.MustCompile(other + `\A(?:` + value + `)\z`),
	}
}

// maxProgram bounds, in instructions, the regexes that are compiled: a short
// one with repeats can take megabytes.
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
	matches := x.search.MatchString(s)
	full := x.full.MatchString(s)
	var doubt Doubt
	if full != matches {
		doubt |= RegexAnchors
	}
	if x.searchOther.MatchString(s) != matches || x.fullOther.MatchString(s) != full {
		doubt |= RegexCase
	}
	return doubted(matches, doubt)
}
