package alb

import (
	"net/netip"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Characters of condition values. Sources: BC; the error "contains a character
// that is not valid" for anything else (aws-cli#9792).
const (
	capitals         = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	letters          = "abcdefghijklmnopqrstuvwxyz" + capitals
	digits           = "0123456789"
	hostCharacters   = letters + digits + "*?._-"
	pathCharacters   = letters + digits + `_.$/~"'@:+&*?-`
	methodCharacters = capitals + "_-"
	headerCharacters = letters + digits + "!#$%&'*+.^_`|~-" // RFC 7230
)

func (c *checker) checkCondition(condition Condition) {
	switch condition := condition.(type) {
	case Methods:
		checkSome(c, "method", condition)
		for _, method := range condition {
			c.checkMethod(method)
		}
	case PathPatterns:
		checkSome(c, "path pattern", condition)
		for _, path := range condition {
			c.checkText("path pattern", path, MaxValueLength)
			c.checkCharacters("path pattern", path, pathCharacters, `A-Z a-z 0-9 _ - . $ / ~ " ' @ : + & * ?`)
		}
	case PathRegexes:
		c.checkRegexes("path regex", condition)
	case Hosts:
		checkSome(c, "host", condition)
		for _, host := range condition {
			c.checkHost(host)
		}
	case HostRegexes:
		c.checkRegexes("host regex", condition)
	case Header:
		c.checkHeaderName(condition.Name)
		checkSome(c, "value of header "+condition.Name, condition.Values)
		for _, value := range condition.Values {
			c.checkText("header value", value, MaxValueLength)
			c.checkVisible("header value", value)
		}
	case HeaderRegexes:
		c.checkHeaderName(condition.Name)
		c.checkRegexes("header regex", condition.Values)
	case QueryStrings:
		checkSome(c, "query string", condition)
		for _, pair := range condition {
			c.checkLength("query key", pair.Key, MaxValueLength)
			c.checkVisible("query key", pair.Key)
			c.checkText("query value", pair.Value, MaxValueLength)
			c.checkVisible("query value", pair.Value)
		}
	case SourceIPs:
		checkSome(c, "source IP", condition)
		for _, prefix := range condition {
			c.checkPrefix(prefix)
		}
	case Unknown:
		if condition.Known != nil {
			c.checkCondition(condition.Known)
		}
	case nil:
		c.errorf("", "a condition", "condition is missing")
	}
}

// checkSome checks that a condition has values, and not so many that the
// documentation's text, though not the API, would mind.
func checkSome[V any](c *checker, what string, values []V) {
	n := len(values)
	if n == 0 {
		c.errorf(0, "1 or more", "condition has no %s", what)
	}
	if n > MaxMatchEvaluations && n <= MaxConditionValues {
		c.warnf(n, MaxMatchEvaluations, "condition has %d values, and AWS documents %d, though the API was seen to accept %d",
			n, MaxMatchEvaluations, MaxConditionValues)
	}
}

// checkText checks a value that must not be empty.
func (c *checker) checkText(what, value string, limit int) {
	if value == "" {
		c.errorf(value, "1 or more characters", "%s is empty", what)
	}
	c.checkLength(what, value, limit)
}

func (c *checker) checkLength(what, value string, limit int) {
	n := 0
	eachLiteral(value, func(s string) { n += utf8.RuneCountInString(s) })
	if n > limit {
		c.errorf(cfn.Display(value), limit, "%s %q has %d characters, ALB allows %d", what, cfn.Display(value), n, limit)
	}
}

func (c *checker) checkCharacters(what, value, allowed, want string) {
	eachLiteral(value, func(s string) {
		for _, character := range s {
			if !strings.ContainsRune(allowed, character) {
				c.errorf(cfn.Display(value), want, "%s %q contains %q, ALB allows %s", what, cfn.Display(value), character, want)
				return
			}
		}
	})
}

func (c *checker) checkVisible(what, value string) {
	eachLiteral(value, func(s string) {
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
			c.warnf(cfn.Display(value), "visible ASCII", "%s %q never matches: rules look at visible ASCII only", what, cfn.Display(value))
		}
	})
}

func (c *checker) checkMethod(method string) {
	c.checkText("method", method, MaxMethodLength)
	c.checkCharacters("method", method, methodCharacters, "A-Z - _")
	if method == "TRACE" {
		c.warnf(method, "any other method", "method %q never matches: ALB answers it with 405", method)
	}
}

func (c *checker) checkHost(host string) {
	c.checkText("host", host, MaxValueLength)
	if strings.Contains(host, ":") && !cfn.IsOpaque(host) {
		c.errorf(host, "a host without port", "host %q contains a port, which ALB allows in a regex only, such as %q",
			host, "^"+regexp.QuoteMeta(host)+"$")
		return
	}
	c.checkCharacters("host", host, hostCharacters, "A-Z a-z 0-9 - . * ? _")
	if cfn.IsOpaque(host) || host == "" {
		return
	}
	dot := strings.LastIndexByte(host, '.')
	if dot < 0 {
		c.errorf(host, "a host with a dot", "host %q has no dot, ALB wants at least one", host)
		return
	}
	if top := host[dot+1:]; strings.Trim(top, letters) != "" {
		c.errorf(host, "letters after the last dot", "host %q has %q after the last dot, ALB allows letters only", host, top)
	}
}

func (c *checker) checkHeaderName(name string) {
	c.checkText("header name", name, MaxHeaderNameLength)
	if strings.ContainsAny(name, "*?") {
		c.errorf(name, "a header name", "header name %q contains a wildcard, ALB allows none", name)
		return
	}
	c.checkCharacters("header name", name, headerCharacters, "the characters of an HTTP token")
	if equalFold(name, "Host") {
		c.errorf(name, "any other header", "header name %q is refused by ALB: use a host condition", name)
	}
}

func (c *checker) checkPrefix(prefix netip.Prefix) {
	switch {
	case !prefix.IsValid():
		c.errorf(prefix, "a CIDR", "source IP %q is not a CIDR", prefix)
	case prefix.String() == "255.255.255.255/32":
		c.errorf(prefix, "a CIDR other than 255.255.255.255/32", "source IP %q is refused by ALB", prefix)
	case prefix != prefix.Masked():
		c.warnf(prefix, prefix.Masked(), "source IP %q has bits outside its mask, want %q", prefix, prefix.Masked())
	}
}
