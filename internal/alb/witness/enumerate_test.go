package witness

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
)

// TestEnumerate checks that there is a text for each combination of matching
// regexes, the shortest and plainest first.
func TestEnumerate(t *testing.T) {
	anything := alb.Language{Regex: `\A[ab]*\z`, Letters: "ab"}
	for _, test := range []struct {
		regexes []string
		want    []string
	}{
		{nil, []string{""}},
		{[]string{`^a$`}, []string{"", "a"}},
		{[]string{`a`, `b`}, []string{"", "a", "b", "ab"}},
		{[]string{`^a+$`, `^.*b$`}, []string{"", "a", "b"}},
		{[]string{`^a`, `^a`}, []string{"", "a"}},
		{[]string{`c`}, []string{""}},
		{[]string{`^a{3}$`}, []string{"", "aaa"}},
		{[]string{`(?i)^A$`}, []string{"", "a"}},
		{[]string{`a\b`}, []string{"", "a"}},
		{[]string{`[`}, []string{""}},
	} {
		if got, cut := enumerate(test.regexes, []alb.Language{anything}); cut || !slices.Equal(got, test.want) {
			t.Errorf("%q: got %q, cut %v; want %q", test.regexes, got, cut, test.want)
		}
	}
}

// TestPathsAreWritten checks that every path that is found can be sent, and is
// read as intended.
func TestPathsAreWritten(t *testing.T) {
	regexes := []string{`^/[^/]+$`, `\?`, `#`, `%`, ` `, `//`, `\.\.`, `^/a/$`}
	texts, _ := enumerate(regexes, alb.SpaceOf(alb.PathPatterns{}).Sides[0].Languages)
	for _, text := range texts {
		d := alb.NewDraft()
		d.Path = text
		request := d.Request()
		if o := (alb.PathRegexes{"^" + regexp.QuoteMeta(text) + "$"}).Match(&request); !o.Verdict.Matches() {
			t.Errorf("%q, sent as %q, is not read as itself", text, request.Target)
		}
	}
	if len(texts) < 20 {
		t.Errorf("only %d texts", len(texts))
	}
}

// TestSecrets checks that a witness that carries a secret names it, and that
// equal secrets of two templates are treated as one.
func TestSecrets(t *testing.T) {
	listener := func(secret string) *alb.Listener {
		return &alb.Listener{
			Ref: alb.Ref{LogicalID: "Listener"},
			Rules: []alb.Rule{{Priority: 1, LogicalID: "Bypass", Conditions: []alb.Condition{
				alb.Header{Name: "Cookie", Values: []string{"*bypass=" + cfn.OpaqueSecret(secret) + "*"}},
			}}},
		}
	}
	names := func(classes []Class) (names []string) {
		for _, c := range classes {
			names = append(names, fmt.Sprint(c.Old.Name(), " ", c.New.Name(), " ", c.Request.Header["Cookie"]))
		}
		return names
	}
	same, _ := Classes(listener("Secret1"), listener("Secret1"))
	if got, want := names(same), []string{"default default []", "1 1 [xbypass=<secret Secret1>x]"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	rotated, _ := Classes(listener("Secret1"), listener("Secret2"))
	if len(rotated) != 4 {
		t.Errorf("got %q, want every combination of the two secrets", names(rotated))
	}
}

// TestCut checks that a search which leaves out combinations says so, and takes
// bounded time.
func TestCut(t *testing.T) {
	l := &alb.Listener{Ref: alb.Ref{LogicalID: "Listener"}}
	for i := range 30 {
		l.Rules = append(l.Rules, alb.Rule{Priority: i + 1, Conditions: []alb.Condition{
			alb.PathPatterns{fmt.Sprintf("*%c*", 'a'+i%26)}, alb.Hosts{fmt.Sprintf("*%c*", 'a'+(i+7)%26)},
		}})
	}
	classes, complete := Classes(l, l)
	if complete || len(classes) == 0 {
		t.Errorf("%d classes, complete: %v; want some, and that there may be more", len(classes), complete)
	}
}
