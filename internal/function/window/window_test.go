package window

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/testing/awsstub"
	night "github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

var (
	begins = time.Date(2026, 11, 30, 17, 0, 0, 0, time.UTC)
	plan   = night.Window{
		Start: begins, End: begins.Add(2 * time.Hour), Announce: time.Hour, Mode: maintenance.Closed, Ask: true, Announces: true, Mutes: true,
		Changes: []night.Change{{Name: "regions", Rehearsed: 30 * time.Minute}},
		Verify:  []night.Request{{Method: "GET", Path: "/api/health", Status: 200}},
	}
)

const run = "arn:aws:states:us-east-1:111111111111:execution:Machine:noren-20261130T170000Z"

// newFunction returns the function with a stub of AWS, at a time after the start.
func newFunction(t *testing.T, after time.Duration) (*Function, *awsstub.AWS) {
	t.Helper()
	stub := awsstub.New(t)
	stub.Answer("Publish", "<MessageId>1</MessageId>")
	stub.Answer("Invoke", "{}")
	return &Function{
		Settings: Settings{
			Stack: "shop", Switch: "Maintenance", Role: "arn:role", Topic: "arn:topic", Planned: "Planned", Options: "--env prod",
			Header: "X-Bypass", Secret: "arn:secret", Announcement: "announcement", Monitors: "monitors", Log: "aws logs tail changes",
		},
		Config: stub.Config(t), Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: func() time.Time { return begins.Add(after) },
	}, stub
}

// mails returns the messages that people were sent.
func mails(stub *awsstub.AWS) string {
	var all []string
	for _, call := range stub.Calls("Publish") {
		all = append(all, call.Form.Get("Subject")+"\n"+call.Form.Get("Message"))
	}
	return strings.Join(all, "\n")
}

func TestNotYet_IsTheErrorThatTheStateMachineKnows(t *testing.T) {
	if got := reflect.TypeOf(notYet(errors.New("x"))).Name(); got != night.NotYetError {
		t.Errorf("Lambda calls the error %q, want %q", got, night.NotYetError)
	}
}

func TestHandle_KnowsEveryStep(t *testing.T) {
	f, _ := newFunction(t, 0)
	for _, s := range plan.Steps() {
		if s.Kind == night.ByTask {
			continue
		}
		if _, err := f.Handle(t.Context(), night.Payload{Step: s.Name}); err != nil && strings.Contains(err.Error(), "unknown step") {
			t.Error(err)
		}
	}
	if _, err := f.Handle(t.Context(), night.Payload{Step: "Delete"}); err == nil || err.Error() != `unknown step "Delete"` {
		t.Errorf("got %v", err)
	}
}

