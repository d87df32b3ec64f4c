package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/testing/awsstub"
	"github.com/noren-cdk/noren/maintenance"
)

// The names in AWS of the product that status looks at.
const (
	liveListener  = "arn:aws:elasticloadbalancing:eu-central-1:111111111111:listener/app/alb/1/2"
	liveApp       = "arn:aws:elasticloadbalancing:eu-central-1:111111111111:targetgroup/app/3"
	liveResponder = "arn:aws:elasticloadbalancing:eu-central-1:111111111111:targetgroup/responder/4"
	liveSecret    = "abcdefghijklmnopqrstuvwxyz012345"
	liveDeployer  = "arn:aws:sts::111111111111:assumed-role/cdk-deploy-role/aws-cdk-ko"
)

// liveProduct is a product on stubs of AWS's API and of its own front end.
type liveProduct struct {
	aws   *awsstub.AWS
	web   *httptest.Server
	rules string // on the live listener, in XML

	others string // listeners made by hand, in XML
	state  string // of the stack. Default: UPDATE_COMPLETE
}

// liveResources are the resources of the stack.
var liveResources = map[string]string{
	"AlbListener86261768": liveListener, "AppF1B96344": liveApp, "MaintenanceTargetGroup4F265FD4": liveResponder,
	"MaintenanceUnlockTargetGroup97A3F975": liveApp + "9", "MaintenanceBypassSecret14C09BE32": "arn:aws:secretsmanager:eu-central-1:111111111111:secret:bypass", "Record": "/shop/record", "Attribution": "/shop/attribution",
}

// deployedTemplate returns the template of the product in a mode, with the
// parameters of the guard.
func deployedTemplate(t *testing.T, mode string) string {
	t.Helper()
	data, err := os.ReadFile(flips + mode + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var template map[string]any
	if err := json.Unmarshal(data, &template); err != nil {
		t.Fatal(err)
	}
	for id, name := range map[string]string{"Record": "ModeRecord", "Attribution": "ModeAttribution", "ByHand": "ModeByHand"} {
		template["Resources"].(map[string]any)[id] = map[string]any{
			"Type": "AWS::SSM::Parameter", "Metadata": map[string]any{"aws:cdk:path": "fieldreports/Maintenance/" + name + "/Resource"},
		}
	}
	data, err = json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// newLiveProduct returns a product that is in a mode everywhere: deployed, live
// and recorded. The test runs in a folder without an assembly.
func newLiveProduct(t *testing.T, mode string) *liveProduct {
	t.Helper()
	p := &liveProduct{aws: awsstub.New(t)}
	answer := func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }
	group := liveApp
	if mode != "open" {
		group = liveResponder
	}
	if mode == "closed" {
		answer = func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.URL.Path, "noren-status") { // the request is allowed
				return
			}
			w.Header().Set("X-Maintenance-Mode", "on")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
	if mode == "read-only" {
		read := answer
		answer = func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet {
				w.Header().Set("X-Maintenance-Mode", "on")
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			read(w, r)
		}
	}
	p.serve(t, answer)
	template := deployedTemplate(t, mode)
	p.aws.Answer("GetTemplate", "<TemplateBody>"+escape.Replace(template)+"</TemplateBody>")
	p.deploys(t, template)
	p.resources(nil)
	p.aws.Answer("GetSecretValue", `{"SecretString": "`+liveSecret+`"}`)
	p.listener(group)
	closed := map[string]maintenance.Mode{"open": maintenance.Open, "closed": maintenance.Closed, "read-only": maintenance.ReadOnly}[mode]
	p.record(live.NewRecord(closed, time.Now().Add(-72*time.Minute)))
	p.aws.Answer("LookupEvents", `{"Events": []}`)
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, "environments/prod.yaml", "stackName: shop\nregion: eu-central-1\napi: {ingressPrefixList: pl-a3a144ca}\nnetwork: {cidr: 10.0.0.0/16}\ndatabase: {engineVersion: 8.0.mysql_aurora.3.10.0, name: shop, minCapacity: 1, maxCapacity: 2}\n")
	return p
}

