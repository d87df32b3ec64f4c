package responder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// MaxEnvironment is how many bytes Lambda allows for all environment variables
// of a function together.
const MaxEnvironment = 4096

// The environment variables that carry a Config. All are optional.
const (
	messageVariable         = maintenance.MessageVariable
	defaultLanguageVariable = maintenance.DefaultLanguageVariable
	untilVariable           = maintenance.UntilVariable
	wordsVariable           = maintenance.AnswerVariables + "WORDS"        // JSON object, language tag to Words
	statusVariable          = maintenance.AnswerVariables + "STATUS"       // address
	statusPageVariable      = maintenance.AnswerVariables + "STATUS_PAGE"  // address
	retryAfterVariable      = maintenance.AnswerVariables + "RETRY_AFTER"  // whole seconds
	corsOriginsVariable     = maintenance.AnswerVariables + "CORS_ORIGINS" // JSON array of strings
	bodyVariable            = maintenance.AnswerVariables + "BODY"         // any JSON value
)

// IsVariable reports whether an environment variable is one of a Config's.
func IsVariable(name string) bool {
	switch name {
	case messageVariable, wordsVariable, statusVariable, statusPageVariable, defaultLanguageVariable, untilVariable, retryAfterVariable, corsOriginsVariable, bodyVariable:
		return true
	}
	return false
}

// Environment encodes c as environment variables. Equal configurations have equal
// variables. It omits defaults, except for the variables that a flip may change:
// these are empty, so that a flip only changes values.
func (c Config) Environment() map[string]string {
	env := map[string]string{messageVariable: "", defaultLanguageVariable: "", untilVariable: ""}
	if len(c.Message) > 0 {
		env[messageVariable] = maintenance.JSON(c.Message)
	}
	if len(c.Words) > 0 {
		env[wordsVariable] = maintenance.JSON(c.Words)
	}
	if c.DefaultLanguage != "" {
		env[defaultLanguageVariable] = c.DefaultLanguage
	}
	if !c.Until.IsZero() {
		env[untilVariable] = c.Until.Format(time.RFC3339Nano)
	}
	if c.RetryAfter != 0 {
		env[retryAfterVariable] = strconv.FormatInt(int64(c.RetryAfter/time.Second), 10)
	}
	if c.Status != "" {
		env[statusVariable] = c.Status
	}
	if c.StatusPage != "" {
		env[statusPageVariable] = c.StatusPage
	}
	if len(c.CORSOrigins) > 0 {
		env[corsOriginsVariable] = encode(c.CORSOrigins)
	}
	if c.Body != nil {
		env[bodyVariable] = maintenance.ASCII(string(c.Body))
	}
	return env
}

// EnvironmentSize returns the size that counts towards MaxEnvironment: that of
// the variables as one JSON object, in UTF-8, so a quotation mark in a value
// counts as two bytes.
func EnvironmentSize(env map[string]string) int {
	return len(encode(env))
}

func (c Config) validateSize() error {
	if size := EnvironmentSize(c.Environment()); size > MaxEnvironment {
		return fmt.Errorf("messages, origins and body take %d bytes as environment variables: Lambda allows %d", size, MaxEnvironment)
	}
	return nil
}

// ParseEnvironment decodes the variables that Environment writes. It reports what
// it cannot read and uses the default instead, so there is an answer whatever the
// environment holds.
func ParseEnvironment(getenv func(string) string) (Config, []error) {
	var c Config
	var errs []error
	read := func(variable string, decode func(value string) error) {
		value := getenv(variable)
		if value == "" {
			return
		}
		if err := decode(value); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", variable, err))
		}
	}
	read(messageVariable, func(value string) (err error) {
		c.Message, err = decodeJSON(value, validateMessage)
		return err
	})
	read(wordsVariable, func(value string) (err error) {
		c.Words, err = decodeJSON(value, func(words map[string]Words) error { return validateWords(words, c.Message) })
		return err
	})
	read(defaultLanguageVariable, func(value string) error {
		if err := validateDefaultLanguage(value, c.Message); err != nil {
			return err
		}
		c.DefaultLanguage = value
		return nil
	})
	read(untilVariable, func(value string) (err error) {
		c.Until, err = time.Parse(time.RFC3339, value)
		return err
	})
	read(retryAfterVariable, func(value string) error {
		seconds, err := strconv.ParseInt(value, 10, 32)
		if err != nil {
			return err
		}
		wait := time.Duration(seconds) * time.Second
		if err := validateRetryAfter(wait); err != nil {
			return err
		}
		c.RetryAfter = wait
		return nil
	})
	read(statusVariable, func(value string) error {
		if err := validateStatus(value); err != nil {
			return err
		}
		c.Status = value
		return nil
	})
	read(statusPageVariable, func(value string) error {
		c.StatusPage = value
		if err := validateStatusPage(value); err != nil {
			c.StatusPage = ""
			return err
		}
		return nil
	})
	read(corsOriginsVariable, func(value string) (err error) {
		c.CORSOrigins, err = decodeJSON(value, validateOrigins)
		return err
	})
	read(bodyVariable, func(value string) error {
		if err := validateBody(json.RawMessage(value)); err != nil {
			return err
		}
		c.Body = json.RawMessage(value)
		return nil
	})
	return c, errs
}

// decodeJSON decodes value. It returns the zero value if value cannot be decoded
// or is not valid.
func decodeJSON[T any](value string, validate func(T) error) (T, error) {
	var none, decoded T
	if err := json.Unmarshal([]byte(value), &decoded); err != nil {
		return none, err
	}
	if err := validate(decoded); err != nil {
		return none, err
	}
	return decoded, nil
}

// encode returns JSON without the escapes that only HTML needs, since they would
// count towards MaxEnvironment.
func encode(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // only strings, numbers and maps of them are encoded here
	}
	return strings.TrimSuffix(b.String(), "\n")
}
