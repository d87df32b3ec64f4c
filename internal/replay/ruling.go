package replay

import "github.com/noren-cdk/noren/internal/alb"

// ruling is what becomes of a request and why.
type ruling struct {
	fate    Fate
	headers uint64    // that it depends on
	doubt   alb.Doubt // what else it depends on
	open    alb.Decision
}

// as is the ruling with its fate known.
func (r ruling) as(f Fate) ruling {
	r.fate, r.headers, r.doubt = f, 0, 0
	return r
}

// rule routes a request through both modes.
func (p *pair) rule(request *alb.Request, rejected bool) ruling {
	if rejected {
		return ruling{fate: Unaffected}
	}
	open := p.open.Route(request)
	if open.Rule == nil {
		return ruling{fate: Unaffected, open: open}
	}
	p.use(open, request)
	r := ruling{open: open}
	if p.same {
		r.fate = p.compare(open.Rule, p.twin[open.Rule])
		for _, rule := range open.Alternatives {
			if p.compare(rule, p.twin[rule]) != r.fate {
				return p.undecided(r, open)
			}
		}
		return r
	}
	closed := p.closed.Route(request)
	if closed.Rule == nil {
		return ruling{fate: Unaffected, open: open}
	}
	p.use(closed, request)
	r.fate = p.compare(open.Rule, closed.Rule)
	if len(open.Alternatives)+len(closed.Alternatives) > 0 {
		for _, a := range possible(open) {
			for _, b := range possible(closed) {
				if p.compare(a, b) != r.fate {
					return p.undecided(r, open, closed)
				}
			}
		}
	}
	return r
}

func possible(d alb.Decision) []*alb.Rule {
	return append([]*alb.Rule{d.Rule}, d.Alternatives...)
}

// compare is the fate of a request that open decides in one mode and closed in
// the other.
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

func (p *pair) undecided(r ruling, decisions ...alb.Decision) ruling {
	r.fate = Depends
	for _, d := range decisions {
		r.doubt |= d.RuleDoubt
		if d.RuleDoubt&alb.UnknownHeader != 0 {
			for _, rule := range possible(d) {
				r.headers |= p.headers[rule]
			}
		}
	}
	return r
}

// given is the fate of a request of which it is known what rule decided it when
// open. It is not known if the modes' rules differ.
func (p *pair) given(open *alb.Rule) (Fate, bool) {
	if !p.same {
		return Depends, false
	}
	return p.compare(open, p.twin[open]), true
}