func TestSettings_RoundTrip(t *testing.T) {
	f, _ := newFunction(t, 0)
	env := f.Settings.Environment()
	got, err := ParseEnvironment(func(name string) string { return env[name] })
	if err != nil || got != f.Settings {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := ParseEnvironment(func(string) string { return "" }); err == nil {
		t.Error("nothing is missing of no settings")
	}
}

func TestPreflight_BeginsInTimeOrNotAtAll(t *testing.T) {
	tests := []struct {
		name           string
		started, after time.Duration // after the planned start
		execution      string
		input          string
		want           string // part of the error; empty if in time
	}{
		{"in time", 0, time.Second, run, plan.ID(), ""},
		{"by another clock", -time.Minute, 0, run, plan.ID(), ""},
		{"a little late", night.Late, night.Late, run, plan.ID(), ""},
		{"too early", -night.Early - time.Second, 0, run, plan.ID(), "before the window"},
		{"too late", night.Late + time.Second, night.Late + time.Second, run, plan.ID(), "a night that cannot begin in time does not begin"},
		{"at five in the morning", 8 * time.Hour, 8 * time.Hour, run, plan.ID(), "a night that cannot begin in time does not begin"},
		{"continued while there is time", 0, 89 * time.Minute, run, plan.ID(), ""},
		{"continued too late for the changes", 0, 91 * time.Minute, run, plan.ID(), "too late for the end"},
		{"a second execution", 0, 0, run + "-2", plan.ID(), "so that there is one only"},
		{"by hand", 0, 0, "arn:aws:states:us-east-1:111111111111:execution:Machine:test", plan.ID(), "so that there is one only"},
		{"for another window", 0, 0, run, "noren-20261201T170000Z", `for the window "noren-20261201T170000Z"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, stub := newFunction(t, test.after)
			err := f.inTime(night.Payload{
				Step: night.Preflight, Window: plan.ID(), Execution: test.execution, Input: test.input,
				Started:  begins.Add(test.started).Format(time.RFC3339),
				Earliest: begins.Add(-night.Early), Latest: begins.Add(night.Late), End: plan.End, Needs: int(plan.Rehearsed().Seconds()),
			})
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if len(stub.Calls("DescribeStacks")) > 0 {
				t.Error("AWS is asked before the time is right")
			}
		})
	}
}

func TestPreflight_SaysEverythingThatIsInTheWay(t *testing.T) {
	f, stub := newFunction(t, 0)
	stub.Answer("DescribeStacks", awsstub.Refuse("AccessDenied", "no DescribeStacks"))
	stub.Answer("DescribeAlarms", awsstub.Refuse("AccessDenied", "no DescribeAlarms"))
	stub.Answer("GetParameter", `{"Parameter": {"Value": "abc"}}`)
	stub.Answer("Invoke", awsstub.Refuse("AccessDeniedException", "no Invoke"))
	stub.Answer("GetTemplate", "<TemplateBody>{}</TemplateBody>")
	_, err := f.preflight(t.Context(), night.Payload{
		Window: plan.ID(), Execution: run, Input: plan.ID(), Started: begins.Format(time.RFC3339), Latest: begins.Add(night.Late), End: plan.End, Mode: maintenance.Closed,
		Cluster: "arn:cluster", Task: "arn:task",
	})
	for _, want := range []string{"the cluster of the schema changes", "the task of the schema changes", "announcement could not be called", "monitors could not be called", "the night does not begin, and the product is as it was", "is not open everywhere", "whether there is an alarm is not known", "was deployed, or the mode was turned", "could not be closed"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestQuiet checks that an alarm on any page of the list keeps the night from
// beginning.
func TestQuiet(t *testing.T) {
	for name, test := range map[string]struct {
		pages []string
		want  string // part of the error; empty if it is quiet
	}{
		"no alarm":               {[]string{`{"MetricAlarms": [], "CompositeAlarms": []}`}, ""},
		"an alarm":               {[]string{`{"MetricAlarms": [{"AlarmName": "shop-Cpu"}], "CompositeAlarms": []}`}, "there is an alarm: shop-Cpu"},
		"one of several":         {[]string{`{"MetricAlarms": [], "CompositeAlarms": [{"AlarmName": "shop-Errors"}]}`}, "there is an alarm: shop-Errors"},
		"one on the second page": {[]string{`{"MetricAlarms": [], "NextToken": "more"}`, `{"MetricAlarms": [{"AlarmName": "shop-Cpu"}]}`}, "there is an alarm: shop-Cpu"},
		"that is not read":       {[]string{awsstub.Refuse("AccessDenied", "no")}, "whether there is an alarm is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			f, stub := newFunction(t, 0)
			stub.Answer("DescribeAlarms", test.pages...)
			err := f.quiet(t.Context())
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// TestInFlight checks that unknown requests count as in flight.
func TestInFlight(t *testing.T) {
	since := begins.Add(time.Minute)
	for name, test := range map[string]struct {
		status live.Status
		want   string
		passed bool
	}{
		"since when is not known": {live.Status{Unknown: "no record"}, "it is not known since when it has been closed: no record", false},
		"how long is not known":   {live.Status{Since: since, Drain: &live.Drain{Passed: true, Problem: "no attributes"}}, "no attributes", false},
		"not yet":                 {live.Status{Since: since, Drain: &live.Drain{From: since.Add(time.Minute)}}, "requests may be in flight until 2026-11-30T17:02:00Z", false},
		"ended":                   {live.Status{Since: since, Drain: &live.Drain{Passed: true, Longest: 30, Idle: 60}}, "closed since 2026-11-30T17:01:00Z, longer than a request (30 s) and an idle connection (60 s) last", true},
	} {
		t.Run(name, func(t *testing.T) {
			said, err := inFlight(test.status, maintenance.Closed)
			if err != nil {
				said = err.Error()
			}
			if _, again := errors.AsType[NotYet](err); again == test.passed || (err == nil) != test.passed || !strings.HasPrefix(said, test.want) {
				t.Errorf("got %q, %v", said, err)
			}
		})
	}
}

// TestCanRun checks that everything a schema change needs is looked at, and that
// nothing is started.
func TestCanRun(t *testing.T) {
	const (
		cluster = `{"clusters": [{"status": "ACTIVE"}]}`
		task    = `{"taskDefinition": {"status": "ACTIVE"}}`
	)
	for name, test := range map[string]struct{ cluster, task, want string }{
		"both are there":       {cluster, task, ""},
		"no such cluster":      {`{"clusters": [], "failures": [{"reason": "MISSING"}]}`, task, "the cluster of the schema changes, arn:aws:ecs:us-east-1:111111111111:cluster/shop, is not active"},
		"a deleted cluster":    {`{"clusters": [{"status": "INACTIVE"}]}`, task, "cluster/shop, is not active"},
		"a cluster not read":   {awsstub.Refuse("AccessDeniedException", "no"), task, "whether the cluster of the schema changes is there is not known"},
		"a deregistered task":  {cluster, `{"taskDefinition": {"status": "INACTIVE"}}`, "the task of the schema changes, arn:task, is not active"},
		"no such task":         {cluster, awsstub.Refuse("ClientException", "Unable to describe task definition."), "whether the task of the schema changes is there is not known"},
		"neither can be asked": {awsstub.Refuse("AccessDeniedException", "no"), awsstub.Refuse("AccessDeniedException", "no"), "\nwhether the task"},
	} {
		t.Run(name, func(t *testing.T) {
			f, stub := newFunction(t, 0)
			stub.Answer("DescribeClusters", test.cluster)
			stub.Answer("DescribeTaskDefinition", test.task)
			stub.AnswerBy("SimulatePrincipalPolicy", allowing(t, ""))
			_, err := f.canRun(t.Context(), night.Payload{Cluster: "arn:aws:ecs:us-east-1:111111111111:cluster/shop", Task: "arn:task", Role: "arn:machine"})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// TestCanCall_DoesNotCall checks that only a dry run is requested from Lambda.
func TestCanCall_DoesNotCall(t *testing.T) {
	f, _ := newFunction(t, 0)
	var asked []string
	status := http.StatusNoContent
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path+" "+r.Header.Get("X-Amz-Invocation-Type"))
		w.WriteHeader(status)
	}))
	defer server.Close()
	f.Config.BaseEndpoint = &server.URL
	if err := f.canCall(t.Context(), "monitors"); err != nil {
		t.Error(err)
	}
	if err := f.canCall(t.Context(), ""); err != nil {
		t.Errorf("there is no function, and it %v", err)
	}
	status = http.StatusForbidden
	if err := f.canCall(t.Context(), "monitors"); err == nil || !strings.Contains(err.Error(), "monitors could not be called") {
		t.Errorf("got %v", err)
	}
	for _, a := range asked {
		if a != "/2015-03-31/functions/monitors/invocations DryRun" {
			t.Errorf("asked for %s", a)
		}
	}
	if len(asked) != 2 {
		t.Errorf("asked %d times: %q", len(asked), asked)
	}
}

func TestAsPlanned(t *testing.T) {
	for name, test := range map[string]struct{ kept, want string }{
		"never recorded":   {`{"Parameter": {"Value": "none"}}`, ""},
		"as it was":        {`{"Parameter": {"Value": "` + night.Digest([]byte("{}")) + `"}}`, ""},
		"something else":   {`{"Parameter": {"Value": "` + night.Digest([]byte("{ }")) + `"}}`, "record it again with noren window plan --record --env prod"},
		"that is not read": {awsstub.Refuse("AccessDenied", "no"), "what was planned is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			f, stub := newFunction(t, 0)
			stub.Answer("GetParameter", test.kept)
			stub.Answer("GetTemplate", "<TemplateBody>{}</TemplateBody>")
			err := f.asPlanned(t.Context())
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// TestOthers checks that telling clients and muting monitors never stops a night
// from closing, and that after opening these steps are repeated until they are
// done.
func TestOthers(t *testing.T) {
	p := night.Payload{Window: plan.ID(), From: plan.Start, End: plan.End, Mode: maintenance.Closed}
	for _, test := range []struct {
		step, want string // the payload of the other function
		tolerated  bool
	}{
		{night.AnnounceScheduled, `{"announce":{"from":"2026-11-30T17:00:00Z","until":"2026-11-30T19:00:00Z"},"status":"scheduled","id":"noren-20261130T170000Z"}`, false},
		{night.Withdraw, `{"status":"none","id":"noren-20261130T170000Z"}`, false},
		{night.Announce, `{"announce":{"from":"2026-11-30T17:00:00Z","until":"2026-11-30T19:00:00Z"},"status":"in_progress","mode":"closed","id":"noren-20261130T170000Z"}`, true},
		{night.AnnounceCompleted, `{"status":"completed","id":"noren-20261130T170000Z"}`, false},
		{night.Mute, `{"action":"begin","stack":"shop","switch":"Maintenance","since":"2026-11-30T17:00:00Z","until":"2026-11-30T19:00:00Z","mode":"closed"}`, true},
		{night.Unmute, `{"action":"end","stack":"shop","switch":"Maintenance","since":"2026-11-30T17:00:00Z","mode":"closed"}`, false},
	} {
		t.Run(test.step, func(t *testing.T) {
			f, stub := newFunction(t, 0)
			p := p
			p.Step = test.step
			if _, err := f.Handle(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			if calls := stub.Calls("Invoke"); len(calls) != 1 || calls[0].Body != test.want {
				t.Errorf("got  %v\nwant %s", calls, test.want)
			}
			stub.Answer("Invoke", awsstub.Refuse("TooManyRequestsException", "later"))
			result, err := f.Handle(t.Context(), p)
			if (err == nil) != test.tolerated || test.tolerated && !strings.Contains(result.Said, "later") {
				t.Errorf("a failure: got %v, %v", result, err)
			}
		})
	}
}

// inMode makes the stub answer like a stack whose template and listener are in a
// mode.
func inMode(t *testing.T, stub *awsstub.AWS, mode string) {
	t.Helper()
	template, err := os.ReadFile("../../diff/testdata/own." + mode + ".json")
	if err != nil {
		t.Fatal(err)
	}
	stub.Answer("DescribeStacks", "<Stacks><member><StackName>shop</StackName><StackStatus>UPDATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime></member></Stacks>")
	stub.Answer("GetTemplate", "<TemplateBody>"+escape.Replace(string(template))+"</TemplateBody>")
	const listener, app, responder = "arn:aws:elasticloadbalancing:us-east-1:111111111111:listener/app/alb/1/2", "arn:app", "arn:responder"
	resources := ""
	for id, name := range map[string]string{"AlbListener86261768": listener, "AppF1B96344": app, "MaintenanceTargetGroup4F265FD4": responder} {
		resources += "<member><LogicalResourceId>" + id + "</LogicalResourceId><PhysicalResourceId>" + name + "</PhysicalResourceId></member>"
	}
	stub.Answer("ListStackResources", "<StackResourceSummaries>"+resources+"</StackResourceSummaries>")
	stub.Answer("DescribeListeners", "<Listeners><member><ListenerArn>"+listener+"</ListenerArn><DefaultActions><member><Type>forward</Type><TargetGroupArn>"+map[string]string{"open": app, "closed": responder}[mode]+"</TargetGroupArn></member></DefaultActions></member></Listeners>")
	stub.Answer("DescribeRules", "<Rules></Rules>")
}

// TestStill checks executions that are continued: they begin with the step that
// failed, whatever mode the product is in by then. The steps after closing send
// nothing, and ask no one, unless the product is as it was left.
func TestStill(t *testing.T) {
	for name, test := range map[string]struct {
		template, listener string
		want               string // part of the error; empty if it is done
		again              bool
	}{
		"closed":                       {"closed", "closed", "", false},
		"opened meanwhile":             {"open", "open", "the product is open, and not closed", false},
		"opened without a deploy":      {"closed", "open", "whether the product is closed is not known: the template says closed, the listener open", true},
		"a listener that is not known": {"closed", "", "whether the product is closed is not known", true},
	} {
		for _, step := range []string{night.Verify, night.Ask} {
			t.Run(step+", "+name, func(t *testing.T) {
				f, stub := newFunction(t, 0)
				stub.Answer("GetSecretValue", `{"SecretString": "s3cret"}`)
				inMode(t, stub, cmp.Or(test.listener, "closed"))
				if test.listener == "" {
					stub.Answer("DescribeListeners", awsstub.Refuse("Throttling", "later"))
				}
				if test.template != test.listener {
					template, err := os.ReadFile("../../diff/testdata/own." + test.template + ".json")
					if err != nil {
						t.Fatal(err)
					}
					stub.Answer("GetTemplate", "<TemplateBody>"+escape.Replace(string(template))+"</TemplateBody>")
				}
				asked := 0
				server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
				defer server.Close()
				f.Settings.URL = server.URL
				_, err := f.Handle(t.Context(), night.Payload{Step: step, Window: plan.ID(), Mode: maintenance.Closed, Requests: plan.Verify})
				if _, again := errors.AsType[NotYet](err); (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) || again != test.again {
					t.Errorf("got %v, want %q", err, test.want)
				}
				if done := asked > 0 || len(stub.Calls("Publish")) > 0; done != (test.want == "") {
					t.Errorf("%d requests, %d mails", asked, len(stub.Calls("Publish")))
				}
			})
		}
	}
}

func TestVerify(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   string // part of the error; empty if verified
	}{
		{"as it should", func(http.ResponseWriter, *http.Request) {}, ""},
		{"another status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, "GET /api/health: got 500, want 200"},
		{"maintenance answers", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set(maintenance.Marker, "on") }, "the bypass does not let it through"},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }, "got 302, want 200"},
	}
	for _, test := range tests {
		for _, cookie := range []bool{false, true} {
			t.Run(test.name, func(t *testing.T) {
				f, stub := newFunction(t, 0)
				stub.Answer("GetSecretValue", `{"SecretString": "s3cret"}`)
				inMode(t, stub, "closed")
				asked := 0
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					asked++
					got := r.Header.Get("X-Bypass")
					if c, err := r.Cookie("bypass"); err == nil {
						got = c.Value
					}
					if got != "s3cret" || r.Method != http.MethodGet || r.URL.Path != "/api/health" {
						t.Errorf("got %s %s with %q", r.Method, r.URL, got)
					}
					test.answer(w, r)
				}))
				defer server.Close()
				if f.Settings.URL = server.URL; cookie {
					f.Settings.Header, f.Settings.Cookie = "", "bypass"
				}
				_, err := f.verify(t.Context(), night.Payload{Mode: maintenance.Closed, Requests: plan.Verify})
				var again NotYet
				if (err == nil) != (test.want == "") || err != nil && (!strings.Contains(err.Error(), test.want) || !errors.As(err, &again)) || asked != 1 {
					t.Errorf("got %v after %d requests, want %s", err, asked, test.want)
				}
			})
		}
	}
	f, _ := newFunction(t, 0)
	f.Settings.Secret = ""
	if _, err := f.verify(t.Context(), night.Payload{Requests: plan.Verify}); err == nil {
		t.Error("verified without a bypass")
	}
}

// product returns a template of a switch, in a mode.
func product(mode, explicit string) string {
	group := map[string]string{"open": "App", "closed": "Responder"}[mode]
	return `{"Resources": {
  "Listener": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "` + group + `"}}]}},
  "Function": {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": {"MAINTENANCE_UNTIL": "` + explicit + `"}}}, "Metadata": {"noren:switch": "{\"Name\":\"Maintenance\",\"Responder\":\"Function\",\"Variables\":{\"MAINTENANCE_UNTIL\":\"\"},\"Properties\":[{\"Resource\":\"Listener\",\"Name\":\"DefaultActions\",\"Open\":[{\"Type\":\"forward\",\"TargetGroupArn\":{\"Ref\":\"App\"}}],\"Closed\":[{\"Type\":\"forward\",\"TargetGroupArn\":{\"Ref\":\"Responder\"}}]}]}"}}
}}`
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// stacked returns the function with a stack of the product in a mode and a state,
// whose change sets contain the expected changes.
func stacked(t *testing.T, after time.Duration, mode, state string) (*Function, *awsstub.AWS) {
	f, stub := newFunction(t, after)
	stub.Answer("DescribeStacks", "<Stacks><member><StackId>arn:aws:cloudformation:us-east-1:111111111111:stack/shop/1</StackId><StackName>shop</StackName><StackStatus>"+state+"</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime></member></Stacks>")
	stub.Answer("GetTemplate", "<TemplateBody>"+escape.Replace(product(mode, ""))+"</TemplateBody>")
	stub.Answer("ListChangeSets", "<Summaries></Summaries>")
	stub.Answer("GetStackPolicy", "")
	made := ""
	stub.AnswerBy("CreateChangeSet", func(r awsstub.Request) string {
		made = r.Form.Get("TemplateBody")
		return "<Id>1</Id>"
	})
	stub.Answer("DeleteChangeSet", "")
	stub.Answer("ListStackResources", "<StackResourceSummaries><member><LogicalResourceId>Listener</LogicalResourceId><PhysicalResourceId>arn:listener</PhysicalResourceId></member><member><LogicalResourceId>Function</LogicalResourceId><PhysicalResourceId>Responder</PhysicalResourceId></member></StackResourceSummaries>")
	change := func(id, kind, property string) string {
		return "<member><Type>Resource</Type><ResourceChange><Action>Modify</Action><LogicalResourceId>" + id + "</LogicalResourceId><ResourceType>" + kind + "</ResourceType><Replacement>False</Replacement><Details><member><Target><Attribute>Properties</Attribute><Name>" + property + "</Name></Target></member></Details></ResourceChange></member>"
	}
	stub.AnswerBy("DescribeChangeSet", func(awsstub.Request) string {
		changes := ""
		if listenerOf(t, made) != listenerOf(t, product(mode, "")) {
			changes = change("Listener", "AWS::ElasticLoadBalancingV2::Listener", "DefaultActions")
		}
		if strings.Contains(made, "2026-") { // the end
			changes += change("Function", "AWS::Lambda::Function", "Environment")
		}
		return "<Status>CREATE_COMPLETE</Status><Changes>" + changes + "</Changes>"
	})
	executed := url.Values{}
	stub.AnswerBy("ExecuteChangeSet", func(r awsstub.Request) string {
		executed = r.Form
		return ""
	})
	stub.AnswerBy("DescribeStackEvents", func(awsstub.Request) string {
		return "<StackEvents><member><StackId>1</StackId><EventId>1</EventId><StackName>shop</StackName><Timestamp>2026-01-01T00:00:00Z</Timestamp><ClientRequestToken>" + executed.Get("ClientRequestToken") + "</ClientRequestToken></member></StackEvents>"
	})
	return f, stub
}

// listenerOf returns the listener in a template, as text.
func listenerOf(t *testing.T, template string) string {
	t.Helper()
	var read struct{ Resources map[string]json.RawMessage }
	if err := json.Unmarshal([]byte(template), &read); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := json.Compact(&text, read.Resources["Listener"]); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestClose(t *testing.T) {
	p := night.Payload{Step: night.Close, Mode: maintenance.Closed, End: plan.End, Needs: int(plan.Rehearsed().Seconds())}
	tests := []struct {
		name, mode, state string
		after             time.Duration
		executes          bool
		want              string // part of the error; empty if done
		again             bool
	}{
		{"an open product", "open", "UPDATE_COMPLETE", 0, true, "", false},
		{"one that is being changed", "open", "UPDATE_IN_PROGRESS", 0, false, "is UPDATE_IN_PROGRESS", true},
		{"one that is stuck", "open", "UPDATE_ROLLBACK_FAILED", 0, false, "repair it first", false},
		{"in time for the changes", "open", "UPDATE_COMPLETE", 90 * time.Minute, true, "", false},
		{"too late for the changes", "open", "UPDATE_COMPLETE", 91 * time.Minute, false, "it is 2026-11-30T18:31:00Z, and the changes took 30m0s when they were rehearsed: too late for the end, 2026-11-30T19:00:00Z, and nothing was closed; to continue anyway: noren close --env prod, then noren window retry --env prod", false},
		{"past the end", "open", "UPDATE_COMPLETE", 2 * time.Hour, false, "it is past the planned end, 2026-11-30T19:00:00Z, and nothing was closed; to continue anyway: noren close --env prod, then noren window retry --env prod", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, stub := stacked(t, test.after, test.mode, test.state)
			_, err := f.Handle(t.Context(), p)
			var again NotYet
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) || errors.As(err, &again) != test.again {
				t.Errorf("got %v, want %s", err, test.want)
			}
			calls := stub.Calls("ExecuteChangeSet")
			if (len(calls) == 1) != test.executes {
				t.Errorf("%d change sets were executed", len(calls))
			}
			if made, deleted := len(stub.Calls("CreateChangeSet")), len(stub.Calls("DeleteChangeSet")); !test.executes && made > deleted {
				t.Errorf("%d change sets were made, %d deleted", made, deleted)
			}
			if test.executes {
				made := stub.Calls("CreateChangeSet")[0].Form
				if made.Get("RoleARN") != "arn:role" || !strings.Contains(made.Get("TemplateBody"), "2026-11-30T19:00:00Z") {
					t.Errorf("the change set is %v", made)
				}
			}
		})
	}
}

func TestClose_FindsItDone(t *testing.T) {
	f, stub := stacked(t, 0, "closed", "UPDATE_COMPLETE")
	result, err := f.Handle(t.Context(), night.Payload{Step: night.Close, Mode: maintenance.Closed})
	if err != nil || result.Said != "it is closed" || len(stub.Calls("CreateChangeSet")) > 0 {
		t.Errorf("got %v, %v", result, err)
	}
}

// TestOpen checks an execution that is continued days later, when the product may
// be closed for another reason.
func TestOpen(t *testing.T) {
	latest := plan.End.Add(night.OpensWithin)
	for _, test := range []struct {
		name, mode string
		after      time.Duration
		opens      bool
		want       string // part of the error; empty if done
	}{
		{"by its end", "closed", 0, true, ""},
		{"after a day of waiting for an answer", "closed", 26 * time.Hour, true, ""},
		{"days later", "closed", 72 * time.Hour, false, "nothing was opened: the planned end, 2026-11-30T19:00:00Z, is so long ago that the product may be closed for another reason; if it is not: noren open --env prod, then noren window retry --env prod"},
		{"days later, and it is open", "open", 72 * time.Hour, false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, stub := stacked(t, test.after, test.mode, "UPDATE_COMPLETE")
			_, err := f.Handle(t.Context(), night.Payload{Step: night.Open, Mode: maintenance.Open, Latest: latest})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if executed := len(stub.Calls("ExecuteChangeSet")); (executed == 1) != test.opens {
				t.Errorf("%d change sets were executed", executed)
			}
			if made, deleted := len(stub.Calls("CreateChangeSet")), len(stub.Calls("DeleteChangeSet")); !test.opens && made != deleted {
				t.Errorf("%d change sets were made, %d deleted", made, deleted)
			}
		})
	}
}

// TestExtend_NeverClosesWhatHasOpened opens the product between the look and the
// change.
func TestExtend_NeverClosesWhatHasOpened(t *testing.T) {
	f, stub := stacked(t, 2*time.Hour, "open", "UPDATE_COMPLETE")
	err := f.extend(t.Context(), night.Payload{Mode: maintenance.Closed, From: plan.Start}, plan.End.Add(night.Extension))
	if err == nil || !strings.Contains(err.Error(), "is open by now") {
		t.Errorf("got %v", err)
	}
	if len(stub.Calls("ExecuteChangeSet")) > 0 || len(stub.Calls("CreateChangeSet")) != len(stub.Calls("DeleteChangeSet")) {
		t.Error("it was closed again, or a change set was left")
	}
}

func TestExtend_TellsClientsAndMonitors(t *testing.T) {
	f, stub := stacked(t, 0, "closed", "UPDATE_COMPLETE")
	stub.Answer("Invoke", `{"results": []}`)
	if err := f.extend(t.Context(), night.Payload{Mode: maintenance.Closed, From: plan.Start}, plan.End.Add(night.Extension)); err != nil {
		t.Fatal(err)
	}
	until := plan.End.Add(night.Extension).Format(time.RFC3339)
	if made := stub.Calls("CreateChangeSet"); len(made) != 1 || !strings.Contains(made[0].Form.Get("TemplateBody"), until) || len(stub.Calls("ExecuteChangeSet")) != 1 {
		t.Errorf("clients are not told %s: %v", until, made)
	}
	if told := stub.Calls("Invoke"); len(told) != 1 || !strings.Contains(told[0].Body, `"action":"extend"`) || !strings.Contains(told[0].Body, until) {
		t.Errorf("monitors are told %v", told)
	}
}

func TestPeople_AreToldWhatToType(t *testing.T) {
	history := `{"events": [
		{"id": 1, "timestamp": 1796058000, "type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "Change regions"}},
		{"id": 2, "timestamp": 1796058060, "type": "ExecutionFailed", "executionFailedEventDetails": {"error": "States.TaskFailed", "cause": "disk full"}}]}`
	tests := []struct {
		step  string
		wants []string
	}{
		{night.Ask, []string{"shop: open?", "noren window approve --env prod", "stays closed"}},
		{night.Tell, []string{"shop: the maintenance ended at Change regions", "States.TaskFailed: disk full", "What noren ddl run said:\n  aws logs tail changes", "noren window retry --env prod", "noren window open --env prod", "noren window status --env prod"}},
		{night.Report, []string{"shop: open again", "Change regions", "(rehearsed 30m0s)"}},
		{night.NearEnd, []string{"shop: the planned end is near", "Clients are not told of another end", "noren close --until TIME --env prod"}},
	}
	for _, test := range tests {
		t.Run(test.step, func(t *testing.T) {
			f, stub := newFunction(t, 0)
			stub.Answer("DescribeExecution", `{"executionArn": "`+run+`", "status": "FAILED", "startDate": 1796058000}`)
			stub.Answer("GetExecutionHistory", history)
			if test.step == night.Ask {
				inMode(t, stub, "closed")
			}
			_, err := f.Handle(t.Context(), night.Payload{Step: test.step, Window: plan.ID(), Execution: run, Status: "FAILED", End: plan.End, Mode: maintenance.Closed, Rehearsed: map[string]int{"Change regions": 1800}})
			if err != nil && test.step != night.NearEnd {
				t.Error(err)
			}
			for _, want := range test.wants {
				if got := mails(stub); !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
		})
	}
}

// A night whose changes would not run has closed nothing, which the mail says.
func TestTell_OfACheckThatFails(t *testing.T) {
	f, stub := newFunction(t, 0)
	inMode(t, stub, "open")
	stub.Answer("DescribeExecution", `{"executionArn": "`+run+`", "status": "FAILED", "startDate": 1796058000}`)
	stub.Answer("GetExecutionHistory", `{"events": [
		{"id": 1, "timestamp": 1796058000, "type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "CheckChanges"}},
		{"id": 2, "timestamp": 1796058060, "type": "ExecutionFailed", "executionFailedEventDetails": {"error": "States.TaskFailed", "cause": "{\"StoppedReason\": \"Essential container in task exited\", \"Containers\": [{\"ExitCode\": 1}]}"}}]}`)
	if _, err := f.Handle(t.Context(), night.Payload{Step: night.Tell, Window: plan.ID(), Execution: run, Status: "FAILED", End: plan.End, Mode: maintenance.Closed}); err != nil {
		t.Error(err)
	}
	got := mails(stub)
	for _, want := range []string{
		"shop: the maintenance ended at CheckChanges, the product is open\n", "The product is open.\n", "exit code 1\n",
		"What noren ddl run said:\n  aws logs tail changes\n", "Clients are no longer told of it.\nMonitors watch.\n",
		"It has closed nothing, and changed no schema. If a change has to be rehearsed again, plan another start", "noren window retry --env prod",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "noren window open") {
		t.Errorf("an open product is to be opened:\n%s", got)
	}
}

// TestTell_TellsOthers: an execution that has ended tells clients and monitors nothing
// more. Where the product is open it is done for it, but for the execution of this
// night alone.
func TestTell_TellsOthers(t *testing.T) {
	const (
		opened   = `{"id": 1, "timestamp": 1796058000, "type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "Open"}}, {"id": 2, "timestamp": 1796058000, "type": "TaskStateExited", "stateExitedEventDetails": {"name": "Open", "output": "{}"}}, `
		unmute   = `{"action":"end","stack":"shop","switch":"Maintenance","since":"2026-11-30T17:00:00Z","mode":"closed"}`
		none     = `{"status":"none","id":"noren-20261130T170000Z"}`
		complete = `{"status":"completed","id":"noren-20261130T170000Z"}`
	)
	for name, test := range map[string]struct {
		mode, history, execution string
		want                     []string
		mail                     string
	}{
		"before it was closed":        {"open", "", run, []string{none, unmute}, "Clients are no longer told of it.\nMonitors watch."},
		"after it was opened":         {"open", opened, run, []string{complete, unmute}, "Clients are told that it is over.\nMonitors watch."},
		"closed":                      {"closed", "", run, nil, "stays so: time does not open it"},
		"another execution that ends": {"open", "", run + "2", nil, "The product is open."},
	} {
		t.Run(name, func(t *testing.T) {
			f, stub := newFunction(t, 0)
			inMode(t, stub, test.mode)
			stub.Answer("DescribeExecution", `{"executionArn": "`+run+`", "status": "FAILED", "startDate": 1796058000}`)
			stub.Answer("GetExecutionHistory", `{"events": [`+test.history+`{"id": 3, "timestamp": 1796058060, "type": "ExecutionFailed", "executionFailedEventDetails": {"error": "X", "cause": "no"}}]}`)
			if _, err := f.Handle(t.Context(), night.Payload{Step: night.Tell, Window: plan.ID(), Execution: test.execution, Status: "FAILED", From: plan.Start, End: plan.End, Mode: maintenance.Closed}); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range stub.Calls("Invoke") {
				got = append(got, c.Body)
			}
			if !slices.Equal(got, test.want) || !strings.Contains(mails(stub), test.mail) {
				t.Errorf("told %q, want %q; the mail says\n%s", got, test.want, mails(stub))
			}
			if len(test.want) == 0 {
				return
			}
			stub.Answer("Invoke", awsstub.Refuse("AccessDeniedException", "no"))
			if _, err := f.Handle(t.Context(), night.Payload{Step: night.Tell, Window: plan.ID(), Execution: run, Status: "FAILED", From: plan.Start, Mode: maintenance.Closed}); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(mails(stub), "They were to be told, and were not: calling"); n != 2 {
				t.Errorf("the mail does not say who was not told:\n%s", mails(stub))
			}
		})
	}
}

func TestTell_SaysThatItDoesNotKnow(t *testing.T) {
	f, stub := newFunction(t, 0)
	stub.Answer("DescribeExecution", awsstub.Refuse("AccessDenied", "no DescribeExecution"))
	if _, err := f.Handle(t.Context(), night.Payload{Step: night.Tell, Window: plan.ID(), Execution: run, Status: "ABORTED"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"the product is not known", "Where it ended is not known", "noren window retry --env prod"} {
		if got := mails(stub); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
