package probe_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/function/probe"
	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/internal/testing/awsstub"
	"github.com/noren-cdk/noren/maintenance"
)

const (
	listener = "arn:aws:elasticloadbalancing:us-east-1:111111111111:listener/app/alb/1/2"
	deployer = "arn:aws:sts::111111111111:assumed-role/cdk-hnb659fds-deploy-role/aws-cdk-ko"
	operator = "arn:aws:iam::111111111111:user/mei"
)

var settings = probe.Settings{
	Switch: rules.Switch{Responder: "responder", Listeners: []rules.Listener{{
		Name: listener, Apps: []string{"app"}, Hosts: []string{"shop.example.com", "*.example.com"},
		Standing: []rules.Standing{{Priority: 100, Digest: "abcdefgh"}, {Priority: 190}}, Turning: []int{191, 199},
	}}},
	Deployed: rules.Outlines{
		Listeners: []rules.Outline{{Port: 443, Lines: []rules.Line{
			{Modes: []maintenance.Mode{maintenance.Open}, Does: "a"},
			{Modes: []maintenance.Mode{maintenance.ReadOnly, maintenance.Closed}, Does: "r"},
			{Priority: 100, Digest: "abcdefgh", Does: "a", Optional: true},
		}}},
		Others: []rules.Outline{{Port: 80, Lines: []rules.Line{{Does: "d"}}}},
	},
	Apps: []string{"app"}, Unlock: "unlock",
	Function: "Responder", Stack: "shop", SwitchName: "Maintenance", Record: "/shop/record", Attribution: "/shop/attribution",
}

// night is when the tests take place.
var night = time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC)

// product is the product that the stub of AWS describes.
type product struct {
	aws   *awsstub.AWS
	probe *probe.Probe
	log   bytes.Buffer
}

// newProduct returns a product that is open and has never been closed.
func newProduct(t *testing.T, s probe.Settings) *product {
	t.Helper()
	p := &product{aws: awsstub.New(t)}
	for name, value := range s.Environment() {
		t.Setenv(name, value)
	}
	t.Setenv("AWS_LAMBDA_FUNCTION_NAME", "Probe")
	p.probe = probe.FromEnvironment(os.Getenv, p.aws.Config(t), &p.log)
	p.probe.Now = func() time.Time { return night }
	p.balancer("app")
	p.until("")
	p.record("{}", "{}")
	p.aws.Answer("PutParameter", "{}")
	p.aws.Answer("PutEvents", `{"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}`)
	p.stack("UPDATE_IN_PROGRESS")
	p.history(nil)
	return p
}

// otherListener is the listener that redirects to HTTPS.
const otherListener = "arn:aws:elasticloadbalancing:us-east-1:111111111111:listener/app/alb/1/80"

// balancer sets where the default action goes, and which other rules exist, in
// XML: on the listener of the switch, and on listeners made by hand.
func (p *product) balancer(group string, byHand ...string) {
	p.listeners(group, strings.Join(byHand, ""), "")
}

// listeners sets the listeners of the load balancer.
func (p *product) listeners(group, byHand, others string) {
	actions := "<member><Type>forward</Type><TargetGroupArn>" + group + "</TargetGroupArn></member>"
	redirect := "<member><Type>redirect</Type><RedirectConfig><Protocol>HTTPS</Protocol><StatusCode>HTTP_301</StatusCode></RedirectConfig></member>"
	mine := "<member><ListenerArn>" + listener + "</ListenerArn><Port>443</Port><DefaultActions>" + actions + "</DefaultActions></member>"
	plain := "<member><ListenerArn>" + otherListener + "</ListenerArn><Port>80</Port><DefaultActions>" + redirect + "</DefaultActions></member>"
	p.aws.AnswerBy("DescribeListeners", func(r awsstub.Request) string {
		if r.Form.Get("LoadBalancerArn") != "" {
			return "<Listeners>" + mine + plain + others + "</Listeners>"
		}
		return "<Listeners>" + mine + "</Listeners>"
	})
	p.aws.AnswerBy("DescribeRules", func(r awsstub.Request) string {
		if r.Form.Get("ListenerArn") == listener {
			return "<Rules>" + byHand + "<member><RuleArn>default</RuleArn><Priority>default</Priority><IsDefault>true</IsDefault><Actions>" + actions + "</Actions></member></Rules>"
		}
		return "<Rules></Rules>"
	})
}

