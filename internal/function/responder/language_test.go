package responder

import (
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestMessageIsInTheClientsLanguage(t *testing.T) {
	three := map[string]string{"en": "Back soon.", "ja": "まもなく再開します。", "zh-Hant": "即將恢復。"}
	tests := []struct {
		name   string
		config Config
		accept string
		want   string // Content-Language
	}{
		{"no preference", Config{Message: three}, "", "en"},
		{"exact", Config{Message: three}, "ja", "ja"},
		{"with a region", Config{Message: three}, "ja-JP,ja;q=0.9,en;q=0.8", "ja"},
		{"Taiwan reads Hant", Config{Message: three}, "zh-TW", "zh-Hant"},
		{"Hong Kong reads Hant", Config{Message: three}, "zh-HK,zh;q=0.9", "zh-Hant"},
		{"by quality", Config{Message: three}, "en;q=0.3, ja;q=0.7", "ja"},
		{"second choice", Config{Message: three}, "fr, ja;q=0.5", "ja"},
		{"none of them", Config{Message: three}, "fr", "en"},
		{"none of them, own default", Config{Message: three, DefaultLanguage: "ja"}, "fr", "ja"},
		{"default without English", Config{Message: map[string]string{"ja": "a", "fr": "b"}}, "ko", "fr"},
		{"refused", Config{Message: three}, "ja;q=0", "en"},
		{"anything", Config{Message: three}, "*", "en"},
		{"nonsense", Config{Message: three}, "!!, ;q=, -", "en"},
		{"what is too long is cut", Config{Message: three}, strings.Repeat("xx,", 1000) + "ja", "en"},
		{"long, and begins well", Config{Message: three}, "ja," + strings.Repeat("xx,", 5000), "ja"},
		{"an element that does not parse", Config{Message: three}, "en_!!, ja;q=0.5", "ja"},
		{"an element of nonsense in front", Config{Message: three}, "-, ;q=1, C, ja-JP;q=0.9, en;q=0.1", "ja"},
		{"Q counts", Config{Message: three}, "en;Q=0.1, ja;Q=0.9", "ja"},
		{"Q=0 refuses", Config{Message: three}, "ja;Q=0, zh-TW;q=0.1", "zh-Hant"},
		{"a quality that does not parse", Config{Message: three}, "ja;q=high", "ja"},
		{"Cantonese reads Hant", Config{Message: three}, "yue-Hant", "zh-Hant"},
		{"Cantonese of Hong Kong", Config{Message: three}, "yue-HK,en;q=0.5", "zh-Hant"},
		{"Mandarin in Hans, where there is Hant", Config{Message: three}, "zh-CN, zh", "zh-Hant"},
		{"Hans before English", Config{Message: three}, "zh-CN,zh;q=0.9,en;q=0.1", "zh-Hant"},
		{"Cantonese in Hans", Config{}, "yue-Hans", "zh-Hans"},
		{"Min Nan", Config{Message: three}, "nan-TW", "zh-Hant"},
		{"Norwegian", Config{}, "no", "nb"},
		{"Nynorsk", Config{}, "nn-NO", "nb"},
		{"Mexico", Config{}, "es-MX", "es-MX"},
		{"Argentina", Config{}, "es-AR", "es-MX"},
		{"Spain", Config{}, "es-ES", "es"},
		{"old name of Hebrew", Config{}, "iw", "he"},
		{"old name of Indonesian", Config{}, "in-ID", "id"},
		{"built in", Config{}, "nl-BE", "nl"},
		{"built in, default", Config{DefaultLanguage: "de"}, "cs", "de"},
		{"built in, Singapore", Config{}, "zh-SG", "zh-Hans"},
		{"tag as others write it", Config{Message: map[string]string{"zh_hant": "a", "ja": "b"}}, "zh-TW", "zh-Hant"},
		{"no language", Config{Message: map[string]string{"und": "503"}}, "ja", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := at(now, tt.config, io.Discard)
			for range 2 { // the second time from the cache
				r := get(t, h, "accept-language", tt.accept)
				if got := r.headers["Content-Language"]; got != tt.want {
					t.Errorf("%q is answered in %q, want %q", tt.accept, got, tt.want)
				}
				if want := tt.config.Message[tt.want]; !strings.Contains(r.body, want) {
					t.Errorf("%q is not answered with %q", tt.accept, want)
				}
			}
		})
	}
}

