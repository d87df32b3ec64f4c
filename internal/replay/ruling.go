package replay

import (
	"cmp"
	"slices"

	"github.com/noren-cdk/noren/internal/alb"
)

// ruling is what happens to a request and why.
type ruling struct {
	fate    Fate
	headers uint64    // that it depends on
	doubt   alb.Doubt // what else it depends on

	open   alb.Decision
	closed []*alb.Rule // see pair.closedRules; nil if open settles it
}

// as returns the ruling with a known fate.
func (r ruling) as(f Fate) ruling {
	r.fate, r.headers, r.doubt = f, 0, 0
	return r
}

// rule rules on a request that the load balancer did not reject.
func (p *pair) rule(request *alb.Request) ruling {
	open := p.open.Route(request)
	r := ruling{fate: Unaffected, open: open}
	if open.Rule == nil {
		return r
	}
	p.use(open, request)
	if p.settles[open.Rule] && len(open.Alternatives) == 0 {
		r.fate = p.compare(open.Rule, p.twin[open.Rule])
		return r
	}
	closed, doubt := p.closedRules(open, request)
	if closed == nil {
		return r
	}
	r.closed = closed
	fates := p.fates(open.Rule, closed)
	for _, rule := range open.Alternatives {
		fates |= p.fates(rule, closed)
	}
	if fate, ok := fates.only(); ok {
		r.fate = fate
		return r
	}
	r.fate = Depends
	r.doubt = open.RuleDoubt | doubt
	if r.doubt&alb.UnknownHeader != 0 {
		for _, rule := range append(possible(open), closed...) {
			r.headers |= p.headers[rule]
		}
	}
	return r
}

// given returns the fate of a request whose rule in open mode is known, if that
// determines it.
func (p *pair) given(open *alb.Rule, r ruling, request *alb.Request) (Fate, bool) {
	if p.settles[open] {
		return p.compare(open, p.twin[open]), true
	}
	closed := r.closed
	if closed == nil {
		closed, _ = p.closedRules(r.open, request)
	}
	return p.fates(open, closed).only()
}

// fates returns the possible fates of a request that open decides in one mode and
// one of closed in the other. Rules that both modes have match in both or in
// neither.
func (p *pair) fates(open *alb.Rule, closed []*alb.Rule) fateSet {
	twin := p.twin[open]
	var fates fateSet
	for i, rule := range closed {
		if twin != nil && place(rule) >= place(twin) {
			break
		}
		if origin := p.origin[rule]; origin != nil && place(origin) < place(open) {
			continue // it did not match when open
		}
		fates |= 1 << p.compare(open, rule)
		if i == len(closed)-1 { // the last one certainly matches
			return fates
		}
	}
	if twin != nil {
		fates |= 1 << p.compare(open, twin)
	}
	return fates
}

// fateSet is a set of fates.
type fateSet uint8

// only returns the fate if there is exactly one.
func (s fateSet) only() (Fate, bool) {
	for _, fate := range []Fate{Allowed, Refused, Unaffected} {
		if s == 1<<fate {
			return fate, true
		}
	}
	return Depends, false
}

// possible returns the rules that may decide, in the order in which they are
// tried.
func possible(d alb.Decision) []*alb.Rule {
	rules := append([]*alb.Rule{d.Rule}, d.Alternatives...)
	if len(rules) > 1 {
		inOrder(rules)
	}
	return rules
}

func inOrder(rules []*alb.Rule) {
	slices.SortFunc(rules, func(a, b *alb.Rule) int { return cmp.Compare(place(a), place(b)) })
}

func place(rule *alb.Rule) int {
	if rule.Default() {
		return alb.UnknownPriority + 1
	}
	return rule.Priority
}

// compare returns the fate of a request that open decides in one mode and closed
// in the other.
func (p *pair) compare(open, closed *alb.Rule) Fate {
	a, b := p.effects[open], p.effects[closed]
	switch {
	case a.id != b.id:
		return Refused
	case a.itself:
		return Unaffected
	}
	return Allowed
}
