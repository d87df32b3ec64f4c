package maintenance

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// Answer is what refused clients and people are told. The zero value is a complete
// answer.
type Answer struct {
	// Message is the text for people, by BCP 47 language tag ("en", "ja",
	// "zh-Hant"). "und" is a text in no particular language. Line breaks are
	// kept. Default: a short sentence in each language that the page has words for.
	Message map[string]string

	// DefaultLanguage is the tag of the message for clients that read none of
	// the languages in Message. Default: "en" if Message has it, else the first
	// tag in sorted order.
	DefaultLanguage string

	// Words are the other texts of the page, by the language tag of a message.
	// Default: the built-in ones. For a language without words the page shows the
	// message only.
	Words map[string]Words

	// Until is when the application is expected back, for people to read.
	// Default: no time is given.
	Until time.Time

	// RetryAfter is the longest time that clients are told to wait, in whole seconds,
	// up to 24 hours. They wait less if Until is sooner, and no longer if it is
	// later, since a maintenance may end early. Default: 10 minutes.
	RetryAfter time.Duration

	// Page is the page that people see. It is a file in the function's archive, so it
	// is the same in every mode. Default: the built-in page.
	Page Page

	// StatusPage is the address of a page elsewhere, such as
	// "https://status.example.com", to which people's browsers are redirected instead
	// of getting a page here. Clients still get the 503. Default: none.
	StatusPage string

	// Status is the address of the document about the maintenance, which a Link
	// header names in every answer (RFC 8631). It is StatusPath where that path
	// leads to the document. Default: no header.
	Status string

	// CORSOrigins are the web origins whose scripts may read the answer:
	// "https://app.example.com", or "https://*.example.com" for every name below
	// example.com, but not example.com itself. Default: none, and a script on
	// another origin sees a network error instead of the maintenance.
	CORSOrigins []string

	// Body is a JSON value of the application's own that replaces the default
	// JSON body, for clients with an older contract. It is sent unchanged, except
	// that characters outside ASCII are escaped. Default: a JSON:API error
	// document.
	Body json.RawMessage
}

// Words are the texts of the page other than the message, in its language.
type Words struct {
	// Title is the heading of the page. Required.
	Title string `json:"title"`

	// Until is written before the expected end. Required.
	Until string `json:"until"`

	// Reload says that the page will reload automatically. Required.
	Reload string `json:"reload"`

	// Back is the text of the button that leads back to a form that was refused.
	// Required.
	Back string `json:"back"`
}

// The environment variables of the responder, the function that answers refused
// requests. A flip may change them. A template has each of them, empty if it is
// not set.
const (
	MessageVariable         = AnswerVariables + "MESSAGE"          // JSON object, language tag to text
	DefaultLanguageVariable = AnswerVariables + "DEFAULT_LANGUAGE" // language tag
	UntilVariable           = AnswerVariables + "UNTIL"            // RFC 3339
)

// ForEverybody returns the texts by language, and the default language, that show
// message to everyone, whatever language they read. The message replaces all
// texts. Its language is that of the texts if they have only one, else the
// default language, else English.
func ForEverybody(message string, texts map[string]string, defaultLanguage string) (map[string]string, string) {
	language := cmp.Or(defaultLanguage, "en")
	if tags := slices.Collect(maps.Keys(texts)); len(tags) == 1 {
		language = tags[0]
	}
	return map[string]string{language: message}, language
}

// ReadMessage returns the message that was typed: the text itself or, after @,
// the contents of a file without its final newline. To type a text that begins
// with @, double the @. A file can hold what command lines cut off: the CDK CLI
// takes only the first line.
func ReadMessage(typed string) (string, error) {
	file, ok := strings.CutPrefix(typed, "@")
	if !ok || strings.HasPrefix(file, "@") {
		return file, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading the message: %w", err)
	}
	message := strings.TrimSuffix(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	if message == "" {
		return "", fmt.Errorf("file %q has no text", file)
	}
	return message, nil
}

// JSON encodes v as JSON in ASCII. It panics if JSON cannot represent v.
func JSON(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // these escapes would count towards the size of variables
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return ASCII(strings.TrimSuffix(b.String(), "\n"))
}

// ASCII escapes every character outside ASCII in a JSON text. When a deployed
// template is read, CloudFormation returns such a character as a question mark,
// and a template made from that would change the text.
func ASCII(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
