package responder

import "strings"

// countries maps language tags that people write when they mean a country to the
// tag of the country's language.
var countries = map[string]string{
	"br": `Brazil, whose tag is "pt-BR"`,
	"ch": `Switzerland, whose tags are "de-CH", "fr-CH" and "it-CH"`,
	"in": `India, of whose languages "hi" and "en-IN" are two`,
	"kr": `Korea, whose language is "ko"`,
	"se": `Sweden, whose language is "sv"`,
	"tw": `Taiwan, whose tag is "zh-Hant"`,
}

// notLanguages are country codes that are not language tags at all.
var notLanguages = map[string]string{
	"at": "de-AT", "au": "en-AU", "cn": "zh-Hans", "cz": "cs", "dk": "da", "gb": "en-GB", "gr": "el", "hk": "zh-Hant", "il": "he", "jp": "ja",
	"mx": "es-MX", "nz": "en-NZ", "ua": "uk", "us": "en-US", "vn": "vi",
}

// MeantBy returns the country that a message's tag may have been meant for, if
// messages are rarely written in the language of that tag.
func MeantBy(tag string) (country string, ok bool) {
	country, ok = countries[strings.ToLower(tag)]
	return country, ok
}
