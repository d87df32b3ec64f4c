package diff

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/testing/elb"
)

// The oracle deploys one template over another against a model of the ELB API
// that refuses what ELB refuses, in every order that references allow. It knows
// nothing about how the diff works.

// oracleMade are the properties that cannot be changed in place.
var oracleMade = map[string][]string{
	typeLoadBalancer: {"Scheme", "Name", "Type"}, typeListener: {"LoadBalancerArn"}, typeListenerRule: {"ListenerArn"}, typeTargetGroup: {"Port", "Name"},
}

type oracleTemplate map[string]map[string]any // by logical id: Type, Properties

// oracle reports whether some order of the deploy fails, calls state with the
// intermediate states, and returns the final one.
func oracle(old, next oracleTemplate, state func(elb.State)) (failure string, end elb.State) {
	physical := map[string]string{} // of logical ids, at the end
	resolve := func(r map[string]any, names map[string]string) map[string]any {
		p := map[string]any{}
		for key, value := range r["Properties"].(map[string]any) {
			switch v := value.(type) {
			case map[string]any:
				p[key] = names[v["Ref"].(string)]
			case []any: // the one action
				p["TargetGroup"] = names[v[0].(map[string]any)["TargetGroupArn"].(map[string]any)["Ref"].(string)]
			default:
				p[key] = value
			}
		}
		return p
	}
	before := map[string]string{}
	for id := range old {
		before[id] = id
	}
	start := elb.State{}
	for id, r := range old {
		start[id] = elb.Resource{Type: r["Type"].(string), Properties: resolve(r, before)}
	}
	// Determine which are replaced, until there are no new ones.
	maps.Copy(physical, before)
	for again := true; again; {
		again = false
		for id, r := range next {
			if old[id] == nil {
				physical[id] = id
				continue
			}
			a, b := resolve(old[id], before), resolve(r, physical)
			for _, property := range oracleMade[r["Type"].(string)] {
				if a[property] != b[property] && physical[id] == id {
					physical[id], again = id+"'", true
				}
			}
		}
	}
	var todo []string
	for id, r := range next {
		if old[id] == nil || physical[id] != id || fmt.Sprint(resolve(old[id], before)) != fmt.Sprint(resolve(r, physical)) {
			todo = append(todo, id)
		}
	}
	slices.Sort(todo)
	var waits func(id string) []string
	waits = func(id string) []string { // everything that a resource refers to, directly or not
		var all []string
		for _, on := range cfn.References(next[id]["Properties"]) {
			all = append(append(all, on), waits(on)...)
		}
		return all
	}
	seen := map[string]bool{}
	var walk func(done []string, e elb.State)
	walk = func(done []string, e elb.State) {
		sorted := slices.Sorted(slices.Values(done))
		if key := strings.Join(sorted, " "); seen[key] || failure != "" {
			return
		} else {
			seen[key] = true
		}
		state(e)
		if len(done) == len(todo) {
			var rest []string
			for id := range e {
				logical := strings.TrimSuffix(id, "'")
				if next[logical] == nil || physical[logical] != id {
					rest = append(rest, id)
				}
			}
			if !oracleDelete(e, rest, state, &end) {
				failure = fmt.Sprintf("%q: %s", rest, elb.ResourceInUse)
			}
			return
		}
		for _, id := range todo {
			if slices.Contains(done, id) || slices.ContainsFunc(waits(id), func(on string) bool { return slices.Contains(todo, on) && !slices.Contains(done, on) }) {
				continue
			}
			r := elb.Resource{Type: next[id]["Type"].(string), Properties: resolve(next[id], physical)}
			if why := e.Refuses(physical[id], r); why != "" {
				failure = fmt.Sprintf("%s: %s", id, why)
				return
			}
			changed := maps.Clone(e)
			changed[physical[id]] = r
			walk(append(slices.Clone(done), id), changed)
		}
	}
	walk(nil, start)
	return failure, end
}

// oracleDelete goes through the states while resources are deleted, in any order
// that the API allows. It reports whether all can be deleted.
func oracleDelete(e elb.State, rest []string, state func(elb.State), end *elb.State) (all bool) {
	state(e)
	if len(rest) == 0 {
		*end = e
		return true
	}
	for i, id := range rest {
		if e.RefusesDeletion(id) != "" {
			continue
		}
		smaller := maps.Clone(e)
		delete(smaller, id)
		all = oracleDelete(smaller, slices.Delete(slices.Clone(rest), i, i+1), state, end) || all
	}
	return all
}

