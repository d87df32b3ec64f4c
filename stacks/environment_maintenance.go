package stacks

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
)

var (
	// fieldName is the name of a header or a cookie: a token of RFC 9110.
	fieldName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

	fieldValue = regexp.MustCompile(`^[!-~]([ -~]*[!-~])?$`)

	origin = regexp.MustCompile(`^([a-z][a-z0-9+.-]*)://(\*\.)?([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?$`)
)

func (c *checker) checkMode(now time.Time) {
	m := c.env.Maintenance
	if m.Mode == "read-only" && !m.ReadOnly {
		c.fail("maintenance.mode", "read-only is not prepared: set maintenance.readOnly to true")
	}
	if until := m.Until; !until.IsZero() && until.Before(now) {
		const key = "maintenance.until"
		at := c.decoder.placeOf(key)
		c.warnings = append(c.warnings, Problem{c.decoder.file, at.line, at.column, key,
			fmt.Sprintf("%s is past: clients are told to wait %v instead", until.Format(time.RFC3339), m.RetryAfter)})
	}
}

func (c *checker) checkMessage() {
	m := c.env.Maintenance
	const key, defaultKey = "maintenance.message", "maintenance.defaultLanguage"
	for tag, text := range m.Message {
		tagKey := joinKey(key, tag)
		parsed, err := language.Raw.Parse(tag)
		switch {
		case err != nil:
			c.fail(tagKey, "want a language tag such as en, ja or zh-Hant, got %q", tag)
		case parsed.String() != tag:
			c.fail(tagKey, "want the language tag written %q, got %q", parsed, tag)
		case strings.TrimSpace(text) == "":
			c.fail(tagKey, "want a message, got nothing")
		}
	}

	languages := alternatives(slices.Sorted(maps.Keys(m.Message)))
	_, known := m.Message[m.DefaultLanguage]
	switch {
	case !c.decoder.sound(key):
	case m.Message != nil && len(m.Message) == 0:
		c.fail(key, "want a message in at least one language, or no message at all")
	case m.DefaultLanguage == "" && len(m.Message) > 1:
		c.fail(defaultKey, "missing: want the language of whoever asks for no other, %s", languages)
	case m.DefaultLanguage != "" && len(m.Message) == 0:
		c.fail(defaultKey, "want none without maintenance.message, got %q", m.DefaultLanguage)
	case m.DefaultLanguage != "" && !known:
		c.fail(defaultKey, "want a language of maintenance.message, %s, got %q", languages, m.DefaultLanguage)
	}
}

// checkAllow checks the allowlist. The place for whatever the construct knows
// about patterns and the load balancer's limits.
func (c *checker) checkAllow() {
	for i, pattern := range c.env.Maintenance.Allow {
		if strings.TrimSpace(pattern) == "" {
			c.fail(fmt.Sprintf("maintenance.allow[%d]", i), `want a method and a path such as "GET /api/templates/{id}", got %q`, pattern)
		}
	}
}

func (c *checker) checkClients() {
	clients := c.env.Maintenance.Clients
	const headerKey, valuesKey = "maintenance.clients.header", "maintenance.clients.values"
	c.match(headerKey, clients.Header, fieldName, "the name of a header such as X-Client")
	switch count := len(clients.Values); {
	case clients.Header == "" && count > 0:
		c.fail(headerKey, "missing: want the name of the header that has the values")
	case clients.Header != "" && count == 0:
		c.fail(valuesKey, "missing: want one or two values of %s", clients.Header)
	case count > 2:
		c.fail(valuesKey, "want one or two values, got %d", count)
	}
	seen := map[string]bool{}
	for i, value := range clients.Values {
		key := fmt.Sprintf("%s[%d]", valuesKey, i)
		folded := strings.ToLower(value)
		if !fieldValue.MatchString(value) {
			c.fail(key, "want a header value in ASCII, got %q", value)
		}
		if seen[folded] {
			c.fail(key, "%q is there already: load balancers do not tell upper and lower case apart", value)
		}
		seen[folded] = true
	}
}

func (c *checker) checkBypass() {
	bypass := c.env.Maintenance.Bypass
	const key = "maintenance.bypass"
	c.match(key+".header", bypass.Header, fieldName, "the name of a header such as X-Maintenance-Bypass")
	c.match(key+".cookie", bypass.Cookie, fieldName, "the name of a cookie such as maintenance-bypass")
	for i, cidr := range bypass.CIDRs {
		cidrKey := fmt.Sprintf("%s.cidrs[%d]", key, i)
		switch {
		case !cidr.IsValid():
		case cidr.Bits() == 0:
			c.fail(cidrKey, "want a network of operators, got %s, which is everybody", cidr)
		case cidr.Masked() != cidr:
			c.fail(cidrKey, "want the first address of the network, %s, got %s", cidr.Masked(), cidr)
		}
	}
	if len(bypass.CIDRs) > 0 && c.env.API.Domain == "" && c.decoder.sound("api.domain") {
		c.fail(key+".cidrs", "want none without api.domain: the load balancer is then behind CloudFront and does not see the client's address")
	}
}

func (c *checker) checkCORSOrigins() {
	for i, text := range c.env.Maintenance.CORSOrigins {
		key := fmt.Sprintf("maintenance.corsOrigins[%d]", i)
		parts := origin.FindStringSubmatch(text)
		switch {
		case parts == nil, parts[2] != "" && parts[1] != "https":
			c.fail(key, "want an origin, SCHEME://HOST[:PORT] in lower case and without a path, or https://*.DOMAIN, got %q", text)
		case parts[1] == "https" && parts[4] == ":443", parts[1] == "http" && parts[4] == ":80":
			c.fail(key, "want no %s: browsers leave the scheme's own port out, got %q", parts[4], text)
		}
	}
}
