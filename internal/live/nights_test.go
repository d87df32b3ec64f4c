package live

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// nights is the number of simulated nights: go test ./internal/live -nights
// 10000.
var nights = flag.Int("nights", 300, "how many nights TestNights simulates")

const nightSecret = "abcdefghijklmnopqrstuvwxyz012345"

// A night is a product that should be closed, and what went wrong with it.
type night struct {
	*rand.Rand
	deployed *deployed
	found    rules.Found
	closed   *alb.Listener // as deployed, with the secret: what may get through
	open     *alb.Listener // the same listener before closing
	api      Seen          // what the API describes
	nodes    []*alb.Listener
	status   Status
	faults   []string
	unread   bool // a call of the API failed
	secret   bool // the secret of a rule was changed, which the probe does not see
	stale    bool // one address was not flipped, which the probe does not see
	silent   bool // the probe has stopped: its last word, closed, is old
}

// withSecret returns a copy of a listener with the secret in its rules.
func withSecret(l *alb.Listener, secret string) *alb.Listener {
	c := &alb.Listener{Ref: l.Ref, LoadBalancer: l.LoadBalancer, Balancer: l.Balancer, Port: l.Port, Protocol: l.Protocol, Default: l.Default}
	for _, r := range l.Rules {
		r.Conditions = slices.Clone(r.Conditions)
		for i, condition := range r.Conditions {
			if h, ok := condition.(alb.Header); ok {
				h.Values = slices.Clone(h.Values)
				for k := range h.Values {
					h.Values[k] = cfn.Replace(h.Values[k], func(string) string { return secret })
				}
				r.Conditions[i] = h
			}
		}
		c.Rules = append(c.Rules, r)
	}
	return c
}

func readNight(tb testing.TB, mode string) (*deployed, rules.Found) {
	tb.Helper()
	data, err := os.ReadFile("../diff/testdata/own." + mode + ".json")
	if err != nil {
		tb.Fatal(err)
	}
	read, err := readTemplate(data)
	if err != nil {
		tb.Fatal(err)
	}
	return &deployed{template: read, physical: map[string]string{}}, read.switches[0]
}

// pick returns one of the values.
func pick[T any](n *night, values ...T) T { return values[n.IntN(len(values))] }

func sends(groups ...string) []alb.Action {
	var f alb.Forward
	for _, g := range groups {
		f.Groups = append(f.Groups, alb.WeightedGroup{Group: alb.Ref{LogicalID: g}, Weight: 1})
	}
	return []alb.Action{f}
}

// condition returns a condition that a person may type at night.
func (n *night) condition() alb.Condition {
	switch n.IntN(7) {
	case 0:
		return alb.PathPatterns{pick(n, "/*", "/api/*", "/api/reports*", "/admin/*", "*.json", "/api/templates/*")}
	case 1:
		return alb.SourceIPs{netip.MustParsePrefix(pick(n, "0.0.0.0/0", "203.0.113.0/24", "192.0.2.1/32", "10.0.0.0/8"))}
	case 2:
		return alb.Header{Name: pick(n, "User-Agent", "X-Debug", "Cookie"), Values: []string{pick(n, "*", "yes", "*curl*")}}
	case 3:
		return alb.Hosts{pick(n, "*.example.com", "api.example.com")}
	case 4:
		return alb.Methods{pick(n, "GET", "POST", "QUERY", "PROPPATCH")}
	case 5:
		return alb.PathRegexes{pick(n, "^/api/.*$", "^/[a-z]+$")}
	}
	return alb.Header{Name: "X-Client", Values: []string{pick(n, "ios", "a*")}}
}

