package maintenancemode_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/maintenance"
)

// changed returns the properties in which two templates differ, by the ids of
// their constructs, and the resources that only one of them has.
func changed(a, b template) []string {
	var all []string
	ids := maps.Clone(a.Resources)
	maps.Copy(ids, b.Resources)
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		before, inA := a.Resources[id]
		after, inB := b.Resources[id]
		name := strings.TrimPrefix(id, "Maintenance")
		name = name[:len(name)-8]
		if inA != inB {
			all = append(all, name+" comes or goes")
			continue
		}
		properties := maps.Clone(before.Properties)
		maps.Copy(properties, after.Properties)
		for _, property := range slices.Sorted(maps.Keys(properties)) {
			if !reflect.DeepEqual(before.Properties[property], after.Properties[property]) {
				all = append(all, name+"."+property)
			}
		}
		before.Properties, after.Properties = nil, nil
		if !reflect.DeepEqual(before, after) {
			all = append(all, name+" outside its properties")
		}
	}
	return all
}

// TestNew_FlipChangesPropertiesOnly tries every ordered pair of modes on every
// kind of listener, with read-only prepared and without.
func TestNew_FlipChangesPropertiesOnly(t *testing.T) {
	const (
		record = "Guard.Mode"
		digest = "Guard.Digest"
		turned = "AlbListener.DefaultActions"
		armed  = "Close0.Conditions"
	)
	reads := map[string][]string{"services": {"Read0.Actions", "Service1Read0.Actions", "Service2Read0.Actions"}}
	for _, kind := range listeners {
		if reads[kind] == nil {
			reads[kind] = []string{"Read0.Actions"}
		}
		closing := armed
		if kind == "own" {
			closing = turned
		}
		for _, prepared := range []bool{true, false} {
			templates := map[maintenance.Mode]template{}
			for _, mode := range maintenance.Modes() {
				if prepared || mode != maintenance.ReadOnly {
					templates[mode] = guarded(t, kind, mode, func(p *maintenancemode.Props) { p.ReadOnly = prepared })
				}
			}
			for from, a := range templates {
				for to, b := range templates {
					var want []string
					isOpen := func(m maintenance.Mode) bool { return m == maintenance.Open }
					isClosed := func(m maintenance.Mode) bool { return m == maintenance.Closed }
					if isOpen(from) != isOpen(to) {
						want = append(want, closing)
					}
					if prepared && isClosed(from) != isClosed(to) {
						want = append(want, reads[kind]...)
					}
					if from != to {
						want = append(want, record, digest)
					}
					slices.Sort(want)
					if got := changed(a, b); !slices.Equal(got, want) {
						t.Errorf("%s listener, read-only prepared: %v, %s to %s: got %q, want %q", kind, prepared, from, to, got, want)
					}
				}
			}
		}
	}
}

// TestReadOnly_RefusesWhatDoesNotRead tries unusual methods on every kind of
// listener.
func TestReadOnly_RefusesWhatDoesNotRead(t *testing.T) {
	for _, kind := range listeners {
		template := guarded(t, kind, maintenance.ReadOnly)
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "post", "PROPPATCH", "QUERY", "LINK"} {
			want := "responder"
			if slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, method) {
				want = "app"
			}
			for _, l := range template.listeners(t) {
				if kind == "imported" && !l.Foreign() {
					continue
				}
				if got := template.routeOn(t, l, request(fmt.Sprintf("%s /api/reports", method))); got != want {
					t.Errorf("%s listener: %s goes to %s, want %s", kind, method, got, want)
				}
			}
		}
	}
}