// ruleByHand returns a rule that forwards to the application, in XML.
func ruleByHand(condition string) string {
	return "<member><RuleArn>" + strings.Replace(listener, ":listener/", ":listener-rule/", 1) + "/150</RuleArn><Priority>150</Priority><Conditions><member>" + condition +
		"</member></Conditions><Actions><member><Type>forward</Type><TargetGroupArn>app</TargetGroupArn></member></Actions></member>"
}

// TestProbe_SaysClosedOnlyOfWhatWasDeployed checks that the product is not closed
// while a rule made by hand exists, whatever the rule looks like.
func TestProbe_SaysClosedOnlyOfWhatWasDeployed(t *testing.T) {
	const further = "<member><ListenerArn>" + otherListener + "80</ListenerArn><Port>8080</Port><DefaultActions><member><Type>forward</Type><TargetGroupArn>%s</TargetGroupArn></member></DefaultActions></member>"
	for _, test := range []struct {
		name           string
		byHand, others string
		want           string // in the log; empty if closed
	}{
		{"as deployed", "", "", ""},
		{"all paths", ruleByHand("<Field>path-pattern</Field><Values><member>/*</member></Values>"), "", `rule 150 (path \"/*\")`},
		{"a path", ruleByHand("<Field>path-pattern</Field><Values><member>/api/reports*</member></Values>"), "", `rule 150 (path \"/api/reports*\") is not deployed`},
		{"all addresses", ruleByHand("<Field>source-ip</Field><SourceIpConfig><Values><member>0.0.0.0/0</member></Values></SourceIpConfig>"), "", "rule 150 (source 0.0.0.0/0)"},
		{"all browsers", ruleByHand("<Field>http-header</Field><HttpHeaderConfig><HttpHeaderName>User-Agent</HttpHeaderName><Values><member>*</member></Values></HttpHeaderConfig>"), "", "rule 150 (header User-Agent"},
		{"another listener, to the application", "", fmt.Sprintf(further, "app"), "the listener on port 8080 is not deployed"},
		{"another listener, to another group", "", fmt.Sprintf(further, "clone"), "the listener on port 8080 is not deployed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProduct(t, settings)
			p.record(closed().Encode(), attributed(closed()))
			p.listeners("responder", test.byHand, test.others)
			got, err := p.metrics(t)
			want := map[string]float64{"Mode": 2, "Drift": 0, "Overdue": 0}
			if test.want != "" {
				want = map[string]float64{"Drift": 1, "Overdue": 0}
			}
			if err != nil || !reflect.DeepEqual(got, want) || !strings.Contains(p.log.String(), test.want) {
				t.Errorf("got %v, %v, want %v and %s in\n%s", got, err, want, test.want, p.log.String())
			}
		})
	}
}

// until sets the end that the function tells clients.
func (p *product) until(end string) {
	variables := map[string]string{"MAINTENANCE_RETRY_AFTER": "600"}
	if end != "" {
		variables["MAINTENANCE_UNTIL"] = end
	}
	p.aws.Answer("GetFunctionConfiguration", encode(map[string]any{"FunctionName": "Responder", "Environment": map[string]any{"Variables": variables}}))
}

func (p *product) record(record, attribution string) {
	p.aws.Answer("GetParameters", encode(map[string]any{"Parameters": []map[string]string{
		{"Name": settings.Record, "Value": record}, {"Name": settings.Attribution, "Value": attribution},
	}}))
}

// stack sets the state of the stack.
func (p *product) stack(status string) {
	p.aws.Answer("DescribeStacks", "<Stacks><member><StackName>shop</StackName><StackStatus>"+status+"</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime></member></Stacks>")
}

