package maintenance

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"
)

// The environment variables of the function that answers the refused which a
// flip may change. A template has each of them, empty if it is not set.
const (
	MessageVariable         = AnswerVariables + "MESSAGE"          // JSON object, language tag to text
	DefaultLanguageVariable = AnswerVariables + "DEFAULT_LANGUAGE" // language tag
	UntilVariable           = AnswerVariables + "UNTIL"            // RFC 3339
)

// ForEverybody returns the texts by language, and the default language, with
// which everybody is told the message, whatever language they read: it replaces
// all texts. Its language is the only one of the texts, else the default
// language, else English.
func ForEverybody(message string, texts map[string]string, defaultLanguage string) (map[string]string, string) {
	language := cmp.Or(defaultLanguage, "en")
	if tags := slices.Collect(maps.Keys(texts)); len(tags) == 1 {
		language = tags[0]
	}
	return map[string]string{language: message}, language
}

// ASCII returns v in JSON in which every character that is not ASCII is escaped,
// and no other that JSON allows. CloudFormation gives such characters of a
// template back as question marks, so that what it is given has none. It panics
// for what JSON cannot hold.
func ASCII(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	text := strings.TrimSuffix(b.String(), "\n")
	b.Reset()
	escape := func(unit rune) {
		const digits = "0123456789abcdef"
		b.WriteString(`\u`)
		for shift := 12; shift >= 0; shift -= 4 {
			b.WriteByte(digits[unit>>shift&0xf])
		}
	}
	for _, r := range text {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case r <= 0xffff:
			escape(r)
		default:
			high, low := utf16.EncodeRune(r)
			escape(high)
			escape(low)
		}
	}
	return b.String()
}
