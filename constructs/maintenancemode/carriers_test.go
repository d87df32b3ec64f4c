package maintenancemode_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// TestGuard_Digest checks that the digest among the guard's properties equals the
// one computed from the template alone, and that it differs whenever a carrier of
// the mode does.
func TestGuard_Digest(t *testing.T) {
	for _, kind := range listeners {
		seen := map[string]bool{}
		for _, mode := range maintenance.Modes() {
			template := guarded(t, kind, mode)
			_, resource := template.only(t, guardType)
			got, want := resource.Properties["Digest"], template.digest(t, kind)
			if got != want {
				t.Errorf("%s listener, %s: got %v, want %s", kind, mode, got, want)
			}
			seen[want] = true
		}
		if len(seen) != len(maintenance.Modes()) {
			t.Errorf("%s listener: the digests of the modes are %v", kind, slices.Collect(maps.Keys(seen)))
		}
	}
}

// TestGuard_References checks that the guard has the value of everything that a
// carrier of the mode refers to, the same in every mode, and of no carrier, which
// waits for the guard.
func TestGuard_References(t *testing.T) {
	for _, kind := range listeners {
		var first []string
		for _, mode := range maintenance.Modes() {
			template := guarded(t, kind, mode)
			_, resource := template.only(t, guardType)
			got := slices.Sorted(slices.Values(cfn.References(resource.Properties["References"])))
			carriers := template.turning(t)
			if kind == "own" {
				listener, _ := template.only(t, "AWS::ElasticLoadBalancingV2::Listener")
				carriers = append(carriers, listener)
			}
			for _, id := range carriers {
				for _, to := range cfn.References(template.Resources[id].Properties) {
					if slices.Contains(got, to) == slices.Contains(carriers, to) {
						t.Errorf("%s listener, %s: %s refers to %s, the guard has %v", kind, mode, id, to, got)
					}
				}
			}
			if first == nil {
				first = got
			}
			if len(got) == 0 || !slices.Equal(got, first) {
				t.Errorf("%s listener, %s: got %v, in open mode %v", kind, mode, got, first)
			}
		}
	}
}

// digest computes the digest from the template.
func (t template) digest(tb testing.TB, kind string) string {
	tb.Helper()
	var texts []json.RawMessage
	add := func(r resource) {
		data, err := json.Marshal(r.Properties)
		if err != nil {
			tb.Fatal(err)
		}
		texts = append(texts, data)
	}
	var turning []resource
	for id, r := range t.Resources {
		switch {
		case r.Type == "AWS::ElasticLoadBalancingV2::Listener" && kind == "own":
			add(r)
		case r.Type == "AWS::ElasticLoadBalancingV2::ListenerRule" && slices.Contains(t.turning(tb), id):
			turning = append(turning, r)
		}
	}
	slices.SortFunc(turning, func(a, b resource) int {
		return cmp.Compare(a.Properties["Priority"].(float64), b.Properties["Priority"].(float64))
	})
	for _, r := range turning {
		add(r)
	}
	digest, err := rules.PropertiesDigest(texts...)
	if err != nil {
		tb.Fatal(err)
	}
	return digest
}

var turns = regexp.MustCompile("^Maintenance.*(Read|Close|Upgrade)[0-9]+[0-9A-F]{8}$")

// turning returns the logical ids of the rules that carry the mode.
func (t template) turning(tb testing.TB) []string {
	tb.Helper()
	var ids []string
	for id, r := range t.Resources {
		if r.Type == "AWS::ElasticLoadBalancingV2::ListenerRule" && turns.MatchString(id) {
			ids = append(ids, id)
		}
	}
	return ids
}