// drawElb draws a template with load balancers.
func drawElb(t *rapid.T, name string) oracleTemplate {
	ref := func(id string) map[string]any { return map[string]any{"Ref": id} }
	pick := func(what string, of ...any) any { return rapid.SampledFrom(of).Draw(t, name+what) }
	template := oracleTemplate{"B": {"Type": typeLoadBalancer, "Properties": map[string]any{"Scheme": pick("scheme", "internal", "internet-facing")}}}
	for _, group := range []string{"G", "H"} {
		p := map[string]any{"Port": pick("group port", 80.0, 80.0, 81.0), "TargetType": "ip"}
		if n := pick("group name", nil, nil, "n"); n != nil && group == "G" {
			p["Name"] = n
		}
		template[group] = map[string]any{"Type": typeTargetGroup, "Properties": p}
	}
	forward := func() []any {
		return []any{map[string]any{"Type": "forward", "TargetGroupArn": ref(pick("group", "G", "H").(string))}}
	}
	listeners := []string{"L"}
	if rapid.IntRange(0, 3).Draw(t, name+"renamed") == 0 {
		listeners = []string{"M"}
	}
	for _, l := range listeners {
		template[l] = map[string]any{"Type": typeListener, "Properties": map[string]any{"LoadBalancerArn": ref("B"), "Port": pick("port", 80.0, 80.0, 8080.0), "Protocol": "HTTP", "DefaultActions": forward()}}
	}
	taken := map[any]bool{}
	for _, id := range []string{"R1", "R2", "R3"} {
		priority := pick("priority", 1.0, 2.0, 3.0, 4.0)
		if taken[priority] || rapid.IntRange(0, 3).Draw(t, name+"absent") == 0 {
			continue
		}
		taken[priority] = true
		template[id] = map[string]any{"Type": typeListenerRule, "Properties": map[string]any{
			"ListenerArn": ref(listeners[0]), "Priority": priority, "Path": pick("path", "/a", "/b", "/*"), "Actions": forward(),
		}}
	}
	return template
}

// template returns the template for the diff, with the path as a condition.
func (o oracleTemplate) template(t *rapid.T) Template {
	resources := map[string]any{}
	for id, r := range o {
		p := maps.Clone(r["Properties"].(map[string]any))
		if path, ok := p["Path"]; ok {
			delete(p, "Path")
			p["Conditions"] = []any{map[string]any{"Field": "path-pattern", "PathPatternConfig": map[string]any{"Values": []any{path}}}}
		}
		resources[id] = map[string]any{"Type": r["Type"], "Properties": p}
	}
	data, err := json.Marshal(map[string]any{"Resources": resources})
	if err != nil {
		t.Fatal(err)
	}
	template, err := Read(data, cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// TestDeploy_FailsAsTheOracle checks that the diff warns about a deploy that
// fails exactly when one does, in some order of updates, and that no request goes
// elsewhere in an intermediate state unless the diff says so.
func TestDeploy_FailsAsTheOracle(t *testing.T) {
	fails, passes, moments := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		old, next := drawElb(t, "old "), drawElb(t, "new ")
		d := Compare(old.template(t), next.template(t))
		var states []elb.State
		failure, end := oracle(old, next, func(e elb.State) { states = append(states, e) })
		warned := slices.ContainsFunc(d.Deploy, func(h Hazard) bool { return h.Kind == Fails || h.Kind == MayFail })
		if (failure != "") != warned {
			t.Fatalf("the oracle says %q, the diff %v\n%v\n%v", failure, d.Deploy, old, next)
		}
		if failure != "" {
			fails++
			return
		}
		passes++
		if old["L"] == nil || next["L"] == nil || !slices.Equal(d.fatesOf("B", "L"), []Fate{"", ""}) && !slices.Equal(d.fatesOf("B", "L"), []Fate{"", Changed}) {
			return // another listener
		}
		told := slices.ContainsFunc(d.Deploy, func(h Hazard) bool { return h.Kind == Moment })
		for _, path := range []string{"/a", "/b", "/c"} {
			before, after := sends(states[0], path), sends(end, path)
			for _, e := range states {
				if got := sends(e, path); got != before && got != after {
					moments++
					if !told {
						t.Fatalf("%s goes to %s, then %s, then %s, of which the diff says nothing\n%v\n%v", path, before, got, after, old, next)
					}
				}
			}
		}
	})
	t.Logf("%d deploys fail, %d pass, %d requests go elsewhere in between", fails, passes, moments)
	if fails == 0 || passes == 0 {
		t.Error("want some of each")
	}
}

func (d Diff) fatesOf(ids ...string) []Fate {
	fates := make([]Fate, len(ids))
	for _, r := range d.Resources {
		if i := slices.Index(ids, r.LogicalID); i >= 0 {
			fates[i] = r.Fate
		}
	}
	return fates
}

// sends returns the logical id of the target group that a path goes to.
func sends(e elb.State, path string) string {
	to, best := fmt.Sprint(e["L"].Properties["TargetGroup"]), 1e9
	for _, r := range e {
		p := r.Properties
		if r.Type == typeListenerRule && (p["Path"] == path || p["Path"] == "/*") && p["Priority"].(float64) < best {
			to, best = fmt.Sprint(p["TargetGroup"]), p["Priority"].(float64)
		}
	}
	return strings.TrimSuffix(to, "'")
}
