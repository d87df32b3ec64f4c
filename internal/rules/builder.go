package rules

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules/allowlist"
	"github.com/noren-cdk/noren/maintenance"
)

// builder makes the rules of a plan.
type builder struct {
	Plan
	band  band
	rules []Rule
	errs  []error
	full  bool // the slots of a kind other than the allowlist's were too few
}

func (p Plan) builder() *builder { return &builder{Plan: p, band: p.band()} }

// band returns the narrow band if it suffices.
func (p Plan) band() band {
	if len(p.Services) > 1 || p.WithoutUpgrades {
		return wide
	}
	p.Services = slices.Clone(p.Services)
	for i := range p.Services {
		p.Services[i].Allow = nil
	}
	trial := &builder{Plan: p, band: narrow}
	trial.standing()
	trial.bypassSecret("")
	trial.turning(maintenance.Closed)
	if trial.full {
		return wide
	}
	return narrow
}

func (b *builder) bad(format string, args ...any) {
	b.errs = append(b.errs, fmt.Errorf(format, args...))
}

func (b *builder) done() ([]Rule, error) {
	return b.rules, errors.Join(append(b.errs, Check(b.rules))...)
}

// add adds a rule in the n-th of some slots; what says what the rule is for.
func (b *builder) add(r Rule, what string, at slots, n int) {
	if n >= at.count {
		b.full = true
		if n == at.count {
			b.bad("%s takes more than the %d rules that there is room for", what, at.count)
		}
		return
	}
	r.ID = fmt.Sprintf("%s%d", r.ID, n)
	r.Priority = b.first() + at.first + n
	b.rules = append(b.rules, r)
}

// spread adds rules with conditions that together match what all of them match,
// from the n-th slot on, and returns the number of slots taken so far.
func (b *builder) spread(r Rule, what string, at slots, n int, conditions []alb.Condition) int {
	parts := alb.Fit(conditions, alb.MaxConditionValues, alb.MaxWildcards)
	if parts == nil {
		b.bad("%s: no rule has room for %s: ALB allows %d condition values and %d wildcards", what, text(conditions), alb.MaxConditionValues, alb.MaxWildcards)
	}
	for _, r.Conditions = range parts {
		b.add(r, what, at, n)
		n++
	}
	return n
}

// single is like spread, but does not number a single rule.
func (b *builder) single(r Rule, what string, at slots, n int, conditions []alb.Condition) int {
	from := len(b.rules)
	next := b.spread(r, what, at, n, conditions)
	if n == 0 && len(b.rules) > from {
		b.rules[from].ID = r.ID
	}
	return next
}

func text(conditions []alb.Condition) string {
	texts := make([]string, len(conditions))
	for i, c := range conditions {
		texts[i] = c.String()
	}
	return strings.Join(texts, ", ")
}

func (b *builder) standing() {
	attached := -1
	for i, s := range b.Services {
		if len(s.Routes) == 0 {
			continue
		}
		if attached < 0 {
			attached = i
		}
		b.allow(i, s)
		if path := s.HealthCheckPath; path != "" {
			b.single(Rule{ID: "HealthCheck", Service: i}, "HealthCheckPath", b.band.health(i), 0,
				append([]alb.Condition{alb.Methods{http.MethodGet, http.MethodHead}, alb.PathPatterns{path}}, b.hostsOf(s)...))
		}
	}
	if b.Status {
		b.single(Rule{ID: maintenance.StatusID, Target: Status}, "StatusURL", b.band.status, 0,
			append([]alb.Condition{alb.Methods{http.MethodGet, http.MethodHead}, alb.PathPatterns{maintenance.StatusPath}}, b.hostsOf(Service{})...))
	}
	if len(b.BypassCIDRs) > 0 {
		b.bypass("BypassSource", "Bypass.CIDRs", b.band.bypassSource, alb.SourceIPs(b.BypassCIDRs), (*builder).spread)
	}
	if attached >= 0 && !slices.ContainsFunc(b.rules, func(r Rule) bool { return r.Target == App }) {
		// A target group that no rule refers to is not health-checked, and ECS
		// refuses to deploy into it. This rule keeps it on the listener while the
		// default action goes elsewhere.
		conditions := append([]alb.Condition{nobody}, b.hostsOf(b.Services[attached])...)
		for _, part := range alb.Fit(conditions, alb.MaxConditionValues, alb.MaxWildcards)[:1] {
			b.single(Rule{ID: "Attached", Service: attached}, "AppTargetGroup", b.band.health(attached), 0, part)
		}
	}
}

