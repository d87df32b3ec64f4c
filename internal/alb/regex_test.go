package alb

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The shortcuts of regex must not change what its four readings decide.
func TestRegexesTakeShortcutsOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`(\(\?i\))?\^?[/a-cA-C]{0,3}(\[\^/\]\+|b\*|\(a\|B\)|\.|c\?)?[/a-c]{0,2}(\||\^)?[aB]{0,1}\$?`).Draw(t, "regex")
		if rapid.Bool().Draw(t, "segment") {
			value = "^" + rapid.StringMatching(`/[a-cA-C/]{0,2}`).Draw(t, "prefix") + "[^/]+$"
		}
		text := rapid.StringMatching(`[/a-cA-C]{0,7}`).Draw(t, "text")
		if rapid.Bool().Draw(t, "near") {
			text = strings.Trim(rapid.SampledFrom([]string{value, strings.ToUpper(value), strings.ToLower(value)}).Draw(t, "like"), "^$")
			text = strings.NewReplacer("[^/]+", rapid.StringMatching(`[/a\n]{0,2}`).Draw(t, "rest")).Replace(text)
		}
		fold := rapid.Bool().Draw(t, "fold")
		if _, err := regexp.Compile(value); err != nil {
			t.Fatal(err)
		}
		model, other := "", "(?i)"
		if fold {
			model, other = other, model
		}
		search := regexp.MustCompile(model + value).MatchString(text)
		full := regexp.MustCompile(model + `\A(?:` + value + `)\z`).MatchString(text)
		searchOther := regexp.MustCompile(other + value).MatchString(text)
		fullOther := regexp.MustCompile(other + `\A(?:` + value + `)\z`).MatchString(text)
		var doubt Doubt
		if full != search {
			doubt |= RegexAnchors
		}
		if searchOther != search || fullOther != full {
			doubt |= RegexCase
		}
		if got, want := readRegex(value, fold).match(text), doubted(search, doubt); got != want {
			t.Fatalf("%q on %q, fold %v: got %v, want %v", value, text, fold, got, want)
		}
	})
}
