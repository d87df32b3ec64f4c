package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"pgregory.net/rapid"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules"
)

const (
	account     = "arn:aws:elasticloadbalancing:us-east-1:111111111111:"
	listenerARN = account + "listener/app/alb/1/2"
)

// group returns the ARN of a target group.
func group(name string) string { return account + "targetgroup/" + name + "/1" }

// balancer answers as Elastic Load Balancing does: Query protocol in, XML out,
// two rules per page.
type balancer struct {
	actions []any            // of the default rule, as in the API
	rules   []map[string]any // without the default rule
	failure string           // the code of an error to return instead
}

// forward returns the action that forwards to target groups, with equal weights.
func forward(groups ...string) []any {
	var tuples []any
	for _, g := range groups {
		tuples = append(tuples, map[string]any{"TargetGroupArn": group(g), "Weight": 1})
	}
	return []any{map[string]any{"Type": "forward", "ForwardConfig": map[string]any{"TargetGroups": tuples}}}
}

// described returns a rule as the API describes it.
func described(priority int, actions []any, conditions ...alb.Condition) map[string]any {
	var list []any
	for _, c := range conditions {
		list = append(list, plain(alb.Properties(c)))
	}
	return map[string]any{
		"RuleArn":  fmt.Sprintf("%slistener-rule/app/alb/1/2/%d", account, priority),
		"Priority": fmt.Sprint(priority), "IsDefault": false, "Actions": actions, "Conditions": list,
	}
}

// plain returns a value in the form that JSON decodes to.
func plain(v any) any {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		panic(err)
	}
	return out
}

