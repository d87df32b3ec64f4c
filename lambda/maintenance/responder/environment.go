package responder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// MaxEnvironment is Lambda's limit for all environment variables of a function
// together, in bytes.
const MaxEnvironment = 4096

// The environment variables that carry a Config. All are optional.
const (
	messageVariable         = "MAINTENANCE_MESSAGE"          // JSON object, language tag to text
	defaultLanguageVariable = "MAINTENANCE_DEFAULT_LANGUAGE" // language tag
	untilVariable           = "MAINTENANCE_UNTIL"            // RFC 3339
	retryAfterVariable      = "MAINTENANCE_RETRY_AFTER"      // whole seconds
	corsOriginsVariable     = "MAINTENANCE_CORS_ORIGINS"     // JSON array of strings
	bodyVariable            = "MAINTENANCE_BODY"             // any JSON value
)

// Environment encodes c as environment variables. What is left at its default
// is left out; equal configurations have equal variables.
func (c Config) Environment() map[string]string {
	env := map[string]string{}
	if len(c.Message) > 0 {
		env[messageVariable] = encode(c.Message)
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
	if len(c.CORSOrigins) > 0 {
		env[corsOriginsVariable] = encode(c.CORSOrigins)
	}
	if c.Body != nil {
		env[bodyVariable] = string(c.Body)
	}
	return env
}

func (c Config) validateSize() error {
	size := 0
	for name, value := range c.Environment() {
		size += len(name) + len(value)
	}
	if size > MaxEnvironment {
		return fmt.Errorf("messages, origins and body take %d bytes of UTF-8: Lambda allows %d for all environment variables together", size, MaxEnvironment)
	}
	return nil
}

// ParseEnvironment decodes the variables that Environment wrote. What cannot be
// read is left at its default and reported, so that there is an answer whatever
// the environment holds.
func ParseEnvironment(getenv func(string) string) (Config, []error) {
	var c Config
	var errs []error
	read := func(variable string, parse func(value string) error) {
		value := getenv(variable)
		if value == "" {
			return
		}
		if err := parse(value); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", variable, err))
		}
	}
	read(messageVariable, func(value string) error {
		var message map[string]string
		if err := json.Unmarshal([]byte(value), &message); err != nil {
			return err
		}
		if err := (Config{Message: message}).validateMessage(); err != nil {
			return err
		}
		c.Message = message
		return nil
	})
	read(defaultLanguageVariable, func(value string) error {
		if err := (Config{Message: c.Message, DefaultLanguage: value}).validateDefaultLanguage(); err != nil {
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
		if err := (Config{RetryAfter: wait}).validateRetryAfter(); err != nil {
			return err
		}
		c.RetryAfter = wait
		return nil
	})
	read(corsOriginsVariable, func(value string) error {
		var origins []string
		if err := json.Unmarshal([]byte(value), &origins); err != nil {
			return err
		}
		if err := validateOrigins(origins); err != nil {
			return err
		}
		c.CORSOrigins = origins
		return nil
	})
	read(bodyVariable, func(value string) error {
		body := json.RawMessage(value)
		if err := (Config{Body: body}).validateBody(); err != nil {
			return err
		}
		c.Body = body
		return nil
	})
	return c, errs
}

// encode is JSON without the escapes that only HTML needs, which would count
// towards MaxEnvironment.
func encode(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // maps and slices of strings always encode
	}
	return strings.TrimSuffix(b.String(), "\n")
}
