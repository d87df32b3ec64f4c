package responder

import (
	"strings"
	"testing"
)

func TestNegotiate(t *testing.T) {
	const (
		json    = "application/json"
		vendor  = "application/vnd.api+json"
		problem = "application/problem+json"
		html    = "text/html; charset=utf-8"
	)
	tests := []struct{ name, accept, want string }{
		{"nothing", "", json},
		{"anything", "*/*", json},
		{"Chrome navigates", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8", html},
		{"Safari navigates", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", html},
		{"axios", "application/json, text/plain, */*", json},
		{"jQuery", "application/json, text/javascript, */*; q=0.01", json},
		{"htmx and old frames", "text/html, */*", html},
		{"JSON first by quality", "text/html;q=0.8, application/json", json},
		{"HTML first by quality", "text/html, application/json;q=0.9", html},
		{"a tie", "text/html, application/json", json},
		{"a tie of tenths", "text/html;q=0.50, application/json;q=0.5", json},
		{"a tie with the problem", "application/problem+json, application/json", json},
		{"problem preferred", "application/problem+json, application/json;q=0.9", problem},
		{"problem named", "application/problem+json, */*", problem},
		{"JSON:API", "application/vnd.api+json", vendor},
		{"JSON:API with an extension", `application/vnd.api+json; ext="https://jsonapi.org/ext/atomic"`, vendor},
		{"all of application", "application/*", json},
		{"all of text", "text/*", html},
		{"exact before range", "text/*, text/html;q=0.1, application/json;q=0.5", json},
		{"refused", "application/json;q=0, text/html;q=0.1", html},
		{"refused by name", "*/*, application/json;q=0, application/vnd.api+json;q=0", problem},
		{"everything refused", "*/*;q=0", json},
		{"nothing that there is", "image/png", json},
		{"upper case", "TEXT/HTML;Q=0.9, Application/JSON;Q=0.1", html},
		{"blanks", " text/html ;\tq=0.9 , application/json ; q=0.1", html},
		{"quoted comma", `text/html;level="1,application/json", application/json;q=0.5`, html},
		{"escaped quote", `application/json;q=0.5;level="\",text/html;level="`, json},
		{"unclosed quote", `application/json;q=0.5, text/html;level="1, application/json`, html},
		{"parameter before quality", "text/html;level=1;q=0.2, application/json;q=0.3", json},
		{"quality that is none", "text/html;q=high, application/json;q=0.5", html},
		{"quality over one", "text/html;q=5, application/json;q=0.5", html},
		{"same range twice", "application/json;q=0.1, application/json, text/html;q=0.5", json},
		{"half a wildcard", "*/html, application/json;q=0.1", json},
		{"no slash", "text, html, ;, ,,", json},
	}
	h := at(now, Config{}, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h.metrics.flushed = now // no log
			if got := get(t, h, "accept", tt.accept).headers["Content-Type"]; got != tt.want {
				t.Errorf("%q is answered with %s, want %s", tt.accept, got, tt.want)
			}
		})
	}
}

func TestLongAcceptIsReadInTime(t *testing.T) {
	h := at(now, Config{}, nil)
	h.metrics.flushed = now
	for _, accept := range []string{strings.Repeat(`"`, 16000), strings.Repeat("a/b;", 4000), strings.Repeat("text/html;q=0.001,", 900)} {
		get(t, h, "accept", accept)
	}
}
