package replay

import (
	"cmp"
	"errors"
	"strings"

	"github.com/noren-cdk/noren/internal/rules/allowlist"
)

// maxSuggestions bounds what is suggested: a longer list is not read.
const maxSuggestions = 20

// often is the share of the app's sessions that makes a call one to suggest
// although it writes.
const often = 0.05

// suggestions are the lines that the allowlist may lack: what the mobile app
// reads and would be refused, and what its sessions begin with. Without an app
// in the log, everybody but bots counts. Most of an endpoint's requests must
// have succeeded, so that scans suggest nothing.
func (r *Replay) suggestions(hasApp bool) []Suggestion {
	found := []Suggestion{}
	for _, e := range r.endpoints.sorted(func(a, b *endpoint) int {
		return cmp.Or(cmp.Compare(b.firstCall, a.firstCall), cmp.Compare(b.app.Refused, a.app.Refused), cmp.Compare(b.people.Refused, a.people.Refused))
	}) {
		callers := e.people
		if hasApp {
			callers = e.app
		}
		s := Suggestion{Requests: callers.Refused, FirstCalls: e.firstCall, Writes: e.method != "GET" && e.method != "HEAD"}
		switch {
		case callers.Refused == 0 || e.succeeded*2 < e.requests.Requests:
			continue
		case s.Writes && (e.method == "OPTIONS" || !hasApp || Share(e.firstCall, r.sessions.count) < often):
			continue
		}
		s.Pattern = strings.Replace(e.method, "HEAD", "GET", 1) + " " + exact(numbered(e.path))
		found = append(found, s)
		if len(found) == 2*maxSuggestions {
			break
		}
	}
	return compilable(found)
}

// compilable drops what the allowlist would refuse, alone or beside the others,
// and what is said twice.
func compilable(found []Suggestion) []Suggestion {
	for {
		lines := make([]string, len(found))
		for i, s := range found {
			lines[i] = s.Pattern
		}
		_, err := allowlist.Compile(lines, nil)
		var bad *allowlist.Error
		if !errors.As(err, &bad) {
			break
		}
		found = append(found[:bad.Index], found[bad.Index+1:]...)
	}
	return found[:min(len(found), maxSuggestions)]
}