// resources sets the resources of the stack: those of the product and others.
func (p *liveProduct) resources(others map[string]string) {
	all := maps.Clone(liveResources)
	maps.Copy(all, others)
	summaries := ""
	for id, physical := range all {
		summaries += "<member><LogicalResourceId>" + id + "</LogicalResourceId><PhysicalResourceId>" + physical + "</PhysicalResourceId></member>"
	}
	p.aws.Answer("ListStackResources", "<StackResourceSummaries>"+summaries+"</StackResourceSummaries>")
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// serve sets what requests get.
func (p *liveProduct) serve(t *testing.T, answer http.HandlerFunc) {
	t.Helper()
	p.web = httptest.NewServer(answer)
	t.Cleanup(p.web.Close)
	p.outputs("ApiUrl", p.web.URL+"/api/")
}

func (p *liveProduct) outputs(key, value string) {
	p.aws.Answer("DescribeStacks", "<Stacks><member><StackName>shop</StackName><StackStatus>"+cmp.Or(p.state, "UPDATE_COMPLETE")+"</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs><member><OutputKey>"+
		key+"</OutputKey><OutputValue>"+value+"</OutputValue></member></Outputs></member></Stacks>")
}

// listener sets where the live default action goes.
func (p *liveProduct) listener(group string) {
	actions := "<DefaultActions><member><Type>forward</Type><TargetGroupArn>" + group + "</TargetGroupArn></member></DefaultActions>"
	mine := "<member><ListenerArn>" + liveListener + "</ListenerArn>" + actions + "</member>"
	p.aws.AnswerBy("DescribeListeners", func(r awsstub.Request) string {
		if r.Form.Get("LoadBalancerArn") != "" {
			return "<Listeners>" + mine + p.others + "</Listeners>"
		}
		return "<Listeners>" + mine + "</Listeners>"
	})
	p.aws.AnswerBy("DescribeRules", func(r awsstub.Request) string {
		if r.Form.Get("ListenerArn") != liveListener {
			return "<Rules></Rules>"
		}
		return "<Rules>" + p.rules + "</Rules>"
	})
}

// deploys sets the rules of the live listener to those of the template, as the
// API describes them.
func (p *liveProduct) deploys(t *testing.T, template string) {
	t.Helper()
	var read struct {
		Resources map[string]struct {
			Type       string
			Properties map[string]any
		}
	}
	if err := json.Unmarshal([]byte(template), &read); err != nil {
		t.Fatal(err)
	}
	p.rules = ""
	for _, r := range read.Resources {
		listener, _ := r.Properties["ListenerArn"].(map[string]any)
		if r.Type != "AWS::ElasticLoadBalancingV2::ListenerRule" || listener["Ref"] != "AlbListener86261768" {
			continue
		}
		p.rules += fmt.Sprintf("<member><RuleArn>%s/%v</RuleArn><Priority>%[2]v</Priority><Conditions>%s</Conditions><Actions>%s</Actions></member>",
			strings.Replace(liveListener, ":listener/", ":listener-rule/", 1), r.Properties["Priority"], describedXML(r.Properties["Conditions"]), describedXML(r.Properties["Actions"]))
	}
}

// describedXML returns a value of a template as the Query protocol describes it
// after a deploy: with ARNs in place of references, and with secrets filled in.
func describedXML(value any) string {
	var b strings.Builder
	switch v := value.(type) {
	case map[string]any:
		if id, ok := v["Ref"].(string); ok {
			if arn, ok := liveResources[id]; ok {
				return arn
			}
			return "arn:" + id
		}
		if join, ok := v["Fn::Join"].([]any); ok {
			for _, part := range join[1].([]any) {
				if text, ok := part.(string); ok {
					b.WriteString(text)
				}
			}
			before, _, _ := strings.Cut(b.String(), "{{")
			_, after, _ := strings.Cut(b.String(), "}}")
			return escape.Replace(before + liveSecret + after)
		}
		for name, inner := range v {
			fmt.Fprintf(&b, "<%s>%s</%[1]s>", name, describedXML(inner))
		}
	case []any:
		for _, inner := range v {
			b.WriteString("<member>" + describedXML(inner) + "</member>")
		}
	default:
		return escape.Replace(fmt.Sprint(v))
	}
	return b.String()
}

// attributes sets the attributes of the load balancer and the target group, and
// what CloudWatch knows about connections.
func (p *liveProduct) attributes(idle string) {
	const list = "<Attributes><member><Key>%s</Key><Value>%s</Value></member></Attributes>"
	p.aws.Answer("DescribeLoadBalancerAttributes", fmt.Sprintf(list, "idle_timeout.timeout_seconds", idle))
	p.aws.Answer("DescribeTargetGroupAttributes", fmt.Sprintf(list, "deregistration_delay.timeout_seconds", "30"))
	p.aws.Answer("GetMetricData", `{"MetricDataResults": [{"Id": "open", "Timestamps": ["2025-12-01T04:03:00Z"], "Values": [7]}]}`)
}

// record sets the guard's record, and makes the probe know by whom.
func (p *liveProduct) record(r live.Record) {
	data, err := json.Marshal(map[string]any{"Parameters": []map[string]string{
		{"Name": "/shop/record", "Value": r.Encode()},
		{"Name": "/shop/attribution", "Value": live.Attribution{Since: r.Since, By: liveDeployer}.Encode()},
	}})
	if err != nil {
		panic(err)
	}
	p.aws.Answer("GetParameters", string(data))
}

// byHand sets what noren close --now recorded three minutes ago.
func (p *liveProduct) byHand(b live.ByHand) {
	b.At, b.By = time.Now().Add(-3*time.Minute-10*time.Second), "arn:aws:sts::111111111111:assumed-role/night/ko"
	p.resources(map[string]string{"ByHand": "/shop/by-hand"})
	r := live.NewRecord(maintenance.Open, time.Now().Add(-72*time.Minute))
	data, err := json.Marshal(map[string]any{"Parameters": []map[string]string{
		{"Name": "/shop/record", "Value": r.Encode()},
		{"Name": "/shop/attribution", "Value": live.Attribution{Since: r.Since, By: liveDeployer}.Encode()},
		{"Name": "/shop/by-hand", "Value": b.Encode()},
	}})
	if err != nil {
		panic(err)
	}
	p.aws.Answer("GetParameters", string(data))
}

// change sets a change of the listener that CloudTrail knows.
func (p *liveProduct) change(by, invokedBy string) {
	p.aws.AnswerBy("LookupEvents", func(r awsstub.Request) string {
		if !strings.Contains(r.Body, `"ModifyListener"`) {
			return `{"Events": []}`
		}
		event, _ := json.Marshal(fmt.Sprintf(`{"userIdentity":{"arn":%q,"invokedBy":%q},"requestParameters":{"listenerArn":%q}}`, by, invokedBy, liveListener))
		return fmt.Sprintf(`{"Events": [{"EventName": "ModifyListener", "EventTime": %d, "CloudTrailEvent": %s}]}`, time.Now().Add(-3*time.Minute-10*time.Second).Unix(), event)
	})
}

func TestStatus(t *testing.T) {
	const by = "since 20"
	for _, test := range []struct {
		name   string
		mode   string
		change func(t *testing.T, p *liveProduct)
		args   string
		code   int
		want   []string
	}{
		{"open", "open", nil, "", 0, []string{"shop: open (all sources agree)", "deployed template  open    UPDATE_COMPLETE", "live listener      open    " + liveListener, "requests           let in  through 127.0.0.1", "404, no X-Maintenance-Mode: GET http://127.0.0.1", by, "1 h 12 min), by " + liveDeployer, "next deploy        -       no cdk.out/shop.template.json"}},
		{"closed", "closed", nil, "", 0, []string{"shop: closed (all sources agree)", "requests           refused  through 127.0.0.1", "503, X-Maintenance-Mode: on: GET"}},
		{"read-only", "read-only", nil, "", 0, []string{"shop: read-only (all sources agree)", "requests           writes refused"}},
		{"a rule by hand", "closed", func(_ *testing.T, p *liveProduct) {
			p.rules += "<member><RuleArn>" + strings.Replace(liveListener, ":listener/", ":listener-rule/", 1) + "/150</RuleArn><Priority>150</Priority><Conditions><member><Field>path-pattern</Field><Values><member>/api/reports*</member></Values></member></Conditions><Actions><member><Type>forward</Type><TargetGroupArn>" + liveApp + "</TargetGroupArn></member></Actions></member>"
			p.listener(liveResponder)
		}, "", 3, []string{`shop: not closed: rule 150 (path "/api/reports*") is not deployed`, "drift: rule 150", `rule 150 (path "/api/reports*") is let through`}},
		{"drained", "closed", func(_ *testing.T, p *liveProduct) { p.attributes("60") }, "", 0, []string{"the load balancer is drained since", "the idle time-out of 60 s and the longest request, 30 s have passed", "7 connections were open at 04:03:00 UTC"}},
		{"not drained yet", "closed", func(_ *testing.T, p *liveProduct) { p.attributes("7200") }, "", 0, []string{"not drained yet: requests from before may go on until"}},
		{"drained, with connections that are not known", "closed", func(_ *testing.T, p *liveProduct) {
			p.attributes("60")
			p.aws.Answer("GetMetricData", awsstub.Refuse("InternalFailure", "later"))
		}, "", 0, []string{"the load balancer is drained since", "how many connections are open is not known: "}},
		{"drained, it seems, but not how long a request may take", "closed", func(_ *testing.T, p *liveProduct) {
			p.attributes("60")
			p.aws.Answer("DescribeTargetGroupAttributes", awsstub.Refuse("Throttling", "later"))
		}, "", 0, []string{"whether it is drained is not known: "}},
		{"whether it is drained is not known", "closed", nil, "", 0, []string{"whether it is drained is not known: InvalidAction"}},
		{"a secret by hand", "closed", func(_ *testing.T, p *liveProduct) {
			p.rules = strings.ReplaceAll(p.rules, liveSecret, "00000000000000000000000000000000")
			p.listener(liveResponder)
		}, "", 3, []string{"shop: not closed: rule 18", "compares with another secret than that of Secrets Manager"}},
		{"the secret may not be read", "closed", func(_ *testing.T, p *liveProduct) {
			p.aws.Answer("GetSecretValue", awsstub.Refuse("AccessDeniedException", "no GetSecretValue"))
		}, "", 0, []string{"closed (all sources agree)", "is not compared: not allowed: no GetSecretValue"}},
		{"another listener by hand", "closed", func(_ *testing.T, p *liveProduct) {
			p.others = "<member><ListenerArn>" + liveListener + "9</ListenerArn><Port>8080</Port><DefaultActions><member><Type>forward</Type><TargetGroupArn>" + liveApp + "</TargetGroupArn></member></DefaultActions></member>"
			p.listener(liveResponder)
		}, "", 3, []string{"shop: not closed: the listener on port 8080 is not deployed"}},
		{"a deploy under way", "closed", func(_ *testing.T, p *liveProduct) {
			p.state = "UPDATE_ROLLBACK_FAILED"
			p.outputs("ApiUrl", p.web.URL+"/api/")
		}, "", 3, []string{"closed now, but the stack is UPDATE_ROLLBACK_FAILED"}},
		{"the application says off", "closed", func(t *testing.T, p *liveProduct) {
			p.serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Maintenance-Mode", "off") })
		}, "", 3, []string{"do not agree", "let in", "which is not how maintenance answers"}},
		{"opened by hand", "closed", func(t *testing.T, p *liveProduct) {
			p.deploys(t, deployedTemplateAt(t, "open"))
			p.listener(liveApp)
			p.serve(t, http.NotFound)
			p.change("arn:aws:iam::111111111111:user/mei", "")
		}, "", 3, []string{"the listener is open, the last deploy turned it to closed: it was changed by hand", "(3 min), by arn:aws:iam::111111111111:user/mei, by hand", "the last deploy turned it to closed"}},
		{"by noren read-only --now, CloudFormation stuck", "open", func(t *testing.T, p *liveProduct) {
			p.state = "UPDATE_ROLLBACK_FAILED"
			p.outputs("ApiUrl", p.web.URL+"/api/")
			p.byHand(live.ByHand{Mode: maintenance.ReadOnly, Why: "the disk is full", Locked: true})
			p.listener(liveResponder)
		}, "", 3, []string{"(3 min), by arn:aws:sts::111111111111:assumed-role/night/ko, by hand (the disk is full)", `locked: deploys that change the listener or its rules fail with "Action denied by stack policy", until noren close, noren read-only or noren open has turned the template, too`}},
		{"by noren read-only --now, not locked, no reason", "open", func(t *testing.T, p *liveProduct) {
			p.byHand(live.ByHand{Mode: maintenance.ReadOnly})
			p.listener(liveResponder)
		}, "", 3, []string{"(3 min), by arn:aws:sts::111111111111:assumed-role/night/ko, by hand\n"}},
		{"by noren close --now, and opened by another hand since", "open", func(t *testing.T, p *liveProduct) {
			p.byHand(live.ByHand{Mode: maintenance.Closed, Why: "the disk is full", Locked: true})
		}, "", 0, []string{"open (all sources agree)", "by " + liveDeployer, "locked: "}},
		{"mixed", "open", func(_ *testing.T, p *liveProduct) { p.listener("arn:other") }, "", 3, []string{"the listener is mixed: the default action forwards neither to the application alone nor to the answer of maintenance alone", "live listener      mixed", "CloudTrail knows of no change of the listener since"}},
		{"the request disagrees", "closed", func(t *testing.T, p *liveProduct) { p.serve(t, http.NotFound) }, "", 3, []string{"do not agree", "let in"}},
		{"the next deploy flips", "closed", func(t *testing.T, _ *liveProduct) {
			write(t, "cdk.out/shop.template.json", deployedTemplateAt(t, "open"))
		}, "", 4, []string{"closed, but the assembly in this folder is open: its deploy would flip"}},
		{"the next deploy does not", "closed", func(t *testing.T, _ *liveProduct) {
			write(t, "out/shop.template.json", deployedTemplateAt(t, "closed"))
		}, "--assembly out", 0, []string{"next deploy        closed   out/shop.template.json"}},
		{"no address to ask", "open", func(_ *testing.T, p *liveProduct) { p.outputs("Other", "x") }, "", 0, []string{"requests           -     none was sent: the stack has no output ApiUrl or SiteUrl, so give --url"}},
		{"by the site", "open", func(_ *testing.T, p *liveProduct) { p.outputs("SiteUrl", p.web.URL) }, "", 0, []string{"/api/noren-status-"}},
		{"an allowed path", "open", nil, "--url http://127.0.0.1:1/api/templates/", 0, []string{"is let through by rule 10", "so give --url"}},
		{"an outage is neither", "open", func(t *testing.T, p *liveProduct) {
			p.serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		}, "", 1, []string{"502 without X-Maintenance-Mode: neither the application nor the answer of maintenance"}},
		{"the request gets nowhere", "open", nil, "--url http://127.0.0.1:1/", 1, []string{"cannot reach 127.0.0.1:1: connect: connection refused"}},
		{"the listener may not be read", "open", func(_ *testing.T, p *liveProduct) {
			p.aws.Answer("DescribeRules", awsstub.Refuse("AccessDenied", "User: x is not authorized to perform: elasticloadbalancing:DescribeRules"))
		}, "", 1, []string{"not known: something could not be found out", "not allowed: User: x is not authorized to perform: elasticloadbalancing:DescribeRules"}},
		{"the template may not be read", "open", func(_ *testing.T, p *liveProduct) {
			p.aws.Answer("GetTemplate", awsstub.Refuse("AccessDenied", "no GetTemplate"))
		}, "", 1, []string{"not allowed: no GetTemplate", "not known without the deployed template"}},
		{"who may not be asked", "closed", func(_ *testing.T, p *liveProduct) {
			p.aws.Answer("GetParameters", awsstub.Refuse("AccessDeniedException", "no GetParameters"))
		}, "", 0, []string{"closed (all sources agree)", "since when is not known: not allowed: no GetParameters"}},
		{"opened by hand, nothing recorded", "closed", func(t *testing.T, p *liveProduct) {
			p.aws.Answer("GetParameters", `{"Parameters": [{"Name": "/shop/record", "Value": "{}"}, {"Name": "/shop/attribution", "Value": "{}"}]}`)
			p.deploys(t, deployedTemplateAt(t, "open"))
			p.listener(liveApp)
			p.serve(t, http.NotFound)
			p.change("arn:aws:iam::111111111111:user/mei", "")
		}, "", 3, []string{"what is deployed, the listener and the request do not agree", "user/mei, by hand"}},
		{"nothing recorded, a deploy", "closed", func(_ *testing.T, p *liveProduct) {
			p.aws.Answer("GetParameters", `{"Parameters": [{"Name": "/shop/record", "Value": "{}"}, {"Name": "/shop/attribution", "Value": "{}"}]}`)
			p.change("arn:role", "cloudformation.amazonaws.com")
		}, "", 0, []string{"(3 min), by arn:role"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newLiveProduct(t, test.mode)
			if test.change != nil {
				test.change(t, p)
			}
			code, stdout, stderr := noren(append([]string{"status", "-c", "env=prod"}, strings.Fields(test.args)...)...)
			if code != test.code || stderr != "" {
				t.Errorf("exit code %d, want %d; stderr %q", code, test.code, stderr)
			}
			for _, want := range test.want {
				if !strings.Contains(stdout, want) {
					t.Errorf("no %q in\n%s", want, stdout)
				}
			}
		})
	}
}

// deployedTemplateAt is like deployedTemplate, but works from any folder.
func deployedTemplateAt(t *testing.T, mode string) string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(packageDir)
	defer t.Chdir(here)
	return deployedTemplate(t, mode)
}