// breaks makes one thing go wrong.
func (n *night) breaks() {
	l := n.api.Listeners[0]
	app, responder := n.found.Apps[0], n.found.Responder
	fault := func(format string, args ...any) { n.faults = append(n.faults, fmt.Sprintf(format, args...)) }
	switch n.IntN(13) {
	case 0, 1, 2:
		r := alb.Rule{Priority: pick(n, 1, 50, 103, 150, 195, 300, 5000), Actions: pick(n, sends(app), sends("Clone"), sends(app, responder), sends(responder), []alb.Action{alb.FixedResponse{Status: 200}})}
		for range 1 + n.IntN(2) {
			r.Conditions = append(r.Conditions, n.condition())
		}
		l.Rules = append(l.Rules, r)
		slices.SortFunc(l.Rules, func(a, b alb.Rule) int { return cmp.Compare(a.Priority, b.Priority) })
		fault("a rule by hand: %d %v -> %v", r.Priority, r.Conditions, r.Actions)
	case 3:
		r := &l.Rules[n.IntN(len(l.Rules))]
		r.Conditions = append(slices.Clone(r.Conditions[1:]), n.condition())
		fault("rule %d has other conditions: %v", r.Priority, r.Conditions)
	case 4:
		i := n.IntN(len(l.Rules))
		fault("rule %d is gone", l.Rules[i].Priority)
		l.Rules = slices.Delete(l.Rules, i, i+1)
	case 5:
		l.Default.Actions = pick(n, sends(app), sends("Clone"), sends(app, responder), []alb.Action{alb.FixedResponse{Status: 200}})
		fault("the default action is %v", l.Default.Actions)
	case 6:
		r := &l.Rules[n.IntN(len(l.Rules))]
		r.Actions = pick(n, sends(app), sends("Clone"), sends(responder))
		fault("rule %d does %v", r.Priority, r.Actions)
	case 7:
		n.api.Others = append(n.api.Others, &alb.Listener{Ref: alb.Ref{LogicalID: "Hand"}, Port: 8080, Default: alb.Rule{Actions: pick(n, sends(app), sends("Clone"), []alb.Action{alb.Redirect{Status: 301}})}})
		fault("another listener: %v", n.api.Others[0].Default.Actions)
	case 8:
		other := withSecret(n.deployed.listenerOf(n.found), strings.Repeat("0", 32))
		l.Rules = other.Rules
		n.secret = true
		fault("another secret")
	case 9:
		n.nodes[n.IntN(len(n.nodes))] = n.open
		n.stale = true
		fault("an address is not flipped")
	case 10:
		n.status.Stack = pick(n, "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED", "DELETE_IN_PROGRESS", "UPDATE_FAILED")
		fault("the stack is %s", n.status.Stack)
	case 11:
		n.unread = true
		fault("a call is throttled")
	case 12: // what was recorded stays; the product has no fault
		n.silent = true
		n.status.Recorded, n.status.Since, n.status.By = maintenance.Closed, time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC), "cdk deploy"
	}
}

// listenerOf returns the listener of a switch in the template.
func (d *deployed) listenerOf(s rules.Found) *alb.Listener {
	all, _ := d.listeners(s)
	return all[0]
}

// look returns the status of the night.
func (n *night) look() Status {
	s := n.status
	s.Deployed = n.deployed.finding(n.found, s.Stack)
	if n.unread && n.IntN(2) == 0 {
		s.Listener.Problem = "throttled"
	} else {
		n.deployed.assess(n.found, n.api, func(value string) (string, error) {
			return cfn.Replace(value, func(string) string { return nightSecret }), nil
		}, &s)
	}
	base := &url.URL{Scheme: "https", Host: "api.example.com", Path: "/api/noren-status-x1f9c2"}
	asks := append([]ask{{method: http.MethodGet, target: base}, {method: http.MethodPost, target: base}}, n.deployed.allowed(n.found, base)...)
	var all []got
	for i, node := range n.nodes {
		for _, a := range asks {
			g := got{ask: a, address: netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}), status: 404}
			if n.reaches(node, request(a.method, a.target.Path, a.header, "203.0.113.77")) == n.found.Responder {
				g.status, g.marker = 503, "on"
			}
			if n.unread && n.IntN(8) == 0 {
				g.err = errors.New("timed out")
			}
			all = append(all, g)
		}
	}
	s.Request = Query{}.judge(all, "")
	return s
}

func request(method, path string, header map[string][]string, source string) *alb.Request {
	if header == nil {
		header = map[string][]string{}
	}
	return &alb.Request{Method: method, Target: path, Host: "api.example.com", Header: header, Source: netip.MustParseAddr(source)}
}

// reaches returns the target group that a request reaches, or "". Of several by
// weight, it is the first one that is not the responder's.
func (n *night) reaches(l *alb.Listener, r *alb.Request) string {
	reached := ""
	for _, t := range l.Route(r).Targets() {
		if reached = t.Group.String(); reached != n.found.Responder {
			break
		}
	}
	return reached
}

