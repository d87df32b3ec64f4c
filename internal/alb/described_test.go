package alb_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/alb"
)

// These are outputs of the AWS CLI: values are duplicated, unset properties are
// null, as the SDK writes them, and the default rule is among the rules.
const (
	arnPrefix      = "arn:aws:elasticloadbalancing:us-east-1:123456789012:"
	listenerARN    = arnPrefix + "listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2"
	shopARN        = arnPrefix + "targetgroup/shop/1111111111111111"
	closedARN      = arnPrefix + "targetgroup/closed/2222222222222222"
	strangerARN    = arnPrefix + "targetgroup/stranger/3333333333333333"
	describedRules = `{"Rules":[
		{"RuleArn":"` + arnPrefix + `listener-rule/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee","Priority":"10","IsDefault":false,"Transforms":[],
			"Conditions":[
				{"Field":"path-pattern","Values":["/cart/*"],"PathPatternConfig":{"Values":["/cart/*"],"RegexValues":null}},
				{"Field":"http-request-method","Values":["GET","HEAD"],"HttpRequestMethodConfig":{"Values":["GET","HEAD"]}}],
			"Actions":[{"Type":"forward","Order":1,"TargetGroupArn":"` + shopARN + `","ForwardConfig":{"TargetGroups":[{"TargetGroupArn":"` + shopARN + `","Weight":1}],"TargetGroupStickinessConfig":{"Enabled":false,"DurationSeconds":null}}}]},
		{"RuleArn":"` + arnPrefix + `listener-rule/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2/8683b2d02a6cabee","Priority":"20","IsDefault":false,
			"Conditions":[{"Field":"path-pattern","Values":[],"RegexValues":["^/items/[^/]+$"],"PathPatternConfig":{"RegexValues":["^/items/[^/]+$"]}}],
			"Actions":[{"Type":"forward","TargetGroupArn":"` + strangerARN + `"}]},
		{"RuleArn":"` + arnPrefix + `listener-rule/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2/7683b2d02a6cabee","Priority":"default","IsDefault":true,"Conditions":[],
			"Actions":[{"Type":"forward","TargetGroupArn":"` + closedARN + `"}]}]}`
	describedListeners = `{"Listeners":[{"ListenerArn":"` + listenerARN + `","LoadBalancerArn":"` + arnPrefix + `loadbalancer/app/shop/50dc6c495c0c9188",
		"Port":80,"Protocol":"HTTP","Certificates":null,"AlpnPolicy":null,"DefaultActions":[{"Type":"forward","TargetGroupArn":"` + closedARN + `"}]}],"NextMarker":null,"ResultMetadata":{}}`
	describedGroups = `{"TargetGroups":[{"TargetGroupArn":"` + shopARN + `","TargetType":"ip","Port":8080,"Protocol":"HTTP"},{"TargetGroupArn":"` + closedARN + `","TargetType":"lambda"}]}`
)

func described() alb.Described {
	return alb.Described{
		Listeners: [][]byte{[]byte(describedListeners)}, Rules: [][]byte{[]byte(describedRules)}, TargetGroups: [][]byte{[]byte(describedGroups)},
		Names: map[string]string{listenerARN: "Http", shopARN: "Shop", closedARN: "Closed"},
	}
}

func TestRequestsGoWhereTheApiSays(t *testing.T) {
	live, err := alb.ReadDescribed(described())
	if err != nil {
		t.Fatal(err)
	}
	listener := live.Listener(alb.Ref{LogicalID: "Http"})
	if listener == nil || len(listener.Rules) != 2 {
		t.Fatalf("want the listener Http with two rules and its default, got %+v", live.Listeners)
	}
	for request, want := range map[string]string{
		"GET /cart/7":    "Shop",
		"DELETE /cart/7": "Closed",
		"GET /items/7":   strangerARN, // not described: what the rule says about it
		"GET /items/7/8": "Closed",
		"GET /":          "Closed",
	} {
		method, target, _ := strings.Cut(request, " ")
		if got := listener.Route(&alb.Request{Method: method, Target: target, Host: "shop.example", Header: http.Header{}}).Target().String(); got != want {
			t.Errorf("%s goes to %s, want %s", request, got, want)
		}
	}
	for _, problem := range alb.Check(live) {
		t.Errorf("what the API has is not a problem: %s", problem.Message)
	}
	if g := live.TargetGroup(alb.Ref{LogicalID: "Closed"}); g == nil || !g.Lambda() {
		t.Errorf("target group Closed is %+v, want a function's", g)
	}
}

func TestWithoutNamesTheArnIsTheName(t *testing.T) {
	d := described()
	d.Names = nil
	live, err := alb.ReadDescribed(d)
	if err != nil {
		t.Fatal(err)
	}
	if l := live.Listener(alb.Ref{LogicalID: listenerARN}); l == nil || l.Route(&alb.Request{Host: "shop.example"}).Target().String() != closedARN {
		t.Errorf("no way from the listener's ARN to the target group's")
	}
}

func TestWhatIsNoDescription(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*alb.Described)
		want   string
	}{
		"not JSON":       {func(d *alb.Described) { d.Rules[0] = []byte("Rules") }, "not an answer with Rules"},
		"another answer": {func(d *alb.Described) { d.Rules[0] = d.TargetGroups[0] }, "no such list"},
		"a rule twice":   {func(d *alb.Described) { d.Rules = append(d.Rules, d.Rules[0]) }, "described twice"},
		"an unknown condition": {func(d *alb.Described) {
			d.Rules[0] = []byte(strings.Replace(describedRules, `"Field":"path-pattern"`, `"Field":"moon"`, 1))
		}, "unknown field"},
		"a page of several": {func(d *alb.Described) {
			d.Rules[0] = []byte(strings.TrimSuffix(describedRules, "}") + `,"NextMarker":"more"}`)
		}, "more follows: give all pages"},
	} {
		t.Run(name, func(t *testing.T) {
			d := described()
			test.change(&d)
			if _, err := alb.ReadDescribed(d); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
