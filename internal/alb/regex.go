package alb

import "regexp"

// regex is a RegexValues entry. It is read in four ways, since ALB's way is
// not published: searching or in full, with case or without. Where all agree
// the outcome is certain.
type regex struct {
	search, full           *regexp.Regexp // with the case that the model assumes
	searchOther, fullOther *regexp.Regexp
	doubt                  Doubt // why the expression is not known
}

// readRegexes reads expressions; fold says that the model compares without
// case. One that cannot be read, which [Rule.Check] reports, matches nothing.
func readRegexes(values []string, fold bool) []regex {
	regexes := make([]regex, len(values))
	for i, value := range values {
		if IsOpaque(value) {
			regexes[i].doubt = opaqueDoubt(value)
			continue
		}
		model, other := "", "(?i)"
		if fold {
			model, other = other, model
		}
		if len(value) > maxCompiled {
			continue
		}
		search, err := regexp.Compile(model + value)
		if err != nil {
			continue
		}
		regexes[i] = regex{
			search:      search,
			full:        regexp.MustCompile(model + `\A(?:` + value + `)\z`),
			searchOther: regexp.MustCompile(other + value),
			fullOther:   regexp.MustCompile(other + `\A(?:` + value + `)\z`),
		}
	}
	return regexes
}

// maxCompiled bounds what is compiled of a template that no API would accept.
const maxCompiled = 8 * MaxValueLength

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
