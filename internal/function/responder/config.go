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
	"maps"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/noren-cdk/noren/maintenance"
)

// DefaultRetryAfter is the longest that clients are told to wait.
const DefaultRetryAfter = 10 * time.Minute

// MaxRetryAfter is the longest RetryAfter that Config takes.
const MaxRetryAfter = 24 * time.Hour

// Config is what a responder says. The zero value is a complete answer.
type Config maintenance.Answer

// Validate reports everything that is wrong with c, the size of its encoding
// included.
func (c Config) Validate() error {
	return errors.Join(
		validateMessage(c.Message),
		validateDefaultLanguage(c.DefaultLanguage, c.Message),
		validateWords(c.Words, c.Message),
		validateUntil(c.Until),
		validateRetryAfter(c.RetryAfter),
		validateOrigins(c.CORSOrigins),
		validateBody(c.Body),
		c.validateSize(),
	)
}

func validateMessage(message map[string]string) error {
	var errs []error
	seen := map[language.Tag]string{}
	for _, tag := range slices.Sorted(maps.Keys(message)) {
		parsed, err := language.Parse(tag)
		if err != nil {
			errs = append(errs, fmt.Errorf(`message language %q: want a BCP 47 tag such as "en" or "zh-Hant"`, tag))
		} else if other, ok := seen[parsed]; ok {
			errs = append(errs, fmt.Errorf("message languages %q and %q are the same", other, tag))
		} else {
			seen[parsed] = tag
		}
		if err := validateText(message[tag]); err != nil {
			errs = append(errs, fmt.Errorf("message in %q %w", tag, err))
		}
	}
	return errors.Join(errs...)
}

func validateText(text string) error {
	if text == "" {
		return errors.New("is empty")
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("is not UTF-8: %q", text)
	}
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' {
			return fmt.Errorf("has the control character %q: only line breaks are allowed", r)
		}
	}
	return nil
}

func validateDefaultLanguage(tag string, message map[string]string) error {
	if tag == "" {
		return nil
	}
	if len(message) == 0 {
		message = defaultMessage()
	}
	if _, ok := message[tag]; !ok {
		return fmt.Errorf("default language %q has no message: want one of %q", tag, slices.Sorted(maps.Keys(message)))
	}
	return nil
}

func validateWords(words map[string]Words, message map[string]string) error {
	var errs []error
	for _, tag := range slices.Sorted(maps.Keys(words)) {
		if _, ok := message[tag]; !ok {
			errs = append(errs, fmt.Errorf("words in %q: want the language of a message, one of %q", tag, slices.Sorted(maps.Keys(message))))
		}
		w := words[tag]
		for _, part := range []struct{ name, text string }{{"title", w.Title}, {"until", w.Until}, {"reload", w.Reload}, {"back", w.Back}} {
			if err := validateText(part.text); err != nil {
				errs = append(errs, fmt.Errorf("words in %q: %s %w", tag, part.name, err))
			}
		}
	}
	return errors.Join(errs...)
}

func validateUntil(until time.Time) error {
	if until.IsZero() {
		return nil
	}
	read, err := time.Parse(time.RFC3339, until.Format(time.RFC3339Nano))
	if err != nil || !read.Equal(until) {
		return fmt.Errorf("until %v cannot be written in RFC 3339: want a year up to 9999 and an offset in whole minutes", until)
	}
	return nil
}

func validateRetryAfter(wait time.Duration) error {
	if wait < 0 || wait > MaxRetryAfter || wait%time.Second != 0 {
		return fmt.Errorf("retry after %v: want whole seconds up to %v", wait, MaxRetryAfter)
	}
	return nil
}

func validateBody(body json.RawMessage) error {
	if body == nil {
		return nil
	}
	if !json.Valid(body) || !utf8.Valid(body) {
		return fmt.Errorf("body %q is not JSON", body)
	}
	return nil
}

// page is the HTML of the page, with placeholders.
func (c Config) page() string {
	return pageHTML
}
