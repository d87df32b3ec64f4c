package environment

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/function/responder"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/internal/rules/allowlist"
	"github.com/noren-cdk/noren/maintenance"
)

const (
	// longestMaintenance is how far ahead an end may be before it is taken for a
	// mistyped year.
	longestMaintenance = 366 * 24 * time.Hour

	// clockSkew is how far the clock of this machine may be behind AWS's.
	clockSkew = 5 * time.Minute
)

func (c *checker) checkMode(now time.Time) {
	m := c.env.Maintenance
	if err := maintenance.CheckExpectedDuration(m.ExpectedDuration); err != nil {
		c.fail("maintenance.expectedDuration", "%v", err)
	}
	if reopen := m.Reopen; reopen.After(now.Add(clockSkew)) {
		c.fail("maintenance.reopen", "want the time since when maintenance is on, as the guard's refusal says it, got %s, which is yet to come", reopen.Format(time.RFC3339))
	}
	if until := m.Until; until.After(now.Add(longestMaintenance)) {
		c.fail("maintenance.until", "want an end within a year, got %s", until.Format(time.RFC3339))
	}
	if err := m.Mode.CheckPrepared(m.ReadOnly); err != nil {
		c.fail("maintenance.mode", "%v", err)
	}
	if until := m.Until; !until.IsZero() && until.Before(now) {
		c.warn("maintenance.until", "%s is past: clients are told to wait %v instead", until.Format(time.RFC3339), m.RetryAfter)
	}
}

// checkAnswer checks what clients are told, with the responder's own code.
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

// checkAnnounce checks the announcement, as the construct will.
func (c *checker) checkAnnounce(now time.Time) {
	a := c.env.Maintenance.Announce
	const key = "maintenance.announce"
	if err := maintenance.Announcement(a).CheckTimes(); err != nil {
		at := key + ".until"
		if a.From.IsZero() {
			at = key
		}
		c.fail(at, "%v", err)
	}
	if a.Message != nil && len(a.Message) == 0 {
		c.fail(key+".message", "want a message in at least one language, or none at all")
	}
	for tag, text := range a.Message {
		c.checkConfig(joinKey(key+".message", tag), responder.Config{Message: map[string]string{tag: text}})
	}
	if c.decoder.sound(key + ".message") {
		c.checkConfig(key+".message", responder.Config{Message: a.Message})
	}
	for name, at := range map[string]time.Time{"from": a.From, "until": a.Until} {
		if at.After(now.Add(longestMaintenance)) {
			c.fail(joinKey(key, name), "want a time within a year, got %s", at.Format(time.RFC3339))
		}
	}
	switch end := a.Until; {
	case a.From.IsZero():
	case !end.IsZero() && end.Before(now):
		c.warn(key+".until", "%s is past: take the announcement out", end.Format(time.RFC3339))
	case end.IsZero() && a.From.Before(now):
		c.warn(key+".from", "%s is past: take the announcement out once it is over", a.From.Format(time.RFC3339))
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
		return // it is already reported
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

// words converts Words for the function.
func (m Maintenance) words() map[string]responder.Words {
	words := map[string]responder.Words{}
	for tag, w := range m.Words {
		words[tag] = responder.Words(w)
	}
	return words
}

// page returns the page that people see. It reads the page's files from the
// working directory.
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

// Answer returns what clients are told.
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
	if clients := c.env.Maintenance.Clients; clients.Header != "" {
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

// checkPlan checks what the rules of the switch depend on, as the construct will.
func (c *checker) checkPlan() {
	m := c.env.Maintenance
	plan := rules.Plan{
		ClientHeader: m.Clients.Header, ClientValues: m.Clients.Values,
		BypassCIDRs: m.Bypass.CIDRs, BypassHeader: m.Bypass.Header, BypassCookie: m.Bypass.Cookie,
	}
	for _, problem := range plan.Problems() {
		c.fail("maintenance."+strings.ToLower(problem.Field), "%s", problem.Text)
	}
	if len(m.Bypass.CIDRs) > 0 && c.env.API.Domain == "" && c.decoder.sound("api.domain") {
		c.fail("maintenance.bypass.cidrs", "want none without api.domain: the load balancer is then behind CloudFront and does not see the client's address")
	}
}
