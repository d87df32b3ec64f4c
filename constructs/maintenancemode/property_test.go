package maintenancemode_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/alb/witness"
	"github.com/noren-cdk/noren/maintenance"
)

// generated is a load balancer as an app might have it, with a switch on it.
type generated struct {
	*rand.Rand
	hosts []string
	kept  []string // prefixes of the ids of target groups that stay open
}

func (g *generated) one(of int) bool { return g.IntN(of) == 0 }

func (g *generated) paths(prefix string) []string {
	all := []string{prefix, prefix + "/*", prefix + "/v1/*", prefix + "-old"}
	g.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:1+g.IntN(3)]
}

// action forwards to a target group: plainly, by weight, or behind a login.
func (g *generated) action(p product, group elbv2.ApplicationTargetGroup) []any {
	forward := map[string]any{"type": "forward", "targetGroupArn": *group.TargetGroupArn()}
	switch {
	case g.one(5):
		return []any{weighted(share(group, 90), share(p.targetGroup(*group.Node().Id()+"Canary"), 10))}
	case g.one(6):
		forward["order"] = 2
		return []any{login(), forward}
	}
	return []any{forward}
}

// rule adds a rule of the app's, usually after the band.
func (g *generated) rule(p product, listener elbv2.IApplicationListener, id string, priority int, actions []any, prefix string) elbv2.CfnListenerRule {
	conditions := []any{map[string]any{"field": "path-pattern", "pathPatternConfig": map[string]any{"values": g.paths(prefix)}}}
	if g.one(4) {
		conditions = append(conditions, map[string]any{"field": "host-header", "hostHeaderConfig": map[string]any{"values": []string{"shop.example.com"}}})
	}
	if g.one(5) {
		conditions = append(conditions, map[string]any{"field": "http-request-method", "httpRequestMethodConfig": map[string]any{"values": []string{"GET", "POST"}}})
	}
	return elbv2.NewCfnListenerRule(p.stack, &id, &elbv2.CfnListenerRuleProps{
		ListenerArn: listener.ListenerArn(), Priority: jsii.Number(priority), Conditions: conditions, Actions: awscdk.Token_AsAny(actions),
	})
}

// define defines all of it, and the switch unless mode is empty.
func (g *generated) define(p product, mode maintenance.Mode) {
	props := maintenancemode.Props{
		Mode: mode, ReadOnly: g.one(2), Listener: p.listener, AppTargetGroup: p.app,
		Allow: []string{"POST /api/login", "GET /api/items/{id}", "GET /files/{path...}"}[:g.IntN(4)],
	}
	if g.one(2) {
		props.Bypass.Header = "X-Bypass"
	}
	if g.one(3) {
		props.Clients = maintenancemode.Clients{Header: "X-Client", Values: []string{"ios", "android"}}
	}
	if g.one(3) {
		props.Hosts = []string{"shop.example.com", "www.example.com"}[:1+g.IntN(2)]
	}
	g.hosts = props.Hosts
	switch g.IntN(4) {
	case 0:
		p.defaultsTo(map[string]any{"type": "fixed-response", "fixedResponseConfig": map[string]any{"statusCode": "404"}})
		g.rule(p, p.listener, "Main", 5000, g.action(p, p.app), "/api")
	default:
		p.defaultsTo(g.action(p, p.app)...)
	}
	priorities := g.Perm(5)
	for i := range g.IntN(3) {
		name := fmt.Sprintf("Service%d", i)
		group := p.targetGroup(name + "Group")
		prefix := []string{"/orders", "/users", "/api/admin"}[i]
		g.rule(p, p.listener, name, 1000+priorities[i], g.action(p, group), prefix)
		s := maintenancemode.Service{TargetGroup: group}
		if g.one(2) {
			s.Allow = []string{"GET " + prefix + "/v1/{id}"}
		}
		props.Services = append(props.Services, s)
	}
	for i := range g.IntN(3) {
		name := fmt.Sprintf("Foreign%d", i)
		group := p.targetGroup(name + "Group")
		priority := 1 + i
		if g.one(4) {
			priority = 2000 + i
		}
		rule := g.rule(p, p.listener, name, priority, g.action(p, group), []string{"/blog", "/orders/v1"}[i])
		if !g.one(5) {
			props.KeepOpen = append(props.KeepOpen, rule)
			g.kept = append(g.kept, name)
		}
	}
	if g.one(4) {
		further := p.further(81, forward(p.app))
		if g.one(4) {
			props.KeepOpen = append(props.KeepOpen, constructs.IConstruct(further))
		} else {
			props.Listeners = []elbv2.IApplicationListener{further}
		}
	}
	if mode != "" {
		maintenancemode.New(p.stack, "Maintenance", props)
	}
}