// TestPageSpeaksOneLanguage checks that the words around the message are in its
// language, or absent.
func TestPageSpeaksOneLanguage(t *testing.T) {
	own := say("Přestávka", "Zpět", "Obnoví se.", "Zpátky")
	for _, tt := range []struct {
		tag   string
		words map[string]Words
		want  string
	}{
		{"ja", nil, "<h1>メンテナンス中</h1>"}, {"zh-TW", nil, "<h1>系統維護中</h1>"}, {"zh", nil, "<h1>系统维护中</h1>"},
		{"pt-BR", nil, "<h1>Em manutenção</h1>"}, {"fi", nil, "<h1>Huoltokatko</h1>"}, {"nn", nil, "<h1>Under vedlikehold</h1>"},
		{"he", nil, "<h1>השירות בתחזוקה</h1>"}, {"es-AR", nil, "<h1>En mantenimiento</h1>"},
		{"cs", map[string]Words{"cs": own}, "<h1>Přestávka</h1>"}, {"ja", map[string]Words{"ja": own}, "<h1>Přestávka</h1>"},
		{"cs", nil, ""}, {"uk", nil, ""}, {"kk", nil, ""}, {"fa", nil, ""}, {"ms", nil, ""}, {"und", nil, ""},
	} {
		c := Config{Message: map[string]string{tt.tag: "503"}, Words: tt.words}
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		r := get(t, at(now, c, io.Discard), "accept", "text/html")
		if tt.want != "" && !strings.Contains(r.body, tt.want) || tt.want == "" && (strings.Contains(r.body, "<h1>") || strings.Contains(r.body, `class="reload">`)) {
			t.Errorf("%s: want %q alone in\n%s", tt.tag, tt.want, r.body)
		}
		if !strings.Contains(r.body, "<title>") || strings.Contains(r.body, "<title></title>") {
			t.Errorf("%s: the page has no title", tt.tag)
		}
	}
}

// TestDirectionFollowsTheScript checks that the direction does not depend on the
// first letter of the message.
func TestDirectionFollowsTheScript(t *testing.T) {
	for tag, want := range map[string]string{
		"ar": "rtl", "he": "rtl", "fa": "rtl", "ur": "rtl", "dv": "rtl", "ckb": "rtl", "ks": "rtl", "pa-Arab": "rtl", "az-Arab": "rtl", "uz-AF": "rtl", "iw": "rtl",
		"en": "ltr", "ja": "ltr", "pa": "ltr", "az": "ltr", "ks-Deva": "ltr", "ku": "ltr", "und": "auto", "und-Arab": "rtl",
	} {
		r := get(t, at(now, Config{Message: map[string]string{tag: "Field Reports: 503"}}, io.Discard), "accept", "text/html")
		if !strings.Contains(r.body, ` dir="`+want+`">`) {
			t.Errorf("%s: the page is not %s:\n%.80s", tag, want, r.body)
		}
	}
}

func TestLatinNamesAndTimesAreIsolated(t *testing.T) {
	for message, want := range map[string]string{
		"Field Reports قيد الصيانة حتى 18:30.": "<bdi>Field Reports</bdi> قيد الصيانة حتى <bdi>18:30</bdi>.",
		"التطبيق (Field Reports 2.0) مغلق":     "التطبيق (<bdi>Field Reports 2.0</bdi>) مغلق",
		"<b>&":   "&lt;<bdi>b</bdi>&gt;&amp;",
		"لا شيء": "لا شيء",
	} {
		if got := isolated(message, "rtl"); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", message, got, want)
		}
	}
	c := Config{Message: map[string]string{"ar": "x"}, Until: now.Add(time.Hour)}
	if r := get(t, at(now, c, io.Discard), "accept", "text/html"); !regexp.MustCompile(`<bdi><time datetime="[^"]+" dir="ltr">`).MatchString(r.body) {
		t.Errorf("the time is not isolated:\n%s", r.body)
	}
}

// TestEveryLanguageHasAllWords checks that every language has all words, and that
// every default message has words.
func TestEveryLanguageHasAllWords(t *testing.T) {
	for _, tag := range []string{"ar", "da", "de", "en", "es", "es-MX", "fi", "fr", "he", "id", "it", "ja", "ko", "nb", "nl", "pl", "pt", "ru", "sv", "th", "tr", "vi", "zh-Hans", "zh-Hant"} {
		if !HasWords(tag) {
			t.Errorf("no words for %s", tag)
		}
	}
	for _, entry := range vocabulary {
		if err := validateWords(map[string]Words{entry.tag: entry.words}, map[string]string{entry.tag: entry.message}); err != nil {
			t.Error(err)
		}
	}
	for _, tag := range []string{"cs", "uk", "hi", "und", "xx", ""} {
		if HasWords(tag) {
			t.Errorf("words for %q", tag)
		}
	}
}

func TestMemoryOfLanguagesIsBounded(t *testing.T) {
	h := at(now, fieldReports, io.Discard)
	for i := range 10 * maxChoices {
		get(t, h, "accept-language", "ja;q=0."+strings.Repeat("0", i%9)+"1, x-"+string(rune('a'+i%26))+strings.Repeat("b", i%7)+string(rune('a'+i/26%26)))
	}
	if size := len(h.choices); size > maxChoices {
		t.Errorf("%d headers are remembered, want at most %d", size, maxChoices)
	}
}