// history sets the calls that CloudTrail knows, by name.
func (p *product) history(calls map[string]string) {
	p.aws.AnswerBy("LookupEvents", func(r awsstub.Request) string {
		var asked struct {
			LookupAttributes []struct{ AttributeValue string }
		}
		if err := json.Unmarshal([]byte(r.Body), &asked); err != nil {
			panic(err)
		}
		event, ok := calls[asked.LookupAttributes[0].AttributeValue]
		if !ok {
			return `{"Events": []}`
		}
		return encode(map[string]any{"Events": []map[string]any{{
			"EventName": asked.LookupAttributes[0].AttributeValue, "EventTime": night.Add(-time.Minute).Unix(), "CloudTrailEvent": event,
		}}})
	})
}

func encode(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// metrics runs the probe and returns the metrics that CloudWatch makes from its
// log.
func (p *product) metrics(t *testing.T) (map[string]float64, error) {
	t.Helper()
	p.log.Reset()
	err := p.probe.Run(t.Context())
	metrics := map[string]float64{}
	for line := range strings.Lines(p.log.String()) {
		var header struct {
			AWS struct {
				Timestamp         int64
				CloudWatchMetrics []struct {
					Namespace  string
					Dimensions [][]string
					Metrics    []struct{ Name string }
				}
			} `json:"_aws"`
		}
		var values map[string]any
		if err := json.Unmarshal([]byte(line), &header); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(line), &values); err != nil {
			t.Fatal(err)
		}
		for _, d := range header.AWS.CloudWatchMetrics {
			if d.Namespace != "Noren" || header.AWS.Timestamp != night.UnixMilli() || fmt.Sprint(d.Dimensions) != "[[FunctionName]]" || values["FunctionName"] != "Probe" {
				t.Errorf("not a metric of the probe: %s", line)
			}
			for _, m := range d.Metrics {
				metrics[m.Name] = values[m.Name].(float64)
			}
		}
	}
	return metrics, err
}

// closed returns the record of a product that was closed an hour ago.
func closed() live.Record {
	return live.NewRecord(maintenance.Open, night.AddDate(0, -1, 0)).TurnTo(maintenance.Closed, night.Add(-time.Hour), time.Time{})
}

func attributed(record live.Record) string {
	return live.Attribution{Since: record.Since, By: deployer, Announced: record.Turn}.Encode()
}

func TestMetrics(t *testing.T) {
	for _, test := range []struct {
		name   string
		group  string // where the default action goes
		record string
		until  string
		want   map[string]float64
	}{
		{"open, nothing recorded", "app", "{}", "", map[string]float64{"Mode": 0, "Drift": 0, "Overdue": 0}},
		{"closed by a deploy", "responder", closed().Encode(), "", map[string]float64{"Mode": 2, "Drift": 0, "Overdue": 0}},
		{"closed by hand, nothing recorded", "responder", "{}", "", map[string]float64{"Mode": 2, "Drift": 0, "Overdue": 0}},
		{"opened by hand", "app", closed().Encode(), "", map[string]float64{"Mode": 0, "Drift": 1, "Overdue": 0}},
		{"before the end", "responder", closed().Encode(), "2026-12-01T12:00:00+09:00", map[string]float64{"Mode": 2, "Drift": 0, "Overdue": 0}},
		{"past the end", "responder", closed().Encode(), "2026-12-01T10:57:30+09:00", map[string]float64{"Mode": 2, "Drift": 0, "Overdue": 3}},
		{"open, past an old end", "app", "{}", "2026-11-01T00:00:00Z", map[string]float64{"Mode": 0, "Drift": 0, "Overdue": 0}},
		{"mixed", "somebody", closed().Encode(), "", map[string]float64{"Drift": 1, "Overdue": 0}},
		{"mixed, nothing recorded", "somebody", "{}", "", map[string]float64{"Drift": 1, "Overdue": 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProduct(t, settings)
			p.balancer(test.group)
			p.record(test.record, "{}")
			p.until(test.until)
			got, err := p.metrics(t)
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, %v; want %v", got, err, test.want)
			}
		})
	}
}

