package live_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/noren-cdk/noren/internal/livemode"
	"github.com/noren-cdk/noren/maintenance"
)

const (
	listener  = "arn:aws:elasticloadbalancing:us-east-1:111111111111:listener/app/alb/1/2"
	app       = "arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/app/3"
	responder = "arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/responder/4"
	other     = "arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/other/5"
)

// balancer answers as Elastic Load Balancing does: Query in, XML out, rules two
// to a page.
type balancer struct {
	defaultAction string   // XML
	rules         []string // XML
	failure       string   // the code of an error, instead
}

func forward(groups ...string) string {
	if len(groups) == 1 {
		return "<member><Type>forward</Type><TargetGroupArn>" + groups[0] + "</TargetGroupArn><ForwardConfig><TargetGroups><member><TargetGroupArn>" +
			groups[0] + "</TargetGroupArn><Weight>1</Weight></member></TargetGroups></ForwardConfig></member>"
	}
	members := ""
	for _, group := range groups {
		arn, weight, ok := strings.Cut(group, " ")
		if !ok {
			weight = "50"
		}
		members += "<member><TargetGroupArn>" + arn + "</TargetGroupArn><Weight>" + weight + "</Weight></member>"
	}
	return "<member><Type>forward</Type><ForwardConfig><TargetGroups>" + members + "</TargetGroups></ForwardConfig></member>"
}

func rule(priority, action string, conditions ...string) string {
	return "<member><RuleArn>arn</RuleArn><Priority>" + priority + "</Priority><IsDefault>" + fmt.Sprint(priority == "default") + "</IsDefault><Actions>" + action +
		"</Actions><Conditions>" + strings.Join(conditions, "") + "</Conditions></member>"
}

func condition(field, config string, values ...string) string {
	list := "<Values><member>" + strings.Join(values, "</member><member>") + "</member></Values>"
	return "<member><Field>" + field + "</Field>" + list + "<" + config + ">" + list + "</" + config + "></member>"
}

func methods(values ...string) string {
	return condition("http-request-method", "HttpRequestMethodConfig", values...)
}

func paths(values ...string) string { return condition("path-pattern", "PathPatternConfig", values...) }

func hosts(values ...string) string { return condition("host-header", "HostHeaderConfig", values...) }

func (b balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "text/xml")
	const end = `<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>`
	if b.failure != "" {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `<ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><Error><Type>Sender</Type><Code>%s</Code><Message>said so</Message></Error><RequestId>1</RequestId></ErrorResponse>`, b.failure)
		return
	}
	switch action := form.Get("Action"); action {
	case "DescribeListeners":
		members := ""
		for _, port := range []string{"80", "443"} {
			if arn := form.Get("ListenerArns.member.1"); arn != "" && (arn != listener || port != "443") {
				continue
			}
			members += "<member><ListenerArn>" + listener + "</ListenerArn><Port>" + port + "</Port><DefaultActions>" + b.defaultAction + "</DefaultActions></member>"
		}
		fmt.Fprintf(w, `<DescribeListenersResponse><DescribeListenersResult><Listeners>%s</Listeners></DescribeListenersResult>%s</DescribeListenersResponse>`, members, end)
	case "DescribeRules":
		rules := append(b.rules, rule("default", b.defaultAction))
		page, next := rules, ""
		if form.Get("Marker") == "" && len(rules) > 2 {
			page, next = rules[:2], "<NextMarker>more</NextMarker>"
		} else if len(rules) > 2 {
			page = rules[2:]
		}
		fmt.Fprintf(w, `<DescribeRulesResponse><DescribeRulesResult><Rules>%s</Rules>%s</DescribeRulesResult>%s</DescribeRulesResponse>`, strings.Join(page, ""), next, end)
	default:
		http.Error(w, action, http.StatusNotFound)
	}
}

// read reads the balancer over HTTP.
func (b balancer) read(t *testing.T, s livemode.Switch) (maintenance.Mode, error) {
	t.Helper()
	for _, text := range append(b.rules, b.defaultAction) {
		if err := xml.Unmarshal([]byte("<a>"+text+"</a>"), new(struct{})); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(b)
	defer server.Close()
	client := elbv2.New(elbv2.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil
		}),
	})
	return livemode.Read(t.Context(), client, s)
}

var (
	owned  = livemode.Switch{ListenerARN: listener, App: app, Responder: responder, First: 100, Last: 199}
	shared = livemode.Switch{ListenerARN: listener, Responder: responder}

	login        = rule("100", forward(app), methods("POST"), paths("/api/login"))
	everyRead    = rule("101", forward(app), methods("GET", "HEAD"), paths("/*"))
	refuseWrites = rule("191", forward(responder), methods("POST", "PUT", "PATCH", "DELETE"))
)

