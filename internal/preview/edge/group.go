package edge

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/noren-cdk/noren/internal/alb"
)

// group is a target group.
type group struct {
	name  string
	arn   string
	list  atomic.Pointer[[]*target] // replaced, never changed
	next  atomic.Uint32
	least atomic.Int32 // the number of healthy targets below which all targets get requests

	mu       sync.Mutex
	ctx      context.Context    // of the health checks
	stop     context.CancelFunc // nil if the group is not used
	check    healthCheck
	settings *alb.TargetGroup
	checked  sync.WaitGroup
}

// target is one registered target of a group.
type target struct {
	name     string   // for a reader
	url      *url.URL // nil if it is a function
	function Invoker
	state    atomic.Uint32
	ignore   context.CancelFunc // stops its health checks; nil if there are none
}

func newGroup(name string) *group {
	h := fnv.New64a()
	h.Write([]byte(name))
	g := &group{
		name: name,
		arn:  fmt.Sprintf("arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/%.32s/%016x", name, h.Sum64()),
	}
	g.list.Store(new([]*target))
	return g
}

// targets returns the registered targets.
func (g *group) targets() []*target { return *g.list.Load() }

// register adds targets. If the group is in use, they get requests as soon as
// their first health check has passed.
func (g *group) register(t Target, kind string) error {
	if err := t.validate(kind); err != nil {
		return err
	}
	var added []*target
	if t.Function != nil {
		added = append(added, &target{name: "function", function: t.Function})
	}
	urls, err := t.urls()
	if err != nil {
		return err
	}
	for _, u := range urls {
		added = append(added, &target{name: u.Scheme + "://" + u.Host, url: u})
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.replace(append(slices.Clone(g.targets()), added...))
	for _, t := range added {
		t.set(Initial)
		g.watch(t)
	}
	return nil
}

// deregister removes a target: its requests continue, but it gets no more.
func (g *group) deregister(name string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.IndexFunc(g.targets(), func(t *target) bool { return t.name == name })
	if i < 0 {
		return false
	}
	t := g.targets()[i]
	g.replace(slices.Delete(slices.Clone(g.targets()), i, i+1))
	if t.ignore != nil {
		t.ignore()
	}
	return true
}

// replace sets the targets. The caller holds the lock.
func (g *group) replace(targets []*target) {
	g.list.Store(&targets)
	if g.settings != nil {
		g.least.Store(int32(leastHealthy(g.settings, len(targets))))
	}
}

// watch starts the health checks of a target if the group is in use. The caller
// holds the lock.
func (g *group) watch(t *target) {
	switch {
	case g.stop == nil:
		return
	case !g.check.enabled:
		t.set(Healthy)
		return
	}
	ctx, ignore := context.WithCancel(g.ctx)
	t.ignore = ignore
	g.checked.Add(1)
	go func(check healthCheck) {
		defer g.checked.Done()
		check.watch(ctx, t)
	}(g.check)
}

// pick returns the target of the next request, or nil if none is in service: the
// healthy ones in turn or, if they are too few, all that have been checked. A
// target whose first check has not passed gets nothing. Source: UG23
// target-group-health-checks.
func (g *group) pick() *target {
	targets := g.targets()
	if len(targets) == 1 {
		if t := targets[0]; t.health().inService() {
			return t
		}
		return nil
	}
	healthy, checked := 0, 0
	for _, t := range targets {
		if h := t.health(); h.inService() {
			checked++
			if h == Healthy {
				healthy++
			}
		}
	}
	all := healthy < int(g.least.Load())
	n := healthy
	if all {
		n = checked
	}
	if n == 0 {
		return nil
	}
	k := int(g.next.Add(1) % uint32(n))
	var chosen *target
	for _, t := range targets {
		if h := t.health(); h == Healthy || all && h == Unhealthy {
			if chosen = t; k == 0 {
				break
			}
			k--
		}
	}
	return chosen // the last one, in case one has changed since it was counted
}

// attach starts the health checks, unless they already run with these settings. A
// group that is attached again starts over. Source: UG23
// target-group-health-checks.
func (g *group) attach(settings *alb.TargetGroup) {
	g.mu.Lock()
	defer g.mu.Unlock()
	check := readHealthCheck(settings)
	again := g.stop != nil
	if again && check == g.check {
		return
	}
	g.end()
	g.ctx, g.stop = context.WithCancel(context.Background())
	g.check, g.settings = check, settings
	g.replace(g.targets())
	for _, t := range g.targets() {
		if check.enabled && !again {
			t.set(Initial)
		}
		g.watch(t)
	}
}

// detach stops the health checks. The targets keep their state, for requests that
// were sent to the group before.
func (g *group) detach() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.end()
}

func (g *group) end() {
	if g.stop != nil {
		g.stop()
		g.checked.Wait()
		g.stop = nil
	}
}

// attached reports whether a rule uses the group.
func (g *group) attached() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stop != nil
}

// leastHealthy returns the number of healthy targets below which all targets get
// requests. Default: 1. Source: BC target_group_health.unhealthy_state_routing.
func leastHealthy(settings *alb.TargetGroup, targets int) int {
	const key = "target_group_health.unhealthy_state_routing.minimum_healthy_targets."
	least := 1
	if n, err := strconv.Atoi(settings.Attributes[key+"count"]); err == nil {
		least = max(least, n)
	}
	if percent, err := strconv.Atoi(settings.Attributes[key+"percentage"]); err == nil {
		least = max(least, (targets*percent+99)/100)
	}
	return least
}