// packageDir is where the tests of the package start.
var packageDir = func() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return dir
}()

func TestStatusFailsInALine(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(p *liveProduct)
		args   string
		want   string
	}{
		{"no such stack", func(p *liveProduct) {
			p.aws.Answer("DescribeStacks", awsstub.Refuse("ValidationError", "Stack with id shop does not exist"))
		}, "--env prod", `noren: there is no stack "shop" in eu-central-1: deploy it, or name another with --env or --stack`},
		{"access denied", func(p *liveProduct) {
			p.aws.Answer("DescribeStacks", awsstub.Refuse("AccessDenied", "User: x is not authorized to perform: cloudformation:DescribeStacks"))
		}, "--env prod", "noren: not allowed: User: x is not authorized to perform: cloudformation:DescribeStacks"},
		{"expired credentials", func(p *liveProduct) {
			p.aws.Answer("DescribeStacks", awsstub.Refuse("ExpiredToken", "The security token included in the request is expired"))
		}, "--env prod", "noren: the AWS credentials have expired: log in again, as with aws sso login"},
		{"wrong credentials", func(p *liveProduct) {
			p.aws.Answer("DescribeStacks", awsstub.Refuse("InvalidClientTokenId", "The security token included in the request is invalid"))
		}, "--env prod", "noren: AWS rejected these credentials: run aws sts get-caller-identity to see which ones are in use"},
		{"network down", func(*liveProduct) { os.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1") }, "--env prod", "noren: cannot reach 127.0.0.1:1: connect: connection refused"},
		{"unknown environment", nil, "--env prd", `noren: unknown environment "prd": want prod`},
		{"another context key", nil, "-c maintenance=true", `noren: invalid argument "maintenance=true" for "-c, --context" flag: want env=NAME`},
		{"two environments", nil, "-c env=prod --env dev", `noren: invalid argument "dev" for "--env" flag: two environments, prod and dev`},
		{"too often", nil, "--env prod --watch --every 1ms", "noren: --every 1ms: want 1s or longer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newLiveProduct(t, "open")
			if test.change != nil {
				test.change(p)
			}
			code, stdout, stderr := noren(append([]string{"status"}, strings.Fields(test.args)...)...)
			if code != 1 || stdout != "" || stderr != test.want+"\n" {
				t.Errorf("exit code %d, stdout %q, stderr\n%swant\n%s", code, stdout, stderr, test.want)
			}
		})
	}
}