func TestWithoutAGuard(t *testing.T) {
	without := settings
	without.Record, without.Attribution = "", ""
	p := newProduct(t, without)
	p.aws.Answer("GetParameters", awsstub.Refuse("AccessDeniedException", "no"))
	p.balancer("responder")
	got, err := p.metrics(t)
	if want := map[string]float64{"Mode": 2, "Drift": 0, "Overdue": 0}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func TestWhatCannotBeReadIsNoMetric(t *testing.T) {
	for _, test := range []struct {
		operation string
		want      map[string]float64
	}{
		{"DescribeListeners", map[string]float64{}},
		{"DescribeRules", map[string]float64{}},
		{"GetFunctionConfiguration", map[string]float64{"Mode": 2, "Drift": 0}},
		{"GetParameters", map[string]float64{"Mode": 2, "Overdue": 0}},
	} {
		p := newProduct(t, settings)
		p.balancer("responder")
		p.record(closed().Encode(), attributed(closed()))
		p.aws.Answer(test.operation, awsstub.Refuse("AccessDenied", "not for you"))
		got, err := p.metrics(t)
		if err == nil || !strings.Contains(err.Error(), "not for you") || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %v, %v; want %v", test.operation, got, err, test.want)
		}
	}
	p := newProduct(t, settings)
	p.record(`{"version":9}`, "{}")
	if got, err := p.metrics(t); err == nil || !reflect.DeepEqual(got, map[string]float64{"Mode": 0, "Overdue": 0}) {
		t.Errorf("a record of another release: got %v, %v", got, err)
	}
}

func TestWhoTurnedTheModeIsWrittenDown(t *testing.T) {
	deploy := map[string]string{"ExecuteChangeSet": `{"userIdentity":{"arn":"` + deployer + `"},"requestParameters":{"stackName":"shop","changeSetName":"cdk"}}`}
	for _, test := range []struct {
		name    string
		since   time.Time
		known   bool
		history map[string]string
		want    string
	}{
		{"by a change set", night.Add(-time.Minute), false, deploy, deployer},
		{"by the ARN of the stack", night.Add(-time.Minute), false, map[string]string{"UpdateStack": `{"userIdentity":{"arn":"` + deployer + `"},"requestParameters":{"stackName":"arn:aws:cloudformation:us-east-1:111111111111:stack/shop/0"}}`}, deployer},
		{"of another stack", night.Add(-time.Minute), false, map[string]string{"UpdateStack": `{"userIdentity":{"arn":"x"},"requestParameters":{"stackName":"shop-2"}}`}, ""},
		{"that failed", night.Add(-time.Minute), false, map[string]string{"UpdateStack": `{"errorCode":"ValidationException","userIdentity":{"arn":"x"},"requestParameters":{"stackName":"shop"}}`}, ""},
		{"not known yet", night.Add(-time.Minute), false, nil, ""},
		{"known already", night.Add(-time.Minute), true, deploy, ""},
		{"too long ago", night.Add(-2 * time.Hour), false, deploy, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProduct(t, settings)
			p.balancer("responder")
			record := live.NewRecord(maintenance.Closed, test.since)
			p.record(record.Encode(), live.Attribution{Announced: record.Turn}.Encode())
			if test.known {
				p.record(record.Encode(), attributed(record))
			}
			p.history(test.history)
			if _, err := p.metrics(t); err != nil {
				t.Fatal(err)
			}
			written := ""
			for _, put := range p.aws.Calls("PutParameter") {
				var in struct {
					Name, Value string
					Overwrite   bool
				}
				if err := json.Unmarshal([]byte(put.Body), &in); err != nil || in.Name != settings.Attribution || !in.Overwrite {
					t.Fatalf("wrote %s, %v", put.Body, err)
				}
				a, err := live.DecodeAttribution(in.Value)
				if err != nil || !a.Since.Equal(test.since) {
					t.Errorf("wrote %s, %v", in.Value, err)
				}
				written = a.By
			}
			if written != test.want {
				t.Errorf("got %q, want %q", written, test.want)
			}
		})
	}
}