func TestModes(t *testing.T) {
	refuseSome := rule("191", forward(responder), methods("POST", "PUT"), hosts("app.example.com"))
	refuseRest := rule("192", forward(responder), methods("PATCH", "DELETE"), hosts("app.example.com"))
	for _, test := range []struct {
		name     string
		by       livemode.Switch
		balancer balancer
		want     maintenance.Mode
	}{
		{"open", owned, balancer{forward(app), []string{login}, ""}, maintenance.Open},
		{"closed", owned, balancer{forward(responder), []string{login, everyRead, refuseWrites}, ""}, maintenance.Closed},
		{"closed by hand, the rule that refuses writes is not there", owned, balancer{forward(responder), []string{login}, ""}, maintenance.Closed},
		{"read-only", owned, balancer{forward(app), []string{login, everyRead, refuseWrites}, ""}, maintenance.ReadOnly},
		{"read-only in two rules, as with hosts", owned, balancer{forward(app), []string{login, refuseSome, refuseRest}, ""}, maintenance.ReadOnly},
		{"opened by hand", owned, balancer{forward(app), []string{login, everyRead, rule("191", forward(app), methods("POST", "PUT", "PATCH", "DELETE"))}, ""}, maintenance.Open},
		{"a target group of weight 0 gets nothing", owned, balancer{forward(responder+" 1", app+" 0"), []string{login}, ""}, maintenance.Closed},
		{"shared, open", shared, balancer{forward(other), []string{login}, ""}, maintenance.Open},
		{"shared, closed", shared, balancer{forward(other), []string{login, refuseSome, rule("199", forward(responder), hosts("app.example.com"))}, ""}, maintenance.Closed},
		{"shared, closed for every host", shared, balancer{forward(other), []string{login, rule("199", forward(responder), paths("*"))}, ""}, maintenance.Closed},
		{"shared, opened by hand", shared, balancer{forward(other), []string{login, rule("199", forward(app), hosts("app.example.com"))}, ""}, maintenance.Open},
		{"shared, read-only", shared, balancer{forward(other), []string{login, refuseSome, refuseRest}, ""}, maintenance.ReadOnly},
		{"shared, the rules of others stay", shared, balancer{forward(other), []string{rule("5", forward(app), hosts("admin.example.com")), rule("199", forward(responder), hosts("app.example.com"))}, ""}, maintenance.Closed},
		{"shared, the default action is no forward", shared, balancer{"<member><Type>fixed-response</Type></member>", nil, ""}, maintenance.Open},
		{"found by its load balancer and port", livemode.Switch{LoadBalancerARN: "alb", Port: 443, App: app, Responder: responder}, balancer{forward(responder), []string{login, everyRead}, ""}, maintenance.Closed},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.balancer.read(t, test.by)
			if err != nil || got != test.want {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
}

func TestNeither(t *testing.T) {
	for _, test := range []struct {
		name     string
		by       livemode.Switch
		balancer balancer
		want     string
	}{
		{"half to each", owned, balancer{forward(app, responder), nil, ""}, "neither the application alone nor the answer of maintenance alone"},
		{"to something else", owned, balancer{forward(other), nil, ""}, "forwards to [\"" + other},
		{"no forward", owned, balancer{"<member><Type>fixed-response</Type></member>", nil, ""}, "is no forward"},
		{"some writes", owned, balancer{forward(app), []string{rule("191", forward(responder), methods("POST", "PUT"))}, ""}, "POST and PUT is refused, other writes are not"},
		{"some paths, by hand", owned, balancer{forward(app), []string{rule("7", forward(responder), paths("/api/*"))}, ""}, "rule 7 refuses a part of the requests only"},
		{"half of the requests, by hand", owned, balancer{forward(app), []string{rule("191", forward(responder, app), methods("POST", "PUT", "PATCH", "DELETE"))}, ""}, "rule 191 refuses a part"},
		{"writes get through", owned, balancer{forward(responder), []string{login, rule("191", forward(app), methods("POST", "PUT", "PATCH", "DELETE"))}, ""}, "rule 191 lets requests through"},
		{"a path gets through, by hand", owned, balancer{forward(responder), []string{rule("5", forward(app), paths("/admin/*")), login}, ""}, "rule 5 lets requests through"},
	} {
		t.Run(test.name, func(t *testing.T) {
			mode, err := test.balancer.read(t, test.by)
			var neither *livemode.Neither
			if mode != "" || !errors.As(err, &neither) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, %v; want neither, %s", mode, err, test.want)
			}
		})
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	for _, test := range []struct {
		name     string
		by       livemode.Switch
		balancer balancer
		want     string
	}{
		{"refused", owned, balancer{failure: "AccessDenied"}, "reading the listener"},
		{"gone", livemode.Switch{ListenerARN: "arn:other", App: app, Responder: responder}, balancer{defaultAction: forward(app)}, "there is none called arn:other"},
	} {
		mode, err := test.balancer.read(t, test.by)
		var neither *livemode.Neither
		if err == nil || errors.As(err, &neither) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %q, %v; want %s", test.name, mode, err, test.want)
		}
	}
	if _, err := (balancer{defaultAction: forward(app)}).read(t, livemode.Switch{LoadBalancerARN: "alb", Port: 8080, App: app, Responder: responder}); !errors.Is(err, livemode.ErrNoListener) {
		t.Errorf("no listener on the port: %v", err)
	}
}