// TestNew_GeneratedListeners checks that the switch is refused on a generated
// listener either in every mode or in none. Where it is not refused, open sends
// every request where, and how, it goes without the switch; closed lets through
// only what the fixed rules allow and what KeepOpen names; and whatever is let
// through in closed is let through in open. The oracle is alb.Route, on requests
// that the witness engine finds for each pair of rules. NOREN_PROPERTY sets how
// many listeners are tried.
func TestNew_GeneratedListeners(t *testing.T) {
	tries := 8
	if n, err := strconv.Atoi(os.Getenv("NOREN_PROPERTY")); err == nil {
		tries = n
	}
	accepted := 0
	for seed := range uint64(tries) {
		of := func(mode maintenance.Mode) (template, *generated, error) {
			g := &generated{Rand: rand.New(rand.NewPCG(seed, 14))}
			synthesized, err := synth(func(p product) { g.define(p, mode) })
			return synthesized, g, err
		}
		without, _, err := of("")
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		open, _, err := of(maintenance.Open)
		closed, g, closedErr := of(maintenance.Closed)
		if (err == nil) != (closedErr == nil) {
			t.Errorf("seed %d: refused in one mode: open %v, closed %v", seed, err, closedErr)
		}
		if err != nil {
			continue
		}
		accepted++
		a, b, c := without.listeners(t), open.listeners(t), closed.listeners(t)
		for i := range a {
			if len(a) == 2 && !slices.ContainsFunc(c[i].Rules, func(r alb.Rule) bool { return own(&r) }) {
				continue // named as staying open
			}
			g.compare(t, seed, a[i], b[i], c[i])
		}
	}
	t.Logf("%d of %d listeners are accepted", accepted, tries)
	if accepted*4 < tries {
		t.Errorf("%d of %d listeners are accepted: the generator makes too little that can be", accepted, tries)
	}
}

func own(r *alb.Rule) bool { return strings.HasPrefix(r.LogicalID, "Maintenance") }

var stands = regexp.MustCompile("^Maintenance.*(Allow|Bypass|HealthCheck|Attached|Unlock)")

func (g *generated) compare(t *testing.T, seed uint64, without, open, closed *alb.Listener) {
	t.Helper()
	said := func(r alb.Request) string {
		return fmt.Sprintf("seed %d: %s %s %s %v", seed, r.Method, r.Host, r.Target, r.Header)
	}
	does := func(r *alb.Rule) string { return fmt.Sprintf("%+v", r.Actions) }
	classes, complete := witness.Classes(without, open)
	if !complete {
		t.Logf("seed %d: not all kinds of requests are looked at", seed)
	}
	for _, c := range classes {
		if does(c.Old) != does(c.New) {
			t.Errorf("%s goes to %s by %s when open, without the switch to %s by %s", said(c.Request), does(c.New), c.New.LogicalID, does(c.Old), c.Old.LogicalID)
		}
	}
	classes, _ = witness.Classes(open, closed)
	for _, c := range classes {
		r := c.New
		if stands.MatchString(c.Old.LogicalID) && c.Old.LogicalID != r.LogicalID {
			t.Errorf("%s is allowed by %s when open, and decided by %s when closed", said(c.Request), c.Old.LogicalID, r.LogicalID)
		}
		if stands.MatchString(r.LogicalID) || slices.ContainsFunc(g.kept, func(id string) bool { return r.LogicalID == id }) ||
			len(g.hosts) > 0 && !slices.Contains(g.hosts, c.Request.Host) {
			continue
		}
		for _, to := range (alb.Decision{Rule: r}).Targets() {
			if !strings.HasPrefix(to.Group.LogicalID, "MaintenanceTargetGroup") {
				t.Errorf("%s goes to %s by %s when closed", said(c.Request), to.Group.LogicalID, r.LogicalID)
			}
		}
	}
}
