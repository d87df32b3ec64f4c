package main

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Guesses limits the wrong passwords that this process compares: by name and
// address together, so that someone who guesses locks nobody else out; by
// address, against trying many names; and by name, against trying from many
// addresses.
type guesses struct {
	mu      sync.Mutex
	pairs   map[string]*bucket
	sources map[string]*bucket
	names   map[string]*bucket
	turns   map[string]*turn
}

// A limit is how many failures are allowed at once, and after how long each is
// forgotten.
type limit struct {
	burst int
	each  time.Duration
}

var (
	pairLimit   = limit{5, 30 * time.Second}
	sourceLimit = limit{60, 2 * time.Second} // an address may be an office's, or a CloudFront edge's
	nameLimit   = limit{100, 30 * time.Second}
)

// mostBuckets limits the memory that guesses use.
const mostBuckets = 20_000

// A bucket counts failures, which leak out of it.
type bucket struct {
	failures float64
	at       time.Time
}

// A turn allows one comparison per name at a time, so that guesses at one name
// wait for each other and delay nobody else.
type turn struct {
	slot    chan struct{}
	waiting int
}

func newGuesses() *guesses {
	return &guesses{pairs: map[string]*bucket{}, sources: map[string]*bucket{}, names: map[string]*bucket{}, turns: map[string]*turn{}}
}

// take waits for the turn of name. Release ends the turn. Ok is false if the
// request has ended.
func (g *guesses) take(r *http.Request, name string) (release func(), ok bool) {
	g.mu.Lock()
	t := g.turns[name]
	if t == nil {
		t = &turn{slot: make(chan struct{}, 1)}
		g.turns[name] = t
	}
	t.waiting++
	g.mu.Unlock()
	leave := func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if t.waiting--; t.waiting == 0 {
			delete(g.turns, name)
		}
	}
	select {
	case t.slot <- struct{}{}:
		return func() { <-t.slot; leave() }, true
	case <-r.Context().Done():
	case <-client(r.Context()).Done():
	}
	leave()
	return nil, false
}

// wait returns how long a guess at name from address has to wait, 0 if it need
// not.
func (g *guesses) wait(name, address string, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(
		pairLimit.wait(g.pairs[name+"\x00"+address], now),
		sourceLimit.wait(g.sources[address], now),
		nameLimit.wait(g.names[name], now),
	)
}

// failed counts a wrong password.
func (g *guesses) failed(name, address string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	pairLimit.add(g.pairs, name+"\x00"+address, now)
	sourceLimit.add(g.sources, address, now)
	nameLimit.add(g.names, name, now)
}

// succeeded forgets the failures of a client that has the password.
func (g *guesses) succeeded(name, address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.pairs, name+"\x00"+address)
}

func (l limit) wait(b *bucket, now time.Time) time.Duration {
	if b == nil {
		return 0
	}
	over := l.left(b, now) - float64(l.burst-1)
	return max(0, time.Duration(over*float64(l.each)))
}

// left returns the number of failures that are not yet forgotten.
func (l limit) left(b *bucket, now time.Time) float64 {
	return max(0, b.failures-float64(now.Sub(b.at))/float64(l.each))
}

func (l limit) add(buckets map[string]*bucket, key string, now time.Time) {
	if len(buckets) >= mostBuckets {
		l.clear(buckets, now)
	}
	b := buckets[key]
	if b == nil {
		b = &bucket{at: now}
		buckets[key] = b
	}
	b.failures, b.at = l.left(b, now)+1, now
}

// clear makes room: it removes forgotten buckets first and, if that is not
// enough, any others.
func (l limit) clear(buckets map[string]*bucket, now time.Time) {
	for key, b := range buckets {
		if l.left(b, now) == 0 {
			delete(buckets, key)
		}
	}
	for key := range buckets {
		if len(buckets) < mostBuckets*9/10 {
			return
		}
		delete(buckets, key)
	}
}

// addressOf returns the client's address: the last in X-Forwarded-For, which the
// load balancer has added. The client may have sent the others.
func addressOf(r *http.Request) string {
	if all := r.Header.Values("X-Forwarded-For"); len(all) > 0 {
		list := all[len(all)-1]
		if address := net.ParseIP(strings.TrimSpace(list[strings.LastIndex(list, ",")+1:])); address != nil {
			return address.String()
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
