package responder

import "strings"

// countries are languages' tags that people write who mean a country, and the
// tag of the language that is read there.
var countries = map[string]string{
	"br": `Brazil, whose tag is "pt-BR"`,
	"ch": `Switzerland, whose tags are "de-CH", "fr-CH" and "it-CH"`,
	"in": `India, of whose languages "hi" and "en-IN" are two`,
	"kr": `Korea, whose language is "ko"`,
	"se": `Sweden, whose language is "sv"`,
	"tw": `Taiwan, whose tag is "zh-Hant"`,
}

// notLanguages are countries that are not the tag of a language at all.
var notLanguages = map[string]string{
	"at": "de-AT", "au": "en-AU", "cn": "zh-Hans", "cz": "cs", "dk": "da", "gb": "en-GB", "gr": "el", "hk": "zh-Hant", "il": "he", "jp": "ja",
	"mx": "es-MX", "nz": "en-NZ", "ua": "uk", "us": "en-US", "vn": "vi",
}

// MeantBy says which country a message's tag may have been meant for, if it is
// that of a language that messages are hardly ever given in.
func MeantBy(tag string) (country string, ok bool) {
	country, ok = countries[strings.ToLower(tag)]
	return country, ok
}
