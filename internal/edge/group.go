package edge

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/noren-cdk/noren/internal/alb"
)

// group is a target group.
type group struct {
	name    string
	arn     string
	targets []*target
	next    atomic.Uint32

	mu      sync.Mutex
	stop    context.CancelFunc // of the health checks; nil if the group is not used
	checked sync.WaitGroup
}

// target is one registered target of a group.
type target struct {
	name     string   // for a reader
	url      *url.URL // nil if it is a function
	function Invoker
	state    atomic.Uint32
}

func newGroup(name string) *group {
	h := fnv.New64a()
	h.Write([]byte(name))
	return &group{
		name: name,
		arn:  fmt.Sprintf("arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/%.32s/%016x", name, h.Sum64()),
	}
}

func (g *group) register(t Target, kind string) error {
	if err := t.validate(kind); err != nil {
		return err
	}
	if t.Function != nil {
		g.targets = append(g.targets, &target{name: "function", function: t.Function})
	}
	urls, err := t.urls()
	if err != nil {
		return err
	}
	for _, u := range urls {
		g.targets = append(g.targets, &target{name: u.Scheme + "://" + u.Host, url: u})
	}
	return nil
}

// pick returns the target of the next request, or nil if none is in service:
// the healthy ones in turn, and all of them if all are unhealthy. Source:
// UGnow target-group-health-checks. A target whose first check has not passed
// gets nothing. Source: UG23, the same page.
func (g *group) pick() *target {
	if len(g.targets) == 1 {
		if t := g.targets[0]; t.health() == Healthy || t.health() == Unhealthy {
			return t
		}
		return nil
	}
	for _, want := range []Health{Healthy, Unhealthy} {
		n := 0
		for _, t := range g.targets {
			if t.health() == want {
				n++
			}
		}
		if n == 0 {
			continue
		}
		k := int(g.next.Add(1) % uint32(n))
		for _, t := range g.targets {
			if t.health() != want {
				continue
			}
			if k == 0 {
				return t
			}
			k--
		}
	}
	return nil
}

// attach begins the health checks, unless they run. A group that comes back
// starts anew. Source: UG23 target-group-health-checks.
func (g *group) attach(settings *alb.TargetGroup) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stop != nil {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	g.stop = stop
	check := readHealthCheck(settings)
	for _, t := range g.targets {
		if !check.enabled {
			t.set(Healthy)
			continue
		}
		t.set(Initial)
		g.checked.Add(1)
		go func() {
			defer g.checked.Done()
			check.watch(ctx, t)
		}()
	}
}

// detach ends the health checks.
func (g *group) detach() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stop == nil {
		return
	}
	g.stop()
	g.stop = nil
	g.checked.Wait()
	for _, t := range g.targets {
		t.set(Unused)
	}
}