// allow adds the rules for the allowlist of a service.
func (b *builder) allow(i int, s Service) {
	fixed := b.hostsOf(s)
	if b.ClientHeader != "" {
		fixed = append(fixed, alb.Header{Name: b.ClientHeader, Values: b.ClientValues})
	}
	rules, err := allowlist.Compile(s.Allow, fixed)
	if err != nil {
		b.errs = append(b.errs, err)
	}
	at := b.band.allow(i)
	if len(rules) > at.count {
		b.bad("Allow compiles to %d rules, a band has room for %d", len(rules), at.count)
		rules = rules[:at.count]
	}
	for n, conditions := range rules {
		b.add(Rule{ID: "Allow", Service: i, Conditions: conditions}, "Allow", at, n)
	}
}

func (b *builder) bypassSecret(secret string) {
	if name := b.BypassHeader; name != "" {
		b.bypass("BypassHeader", "Bypass.Header", b.band.bypassHeader, alb.Header{Name: name, Values: []string{secret}}, (*builder).single)
	}
	if name := b.BypassCookie; name != "" {
		// A Cookie header holds all cookies of the site in one line.
		value := "*" + name + "=" + secret + "*"
		b.bypass("BypassCookie", "Bypass.Cookie", b.band.bypassCookie, alb.Header{Name: "Cookie", Values: []string{value}}, (*builder).single)
		b.single(Rule{ID: maintenance.UnlockID, Target: Unlock}, "Bypass.UnlockPath", b.band.unlock, 0,
			append([]alb.Condition{alb.Methods{http.MethodGet, http.MethodPost}, alb.PathPatterns{b.UnlockPath}}, b.hostsOf(Service{})...))
	}
}

// bypass adds rules that send requests matching a condition where they go without
// the switch.
func (b *builder) bypass(id, what string, at func(service int) slots, through alb.Condition, spread func(*builder, Rule, string, slots, int, []alb.Condition) int) {
	b.eachRoute(what, func(r Rule, n int, route []alb.Condition) int {
		r.ID = id
		what := fmt.Sprintf("%s, for what goes by %s", what, b.name(r))
		if slices.ContainsFunc(route, func(c alb.Condition) bool { return alb.Field(c) == "source-ip" }) && alb.Field(through) == "source-ip" {
			b.bad("%s: a rule takes one condition on the source", what)
			return n
		}
		return spread(b, r, what, at(r.Service), n, append([]alb.Condition{through}, route...))
	})
}

// name returns the name of the route that a rule is for.
func (b *builder) name(r Rule) string { return b.Services[r.Service].Routes[r.Route].Name }

