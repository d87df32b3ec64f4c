package responder

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// maxAcceptLanguage is how many bytes of a header are read. Browsers send up to
// some 200 bytes; the load balancer would let 16 KB through.
const maxAcceptLanguage = 1024

// speech is the message in one language, with the words around it.
type speech struct {
	tag     string // canonical; "und" for no particular language
	message string
	words   Words  // empty for a language without words
	dir     string // "ltr", "rtl", or "auto" if unknown
}

// speeches chooses between languages.
type speeches struct {
	all     []speech // the default comes first
	tags    []language.Tag
	matcher language.Matcher
}

// newSpeeches returns the languages of a valid configuration.
func newSpeeches(c Config) speeches {
	message := c.Message
	if len(message) == 0 {
		message = defaultMessage()
	}
	tags := slices.Sorted(maps.Keys(message))
	first := c.DefaultLanguage
	if first == "" {
		first = tags[0]
		if _, ok := message["en"]; ok {
			first = "en"
		}
	}
	tags = slices.DeleteFunc(tags, func(tag string) bool { return tag == first })
	tags = slices.Insert(tags, 0, first)

	own := map[language.Tag]Words{}
	for tag, words := range c.Words {
		own[language.Make(tag)] = words
	}
	var s speeches
	for _, tag := range tags {
		parsed := language.Make(tag)
		words, ok := own[parsed]
		if !ok {
			words = wordsFor(parsed)
		}
		s.tags = append(s.tags, parsed)
		s.all = append(s.all, speech{parsed.String(), message[tag], words, direction(parsed)})
	}
	// A French visitor to a Japanese product gets Japanese, the default, and not
	// English because it shares the Latin script.
	s.matcher = language.NewMatcher(s.tags, language.PreferSameScript(false))
	return s
}

// choose returns the index in all of the speech that best suits an
// Accept-Language header.
func (s speeches) choose(header string) int {
	if header == "" || len(s.all) == 1 {
		return 0
	}
	wanted := parseAcceptLanguage(header)
	if len(wanted) == 0 {
		return 0
	}
	for _, tag := range wanted {
		_, i, confidence := s.matcher.Match(tag)
		if confidence >= language.High || sameLanguage(tag, s.tags[i]) {
			return i
		}
		// The matcher does not know that readers of Chinese read both scripts
		// when only one is available.
		if i := slices.IndexFunc(s.tags, func(have language.Tag) bool { return sameLanguage(tag, have) }); i >= 0 {
			return i
		}
	}
	if _, i, confidence := s.matcher.Match(wanted...); confidence > language.No {
		return i
	}
	return 0
}

// parseAcceptLanguage returns the languages of a header, sorted by quality. It
// skips only the elements that do not parse.
func parseAcceptLanguage(header string) []language.Tag {
	type choice struct {
		tag     language.Tag
		quality int
	}
	var choices []choice
	for element := range strings.SplitSeq(header[:min(len(header), maxAcceptLanguage)], ",") {
		name, parameters, _ := strings.Cut(element, ";")
		name = strings.TrimSpace(name)
		quality := qualityOf(parameters)
		if name == "" || name == "*" || quality == 0 {
			continue
		}
		tag, err := language.Parse(name)
		if err != nil {
			continue
		}
		choices = append(choices, choice{read(tag), quality})
	}
	slices.SortStableFunc(choices, func(a, b choice) int { return cmp.Compare(b.quality, a.quality) })
	tags := make([]language.Tag, len(choices))
	for i, c := range choices {
		tags[i] = c.tag
	}
	return tags
}

// read returns the tag, with its script, of the written language that speakers of
// a Chinese language read.
func read(tag language.Tag) language.Tag {
	base, _ := tag.Base()
	if base.String() == written(tag) || written(tag) != "zh" {
		return tag
	}
	script, _ := tag.Script()
	chinese, err := language.Compose(language.Chinese, script)
	if err != nil {
		return tag
	}
	return chinese
}

// rightToLeft are the scripts that are written from right to left.
var rightToLeft = []string{"Adlm", "Arab", "Aran", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"}

// direction returns the direction of a language's script, rather than that of the
// first letter of a text.
func direction(tag language.Tag) string {
	script, _ := tag.Script()
	switch {
	case tag == language.Und:
		return "auto"
	case slices.Contains(rightToLeft, script.String()):
		return "rtl"
	}
	return "ltr"
}
