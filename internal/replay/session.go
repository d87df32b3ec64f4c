package replay

import (
	"hash/maphash"
	"net/netip"
	"time"

	"github.com/noren-cdk/noren/internal/replay/accesslog"
)

// idle is the time without a request after which a session has ended.
const idle = 30 * time.Minute

// sessions follows the mobile app's clients, distinguished by address and user
// agent, to find out what they call first. Lines may be slightly out of order, as
// the logs of several load balancer nodes are.
type sessions struct {
	seed  maphash.Seed
	live  map[uint64]session
	count int64 // sessions that have ended
	stuck int64 // those with a refused call
}

type session struct {
	start, last time.Time
	refusedAt   time.Time
	refused     *endpoint // the first refused call, or nil
}

func newSessions() *sessions {
	return &sessions{seed: maphash.MakeSeed(), live: map[uint64]session{}}
}

type client struct {
	address netip.Addr
	agent   string
}

func (s *sessions) add(e *accesslog.Entry, at time.Time, called *endpoint, fate Fate) {
	key := maphash.Comparable(s.seed, client{e.Client.Addr(), e.UserAgent})
	v, ok := s.live[key]
	if ok && (at.Sub(v.last) > idle || v.start.Sub(at) > idle) {
		s.finish(v)
		ok = false
	}
	if !ok {
		if len(s.live) >= maxSessions {
			s.sweep(at)
		}
		v = session{start: at, last: at}
	}
	if at.Before(v.start) {
		v.start = at
	}
	if at.After(v.last) {
		v.last = at
	}
	if fate == Refused && (v.refused == nil || at.Before(v.refusedAt)) {
		v.refused, v.refusedAt = called, at
	}
	s.live[key] = v
}

// sweep ends idle sessions, or all of them if most are not idle.
func (s *sessions) sweep(now time.Time) {
	for _, all := range []bool{false, true} {
		for key, v := range s.live {
			if all || now.Sub(v.last) > idle {
				s.finish(v)
				delete(s.live, key)
			}
		}
		if len(s.live) < maxSessions*3/4 {
			return
		}
	}
}

func (s *sessions) finish(v session) {
	s.count++
	if v.refused == nil {
		return
	}
	s.stuck++
	e := v.refused.kept()
	e.firstRefused++
	if v.refusedAt.Equal(v.start) {
		e.firstCall++
	}
}

// end ends all sessions.
func (s *sessions) end() {
	for key, v := range s.live {
		s.finish(v)
		delete(s.live, key)
	}
}
