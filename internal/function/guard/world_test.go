package guard

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

const (
	stack     = "arn:aws:cloudformation:us-east-1:111111111111:stack/fieldreports-prod/1"
	listener  = "arn:aws:elasticloadbalancing:us-east-1:111111111111:listener/app/alb/1/2"
	alb       = "arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/app/alb/1"
	app       = "arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/app/3"
	responder = "arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/responder/4"
)

var (
	now     = time.Date(2026, 11, 22, 3, 12, 9, 0, time.UTC)
	before  = now.Add(-38 * time.Minute)
	tonight = now.Add(-2 * time.Minute).Format(time.RFC3339)
)

// world is AWS around a guard: the answers of four services over HTTP, and the
// URL at which CloudFormation waits for an answer.
type world struct {
	mu          sync.Mutex
	status      string           // of the stack
	live        maintenance.Mode // of the listener; "" if it does not exist yet
	mixed       bool             // the default action goes to the application, the rule for reads to the function
	record      string           // the value of the parameter
	attribution string
	byHand      string
	broken      map[string]bool // calls that fail, such as DescribeStacks
	late        int             // how often PutParameter fails before it works
	hangs       map[string]bool // calls that never answer
	refuses     int             // how many answers do not arrive
	answers     []cfn.Response
	calls       []string
	events      int
	throttles   map[string]int           // how often a call is throttled before it works
	delays      map[string]time.Duration // how long the first answer to a call takes
	wrong       map[string]string        // what a call answers instead, with status 200
	announced   []live.ModeEvent
	log         bytes.Buffer
	server      *httptest.Server
}

