package maintenancemode_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/maintenance"
)

// call is one call of the AWS API that a deploy makes.
type call struct {
	id string
	to *resource // nil: delete
}

// orders returns every order in which CloudFormation may go from one template to
// another: updates and creates after the resources they refer to, deletes last.
func orders(from, to template) [][]call {
	var changes, deletes []call
	for _, id := range slices.Sorted(maps.Keys(to.Resources)) {
		if r := to.Resources[id]; !reflect.DeepEqual(r, from.Resources[id]) {
			changes = append(changes, call{id, &r})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(from.Resources)) {
		if _, ok := to.Resources[id]; !ok {
			deletes = append(deletes, call{id, nil})
		}
	}
	var all [][]call
	for _, first := range permutations(changes) {
		if !slices.ContainsFunc(pairs(first), func(p [2]call) bool { return p[0].to.refersTo(p[1].id) }) {
			for _, last := range permutations(deletes) {
				all = append(all, slices.Concat(first, last))
			}
		}
	}
	return all
}

// refersTo reports whether the resource must come after the one with the given
// id.
func (r resource) refersTo(id string) bool {
	data, _ := json.Marshal(r)
	return strings.Contains(string(data), fmt.Sprintf("%q", id))
}

func permutations(calls []call) [][]call {
	if len(calls) == 0 {
		return [][]call{nil}
	}
	var all [][]call
	for i := range calls {
		rest := slices.Concat(calls[:i:i], calls[i+1:])
		for _, p := range permutations(rest) {
			all = append(all, append([]call{calls[i]}, p...))
		}
	}
	return all
}

// pairs returns every earlier and later call of an order.
func pairs(order []call) [][2]call {
	var all [][2]call
	for i, earlier := range order {
		for _, later := range order[i+1:] {
			all = append(all, [2]call{earlier, later})
		}
	}
	return all
}

func TestEveryChangeOfModeIsSafeBetweenItsCalls(t *testing.T) {
	const host = "app.example.com"
	mobile := map[string][]string{"X-Client": {"ios"}}
	allowed := []alb.Request{
		{Method: "POST", Target: "/api/login", Host: host, Header: mobile},
		{Method: "GET", Target: "/api/templates/7", Host: host, Header: mobile},
		{Method: "HEAD", Target: "/api/files/a/b", Host: host, Header: mobile},
		{Method: "GET", Target: "/api/health", Host: host},
		{Method: "DELETE", Target: "/x", Host: host, Header: map[string][]string{"X-Maintenance-Bypass": {secret}}},
	}
	writes := []alb.Request{
		{Method: "POST", Target: "/api/reports", Host: host, Header: mobile},
		{Method: "PUT", Target: "/", Host: host},
		{Method: "PATCH", Target: "/api/templates/7", Host: host},
		{Method: "DELETE", Target: "/api/login", Host: host, Header: mobile},
	}
	modes := []maintenance.Mode{maintenance.Open, maintenance.ReadOnly, maintenance.Closed}
	for _, listener := range []struct {
		name  string
		hosts []string
	}{{"own listener", nil}, {"shared listener", []string{host}}} {
		synthesized := map[maintenance.Mode]template{}
		for _, mode := range modes {
			synthesized[mode] = mustSynth(t, func(p product) {
				props := fieldReports(mode)
				props.Hosts, props.Clients.Values = listener.hosts, []string{"ios"}
				p.new(props)
			})
		}
		for _, from := range modes {
			for _, to := range modes {
				t.Run(fmt.Sprintf("%s from %v to %v", listener.name, from, to), func(t *testing.T) {
					if from == to {
						if !reflect.DeepEqual(orders(synthesized[from], synthesized[to]), [][]call{nil}) {
							t.Error("a second deploy changes something")
						}
						return
					}
					for _, order := range orders(synthesized[from], synthesized[to]) {
						checkOrder(t, synthesized[from], order, allowed, writes, from != maintenance.Open && to != maintenance.Open)
					}
				})
			}
		}
	}
}

// checkOrder makes the calls one after the other and checks the state after each.
func checkOrder(t *testing.T, from template, order []call, allowed, writes []alb.Request, staysClosed bool) {
	t.Helper()
	if len(order) == 0 {
		t.Fatal("nothing changes")
	}
	state := template{Resources: maps.Clone(from.Resources)}
	done := "before the first call"
	for i := -1; i < len(order); i++ {
		if i >= 0 {
			if c := order[i]; c.to != nil {
				state.Resources[c.id] = *c.to
			} else {
				delete(state.Resources, c.id)
			}
			done = fmt.Sprintf("after %d of %d calls, %s", i+1, len(order), order[i].id)
		}
		for _, request := range allowed {
			if got := state.route(t, request); got != "app" {
				t.Errorf("%s: %s %s is allowed but goes to %s", done, request.Method, request.Target, got)
			}
		}
		for _, request := range writes {
			if got := state.route(t, request); staysClosed && got != "responder" {
				t.Errorf("%s: %s %s gets through to %s", done, request.Method, request.Target, got)
			}
		}
	}
}
