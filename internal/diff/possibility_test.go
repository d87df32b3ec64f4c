package diff

import (
	"fmt"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

// TestPossibilities checks that both outcomes of a condition that only a deploy
// knows are looked at, and that the result says so.
func TestPossibilities(t *testing.T) {
	const forward = `[{"Type": "forward", "TargetGroupArn": "a"}]`
	rule := func(id, more, priority, path, actions string) string {
		return `, "` + id + `": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule"` + more + `, "Properties": {"ListenerArn": {"Ref": "L"}, "Priority": ` + priority + `, "Conditions": [{"Field": "path-pattern", "Values": ` + path + `}], "Actions": ` + actions + `}}`
	}
	listener := func(id, more, actions string) string {
		return `"` + id + `": {"Type": "AWS::ElasticLoadBalancingV2::Listener"` + more + `, "Properties": {"LoadBalancerArn": "b", "Port": 80, "Protocol": "HTTP", "DefaultActions": ` + actions + `}}`
	}
	answer := func(status string) string {
		return `[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "` + status + `"}}]`
	}
	choice := func(name, yes, no string) string { return `{"Fn::If": ["` + name + `", ` + yes + `, ` + no + `]}` }
	const prod, notProd = `, "Condition": "Prod"`, `, "Condition": "NotProd"`
	both := func(path string) string {
		return listener("L", "", forward) + rule("X", prod, "1", path, forward) + rule("Y", notProd, "1", path, answer("200"))
	}
	for _, test := range []struct {
		name, before, after, want string
	}{
		{"an alternative in the same place", both(`["/a"]`), both(`["/b"]`), "fixed response 200 -> a NotProd /a; a -> fixed response 200 NotProd /b"},
		{"a default action that a condition chooses", listener("L", "", choice("Prod", answer("503"), forward)), listener("L", "", choice("Prod", answer("502"), forward)), "fixed response 503 -> fixed response 502 Prod /"},
		{"the same in every case", listener("L", "", answer("503")) + rule("X", prod, "1", `["/a"]`, forward), listener("L", "", answer("502")) + rule("X", prod, "1", `["/a"]`, forward), "fixed response 503 -> fixed response 502  /"},
		{"a choice within a rule, of which nothing changes for a moment", listener("L", "", forward) + rule("X", "", choice("Prod", "1", "5"), choice("Prod", `["/a"]`, `["/b"]`), answer("200")), listener("L", "", forward) + rule("X", "", choice("Prod", "1", "5"), choice("Prod", `["/a"]`, `["/b"]`), answer("404")),
			"fixed response 200 -> fixed response 404 Prod /a; fixed response 200 -> fixed response 404 not Prod /b"},
		{"listeners on one port that are alternatives", listener("L", prod, forward) + ", " + listener("M", notProd, answer("200")), listener("L", prod, forward) + ", " + listener("M", notProd, answer("404")),
			"fixed response 200 -> fixed response 404 NotProd /"},
		{"rules that want one place where both are made", listener("L", "", forward), listener("L", "", forward) + rule("X", prod, "1", `["/a"]`, forward) + rule("Y", "", "1", `["/a"]`, forward),
			"this deploy fails: X and Y both want priority 1 of L (when Prod)"},
		{"two conditions that have nothing to do with each other", listener("L", "", forward) + rule("X", prod, "1", `["/a"]`, answer("200")) + rule("Y", `, "Condition": "Other"`, "2", `["/a"]`, answer("201")),
			listener("L", "", forward) + rule("X", prod, "1", `["/a"]`, answer("200")) + rule("Y", `, "Condition": "Other"`, "2", `["/a"]`, answer("202")), "fixed response 201 -> fixed response 202 Other and not Prod /a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			read := func(resources string) Template {
				template, err := Read([]byte(`{"Parameters": {"Env": {"Type": "String"}, "O": {"Type": "String"}}, "Conditions": {"Prod": {"Fn::Equals": [{"Ref": "Env"}, "prod"]}, "NotProd": {"Fn::Not": [{"Condition": "Prod"}]}, "Other": {"Fn::Equals": [{"Ref": "O"}, "x"]}}, "Resources": {`+resources+`}}`), cfn.Options{})
				if err != nil {
					t.Fatal(err)
				}
				return template
			}
			d := Compare(read(test.before), read(test.after))
			var got []string
			for _, c := range d.Clients {
				got = append(got, fmt.Sprintf("%s -> %s %s %s", c.Before, c.After, c.When, c.Classes[0].Request.Target))
			}
			for _, h := range d.Deploy {
				got = append(got, h.String())
			}
			if text := strings.Join(got, "; "); text != test.want || !d.Complete {
				t.Errorf("got\n%s (complete %v)\nwant\n%s", text, d.Complete, test.want)
			}
		})
	}
}

// TestPossibilities_TooMany checks that the result says what was not looked at.
func TestPossibilities_TooMany(t *testing.T) {
	var conditions, rules []string
	for i := range 6 {
		conditions = append(conditions, fmt.Sprintf(`"C%d": {"Fn::Equals": [{"Ref": "AWS::AccountId"}, {"Ref": "P%d"}]}`, i, i))
		rules = append(rules, fmt.Sprintf(`"R%d": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Condition": "C%d", "Properties": {"ListenerArn": "l", "Priority": %d, "Conditions": [{"Field": "path-pattern", "Values": ["/%d"]}], "Actions": [{"Type": "forward", "TargetGroupArn": "a"}]}}`, i, i, i+1, i))
	}
	template, err := Read([]byte(`{"Conditions": {`+strings.Join(conditions, ", ")+`}, "Resources": {`+strings.Join(rules, ", ")+`}}`), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := Compare(template, template); d.Complete {
		t.Error("64 ways to decide six conditions: got complete")
	}
}
