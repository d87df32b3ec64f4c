package environment

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/function/responder"
	"github.com/noren-cdk/noren/internal/rules/allowlist"
	"github.com/noren-cdk/noren/maintenance"
)

const (
	// widestIPv4 and widestIPv6 are the prefix lengths of the widest networks that
	// one organization has. Wider ones add up to everybody within a few lines.
	widestIPv4, widestIPv6 = 8, 16

	// maxHeaderValue is the longest value that a rule of the load balancer takes.
	maxHeaderValue = 128

	// longestMaintenance is how far ahead an end may be and not be a mistyped year.
	longestMaintenance = 366 * 24 * time.Hour

	// clockSkew is how far the clock of this machine may be behind AWS's.
	clockSkew = 5 * time.Minute
)

var (
	fieldValuePattern = regexp.MustCompile(`^[!-~]([ -~]*[!-~])?$`)
)

func (c *checker) checkMode(now time.Time) {
	m := c.env.Maintenance
	if d := m.ExpectedDuration; d < 5*time.Minute || d > 24*time.Hour || d%(5*time.Minute) != 0 {
		c.fail("maintenance.expectedDuration", "want steps of 5m from 5m to 24h, as CloudWatch evaluates an alarm no longer, got %v", d)
	}
	if reopen := m.Reopen; reopen.After(now.Add(clockSkew)) {
		c.fail("maintenance.reopen", "want the time since when maintenance is on, as the guard's refusal says it, got %s, which is yet to come", reopen.Format(time.RFC3339))
	}
	if until := m.Until; until.After(now.Add(longestMaintenance)) {
		c.fail("maintenance.until", "want an end within a year, got %s", until.Format(time.RFC3339))
	}
	if m.Mode == maintenance.ReadOnly && !m.ReadOnly {
		c.fail("maintenance.mode", "read-only is not prepared: set maintenance.readOnly to true")
	}
	if until := m.Until; !until.IsZero() && until.Before(now) {
		c.warn("maintenance.until", "%s is past: clients are told to wait %v instead", until.Format(time.RFC3339), m.RetryAfter)
	}
}

// checkAnswer checks what clients are told, by the rules of the function that
// tells them.
func (c *checker) checkAnswer() {
	m := c.env.Maintenance
	const messageKey = "maintenance.message"
	if m.Message != nil && len(m.Message) == 0 {
		c.fail(messageKey, "want a message in at least one language, or no maintenance.message at all")
	}
	for tag, text := range m.Message {
		c.checkConfig(joinKey(messageKey, tag), responder.Config{Message: map[string]string{tag: text}})
	}
	for tag, words := range m.Words {
		text := m.Message[tag]
		if text == "" {
			c.fail(joinKey("maintenance.words", tag), "want the language of a message of maintenance.message")
			continue
		}
		c.checkConfig(joinKey("maintenance.words", tag), responder.Config{
			Message: map[string]string{tag: text}, Words: map[string]responder.Words{tag: responder.Words(words)}})
	}
	for _, tag := range slices.Sorted(maps.Keys(m.Message)) {
		_, own := m.Words[tag]
		if country, ok := responder.MeantBy(tag); ok {
			c.warn(joinKey(messageKey, tag), "%q is a language, and not %s", tag, country)
		} else if !own && !responder.HasWords(tag) && c.decoder.sound(joinKey(messageKey, tag)) {
			c.warn(joinKey(messageKey, tag), "the page has no words in this language, only the message: give maintenance.words.%s", tag)
		}
	}
	c.checkPage()
	for i, origin := range m.CORSOrigins {
		c.checkConfig(fmt.Sprintf("maintenance.corsOrigins[%d]", i), responder.Config{CORSOrigins: []string{origin}})
	}
	if m.Body != "" {
		c.checkConfig("maintenance.body", responder.Config{Body: json.RawMessage(m.Body)})
	}
	if c.decoder.sound("maintenance.words") {
		c.checkConfig(messageKey, responder.Config{Message: m.Message, Words: m.words()})
	}
	if c.decoder.sound(messageKey) {
		c.checkConfig("maintenance.defaultLanguage", responder.Config{Message: m.Message, DefaultLanguage: m.DefaultLanguage})
	}
}

// checkPage checks the page that people see, with its files.
func (c *checker) checkPage() {
	m := c.env.Maintenance
	for key, file := range map[string]string{"maintenance.page": m.Page, "maintenance.logo": m.Logo} {
		if file == "" {
			continue
		}
		if _, err := os.ReadFile(file); err != nil {
			c.fail(key, "want a file, from where the app runs: %v", err)
		}
	}
	page, err := m.page()
	if err != nil {
		return // it is reported
	}
	key := "maintenance.page"
	switch {
	case m.Page == "" && m.Logo != "":
		key = "maintenance.logo"
	case m.Page == "" && m.Colours != Colours{}:
		key = "maintenance.colours"
	}
	c.checkConfig(key, responder.Config{Page: page})
	if m.StatusPage != "" {
		c.checkConfig("maintenance.statusPage", responder.Config{Page: page, StatusPage: m.StatusPage})
	}
}

