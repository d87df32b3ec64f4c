package replay

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/rules/allowlist"
)

// maxSuggestions limits the number of suggestions: no one reads a longer list.
const maxSuggestions = 20

// often is the share of the app's sessions from which on a call is suggested
// although it writes.
const often = 0.05

// suggestions returns the lines that the allowlist may lack: what the mobile app
// reads and would be refused, and what its sessions begin with. If the log has no
// app, all clients except bots count. Most of an endpoint's requests must have
// succeeded, so that scans suggest nothing. If the allowlist has a line and
// requests are refused only for lack of a header, the header is suggested.
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
		if e.lacking*2 > e.requests.Refused {
			s.Header = e.header
		}
		s.Pattern = strings.Replace(e.method, "HEAD", "GET", 1) + " " + exact(numbered(e.path))
		found = append(found, s)
		if len(found) == 2*maxSuggestions {
			break
		}
	}
	return r.compilable(found)
}

// compilable drops suggestions that the allowlist would refuse together with its
// own lines and the other suggestions, and duplicates.
func (r *Replay) compilable(found []Suggestion) []Suggestion {
	own := r.judge.allowed()
	for {
		lines, at := slices.Clone(own), []int{}
		for i, s := range found {
			if s.Header == "" {
				lines, at = append(lines, s.Pattern), append(at, i)
			}
		}
		_, err := allowlist.Compile(lines, nil)
		var bad *allowlist.Error
		switch {
		case !errors.As(err, &bad):
			return found[:min(len(found), maxSuggestions)]
		case bad.Index < len(own): // there is no allowlist: the rules were written by hand
			own = slices.Delete(own, bad.Index, bad.Index+1)
		default:
			drop := at[bad.Index-len(own)]
			found = slices.Delete(found, drop, drop+1)
		}
	}
}

// allowed returns the lines of the allowlist, reconstructed from the maintenance
// rules.
func (j *judge) allowed() []string {
	var lines []string
	for _, p := range j.pairs {
		for _, allow := range p.allow {
			for _, v := range allow.values {
				if !slices.Contains(lines, v.pattern) {
					lines = append(lines, v.pattern)
				}
			}
		}
	}
	return lines
}