// xmlOf encodes a value as the Query protocol does.
func xmlOf(v any) string {
	var b strings.Builder
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			fmt.Fprintf(&b, "<%s>%s</%[1]s>", name, xmlOf(v[name]))
		}
	case []any:
		for _, item := range v {
			b.WriteString("<member>" + xmlOf(item) + "</member>")
		}
	default:
		return strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(fmt.Sprint(v))
	}
	return b.String()
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "text/xml")
	if b.failure != "" {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>said so</Message></Error><RequestId>1</RequestId></ErrorResponse>`, b.failure)
		return
	}
	var result map[string]any
	switch r.Form.Get("Action") {
	case "DescribeListeners":
		result = map[string]any{"Listeners": b.listeners(r.Form)}
	case "DescribeRules":
		all := append(slices.Clone(b.rules), map[string]any{"RuleArn": "default", "Priority": "default", "IsDefault": true, "Actions": b.actions})
		var page []any
		first := len(r.Form.Get("Marker"))
		for _, rule := range all[first:min(first+2, len(all))] {
			page = append(page, rule)
		}
		result = map[string]any{"Rules": page}
		if first+2 < len(all) {
			result["NextMarker"] = strings.Repeat("x", first+2)
		}
	}
	fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>", r.Form.Get("Action"), xmlOf(result))
}

// listeners returns the listener on port 443 and another one.
func (b *balancer) listeners(asked url.Values) []any {
	var all []any
	for arn, port := range map[string]int{listenerARN: 443, listenerARN + "0": 80} {
		if asked.Get("ListenerArns.member.1") == arn || asked.Get("LoadBalancerArn") == "alb" {
			all = append(all, map[string]any{"ListenerArn": arn, "Port": port, "DefaultActions": b.actions})
		}
	}
	return all
}

// client returns a client of the balancer.
func (b *balancer) client(t *testing.T) *elbv2.Client {
	t.Helper()
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	return elbv2.New(elbv2.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil
		}),
	})
}

// template returns the template of the same listener: the construct's rules and
// others, by priority.
func (b *balancer) template(t require) []byte {
	resources := map[string]any{
		"Listener": map[string]any{"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": map[string]any{"Port": 443, "Protocol": "HTTP", "DefaultActions": b.actions}},
		"Function": map[string]any{"Type": "AWS::Lambda::Function", "Metadata": map[string]any{"aws:cdk:path": "shop/Maintenance/Responder/Function/Resource"}},
	}
	for _, g := range []string{"App", "Responder", "Other"} {
		properties := map[string]any{}
		if g == "Responder" {
			properties = map[string]any{"TargetType": "lambda", "Targets": []any{map[string]any{"Id": map[string]any{"Fn::GetAtt": []any{"Function", "Arn"}}}}}
		}
		resources[g] = map[string]any{"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": properties}
	}
	ids := map[int]string{100: "Allow0", 101: "Allow1", 190: "HealthCheck", 191: "RefuseWrites0", 199: "Close"}
	for i, r := range b.rules {
		priority, err := strconv.Atoi(r["Priority"].(string))
		if err != nil {
			panic(err)
		}
		path := fmt.Sprintf("shop/Own%d", i)
		if id, ok := ids[priority]; ok {
			path = "shop/Maintenance/" + id
		}
		resources[fmt.Sprintf("Rule%d", priority)] = map[string]any{
			"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Metadata": map[string]any{"aws:cdk:path": path},
			"Properties": map[string]any{"ListenerArn": map[string]any{"Ref": "Listener"}, "Priority": priority, "Actions": r["Actions"], "Conditions": r["Conditions"]},
		}
	}
	data, err := json.Marshal(map[string]any{"Resources": resources})
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, g := range []string{"App", "Responder", "Other"} {
		text = strings.ReplaceAll(text, `"`+group(g)+`"`, `{"Ref":"`+g+`"}`)
	}
	return []byte(text)
}

// require is the part of *testing.T and *rapid.T that the tests use.
type require interface {
	Fatal(...any)
	Errorf(string, ...any)
}

// anyRule draws what a rule looks at and what it does.
func anyRule(t *rapid.T, priority int) map[string]any {
	var conditions []alb.Condition
	draw := func(likely int, from ...alb.Condition) {
		if rapid.IntRange(1, 10).Draw(t, "with") <= likely {
			conditions = append(conditions, rapid.SampledFrom(from).Draw(t, "condition"))
		}
	}
	draw(6, alb.Methods{"GET"}, alb.Methods{"POST"}, alb.Methods{"GET", "HEAD", "OPTIONS"}, alb.Methods{"POST", "PUT", "PATCH", "DELETE"}, alb.Methods{"PROPPATCH"})
	draw(6, alb.PathPatterns{"/*"}, alb.PathPatterns{"*"}, alb.PathPatterns{"/api/*", "/shop"}, alb.PathRegexes{"^/.*$"}, alb.PathRegexes{"^/api/[^/]+$"}, alb.PathPatterns{"/"})
	draw(2, alb.Hosts{"shop.example.com"}, alb.Hosts{"*.example.com", "Shop.example.com"})
	prefixes := func(texts ...string) (s alb.SourceIPs) {
		for _, text := range texts {
			s = append(s, netip.MustParsePrefix(text))
		}
		return s
	}
	draw(2, prefixes("0.0.0.0/0"), prefixes("::/0", "0.0.0.0/0"), prefixes("192.0.2.1/32"), prefixes("10.0.0.0/8"))
	draw(2, alb.Header{Name: "User-Agent", Values: []string{"*"}}, alb.Header{Name: "X-App", Values: []string{"Field*", "x"}})
	draw(1, alb.QueryStrings{{Key: "debug", Value: "1"}})
	if len(conditions) == 0 {
		conditions = append(conditions, alb.PathPatterns{"/x"})
	}
	return described(priority, anyAction(t), conditions...)
}

func anyAction(t *rapid.T) []any {
	groups := []string{"App", "Responder", "Other"}
	switch rapid.IntRange(1, 12).Draw(t, "action") {
	case 1:
		return forward("App", "Responder")
	case 2:
		return []any{map[string]any{"Type": "fixed-response", "FixedResponseConfig": map[string]any{"StatusCode": "404"}}}
	case 3:
		return []any{map[string]any{"Type": "redirect", "RedirectConfig": map[string]any{"StatusCode": "HTTP_301", "Path": "/new"}}}
	}
	return forward(rapid.SampledFrom(groups).Draw(t, "group"))
}

// TestRead_AgreesWithTemplate checks that the mode of a listener, its reason and
// its notes are the same whether the listener is read from the template or from
// the API.
func TestRead_AgreesWithTemplate(t *testing.T) {
	b := &balancer{}
	client := b.client(t)
	modes := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		b.actions, b.rules = anyAction(t), nil
		for _, priority := range []int{5, 100, 101, 150, 190, 191, 199, 300} {
			if rapid.Bool().Draw(t, fmt.Sprint(priority)) {
				b.rules = append(b.rules, anyRule(t, priority))
			}
		}
		read, err := readTemplate(b.template(t))
		if err != nil {
			t.Fatal(err)
		}
		if len(read.switches) != 1 || len(read.switches[0].Listeners) == 0 {
			return // nothing on the listener belongs to the switch
		}
		d := &deployed{template: read, physical: map[string]string{"Listener": listenerARN, "App": group("App"), "Responder": group("Responder"), "Other": group("Other")}}
		real, err := d.live(read.switches[0])
		if err != nil {
			t.Fatal(err)
		}
		live, err := Read(context.Background(), client, real)
		if err != nil {
			t.Fatal(err)
		}
		got, want := live[0], read.switches[0].In(read.Template)[0]
		if a, b := verdict(got), verdict(want); a != b {
			t.Errorf("live:     %s\ntemplate: %s\n%s", a, b, xmlOf(plain(b)))
		}
		modes[string(got.Mode)]++
	})
	if len(modes) < 3 {
		t.Errorf("the listeners are in the modes %v only", modes)
	}
}

// verdict formats a verdict without the names of the listener.
func verdict(v rules.Verdict) string {
	var through []string
	for _, r := range v.Through {
		through = append(through, r.Name())
	}
	return fmt.Sprintf("%s; %s; through %v; %s", v.Mode, v.Mixed, through, strings.Join(v.Notes, ", "))
}

func TestRead_FindsListeners(t *testing.T) {
	at := func(name string) rules.Switch {
		return rules.Switch{Responder: group("Responder"), Listeners: []rules.Listener{{Name: name, Apps: []string{group("App")}}}}
	}
	byPort := func(port int) rules.Switch {
		return rules.Switch{Responder: group("Responder"), Listeners: []rules.Listener{{LoadBalancer: "alb", Port: port, Apps: []string{group("App")}}}}
	}
	for _, test := range []struct {
		name    string
		by      rules.Switch
		failure string
		want    string // of the error
	}{
		{"by its ARN", at(listenerARN), "", ""},
		{"by its load balancer and port", byPort(443), "", ""},
		{"no such port", byPort(8080), "", "the load balancer has no listener on the port: alb, port 8080"},
		{"gone", at("arn:other"), "", "there is none called arn:other"},
		{"refused", at(listenerARN), "AccessDenied", "reading the listener"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := &balancer{actions: forward("Responder"), failure: test.failure}
			all, err := Read(t.Context(), b.client(t), test.by)
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, ErrNoListener) != strings.Contains(test.want, "no listener on the port") {
					t.Errorf("got %v, want %s", err, test.want)
				}
				return
			}
			if err != nil || len(all) != 1 || all[0].Mode != "closed" || all[0].Listener != listenerARN {
				t.Errorf("got %+v, %v", all, err)
			}
		})
	}
}

// TestRead_SeveralListeners checks that a switch is in a mode if all its
// listeners are.
func TestRead_SeveralListeners(t *testing.T) {
	b := &balancer{actions: forward("Responder")}
	two := rules.Switch{Responder: group("Responder"), Listeners: []rules.Listener{
		{Name: listenerARN, Apps: []string{group("App")}}, {Name: listenerARN + "0", Apps: []string{group("App")}},
	}}
	all, err := Read(t.Context(), b.client(t), two)
	if mode, mixed := rules.Together(all); err != nil || mode != "closed" || mixed != "" {
		t.Errorf("got %q, %q, %v", mode, mixed, err)
	}
	all[1].Mode = "open"
	if mode, mixed := rules.Together(all); mode != "" || !strings.Contains(mixed, "2 is closed, ") || !strings.HasSuffix(mixed, "20 is open") {
		t.Errorf("got %q, %q", mode, mixed)
	}
}