// words are Words as the function has them.
func (m Maintenance) words() map[string]responder.Words {
	words := map[string]responder.Words{}
	for tag, w := range m.Words {
		words[tag] = responder.Words(w)
	}
	return words
}

// page is the page that people see, its files read from the working directory.
func (m Maintenance) page() (maintenance.Page, error) {
	p := maintenance.Page{Background: m.Colours.Background, Text: m.Colours.Text, Accent: m.Colours.Accent}
	var err error
	if m.Page != "" {
		p.HTML, err = os.ReadFile(m.Page)
	}
	if m.Logo != "" && err == nil {
		p.Logo, err = os.ReadFile(m.Logo)
	}
	return p, err
}

// Answer is what clients are told.
func (m Maintenance) Answer() maintenance.Answer {
	page, _ := m.page() // what cannot be read has been reported
	c := maintenance.Answer{
		Page: page, StatusPage: m.StatusPage,
		Message: m.Message, DefaultLanguage: m.DefaultLanguage, Words: m.words(),
		Until: m.Until, RetryAfter: m.RetryAfter, CORSOrigins: m.CORSOrigins,
	}
	if m.Body != "" {
		c.Body = json.RawMessage(m.Body)
	}
	return c
}

func (c *checker) checkConfig(key string, config responder.Config) {
	if err := config.Validate(); err != nil {
		c.fail(key, "%s", oneLine(err.Error()))
	}
}

// checkAllow compiles the allowlist as the construct will.
func (c *checker) checkAllow() {
	var fixed []alb.Condition
	if clients := c.env.Maintenance.Clients; clients.Header != "" && len(clients.Values) <= 2 {
		fixed = append(fixed, alb.Header{Name: clients.Header, Values: clients.Values})
	}
	_, err := allowlist.Compile(c.env.Maintenance.Allow, fixed)
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			var wrong *allowlist.Error
			if errors.As(err, &wrong) {
				c.fail(fmt.Sprintf("maintenance.allow[%d]", wrong.Index), "%q: %v", wrong.Pattern, wrong.Err)
			}
		}
	}
}

func (c *checker) checkClients() {
	clients := c.env.Maintenance.Clients
	const headerKey, valuesKey = "maintenance.clients.header", "maintenance.clients.values"
	c.checkHeader(headerKey, clients.Header, "X-Client")
	switch count := len(clients.Values); {
	case clients.Header == "" && count > 0:
		c.fail(headerKey, "missing: want the name of the header that has the values")
	case clients.Header != "" && count == 0:
		c.fail(valuesKey, "missing: want one or two values of the header %q", clients.Header)
	case count > 2:
		c.fail(valuesKey, "want one or two values, got %d", count)
	}
	seen := map[string]bool{}
	for i, value := range clients.Values {
		key := fmt.Sprintf("%s[%d]", valuesKey, i)
		folded := strings.ToLower(value)
		switch {
		case !fieldValuePattern.MatchString(value):
			c.fail(key, "want a header value in ASCII, got %q", value)
		case len(value) > maxHeaderValue:
			c.fail(key, "want at most %d characters, which a rule of the load balancer takes, got %d", maxHeaderValue, len(value))
		case strings.ContainsAny(value, "*?"):
			c.fail(key, "want a value without * and ?, which load balancers read as any characters, got %q", value)
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
	c.checkHeader(key+".header", bypass.Header, "X-Maintenance-Bypass")
	if clients := c.env.Maintenance.Clients.Header; bypass.Header != "" && strings.EqualFold(bypass.Header, clients) {
		c.fail(key+".header", "want another header than maintenance.clients.header, got %q twice", bypass.Header)
	}
	c.match(key+".cookie", bypass.Cookie, cookiePattern, "the name of a cookie such as maintenance-bypass: letters, digits, hyphens and underscores, at most 64")
	for i, cidr := range bypass.CIDRs {
		cidrKey := fmt.Sprintf("%s.cidrs[%d]", key, i)
		switch {
		case !cidr.IsValid():
		case cidr.Addr().Is4In6():
			c.fail(cidrKey, "want an IPv4 network as such, got %s", cidr)
		case cidr.Bits() == 0:
			c.fail(cidrKey, "want a network of operators, got %s, which is everybody", cidr)
		case cidr.Addr().Is4() && cidr.Bits() < widestIPv4, cidr.Addr().Is6() && cidr.Bits() < widestIPv6:
			c.fail(cidrKey, "want a network of operators, a /%d of IPv4 or a /%d of IPv6 at the widest, got %s", widestIPv4, widestIPv6, cidr)
		case cidr.Masked() != cidr:
			c.fail(cidrKey, "want the first address of the network, %s, got %s", cidr.Masked(), cidr)
		}
	}
	if len(bypass.CIDRs) > 0 && c.env.API.Domain == "" && c.decoder.sound("api.domain") {
		c.fail(key+".cidrs", "want none without api.domain: the load balancer is then behind CloudFront and does not see the client's address")
	}
}