// TestStatusReadsProfiles checks that profiles are read as by every program with
// the AWS SDK, without the AWS CLI.
func TestStatusReadsProfiles(t *testing.T) {
	for _, test := range []struct{ name, profile, want string }{
		{"a static profile", "shop", ""},
		{"no credentials", "empty", "noren: no AWS credentials: log in, as with aws sso login, name a profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: "},
		{"no such profile", "other", "noren: reading the settings of AWS: failed to get shared config profile, other"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newLiveProduct(t, "open")
			home, err := filepath.Abs("home")
			if err != nil {
				t.Fatal(err)
			}
			write(t, "home/credentials", "[shop]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = secret\n[empty]\n")
			for name, value := range map[string]string{
				"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "PATH": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
				"AWS_SHARED_CREDENTIALS_FILE": home + "/credentials", "AWS_CONFIG_FILE": home + "/config", "AWS_PROFILE": test.profile,
			} {
				t.Setenv(name, value)
			}
			_, _, stderr := noren("status", "-c", "env=prod")
			if !strings.HasPrefix(stderr, test.want) || test.want == "" && stderr != "" || strings.Count(stderr, "\n") > 1 {
				t.Errorf("got %q, want %q", stderr, test.want)
			}
			if asked := len(p.aws.Calls("DescribeStacks")) > 0; asked != (test.want == "") {
				t.Errorf("the stack was asked for: %v", asked)
			}
		})
	}
}