func newWorld(t *testing.T) *world {
	w := &world{status: "UPDATE_IN_PROGRESS", record: live.Placeholder, attribution: live.Placeholder, byHand: live.Placeholder, throttles: map[string]int{}, delays: map[string]time.Duration{}, wrong: map[string]string{}, broken: map[string]bool{}, hangs: map[string]bool{}}
	w.server = httptest.NewServer(w)
	t.Cleanup(w.server.Close)
	return w
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	if r.Method == http.MethodPut {
		w.callback(rw, r, body)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		form = url.Values{} // JSON
	}
	_, operation, isJSON := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if !isJSON {
		operation = form.Get("Action")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, operation)
	if w.late > 0 && operation == "PutParameter" {
		w.late--
		w.broken[operation] = w.late > 0
	}
	if delay := w.delays[operation]; delay > 0 {
		delete(w.delays, operation)
		w.mu.Unlock()
		select {
		case <-r.Context().Done():
		case <-time.After(delay):
		}
		w.mu.Lock()
	}
	if wrong, ok := w.wrong[operation]; ok {
		fmt.Fprint(rw, wrong)
		return
	}
	if w.throttles[operation] > 0 {
		w.throttles[operation]--
		rw.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(rw, `<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>`)
		return
	}
	switch {
	case w.hangs[operation]:
		w.mu.Unlock()
		<-r.Context().Done()
		w.mu.Lock()
	case w.broken[operation] && isJSON:
		rw.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
		rw.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(rw, `{"__type":"AccessDeniedException","message":"not authorized"}`)
	case w.broken[operation]:
		rw.WriteHeader(http.StatusForbidden)
		fmt.Fprint(rw, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized</Message></Error></ErrorResponse>`)
	case operation == "PutEvents":
		w.announce(rw, body)
	case isJSON:
		w.parameter(rw, operation, body)
	case operation == "DescribeStacks" && form.Get("StackName") == stack:
		fmt.Fprintf(rw, `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>fieldreports-prod</StackName><StackStatus>%s</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`, w.status)
	case operation == "DescribeStackEvents" && form.Get("StackName") == stack:
		fmt.Fprintf(rw, `<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents><member><PhysicalResourceId>other</PhysicalResourceId><ResourceStatus>UPDATE_FAILED</ResourceStatus></member><member><PhysicalResourceId>%s</PhysicalResourceId><ResourceStatus>%s</ResourceStatus></member></StackEvents></DescribeStackEventsResult></DescribeStackEventsResponse>`, stack, w.status)
	case operation == "DescribeListeners" && form.Get("LoadBalancerArn") == alb:
		listeners := ""
		if w.live != "" {
			listeners = fmt.Sprintf(`<member><ListenerArn>%s</ListenerArn><Port>443</Port><DefaultActions>%s</DefaultActions></member>`, listener, forward(w.live != maintenance.Open && !w.mixed))
		}
		fmt.Fprintf(rw, `<DescribeListenersResponse><DescribeListenersResult><Listeners>%s</Listeners></DescribeListenersResult></DescribeListenersResponse>`, listeners)
	case operation == "DescribeRules" && form.Get("ListenerArn") == listener:
		rules := `<member><RuleArn>arn:aws:elasticloadbalancing:us-east-1:111111111111:listener-rule/app/alb/1/2/3</RuleArn><Priority>191</Priority><Actions>` + forward(w.live == maintenance.Closed || w.mixed) +
			`</Actions><Conditions><member><Field>http-request-method</Field><HttpRequestMethodConfig><Values><member>GET</member><member>HEAD</member><member>OPTIONS</member></Values></HttpRequestMethodConfig></member></Conditions></member>`
		fmt.Fprintf(rw, `<DescribeRulesResponse><DescribeRulesResult><Rules>%s</Rules></DescribeRulesResult></DescribeRulesResponse>`, rules)
	default:
		http.Error(rw, operation, http.StatusNotFound)
	}
}

func forward(toResponder bool) string {
	to := app
	if toResponder {
		to = responder
	}
	return `<member><Type>forward</Type><TargetGroupArn>` + to + `</TargetGroupArn></member>`
}

// announce answers for EventBridge's default bus.
func (w *world) announce(rw http.ResponseWriter, body []byte) {
	var in struct {
		Entries []struct{ Source, Detail string }
	}
	var e live.ModeEvent
	if err := json.Unmarshal(body, &in); err != nil || len(in.Entries) != 1 || in.Entries[0].Source != live.EventSource {
		panic(string(body))
	}
	if err := json.Unmarshal([]byte(in.Entries[0].Detail), &e); err != nil {
		panic(err)
	}
	w.announced = append(w.announced, e)
	fmt.Fprint(rw, `{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}`)
}

func (w *world) parameter(rw http.ResponseWriter, operation string, body []byte) {
	var asked struct {
		Name, Value string
		Overwrite   bool
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		panic(err)
	}
	value := map[string]*string{"record": &w.record, "attribution": &w.attribution, "by-hand": &w.byHand}[asked.Name]
	switch {
	case value == nil:
		http.Error(rw, asked.Name, http.StatusNotFound)
	case operation == "PutParameter" && asked.Overwrite && asked.Name == "record":
		*value = asked.Value
		fmt.Fprint(rw, `{"Version":2}`)
	case operation == "GetParameter":
		answer, _ := json.Marshal(map[string]any{"Parameter": map[string]any{"Name": asked.Name, "Value": *value}})
		_, _ = rw.Write(answer)
	default:
		http.Error(rw, operation, http.StatusForbidden)
	}
}

// callback answers for the signed URL of S3: a content type breaks the signature.
func (w *world) callback(rw http.ResponseWriter, r *http.Request, body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuses > 0 || r.Header.Get("Content-Type") != "" || r.URL.Path != "/callback" || len(body) > 4096 {
		w.refuses--
		http.Error(rw, "SignatureDoesNotMatch", http.StatusForbidden)
		return
	}
	var response cfn.Response
	if err := json.Unmarshal(body, &response); err != nil {
		panic(err)
	}
	w.answers = append(w.answers, response)
}

// guard returns a guard in the world.
func (w *world) guard() *Guard {
	credentials := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil
	})
	config := aws.Config{Region: "us-east-1", BaseEndpoint: &w.server.URL, Credentials: credentials, RetryMaxAttempts: 1}
	g := New(ssm.NewFromConfig(config), cloudformation.NewFromConfig(config), elbv2.NewFromConfig(config), func(ctx context.Context, e live.ModeEvent) error { return e.Put(ctx, config) }, slog.New(slog.NewJSONHandler(&w.log, nil)))
	g.now = func() time.Time { return now }
	if w.late == 0 && len(w.hangs)+len(w.broken) > 0 {
		g.callTime, g.writeTime = time.Second, 19*time.Second // of the 30 s of a test
	}
	return g
}

// event returns an event of CloudFormation that changes one set of properties to
// another.
func (w *world) event(request cfn.RequestType, old, next map[string]any) cfn.Event {
	w.events++
	e := cfn.Event{
		RequestType: request, RequestID: fmt.Sprintf("request %d", w.events), ResponseURL: w.server.URL + "/callback?signature=secret", ResourceType: "Custom::NorenReopenGuard",
		LogicalResourceID: "MaintenanceGuard", StackID: stack, ResourceProperties: next, OldResourceProperties: old,
	}
	if request != cfn.RequestCreate {
		e.PhysicalResourceID = PhysicalID
	}
	return e
}

// props returns the properties of the resource in a mode, as the construct writes
// them, with additions.
func props(mode maintenance.Mode, more ...string) map[string]any {
	p := map[string]any{
		"ServiceToken": "arn", "ServiceTimeout": "60", "Mode": string(mode), "Explicit": "", "Off": "false", "Digest": "", "Reopens": "", "Message": "", "Until": "",
		"Command": "npx cdk deploy -c env=prod", "ReopensAt": "maintenance.reopen in environments/prod.yaml",
		"RecordParameter": "record", "AttributionParameter": "attribution", "ByHandParameter": "by-hand",
		"Responder": responder, "Listeners": []any{map[string]any{"LoadBalancer": alb, "Port": "443", "Apps": app, "Rules": "100:abcdefgh 191 199"}},
	}
	for i := 0; i < len(more); i += 2 {
		p[more[i]] = more[i+1]
	}
	return p
}

// handle makes the guard handle the event and returns what CloudFormation got.
func (w *world) handle(t *testing.T, event cfn.Event) cfn.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := w.guard().Handle(ctx, event); err != nil {
		t.Fatal(err)
	}
	return w.answer(t, event)
}

// answer returns the only answer that CloudFormation got, which must be to this
// event.
func (w *world) answer(t *testing.T, event cfn.Event) cfn.Response {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.answers) != 1 {
		t.Fatalf("CloudFormation got %d answers", len(w.answers))
	}
	a := w.answers[0]
	if a.RequestID != event.RequestID || a.LogicalResourceID != event.LogicalResourceID || a.StackID != event.StackID || a.PhysicalResourceID != PhysicalID {
		t.Errorf("the answer is not to the event: %+v", a)
	}
	if a.Status == cfn.StatusFailed && a.Reason == "" || a.Data[Summary] == "" {
		t.Errorf("the answer says nothing: %+v", a)
	}
	return a
}

// recorded returns the record afterwards.
func (w *world) recorded(t *testing.T) live.Record {
	t.Helper()
	r, err := live.DecodeRecord(w.record)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
