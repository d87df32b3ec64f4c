package replay

import (
	"cmp"
	"slices"
)

// endpoint is a method and a path with its ids folded.
type endpoint struct {
	method, path string

	requests  Counts
	app       Counts // of the mobile app
	people    Counts // of all clients except bots
	succeeded int64  // requests that the service answered with a status below 400

	firstRefused int64 // sessions of the app in which this was the first refused call
	firstCall    int64 // those in which it was the first call

	lacking int64  // refused requests that only lack a header
	header  string // the first such header

	into *endpoint // where it was moved when it was dropped from the table
}

func (e *endpoint) merge(f *endpoint) {
	e.requests.merge(f.requests)
	e.app.merge(f.app)
	e.people.merge(f.people)
	e.succeeded += f.succeeded
	e.lacking += f.lacking
	e.firstRefused += f.firstRefused
	e.firstCall += f.firstCall
}

// kept returns the endpoint in the table that represents e.
func (e *endpoint) kept() *endpoint {
	if e.into != nil {
		return e.into
	}
	return e
}

// endpoints is a table of limited size. When it is full, the quarter with the
// fewest requests moves to other, so that frequent endpoints stay even if a scan
// fills the table first.
type endpoints struct {
	table map[string]*endpoint
	other *endpoint
	key   []byte
}

func newEndpoints() *endpoints {
	return &endpoints{table: map[string]*endpoint{}, other: &endpoint{path: Other}}
}

func (t *endpoints) get(method, target string) *endpoint {
	t.key = appendClean(t.key[:0], method)
	split := len(t.key)
	t.key = append(t.key, ' ')
	t.key = foldPath(t.key, target)
	if e, ok := t.table[string(t.key)]; ok {
		return e
	}
	if len(t.table) >= maxEndpoints {
		t.drop()
	}
	key := string(t.key)
	e := &endpoint{method: key[:split], path: key[split+1:]}
	t.table[key] = e
	return e
}

func (t *endpoints) drop() {
	all := t.sorted(func(a, b *endpoint) int { return cmp.Compare(a.requests.Requests, b.requests.Requests) })
	for _, e := range all[:len(all)/4] {
		t.other.merge(e)
		e.into = t.other
		delete(t.table, e.method+" "+e.path)
	}
}

// sorted returns the endpoints in the given order, and by name where that is
// equal.
func (t *endpoints) sorted(order func(a, b *endpoint) int) []*endpoint {
	all := make([]*endpoint, 0, len(t.table))
	for _, e := range t.table {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *endpoint) int {
		return cmp.Or(order(a, b), cmp.Compare(a.path, b.path), cmp.Compare(a.method, b.method))
	})
	return all
}