// leak returns a request that gets through, at some address or on another
// listener, although neither the allowlist nor the bypass nor the health check
// allows it.
func (n *night) leak(nodes []*alb.Listener) string {
	paths := []string{"/", "/api/reports", "/api/reports/7", "/admin/x", "/x.json", "/api/login", "/api/templates/7", "/x1f9c2", "/api/files/a"}
	headers := []map[string][]string{
		nil, {"User-Agent": {"curl/8"}}, {"X-Debug": {"yes"}}, {"X-Client": {"ios"}}, {"X-Client": {"android"}},
		{"Cookie": {"maintenance-bypass=" + strings.Repeat("0", 32)}}, {"Cookie": {"a=b"}},
	}
	for _, method := range []string{"GET", "POST", "QUERY", "PROPPATCH"} {
		for _, path := range paths {
			for _, h := range headers {
				for _, source := range []string{"203.0.113.77", "198.51.100.1"} {
					for _, node := range nodes {
						if to := n.reaches(node, request(method, path, h, source)); to == "" || to == n.found.Responder {
							continue
						}
						if may := n.reaches(n.closed, request(method, path, h, source)); may == n.found.Responder {
							return fmt.Sprintf("%s %s %v from %s", method, path, h, source)
						}
					}
				}
			}
		}
	}
	return ""
}

// TestNights checks that, whatever goes wrong at night, closed is reported only
// if no request gets through that should be refused: by status at any address, by
// the probe according to the API. If nothing goes wrong, closed is always
// reported.
func TestNights(t *testing.T) {
	d, found := readNight(t, "closed")
	before, _ := readNight(t, "open")
	closed, open := withSecret(d.listenerOf(found), nightSecret), withSecret(before.listenerOf(found), nightSecret)
	outline := rules.NewOutline([]maintenance.Mode{maintenance.Open, maintenance.Closed}, func(mode maintenance.Mode) *alb.Listener {
		if mode == maintenance.Open {
			return before.listenerOf(found)
		}
		return d.listenerOf(found)
	}, found.Groups())
	told := rules.Outlines{Listeners: []rules.Outline{outline}}
	count := map[string]int{}
	for seed := range *nights {
		n := &night{
			Rand: rand.New(rand.NewPCG(uint64(seed), 21)), deployed: d, found: found, closed: closed, open: open,
			api: Seen{Listeners: []*alb.Listener{withSecret(d.listenerOf(found), nightSecret)}}, status: Status{Stack: "UPDATE_COMPLETE"},
		}
		for range 1 + n.IntN(4) {
			n.nodes = append(n.nodes, nil)
		}
		for range n.IntN(4) {
			n.breaks()
		}
		for i := range n.nodes {
			n.nodes[i] = cmp.Or(n.nodes[i], n.api.Listeners[0])
		}
		status := n.look()
		said := (status.Verdict() == Agree || status.Verdict() == Next) && status.Listener.Mode == maintenance.Closed
		leak := n.leak(append(slices.Clone(n.nodes), n.api.Others...))
		switch {
		case said && leak != "":
			t.Errorf("night %d: status says closed, and %s gets through: %q", seed, leak, n.faults)
		case said:
			count["closed"]++
		case len(n.faults) == 0:
			t.Errorf("night %d: nothing is wrong, and status says %s: %+v", seed, status.Verdict(), status)
		case leak != "":
			count["open, and not said to be closed"]++
		default:
			count["closed, and not said"]++
		}
		if n.silent { // it says nothing: stacks.TestSilentProbe tests what the alarms make of that
			count["without the probe, "+map[bool]string{true: "closed", false: "not said to be"}[said]]++
			continue
		}
		if mode, mixed := rules.Together(n.api.Modes(found.Switch)); mode == maintenance.Closed && mixed == "" {
			drift := told.Compare(mode, n.api.Listeners, n.api.Others, found.Groups())
			leak := n.leak(append(slices.Clone(n.api.Listeners), n.api.Others...))
			if rules.Opened(mode, drift) == "" && leak != "" && !n.secret {
				t.Errorf("night %d: the probe says closed, and %s gets through: %q", seed, leak, n.faults)
			}
		}
	}
	t.Log(count)
	if count["closed"] < *nights/5 || count["open, and not said to be closed"] < *nights/5 {
		t.Errorf("the nights are not what they should be: %v", count)
	}
}

// TestAssess_TurnedByHand checks that a switch that was turned without a deploy
// is reported in the mode that it was turned to, although the template has
// another.
func TestAssess_TurnedByHand(t *testing.T) {
	modes := map[string]maintenance.Mode{"open": maintenance.Open, "read-only": maintenance.ReadOnly, "closed": maintenance.Closed}
	for from := range modes {
		for to, want := range modes {
			d, found := readNight(t, from)
			turned, _ := readNight(t, to)
			status := Status{}
			seen := Seen{Listeners: []*alb.Listener{withSecret(turned.listenerOf(found), nightSecret)}}
			d.assess(found, seen, func(string) (string, error) { return "", errors.New("not allowed") }, &status)
			if status.Listener.Mode != want || status.Not != "" || (len(status.Drift) > 0) != (from != to) {
				t.Errorf("%s by hand, deployed %s: got %+v", to, from, status)
			}
		}
	}
}