// TestProbe_WritesDownThatADeployIsOver checks that it does so once, together
// with who changed the mode.
func TestProbe_WritesDownThatADeployIsOver(t *testing.T) {
	record := live.NewRecord(maintenance.Closed, night.Add(-2*time.Minute))
	record.Last = live.Change{From: "a", To: "b", At: night.Add(-90 * time.Second)}
	at := record.Last.At
	for _, test := range []struct {
		name   string
		status string
		known  live.Attribution
		want   string // what is written
	}{
		{"under way", "UPDATE_IN_PROGRESS", live.Attribution{Since: record.Since, By: deployer}, ""},
		{"over", "UPDATE_COMPLETE", live.Attribution{Since: record.Since, By: deployer}, live.Attribution{Since: record.Since, By: deployer, Settled: at}.Encode()},
		{"over, by whom is not known", "UPDATE_COMPLETE", live.Attribution{}, live.Attribution{Since: record.Since, Settled: at}.Encode()},
		{"over, of another turn", "UPDATE_COMPLETE", live.Attribution{Since: night.Add(-time.Hour), By: "x", Settled: night.Add(-time.Hour)}, live.Attribution{Since: record.Since, Settled: at}.Encode()},
		{"known", "UPDATE_IN_PROGRESS", live.Attribution{Since: record.Since, By: deployer, Settled: at}, ""},
		{"rolling back", "UPDATE_ROLLBACK_IN_PROGRESS", live.Attribution{Since: record.Since, By: deployer}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProduct(t, settings)
			p.balancer("responder")
			p.stack(test.status)
			test.known.Announced = record.Turn // the turn is already announced
			p.record(record.Encode(), test.known.Encode())
			if _, err := p.metrics(t); err != nil {
				t.Fatal(err)
			}
			written := ""
			for _, put := range p.aws.Calls("PutParameter") {
				var in struct{ Value string }
				if err := json.Unmarshal([]byte(put.Body), &in); err != nil {
					t.Fatal(err)
				}
				written = strings.Replace(in.Value, `,"announced":{"mode":"closed","since":"2026-12-01T01:58:00Z"}`, "", 1)
			}
			if written != test.want {
				t.Errorf("wrote %q, want %q", written, test.want)
			}
		})
	}
}

// TestBlame_NorenNow checks that the log has what noren close --now recorded,
// with who and why, and that later changes by others are not attributed to it.
func TestBlame_NorenNow(t *testing.T) {
	by := live.ByHand{Mode: maintenance.Closed, At: closed().Since.Add(time.Minute), By: "arn:aws:sts::111111111111:assumed-role/night/ko", Why: "the disk is full", Locked: true}
	for _, test := range []struct {
		name   string
		byHand live.ByHand
		want   string
	}{
		{"who and why", by, `the listener was turned by hand, by ` + by.By + ` at ` + by.At.Format(time.RFC3339) + ` (the disk is full)`},
		{"another mode", live.ByHand{Mode: maintenance.ReadOnly, At: by.At, By: by.By, Why: by.Why}, ""},
		{"before the last deploy", live.ByHand{Mode: maintenance.Closed, At: closed().Since.Add(-time.Hour), By: by.By, Why: by.Why}, ""},
	} {
		at := settings
		at.ByHand = "/shop/by-hand"
		p := newProduct(t, at)
		record := live.NewRecord(maintenance.Open, closed().Since)
		p.balancer("responder")
		p.aws.Answer("GetParameters", encode(map[string]any{"Parameters": []map[string]string{
			{"Name": settings.Record, "Value": record.Encode()}, {"Name": at.ByHand, "Value": test.byHand.Encode()},
		}}))
		_, err := p.metrics(t)
		if said := p.log.String(); err != nil || strings.Contains(said, "the disk is full") != (test.want != "") || !strings.Contains(said, test.want) {
			t.Errorf("%s: %v, got\n%s\nwant %s", test.name, err, said, test.want)
		}
	}
}

