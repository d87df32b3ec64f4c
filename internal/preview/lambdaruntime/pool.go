package lambdaruntime

import (
	"slices"
	"sync"
	"time"
)

// pool matches invocations with processes.
type pool struct {
	function *Function

	// patience is how long to wait for a process that has answered before another
	// is started in its place.
	patience time.Duration

	mu        sync.Mutex
	closed    bool
	waiting   []*invocation // for a process, the oldest first
	idle      []*instance   // the last used one at the end
	instances map[*instance]bool
}

// phase is what a process is doing.
type phase uint8

const (
	starting   phase = iota // until it first asks for an invocation
	idle                    // asks for an invocation
	busy                    // has one
	finishing               // has answered, and will ask for the next one at once
	lingering               // has answered a while ago and does not ask
	terminated              // ended, by itself or by the pool
)

// submit gives an invocation to a process, or queues it.
func (p *pool) submit(inv *invocation) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	if len(p.waiting)+p.count(busy) >= p.function.config.Concurrency {
		return ErrThrottled
	}
	if n := len(p.idle); n > 0 {
		i := p.idle[n-1]
		p.idle = p.idle[:n-1]
		i.take(inv)
		return nil
	}
	p.waiting = append(p.waiting, inv)
	p.startMissing()
	return nil
}

// count counts processes in some phases.
func (p *pool) count(phases ...phase) int {
	n := 0
	for i := range p.instances {
		if slices.Contains(phases, i.phase) {
			n++
		}
	}
	return n
}

// startMissing starts processes for the waiting invocations, unless others are
// about to ask for one.
func (p *pool) startMissing() {
	for len(p.waiting) > p.count(starting, finishing) && len(p.instances) < p.function.config.Concurrency {
		i := &instance{function: p.function, next: make(chan *invocation, 1)}
		if p.instances == nil {
			p.instances = map[*instance]bool{}
		}
		p.instances[i] = true
		p.function.running.Add(1)
		go i.run()
	}
}

// asks records that a process asks for an invocation. It returns false if the
// process has one that it has not answered.
func (p *pool) asks(i *instance) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i.phase == finishing || i.phase == lingering {
		i.timer.Stop()
	}
	switch {
	case i.phase == terminated || i.phase == busy && len(i.next) == 0:
		return false
	case i.phase == busy || i.phase == idle:
	case len(p.waiting) > 0:
		inv := p.waiting[0]
		p.waiting = p.waiting[1:]
		i.take(inv)
	default:
		i.phase = idle
		p.idle = append(p.idle, i)
	}
	return true
}

// hangsUp records that a process no longer asks. It may ask again.
func (p *pool) hangsUp(i *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i.phase == idle {
		p.forget(i)
		i.linger(lingering)
		p.startMissing()
	}
}

// answered takes the result of an invocation from a process. It returns false if
// the process does not have that invocation.
func (p *pool) answered(i *instance, id string, r result) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i.phase != busy || i.current.id != id {
		return false
	}
	i.finish(r)
	i.linger(finishing)
	time.AfterFunc(p.patience, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if i.phase == finishing && !p.closed {
			i.phase = lingering
			p.startMissing()
		}
	})
	return true
}

// gone removes a process that ended. Its invocation, or the one for which it was
// started, fails with err.
func (p *pool) gone(i *instance, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch i.phase {
	case busy:
		i.finish(result{err: err})
	case idle:
		p.forget(i)
	case starting:
		if len(p.waiting) > 0 {
			p.waiting[0].fail(err)
			p.waiting = p.waiting[1:]
		}
	}
	i.phase = terminated
	delete(p.instances, i)
	if !p.closed {
		p.startMissing()
	}
}

func (p *pool) forget(i *instance) {
	p.idle = slices.DeleteFunc(p.idle, func(other *instance) bool { return other == i })
}

// busyInstances returns the processes that have an invocation.
func (p *pool) busyInstances() []*instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []*instance
	for i := range p.instances {
		if i.phase == busy {
			list = append(list, i)
		}
	}
	return list
}

// close accepts no further invocations and ends all processes.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.closed = true
	close(p.function.done)
	for _, inv := range p.waiting {
		inv.fail(ErrClosed)
	}
	p.waiting = nil
	for i := range p.instances {
		i.end(ErrClosed)
	}
}
