// Package responder answers every request with 503 while the application is
// closed. It neither fails nor waits: it uses no network and no files, and works
// without any configuration.
//
// It is a package so that code that writes its environment variables can check
// and encode them with the code that reads them.
package responder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/noren-cdk/noren/maintenance"
)

// DefaultRetryAfter is the default of the longest time that clients are told to
// wait.
const DefaultRetryAfter = 10 * time.Minute

// MaxRetryAfter is the maximum of Config.RetryAfter.
const MaxRetryAfter = 24 * time.Hour

// Config is the answer of a responder. The zero value is a complete answer.
type Config maintenance.Answer

// Validate reports everything that is wrong with c, including the size of its
// encoding.
func (c Config) Validate() error {
	return errors.Join(
		validateMessage(c.Message),
		validateDefaultLanguage(c.DefaultLanguage, c.Message),
		validateWords(c.Words, c.Message),
		validateUntil(c.Until),
		validateRetryAfter(c.RetryAfter),
		c.validatePage(),
		validateStatus(c.Status),
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
			example := `"en" or "zh-Hant"`
			if meant, ok := notLanguages[strings.ToLower(tag)]; ok {
				example = fmt.Sprintf("%q, the language of that country", meant)
			}
			errs = append(errs, fmt.Errorf("message language %q: want a BCP 47 tag such as %s", tag, example))
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

// Files returns the files of the function's archive other than its program, by
// name. It panics if c is not valid.
func (c Config) Files() map[string][]byte {
	if c.Page.IsZero() {
		return nil
	}
	page, err := BuildPage(c.Page)
	if err != nil {
		panic(err)
	}
	return map[string][]byte{PageFile: page}
}

func (c Config) validatePage() error {
	_, err := BuildPage(c.Page)
	if c.StatusPage == "" {
		return err
	}
	if !c.Page.IsZero() {
		err = errors.Join(err, errors.New("want a page of your own or a status page elsewhere, not both"))
	}
	return errors.Join(err, validateStatusPage(c.StatusPage))
}

func validateStatus(address string) error {
	if strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") && strings.Trim(address, "/") != "" && plainAddress(address) || address == "" {
		return nil
	}
	if u, err := url.Parse(address); err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && plainAddress(address) {
		return nil
	}
	return fmt.Errorf("status %q: want a path such as %s, or an address such as https://app.example.com%s", address, maintenance.StatusPath, maintenance.StatusPath)
}

// plainAddress reports whether an address needs no escaping in a header or in
// HTML.
func plainAddress(address string) bool {
	return len(address) <= 1024 && !strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", r) })
}

func validateStatusPage(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || !plainAddress(address) {
		return fmt.Errorf("status page %q: want an address such as https://status.example.com", address)
	}
	return nil
}

// readPage returns the custom page in a folder, or "" if there is none. The page
// was validated when it was put there.
func readPage(folder string) (string, error) {
	if folder == "" {
		return "", nil
	}
	page, err := os.ReadFile(filepath.Join(folder, PageFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", err
	case len(page) > MaxPage || !utf8.Valid(page) || !bytes.Contains(page, []byte("{{message}}")):
		return "", fmt.Errorf("%s is not a page of at most %d bytes in UTF-8 with {{message}} in it", PageFile, MaxPage)
	}
	return string(page), nil
}