func TestProbe_LogsAChangeByHandOnce(t *testing.T) {
	p := newProduct(t, settings)
	p.record(closed().Encode(), attributed(closed()))
	p.history(map[string]string{"ModifyListener": `{"userIdentity":{"arn":"` + operator + `"},"requestParameters":{"listenerArn":"` + listener + `"}}`})
	if _, err := p.metrics(t); err != nil || strings.Count(p.log.String(), operator) != 1 {
		t.Errorf("%v, log\n%s", err, p.log.String())
	}
	if _, err := p.metrics(t); err != nil || strings.Contains(p.log.String(), operator) {
		t.Errorf("%v, said again:\n%s", err, p.log.String())
	}
	p.history(map[string]string{"ModifyListener": `{"userIdentity":{"arn":"x","invokedBy":"cloudformation.amazonaws.com"},"requestParameters":{"listenerArn":"` + listener + `"}}`})
	p.balancer("somebody")
	if _, err := p.metrics(t); err != nil || strings.Contains(p.log.String(), "by hand") {
		t.Errorf("%v, a deploy is not by hand:\n%s", err, p.log.String())
	}
}

func TestSettings(t *testing.T) {
	for name, s := range map[string]probe.Settings{"with a guard": settings, "shared": {
		Switch:   rules.Switch{Responder: "responder", Listeners: []rules.Listener{{Name: listener}, {Name: listener + "0", Turning: []int{7}}}},
		Deployed: rules.Outlines{Listeners: []rules.Outline{{Shared: true}, {Port: 8443, Shared: true, Lines: []rules.Line{{Priority: alb.UnknownPriority, Does: "x"}}}}, OthersUnknown: true},
		Function: "Responder", Stack: "shop", SwitchName: "Maintenance",
	}} {
		env := s.Environment()
		if got := probe.ParseEnvironment(func(name string) string { return env[name] }); !reflect.DeepEqual(got, s) {
			t.Errorf("%s: got %+v, want %+v", name, got, s)
		}
	}
	got := probe.ParseEnvironment(func(name string) string {
		return map[string]string{"MODEPROBE_1_LISTENER": listener, "MODEPROBE_1_RULES": "x"}[name]
	})
	if got.Err == nil || !strings.Contains(got.Err.Error(), "MODEPROBE_STACK is not set") || !strings.Contains(got.Err.Error(), `listener 1: want rules such as 100:vZ2jTq1x and 199, got "x"`) {
		t.Errorf("got %v", got.Err)
	}
	p := newProduct(t, probe.Settings{})
	if metrics, err := p.metrics(t); err == nil || len(metrics) > 0 {
		t.Errorf("without settings: %v, %v", metrics, err)
	}
}

