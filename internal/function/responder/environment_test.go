package responder

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// brokenSettings holds broken values of every variable.
var brokenSettings = map[string][]string{
	messageVariable:         {`Back soon.`, `["Back soon."]`, `{"en":7}`, `{"english":"Back soon."}`, `{"en":""}`, "{\"en\":\"a\u0000\"}"},
	wordsVariable:           {`Words`, `{"en":{}}`, `{"en":"Back"}`, `{"cs":{"title":"a","until":"b","reload":"c","back":"d"}}`},
	defaultLanguageVariable: {`tlh`, `en_US`},
	untilVariable:           {`tomorrow`, `2026-12-01`, `2026-12-01T04:00:00`},
	statusVariable:          {`maintenance.json`, `//evil.example/x`, `http://app.example.com/maintenance.json`, `/`, `/a b`, `/"`, `/a>; rel=x`, `javascript:1`},
	retryAfterVariable:      {`10m`, `-1`, `1e3`, `99999999999999999999`, `86401`},
	corsOriginsVariable:     {`https://app.example.com`, `["*"]`, `{}`, `[null]`},
	bodyVariable:            {`{"ok":`, `closed`, "\"\xff\""},
}

func TestBrokenSettingsAreLoggedAndLeftAtTheirDefault(t *testing.T) {
	for variable, values := range brokenSettings {
		for _, value := range values {
			t.Run(variable+"="+value, func(t *testing.T) {
				var log bytes.Buffer
				h := FromEnvironment(func(name string) string {
					if name == variable {
						return value
					}
					return ""
				}, &log)
				if got := strings.Count(log.String(), "\n"); got != 1 || !strings.Contains(log.String(), variable) {
					t.Errorf("got the log %q, want one line that names %s", &log, variable)
				}
				if !json.Valid(log.Bytes()) {
					t.Errorf("the log is not JSON: %s", &log)
				}
				if r := get(t, h); r.status != 503 || !strings.Contains(r.body, vocabulary[0].message) {
					t.Errorf("got %v, want the default answer", r)
				}
			})
		}
	}
}

// TestEnvironmentIsASCII checks that the variables are ASCII, since
// CloudFormation returns every other character as a question mark, and that they
// decode to what was encoded.
func TestEnvironmentIsASCII(t *testing.T) {
	c := Config{
		Message: map[string]string{"ja": "再開\u2028します \U0001f6a7 \"x\" \\u3042", "en": "Caf\u00e9"},
		Words:   map[string]Words{"ja": say("題", "時", "再", "戻")},
		Body:    json.RawMessage(`{"m":"閉 \u3042"}`),
	}
	env := c.Environment()
	for name, value := range env {
		for _, r := range value {
			if r > 0x7e || r < 0x20 {
				t.Errorf("%s has %q: %s", name, r, value)
			}
		}
	}
	read, errs := ParseEnvironment(func(name string) string { return env[name] })
	var body, want any
	if err := errors.Join(append(errs, json.Unmarshal(read.Body, &body), json.Unmarshal(c.Body, &want))...); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.Message, read.Message) + cmp.Diff(c.Words, read.Words) + cmp.Diff(want, body); diff != "" {
		t.Error(diff)
	}
}

func TestAllBrokenSettingsAreInOneLine(t *testing.T) {
	var log bytes.Buffer
	FromEnvironment(func(name string) string {
		if strings.HasPrefix(name, "MAINTENANCE_") {
			return "\x01"
		}
		return ""
	}, &log)
	if got := strings.Count(log.String(), "\n"); got != 1 {
		t.Errorf("got %d lines, want 1:\n%s", got, &log)
	}
	for variable := range brokenSettings {
		if !strings.Contains(log.String(), variable) {
			t.Errorf("the log does not name %s:\n%s", variable, &log)
		}
	}
}

func TestPanickingEnvironmentIsAnswered(t *testing.T) {
	var log bytes.Buffer
	h := FromEnvironment(func(name string) string {
		if name == untilVariable {
			panic("out of time")
		}
		return ""
	}, &log)
	if r := get(t, h); r.status != 503 || !strings.Contains(log.String(), "out of time") {
		t.Errorf("got %v and the log %s", r, &log)
	}
}

func FuzzEnvironment(f *testing.F) {
	f.Add(`{"en":"Back soon."}`, "en", "2026-12-01T04:00:00+09:00", "600", `["https://*.example.com"]`, `{"ok":false}`)
	f.Add(`{"zh-Hant":"\u0000"}`, "zh", "0000-01-01T00:00:00Z", "-0", `["https://*."]`, `"{{retryAfter}}"`)
	f.Fuzz(func(t *testing.T, message, defaultLanguage, until, retryAfter, origins, body string) {
		env := map[string]string{
			messageVariable: message, defaultLanguageVariable: defaultLanguage, untilVariable: until,
			retryAfterVariable: retryAfter, corsOriginsVariable: origins, bodyVariable: body,
		}
		var log bytes.Buffer
		h := FromEnvironment(func(name string) string { return env[name] }, &log)
		for _, event := range []string{"navigation", "navigation-multi", "script", "preflight", "problem"} {
			payload, err := os.ReadFile("testdata/events/" + event + ".json")
			if err != nil {
				t.Fatal(err)
			}
			returned, err := h.Invoke(context.Background(), payload)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := throughLoadBalancer(payload, returned); err != nil {
				t.Fatal(err)
			}
		}
		if strings.Contains(log.String(), "panicked") {
			t.Fatal(log.String())
		}
	})
}