func TestStatusOfAnotherApp(t *testing.T) {
	p := newLiveProduct(t, "closed")
	if err := os.RemoveAll("environments"); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := noren("status", "--stack", "shop", "--region", "eu-central-1", "--json")
	var got struct {
		Verdict, Mode, Region string

		Switches []struct {
			Name, Verdict, Recorded string
			Listener                struct{ Mode string }
		}
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v, %s", code, err, stderr)
	}
	if got.Verdict != "agree" || got.Mode != "closed" || got.Region != "eu-central-1" || len(got.Switches) != 1 ||
		got.Switches[0].Name != "fieldreports/Maintenance" || got.Switches[0].Verdict != "agree" || got.Switches[0].Listener.Mode != "closed" || got.Switches[0].Recorded != "closed" {
		t.Errorf("got %+v", got)
	}
	if calls := p.aws.Calls("DescribeStacks"); len(calls) != 1 || calls[0].Form.Get("StackName") != "shop" {
		t.Errorf("asked %+v", calls)
	}
}

// TestStatus_SeveralSwitches checks that a stack with two switches shows both,
// whichever comes first.
func TestStatus_SeveralSwitches(t *testing.T) {
	p := newLiveProduct(t, "open")
	var template map[string]any
	if err := json.Unmarshal([]byte(deployedTemplateAt(t, "open")), &template); err != nil {
		t.Fatal(err)
	}
	resources := template["Resources"].(map[string]any)
	ref := func(id string) map[string]any { return map[string]any{"Ref": id} }
	at := func(id string) map[string]any {
		return map[string]any{"aws:cdk:path": "fieldreports/Blog/" + id}
	}
	forward := func(id string) []any { return []any{map[string]any{"Type": "forward", "TargetGroupArn": ref(id)}} }
	resources["BlogAnswer"] = map[string]any{"Type": "AWS::Lambda::Function", "Metadata": at("Responder/Function/Resource")}
	resources["BlogGroup"] = map[string]any{
		"Type":       "AWS::ElasticLoadBalancingV2::TargetGroup",
		"Properties": map[string]any{"TargetType": "lambda", "Targets": []any{map[string]any{"Id": map[string]any{"Fn::GetAtt": []any{"BlogAnswer", "Arn"}}}}},
	}
	resources["BlogApp"] = map[string]any{"Type": "AWS::ElasticLoadBalancingV2::TargetGroup"}
	resources["BlogListener"] = map[string]any{"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": map[string]any{"Port": 8443, "DefaultActions": forward("BlogGroup")}}
	resources["BlogHealth"] = map[string]any{"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Metadata": at("HealthCheck"), "Properties": map[string]any{
		"ListenerArn": ref("BlogListener"), "Priority": 190, "Actions": forward("BlogApp"), "Conditions": []any{map[string]any{"Field": "path-pattern", "Values": []any{"/healthz"}}},
	}}
	data, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	p.aws.Answer("GetTemplate", "<TemplateBody>"+escape.Replace(string(data))+"</TemplateBody>")
	blog := liveListener + "0"
	p.resources(map[string]string{"BlogListener": blog, "BlogApp": liveApp + "0", "BlogGroup": liveResponder + "0"})
	p.aws.AnswerBy("DescribeListeners", func(r awsstub.Request) string {
		arn, group := liveListener, liveApp
		if r.Form.Get("ListenerArns.member.1") == blog {
			arn, group = blog, liveResponder+"0"
		}
		return "<Listeners><member><ListenerArn>" + arn + "</ListenerArn><DefaultActions><member><Type>forward</Type><TargetGroupArn>" + group + "</TargetGroupArn></member></DefaultActions></member></Listeners>"
	})
	deployed := p.rules
	p.aws.AnswerBy("DescribeRules", func(r awsstub.Request) string {
		if r.Form.Get("ListenerArn") == blog {
			return "<Rules><member><RuleArn>" + strings.Replace(blog, ":listener/", ":listener-rule/", 1) + "/190</RuleArn><Priority>190</Priority><Conditions><member><Field>path-pattern</Field><Values><member>/healthz</member></Values></member></Conditions><Actions><member><Type>forward</Type><TargetGroupArn>" + liveApp + "0</TargetGroupArn></member></Actions></member></Rules>"
		}
		return "<Rules>" + deployed + "</Rules>"
	})
	code, stdout, stderr := noren("status", "-c", "env=prod")
	for _, want := range []string{
		"shop, fieldreports/Maintenance: open (all sources agree)", "shop, fieldreports/Blog: closed (all sources agree)",
		"live listener      open  " + liveListener, "live listener      closed  " + blog,
		"none was sent: whether 127.0.0.1", "since when is not known: CloudTrail knows of no change",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	if code != 0 || stderr != "" {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	code, stdout, _ = noren("status", "-c", "env=prod", "--json")
	var got struct {
		Verdict, Mode string
		Switches      []struct{ Name, Verdict string }
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != 0 || got.Verdict != "agree" || got.Mode != "" || len(got.Switches) != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestStatusWatches(t *testing.T) {
	p := newLiveProduct(t, "open")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, writer := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- exec(ctx, []string{"status", "--env", "prod", "--watch", "--every", "1s"}, strings.NewReader(""), writer, io.Discard)
		writer.Close()
	}()
	lines := bufio.NewScanner(reader)
	for _, want := range []string{"deployed open, listener open, request let in; open (all sources agree)", "listener read-only, request let in; the listener is read-only, the last deploy turned it to open"} {
		if !lines.Scan() || !strings.Contains(lines.Text(), want) {
			t.Errorf("got %q, want %s", lines.Text(), want)
		}
		p.listener(liveResponder)
	}
	stop()
	if lines.Scan() {
		t.Errorf("said without a change: %q", lines.Text())
	}
	if got := <-code; got != disagreeing {
		t.Errorf("exit code %d, want that of the last look", got)
	}
}

// TestDocs_Status compares the output of noren status in docs/maintenance.md with
// the real output, apart from times, the port and the probing path.
func TestDocs_Status(t *testing.T) {
	p := newLiveProduct(t, "closed")
	p.attributes("60")
	p.aws.Answer("DescribeLoadBalancers", "<LoadBalancers><member><Scheme>internal</Scheme></member></LoadBalancers>")
	code, stdout, stderr := noren("status", "-c", "env=prod")
	if code != 0 {
		t.Fatalf("code %d: %s", code, stderr)
	}
	t.Chdir(packageDir)
	const file, begin, end = "../../docs/maintenance.md", "$ noren status -c env=prod\n", "```"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), begin)
	shown, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no place for noren status", file)
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+stdout+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	// Lines are broken when they are full, and ports differ in length.
	masked := func(text string) string {
		text = strings.Join(strings.Fields(text), " ")
		return regexp.MustCompile(`127\.0\.0\.1:\d+|status-\w+|\d\d\d\d-\d\d-\d\d|\d\d:\d\d(:\d\d)?`).ReplaceAllString(text, "X")
	}
	if got, want := masked(stdout), masked(shown); got != want {
		t.Errorf("%s shows\n%s\nwant\n%s\nrun this test with -update", file, shown, stdout)
	}
}
