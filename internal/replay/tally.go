package replay

// tally counts by name, in a limited table.
type tally struct {
	names map[string]*Counts
	most  int
}

func newTally(most int) *tally { return &tally{names: map[string]*Counts{}, most: most} }

func (t *tally) get(name string) *Counts {
	if c, ok := t.names[name]; ok {
		return c
	}
	name = clean(name)
	if c, ok := t.names[name]; ok {
		return c
	}
	if len(t.names) >= t.most {
		name = Other
		if c, ok := t.names[name]; ok {
			return c
		}
	}
	c := &Counts{}
	t.names[name] = c
	return c
}

// families counts by user agent family.
type families struct {
	*tally
	kinds map[string]Kind
}

func newFamilies() *families { return &families{newTally(maxFamilies), map[string]Kind{}} }

func (f *families) get(a *agent) *Counts {
	if len(f.kinds) < maxFamilies {
		if _, ok := f.kinds[a.Family]; !ok {
			f.kinds[a.Family] = a.Kind
		}
	}
	return f.tally.get(a.Family)
}
