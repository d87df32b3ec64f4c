package responder

import (
	"maps"
	"slices"

	"golang.org/x/text/language"
)

// maxAcceptLanguage is the longest header that is looked at. Browsers send up to
// some 200 bytes; the load balancer would let 16 KB through.
const maxAcceptLanguage = 1024

// speech is the message in one language, with the words around it.
type speech struct {
	tag     string // canonical; "und" for none in particular
	message string
	words   words
}

// speeches chooses between languages.
type speeches struct {
	all     []speech // the default first
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

	var s speeches
	parsed := make([]language.Tag, len(tags))
	for i, tag := range tags {
		parsed[i] = language.Make(tag)
		s.all = append(s.all, speech{tag: parsed[i].String(), message: message[tag], words: wordsFor(parsed[i])})
	}
	// A French visitor of a Japanese product gets Japanese, not the English that
	// looks more like French: that is what a default is.
	s.matcher = language.NewMatcher(parsed, language.PreferSameScript(false))
	return s
}

// choose returns the index in all that suits an Accept-Language header best.
func (s speeches) choose(header string) int {
	if header == "" || len(s.all) == 1 || len(header) > maxAcceptLanguage {
		return 0
	}
	wanted, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return 0
	}
	_, i, _ := s.matcher.Match(wanted...)
	return i
}
