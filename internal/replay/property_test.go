package replay

import (
	"testing"

	"pgregory.net/rapid"
)

// TestAFateHoldsForEveryHeader checks that the fate of a request without knowing
// X-Client is its fate whatever X-Client is, and that where the fate depends on
// it, X-Client makes a difference.
func TestAFateHoldsForEveryHeader(t *testing.T) {
	free := newReplay(t, Config{})
	var known []*Replay
	for _, value := range []string{"", "ios", "android", "web"} {
		known = append(known, newReplay(t, Config{Assume: []Assumption{{Name: "X-Client", Value: value}}}))
	}
	fate := func(r *Replay, method, path string, rule int) Fate {
		e := called(method, path, phone, rule)
		port, host, target := e.Address()
		request := request(&e, host, target, r.agents.get(e.UserAgent).header)
		return r.judge.pair(port).rule(&request).fate
	}
	rapid.Check(t, func(t *rapid.T) {
		method := rapid.SampledFrom([]string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "get"}).Draw(t, "method")
		path := rapid.SampledFrom([]string{"/api/login", "/api/templates", "/api/files", "/api/reports", "/api/health", "/"}).Draw(t, "path") +
			rapid.SampledFrom([]string{"", "/", "/7", "/7/x", "?a=1"}).Draw(t, "rest")
		without := fate(free, method, path, 0)
		seen := map[Fate]bool{}
		for _, r := range known {
			seen[fate(r, method, path, 0)] = true
		}
		switch {
		case seen[Depends]:
			t.Fatalf("%s %s: depends although the header is known", method, path)
		case without == Depends && len(seen) == 1, without != Depends && (len(seen) != 1 || !seen[without]):
			t.Fatalf("%s %s: got fate %d without the header, %v with it", method, path, without, seen)
		}
	})
}