// turning adds the rules that carry the mode.
func (b *builder) turning(mode maintenance.Mode) {
	hosts := b.hostsOf(Service{})
	closing := func(id, what string, at slots, armed []alb.Condition) {
		from := len(b.rules)
		b.spread(Rule{ID: id, Target: Responder}, what, at, 0, armed)
		for i := from; i < len(b.rules) && mode == maintenance.Open; i++ {
			b.rules[i].Conditions = []alb.Condition{nobody}
		}
	}
	if b.CloseByRule {
		armed := hosts
		if len(armed) == 0 {
			armed = []alb.Condition{alb.PathPatterns{"*"}}
		}
		closing(maintenance.CloseID, "Hosts", b.band.close, armed)
	}
	if !b.ReadOnly {
		return
	}
	if b.WithoutUpgrades {
		closing(maintenance.UpgradeID, "WithoutUpgrades", b.band.upgrade, append([]alb.Condition{alb.Header{Name: "Upgrade", Values: []string{"*"}}}, hosts...))
	}
	b.eachRoute("ReadOnly", func(r Rule, n int, route []alb.Condition) int {
		methods := readMethods
		if at := slices.IndexFunc(route, isMethods); at >= 0 {
			taken := texts(route[at])
			methods = slices.DeleteFunc(slices.Clone(readMethods), func(m string) bool { return !slices.Contains(taken, m) })
			route = slices.Delete(slices.Clone(route), at, at+1)
		}
		if len(methods) == 0 {
			return n // nothing that reads goes there
		}
		r.ID = maintenance.ReadID
		if mode == maintenance.Closed {
			r.Target = Responder
		}
		return b.spread(r, "ReadOnly, for what goes by "+b.name(r), b.band.read(r.Service), n, append([]alb.Condition{methods}, route...))
	})
}

func isMethods(c alb.Condition) bool { return alb.Field(c) == "http-request-method" }

// texts returns the values of a condition as written.
func texts(c alb.Condition) []string {
	var all []string
	for _, value := range alb.Values(c) {
		all = append(all, value.Text)
	}
	return all
}

// eachRoute calls add for every route to every service, those of the application
// last, with a rule that sends as the route does, the number of slots taken for
// the service, and the conditions of the route within the hosts of the switch.
// add returns the new number of slots taken.
func (b *builder) eachRoute(what string, add func(r Rule, n int, route []alb.Condition) int) {
	for i := range b.Services {
		service := (i + 1) % len(b.Services)
		n := 0
		for j, route := range b.Services[service].Routes {
			if route.Unknown {
				b.bad("%s: only a deploy knows the conditions of %s, so that its requests cannot be told: set Hosts", what, route.Name)
				continue
			}
			conditions, err := b.within(route.Conditions, b.hostsOf(b.Services[service]))
			switch {
			case err != nil:
				b.bad("%s: %s: %w", what, route.Name, err)
			case conditions != nil:
				n = add(Rule{Service: service, Route: j}, n, *conditions)
			}
		}
	}
}

// within returns conditions restricted to some hosts, nil if they match none of
// them.
func (b *builder) within(conditions, hosts []alb.Condition) (*[]alb.Condition, error) {
	if len(hosts) == 0 {
		return &conditions, nil
	}
	at := slices.IndexFunc(conditions, func(c alb.Condition) bool { return alb.Field(c) == "host-header" })
	if at < 0 {
		all := append(slices.Clone(conditions), hosts...)
		return &all, nil
	}
	own := conditions[at]
	if slices.ContainsFunc(alb.Values(own), func(v alb.Value) bool { return v.Regex }) {
		return nil, fmt.Errorf("%s cannot be narrowed to %s", conditions[at], hosts[0])
	}
	var both alb.Hosts
	for _, a := range texts(own) {
		for _, h := range texts(hosts[0]) {
			switch {
			case !alb.Overlap(a, h):
			case strings.EqualFold(a, h), !wild(a), wild(h) && covers(h, a):
				both = append(both, a)
			case !wild(h), covers(a, h):
				both = append(both, h)
			default:
				return nil, fmt.Errorf("host %q and %q of Hosts have names in common that no pattern tells", a, h)
			}
		}
	}
	if len(both) == 0 {
		return nil, nil
	}
	all := slices.Clone(conditions)
	slices.Sort(both)
	all[at] = slices.Compact(both)
	return &all, nil
}

func wild(host string) bool { return strings.ContainsAny(host, "*?") }

// covers reports whether the first of two patterns with wildcards matches
// everything that the second matches, in the simplest case only: "*" followed by
// the end of the second.
func covers(a, b string) bool {
	suffix, ok := strings.CutPrefix(a, "*")
	return ok && !wild(suffix) && strings.HasSuffix(strings.ToLower(b), strings.ToLower(suffix))
}
