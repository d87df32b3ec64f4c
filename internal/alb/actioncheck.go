package alb

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/noren-cdk/noren/internal/cfn"
)

// fixedContentTypes are the content types of a fixed response. Source: BC.
var fixedContentTypes = []string{"", "text/plain", "text/css", "text/html", "application/javascript", "application/json"}

// checkActions checks the actions of a rule of a listener: the last one answers,
// and any before it authenticate. Source: BC.
func (t *Template) checkActions(l *Listener, rule *Rule, property string) []Problem {
	c := &checker{logicalID: rule.LogicalID, path: rule.Path, property: property}
	if len(rule.Actions) == 0 && !rule.Default() {
		c.errorf(0, "1 or more", "rule has no action")
	}
	for i, action := range rule.Actions {
		c.property = property + "[" + strconv.Itoa(i) + "]"
		last := i == len(rule.Actions)-1
		if _, before := action.(Authenticate); before == last {
			c.errorf(action.Type(), "one forward, redirect or fixed-response, at the end",
				"action %d of %d is %s, want one forward, redirect or fixed-response, at the end", i+1, len(rule.Actions), action.Type())
		}
		switch action := action.(type) {
		case Authenticate:
			if l.Protocol == "HTTP" {
				c.errorf(action.Method, "HTTPS", "action %s is for HTTPS listeners only", action.Method)
			}
		case Forward:
			t.checkGroups(c, action)
		case FixedResponse:
			c.checkFixed(action)
		case Redirect:
			c.checkRedirect(action, l)
		}
	}
	return c.problems
}

func (c *checker) checkFixed(f FixedResponse) {
	if class := f.Status / 100; f.Status != 0 && class != 2 && class != 4 && class != 5 {
		c.errorf(f.Status, "2xx, 4xx or 5xx", "fixed response has status %d, ALB allows 2xx, 4xx and 5xx", f.Status)
	}
	if n := utf8.RuneCountInString(f.Body); n > MaxFixedBody && !cfn.IsOpaque(f.Body) {
		c.errorf(n, MaxFixedBody, "fixed response has a body of %d characters, ALB allows %d", n, MaxFixedBody)
	}
	if !slices.Contains(fixedContentTypes, f.ContentType) && !cfn.IsOpaque(f.ContentType) {
		c.errorf(f.ContentType, strings.Join(fixedContentTypes[1:], ", "), "fixed response has content type %q, ALB allows %s",
			f.ContentType, strings.Join(fixedContentTypes[1:], ", "))
	}
}

func (c *checker) checkRedirect(r Redirect, l *Listener) {
	switch r.Protocol {
	case "", "#{protocol}", "HTTP", "HTTPS":
	default:
		c.refuse("protocol", r.Protocol, "HTTP, HTTPS and #{protocol}")
	}
	if l.Protocol == "HTTPS" && r.Protocol == "HTTP" {
		c.errorf(r.Protocol, "HTTPS", "redirect from HTTPS to HTTP is refused by ALB")
	}
	if port, err := strconv.Atoi(r.Port); r.Port != "" && r.Port != "#{port}" && (err != nil || port < 1 || port > 65535) {
		c.refuse("port", r.Port, "1 to 65535 and #{port}")
	}
	if r.Path != "" && !strings.HasPrefix(r.Path, "/") {
		c.refuse("path", r.Path, "a path that starts with /")
	}
	if strings.HasPrefix(r.Query, "?") {
		c.refuse("query", r.Query, "a query without the leading ?")
	}
	c.checkLength("redirect host", r.Host, MaxRedirectPart)
	c.checkLength("redirect path", r.Path, MaxRedirectPart)
	c.checkLength("redirect query", r.Query, MaxRedirectPart)
	if !l.Foreign() && l.Port != 0 && r.loops(l) {
		c.errorf(r.String(), "another protocol, host, port or path", "redirect leads back to where it came from, ALB wants another protocol, host, port or path")
	}
}

// refuse reports a part of a redirect that ALB does not accept.
func (c *checker) refuse(part, value, want string) {
	if !cfn.IsOpaque(value) {
		c.errorf(value, want, "redirect has %s %q, ALB allows %s", part, value, want)
	}
}
