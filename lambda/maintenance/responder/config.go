// Package responder answers every request with 503 while the application is
// closed. It neither fails nor waits: it has no network, no files and no
// configuration that it cannot do without.
//
// It is importable so that whoever writes its environment variables checks and
// encodes them with the code that reads them.
package responder

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// DefaultRetryAfter is what clients are told to wait when no end is known.
const DefaultRetryAfter = 10 * time.Minute

// MaxRetryAfter is the longest RetryAfter that Config takes.
const MaxRetryAfter = 24 * time.Hour

// Config is what a responder says. The zero value is a complete answer.
type Config struct {
	// Message is the text for people, by BCP 47 language tag ("en", "ja",
	// "zh-Hant"). Tag "und" is a text in no particular language.
	// Default: a short sentence.
	Message map[string]string

	// DefaultLanguage is the tag of the message for clients that read none of
	// the languages in Message. Default: "en" if Message has it, else the first
	// tag in sorted order.
	DefaultLanguage string

	// Until is when the application is expected back. Clients are told not to
	// come before. Default: no time is given.
	Until time.Time

	// RetryAfter is what clients are told to wait when Until is not given or has
	// passed, in whole seconds up to 24 hours. Default: 10 minutes.
	RetryAfter time.Duration

	// CORSOrigins are the web origins whose scripts may read the answer:
	// "https://app.example.com", or "https://*.example.com" for every name below
	// example.com, but not example.com itself. Default: none, and a script on
	// another origin sees a network error instead of the maintenance.
	CORSOrigins []string

	// Body is a JSON value of the application's own that replaces the default
	// JSON body, for clients with an older contract. It is sent as it is.
	// Default: a JSON:API error document.
	Body json.RawMessage
}

// Validate reports everything that is wrong with c, the size of its encoding
// included.
func (c Config) Validate() error {
	return errors.Join(
		c.validateMessage(),
		c.validateDefaultLanguage(),
		c.validateUntil(),
		c.validateRetryAfter(),
		validateOrigins(c.CORSOrigins),
		c.validateBody(),
		c.validateSize(),
	)
}

func (c Config) validateMessage() error {
	var errs []error
	written := map[string]string{}
	for _, tag := range sortedKeys(c.Message) {
		parsed, err := language.Parse(tag)
		if err != nil {
			errs = append(errs, fmt.Errorf("message language %q: want a BCP 47 tag such as \"en\" or \"zh-Hant\": %w", tag, err))
			continue
		}
		if other, ok := written[parsed.String()]; ok {
			errs = append(errs, fmt.Errorf("message languages %q and %q are the same", other, tag))
		}
		written[parsed.String()] = tag
		if err := validateText(c.Message[tag]); err != nil {
			errs = append(errs, fmt.Errorf("message %q: %w", tag, err))
		}
	}
	return errors.Join(errs...)
}

func validateText(text string) error {
	switch {
	case text == "":
		return errors.New("is empty")
	case !utf8.ValidString(text):
		return fmt.Errorf("%q is not valid UTF-8", text)
	}
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' {
			return fmt.Errorf("control character %q in %q: only a line break is allowed", r, text)
		}
	}
	return nil
}

func (c Config) validateDefaultLanguage() error {
	if c.DefaultLanguage == "" {
		return nil
	}
	tags := sortedKeys(c.Message)
	if !slices.Contains(tags, c.DefaultLanguage) {
		return fmt.Errorf("default language %q has no message: want one of %q", c.DefaultLanguage, tags)
	}
	return nil
}

func (c Config) validateUntil() error {
	if c.Until.IsZero() {
		return nil
	}
	if read, err := time.Parse(time.RFC3339, c.Until.Format(time.RFC3339Nano)); err != nil || !read.Equal(c.Until) {
		return fmt.Errorf("until %v cannot be written as an RFC 3339 time", c.Until)
	}
	return nil
}

func (c Config) validateRetryAfter() error {
	if c.RetryAfter < 0 || c.RetryAfter > MaxRetryAfter || c.RetryAfter%time.Second != 0 {
		return fmt.Errorf("retry after %v: want whole seconds up to %v", c.RetryAfter, MaxRetryAfter)
	}
	return nil
}

func (c Config) validateBody() error {
	if c.Body != nil && !(json.Valid(c.Body) && utf8.Valid(c.Body)) {
		return fmt.Errorf("body %q is not a JSON value", c.Body)
	}
	return nil
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
