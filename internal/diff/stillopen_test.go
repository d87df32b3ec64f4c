package diff

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/term"
)

// TestCompare_StillOpen checks that a rule of another service is named, with a
// request, when the switch is closed, and not when the product is open.
func TestCompare_StillOpen(t *testing.T) {
	with := func(file string) Template {
		data, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		var template map[string]any
		if err := json.Unmarshal(data, &template); err != nil {
			t.Fatal(err)
		}
		resources := template["Resources"].(map[string]any)
		resources["Shop"] = map[string]any{"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": map[string]any{"TargetType": "ip", "Port": 80, "Protocol": "HTTP", "VpcId": "vpc-1"}}
		resources["ShopRule"] = map[string]any{"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": map[string]any{
			"ListenerArn": map[string]any{"Ref": "AlbListener86261768"}, "Priority": 10,
			"Conditions": []any{map[string]any{"Field": "path-pattern", "PathPatternConfig": map[string]any{"Values": []any{"/shop/*"}}}},
			"Actions":    []any{map[string]any{"Type": "forward", "TargetGroupArn": map[string]any{"Ref": "Shop"}}},
		}}
		if data, err = json.Marshal(template); err != nil {
			t.Fatal(err)
		}
		read, err := Read(data, cfn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return read
	}
	open, closed := with("own.open.json"), with("own.closed.json")
	d := Compare(open, closed)
	const want = "rule 10 (path \"/shop/*\") of Alb/Listener HTTP 80 forwards to Shop, such as GET /shop/"
	if len(d.StillOpen) != 1 || !strings.HasPrefix(d.StillOpen[0], want) {
		t.Errorf("closing: got %q, want %s", d.StillOpen, want)
	}
	var text strings.Builder
	WriteText(term.New(&text), []Pair{{"shop", d}})
	for _, said := range []string{text.String(), Markdown([]Pair{{"shop", d}}, "compared 1 template with 1 template", "")} {
		if !strings.Contains(strings.ToLower(said), "still open when closed:") {
			t.Errorf("it is not said:\n%s", said)
		}
	}
	if d := Compare(closed, open); len(d.StillOpen) > 0 {
		t.Errorf("opening: got %q, want none", d.StillOpen)
	}
	if d := Compare(read(t, "testdata/own.open.json"), read(t, "testdata/own.closed.json")); len(d.StillOpen) > 0 {
		t.Errorf("without the rule: got %q, want none", d.StillOpen)
	}
}
