package responder

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestValidateNamesEveryProblem(t *testing.T) {
	tests := []struct {
		name   string
		config Config
		want   []string
	}{
		{"language", Config{Message: map[string]string{"english": "Back soon."}}, []string{`message language "english": want a BCP 47 tag`}},
		{"same language twice", Config{Message: map[string]string{"en-us": "a", "en-US": "b"}}, []string{`"en-US" and "en-us" are the same`}},
		{"empty message", Config{Message: map[string]string{"en": ""}}, []string{`message in "en" is empty`}},
		{"message not UTF-8", Config{Message: map[string]string{"en": "\xff"}}, []string{`message in "en" is not UTF-8`}},
		{"control character", Config{Message: map[string]string{"en": "a\tb"}}, []string{`message in "en" has the control character '\t'`}},
		{"default language", Config{Message: map[string]string{"ja": "a", "en": "b"}, DefaultLanguage: "fr"}, []string{`default language "fr" has no message: want one of ["en" "ja"]`}},
		{"far future", Config{Until: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, []string{"cannot be written in RFC 3339"}},
		{"odd offset", Config{Until: time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("", 34))}, []string{"offset in whole minutes"}},
		{"fraction of a second", Config{RetryAfter: 1500 * time.Millisecond}, []string{"retry after 1.5s: want whole seconds up to 24h0m0s"}},
		{"negative wait", Config{RetryAfter: -time.Second}, []string{"retry after -1s"}},
		{"long wait", Config{RetryAfter: 25 * time.Hour}, []string{"retry after 25h0m0s"}},
		{"body", Config{Body: json.RawMessage(`{"a":`)}, []string{`body "{\"a\":" is not JSON`}},
		{"empty body", Config{Body: json.RawMessage{}}, []string{`body "" is not JSON`}},
		{"several", Config{RetryAfter: -1, CORSOrigins: []string{"*", "null"}}, []string{"retry after", `CORS origin "*"`, `CORS origin "null"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.config.Validate()
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %s", err, want)
				}
			}
		})
	}
}

func TestValidateAcceptsWhatIsSensible(t *testing.T) {
	for name, c := range map[string]Config{
		"nothing":          {},
		"everything":       fieldReports,
		"own body":         {Body: json.RawMessage(`"closed"`)},
		"built-in default": {DefaultLanguage: "ja"},
		"two lines":        {Message: map[string]string{"en": "Closed.\nBack soon."}},
		"no language":      {Message: map[string]string{"und": "503"}},
	} {
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEnvironmentIsCountedAsLambdaCounts checks that the size is counted in
// bytes, not characters, of one JSON object, in which the quotation marks and
// backslashes of a value are escaped.
func TestEnvironmentIsCountedAsLambdaCounts(t *testing.T) {
	overhead := EnvironmentSize(Config{Message: map[string]string{"ja": ""}}.Environment())
	fits := Config{Message: map[string]string{"ja": strings.Repeat("直", (MaxEnvironment-overhead)/len(`\\u76f4`))}}
	if err := fits.Validate(); err != nil {
		t.Errorf("%d bytes: %v", EnvironmentSize(fits.Environment()), err)
	}
	over := Config{Message: map[string]string{"ja": fits.Message["ja"] + "直"}}
	if err := over.Validate(); err == nil || !strings.Contains(err.Error(), "Lambda allows 4096") {
		t.Errorf("%d bytes: got %v, want an error that names the limit", EnvironmentSize(over.Environment()), err)
	}
	brackets := Config{Message: map[string]string{"ja": strings.Repeat("<", MaxEnvironment-overhead)}}
	if err := brackets.Validate(); err != nil {
		t.Errorf("a bracket takes more than its byte: %v", err)
	}
	quotes := Config{Body: json.RawMessage(`["` + strings.Repeat(`","`, 1200) + `"]`)}
	if err := quotes.Validate(); err == nil {
		t.Errorf("%d bytes with %d quotation marks are accepted", len(quotes.Body), strings.Count(string(quotes.Body), `"`))
	}
}

// TestEnvironment_Defaults checks that only the variables that a flip may change
// are written, and that they are empty.
func TestEnvironment_Defaults(t *testing.T) {
	want := map[string]string{"MAINTENANCE_DEFAULT_LANGUAGE": "", "MAINTENANCE_MESSAGE": "", "MAINTENANCE_UNTIL": ""}
	if got := (Config{}).Environment(); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEnvironmentRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyConfig(t)
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		env := c.Environment()
		if again := c.Environment(); !maps.Equal(env, again) {
			t.Fatalf("two encodings of one configuration differ: %v and %v", env, again)
		}
		got, errs := ParseEnvironment(func(name string) string { return env[name] })
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		if !got.Until.Equal(c.Until) || got.Until.Format(time.RFC3339) != c.Until.Format(time.RFC3339) {
			t.Fatalf("until became %v, was %v", got.Until, c.Until)
		}
		got.Until = c.Until
		var body, want any
		if c.Body != nil && (json.Unmarshal(got.Body, &body) != nil || json.Unmarshal(c.Body, &want) != nil || !reflect.DeepEqual(body, want)) {
			t.Fatalf("the body became %s, was %s", got.Body, c.Body)
		}
		got.Body = c.Body
		if !reflect.DeepEqual(got, c) {
			t.Fatal(cmp.Diff(c, got))
		}
	})
}

// anyConfig draws a valid configuration.
func anyConfig(t *rapid.T) Config {
	var c Config
	tags := []string{"en", "ja", "zh-Hant", "zh-Hans", "pt-BR", "und", "de-CH-1996"}
	text := rapid.StringMatching(`[ -~\n\x{a1}-\x{2ff}\x{3041}-\x{3096}\x{1f600}]{1,40}`)
	for _, tag := range rapid.SliceOfNDistinct(rapid.SampledFrom(tags), 0, 4, rapid.ID).Draw(t, "tags") {
		if c.Message == nil {
			c.Message = map[string]string{}
		}
		c.Message[tag] = text.Draw(t, tag)
		if rapid.Bool().Draw(t, "default") {
			c.DefaultLanguage = tag
		}
	}
	if rapid.Bool().Draw(t, "has until") {
		zone := time.FixedZone("", 60*rapid.IntRange(-14*60, 14*60).Draw(t, "offset"))
		c.Until = time.Unix(rapid.Int64Range(1, 1<<36).Draw(t, "until"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).In(zone)
	}
	c.RetryAfter = time.Duration(rapid.IntRange(0, 86400).Draw(t, "retry after")) * time.Second
	origins := []string{"https://app.example.com", "https://*.example.com", "http://localhost:3000", "capacitor://localhost"}
	c.CORSOrigins = rapid.SliceOfN(rapid.SampledFrom(origins), 1, 3).Draw(t, "origins")
	if rapid.Bool().Draw(t, "has body") {
		c.Body = json.RawMessage(encode(map[string]string{"message": text.Draw(t, "body")}))
	}
	return c
}
