package responder

import (
	"io"
	"strings"
	"testing"
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
		{"too long to be read", Config{Message: three}, strings.Repeat("ja,", 1000), "en"},
		{"built in", Config{}, "nl-BE", "nl"},
		{"built in, default", Config{DefaultLanguage: "de"}, "fi", "de"},
		{"built in, Singapore", Config{}, "zh-SG", "zh-Hans"},
		{"tag as others write it", Config{Message: map[string]string{"zh_hant": "a", "ja": "b"}}, "zh-TW", "zh-Hant"},
		{"no language", Config{Message: map[string]string{"und": "503"}}, "ja", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := at(now, tt.config, io.Discard)
			for range 2 { // the second time from memory
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

// TestPageSpeaksOneLanguage: the words around the message suit it, or say that
// they are English.
func TestPageSpeaksOneLanguage(t *testing.T) {
	for tag, want := range map[string]string{
		"ja": `<h1 lang="ja">メンテナンス中</h1>`, "zh-TW": `<h1 lang="zh-Hant">系統維護中</h1>`, "zh": `<h1 lang="zh-Hans">系统维护中</h1>`,
		"pt-BR": `<h1 lang="pt">Em manutenção</h1>`, "fi": `<h1 lang="en">Under maintenance</h1>`, "und": `<h1 lang="en">Under maintenance</h1>`,
	} {
		r := get(t, at(now, Config{Message: map[string]string{tag: "503"}}, io.Discard), "accept", "text/html")
		if !strings.Contains(r.body, want) {
			t.Errorf("%s: the page does not have %s", tag, want)
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