// TestProbe_PutsAModeEventForEachTurn checks that it sends an event at least
// once, and records which one.
func TestProbe_PutsAModeEventForEachTurn(t *testing.T) {
	open := live.Turn{Mode: maintenance.Open, Since: night.AddDate(0, -1, 0)}
	announced := func(turn live.Turn) string { return live.Attribution{Announced: turn}.Encode() }
	now := closed()
	byGuard := now // the guard has sent the event, and the deploy goes on
	byGuard.Announced, byGuard.Last.At = now.Turn, now.Since
	over := live.Attribution{Since: now.Since, Settled: now.Since, Announced: open}.Encode()
	justNow := live.NewRecord(maintenance.Closed, night.Add(-time.Minute))
	justNow.Announced, justNow.Last.At = justNow.Turn, justNow.Since
	for _, test := range []struct {
		name        string
		group       string
		record      string
		attribution string
		byHand      string
		refused     bool
		want        string // parts of the detail; empty if there is no event
		written     bool   // the turn
	}{
		{"closed by a deploy", "responder", now.Encode(), announced(open), "", false, `"id":"shop/Maintenance/2026-12-01T01:00:00Z","stack":"shop","switch":"Maintenance","from":"open","to":"closed","since":"2026-12-01T01:00:00Z","how":"deploy"`, true},
		{"closed by hand", "responder", "{}", announced(open), "", false, `"id":"shop/Maintenance/2026-12-01T02:00:00Z","stack":"shop","switch":"Maintenance","from":"open","to":"closed","since":"2026-12-01T02:00:00Z","how":"by hand"`, true},
		{"opened by hand", "app", now.Encode(), announced(now.Turn), "", false, `"from":"closed","to":"open","since":"2026-12-01T02:00:00Z","how":"by hand"`, true},
		{"as announced", "responder", now.Encode(), announced(now.Turn), "", false, "", false},
		{"closed again, which nobody saw open", "responder", now.Encode(), announced(live.Turn{Mode: maintenance.Closed, Since: open.Since}), "", false, `"from":"closed","to":"closed","since":"2026-12-01T01:00:00Z","how":"deploy"`, true},
		{"the first look", "responder", now.Encode(), "{}", "", false, "", true},
		{"in no mode", "somebody", now.Encode(), announced(open), "", false, "", false},
		{"a rule by hand", "responder", now.Encode(), announced(open), ruleByHand("<Field>path-pattern</Field><Values><member>/x</member></Values>"), false, "", false},
		{"the guard has said it", "responder", byGuard.Encode(), announced(open), "", false, "", true},
		{"the guard has said it, and the deploy is over", "responder", byGuard.Encode(), over, "", false, "", true},
		{"the guard has said it, and the listener is opened by hand afterwards", "app", byGuard.Encode(), over, "", false, `"from":"closed","to":"open","since":"2026-12-01T02:00:00Z","how":"by hand"`, true},
		{"the guard has said it, and the listener follows", "app", justNow.Encode(), announced(open), "", false, "", false},
		{"EventBridge does not take it", "responder", now.Encode(), announced(open), "", true, `"to":"closed"`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProduct(t, settings)
			p.balancer(test.group, test.byHand)
			p.record(test.record, test.attribution)
			if test.refused {
				p.aws.Answer("PutEvents", `{"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "later"}]}`)
			}
			_, err := p.metrics(t)
			if (err != nil) != test.refused || test.refused && !strings.Contains(err.Error(), "InternalFailure: later") {
				t.Errorf("got %v", err)
			}
			detail := ""
			for _, put := range p.aws.Calls("PutEvents") {
				var in struct {
					Entries []struct{ Source, DetailType, Detail string }
				}
				if err := json.Unmarshal([]byte(put.Body), &in); err != nil || len(in.Entries) != 1 || in.Entries[0].Source != "noren" || in.Entries[0].DetailType != "noren mode change" {
					t.Fatalf("put %s, %v", put.Body, err)
				}
				detail = in.Entries[0].Detail
			}
			if !strings.Contains(detail, test.want) || (detail == "") != (test.want == "") {
				t.Errorf("got %s, want %s", detail, test.want)
			}
			written := false
			for _, put := range p.aws.Calls("PutParameter") {
				written = written || strings.Contains(put.Body, `announced\":{\"mode\":\"`+map[string]string{"responder": "closed", "app": "open"}[test.group]) && !strings.Contains(put.Body, test.attribution)
			}
			if written != test.written {
				t.Errorf("written down: %v, want %v", written, test.written)
			}
		})
	}
}

// TestProbe_SaysItWithNorensTime checks that a turn by noren close --now gets the
// same id as noren's own event.
func TestProbe_SaysItWithNorensTime(t *testing.T) {
	byHand := settings
	byHand.ByHand = "/shop/byhand"
	p := newProduct(t, byHand)
	p.balancer("responder")
	p.aws.Answer("GetParameters", encode(map[string]any{"Parameters": []map[string]string{
		{"Name": settings.Record, "Value": "{}"},
		{"Name": settings.Attribution, "Value": live.Attribution{Announced: live.Turn{Mode: maintenance.Open, Since: night.AddDate(0, -1, 0)}}.Encode()},
		{"Name": byHand.ByHand, "Value": live.ByHand{Mode: maintenance.Closed, At: night.Add(-20 * time.Second), By: operator}.Encode()},
	}}))
	if _, err := p.metrics(t); err != nil {
		t.Fatal(err)
	}
	puts := p.aws.Calls("PutEvents")
	if len(puts) != 1 || !strings.Contains(puts[0].Body, `\"id\":\"shop/Maintenance/2026-12-01T01:59:40Z\"`) || !strings.Contains(puts[0].Body, operator) {
		t.Errorf("put %v", puts)
	}
}
