package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/testing/awsstub"
	"github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

const machineARN = "arn:aws:states:eu-central-1:111111111111:stateMachine:Machine"

// plannedNight returns a maintenance that begins after a given time.
func plannedNight(in time.Duration) window.Window {
	start := time.Now().Add(in).Truncate(time.Minute)
	return window.Window{
		Start: start, End: start.Add(2 * time.Hour), Mode: maintenance.Closed, Ask: true,
		Changes: []window.Change{{Name: "regions", Rehearsed: 14 * time.Minute}},
	}
}

// newNight returns a stub of a stack that plans a maintenance.
func newNight(t *testing.T, w window.Window) *awsstub.AWS {
	t.Helper()
	aws := awsstub.New(t)
	t.Chdir(t.TempDir())
	d := window.Deployed{Window: w, Switch: "Maintenance", Function: "Steps", Planned: "Planned", Schedule: "Start", Ahead: "Ahead"}
	template := `{"Resources": {"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Metadata": {"noren:window": ` + maintenance.JSON(d.Metadata()) + `}}}}`
	aws.Answer("GetTemplate", "<TemplateBody>"+escape.Replace(template)+"</TemplateBody>")
	resources := ""
	for id, name := range map[string]string{"Machine": machineARN, "Planned": "/planned", "Start": "mw-1", "Ahead": "mw-2", "Steps": "steps"} {
		resources += "<member><LogicalResourceId>" + id + "</LogicalResourceId><PhysicalResourceId>" + name + "</PhysicalResourceId><ResourceType>X</ResourceType><LastUpdatedTimestamp>2026-01-01T00:00:00Z</LastUpdatedTimestamp><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>"
	}
	aws.Answer("ListStackResources", "<StackResourceSummaries>"+resources+"</StackResourceSummaries>")
	aws.Answer("DescribeExecution", awsstub.Refuse("ExecutionDoesNotExist", "none"))
	aws.Answer("GetCallerIdentity", "<Arn>arn:aws:iam::111111111111:user/ko</Arn>")
	for _, done := range []string{"SendTaskSuccess", "RedriveExecution", "StopExecution", "PutParameter", "UpdateMaintenanceWindow"} {
		aws.Answer(done, "{}")
	}
	return aws
}

// begun gives the execution a status and events.
func begun(aws *awsstub.AWS, status string, events ...string) {
	aws.Answer("DescribeExecution", fmt.Sprintf(`{"executionArn": "x", "status": %q, "startDate": %d}`, status, time.Now().Unix()-60))
	for i, e := range events {
		events[i] = fmt.Sprintf(`{"id": %d, "timestamp": %d, %s}`, i+1, time.Now().Unix()-60+int64(i), e)
	}
	aws.Answer("GetExecutionHistory", `{"events": [`+strings.Join(events, ",")+`]}`)
}

const (
	preflightEntered = `"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "Preflight"}`
	unmuteEntered    = `"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "Unmute"}`
	changeEntered    = `"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "Change regions"}`
	changeFailed     = `"type": "ExecutionFailed", "executionFailedEventDetails": {"error": "States.TaskFailed", "cause": "disk full"}`
	askEntered       = `"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "Ask"}`
	askScheduled     = `"type": "TaskScheduled", "taskScheduledEventDetails": {"resource": "invoke", "resourceType": "lambda", "region": "x", "parameters": "{\"Payload\":{\"step\":\"Ask\",\"token\":\"AAAA\"}}"}`
)

func TestWindow_StatusIsTheTimeline(t *testing.T) {
	tests := []struct {
		name   string
		in     time.Duration
		status string
		events []string
		code   int
		wants  []string
	}{
		{"before it begins", time.Hour, "", nil, 0, []string{"it has not begun", "Preflight comes", "(rehearsed 14m0s) runs the schema change regions"}},
		{"that did not begin", -time.Hour, "", nil, 3, []string{"it did not begin in time", "the history of mw-1 in Systems Manager"}},
		{"under way", -time.Minute, "RUNNING", []string{changeEntered}, 0, []string{"it is under way since", "Change regions running 1m"}},
		{"waiting for a person", -time.Minute, "RUNNING", []string{askEntered, askScheduled}, 0, []string{"Ask asking"}},
		{"failed", -time.Minute, "FAILED", []string{changeEntered, changeFailed}, 3, []string{"time opens nothing; noren window retry continues it", "Change regions failed 1s (rehearsed 14m0s) States.TaskFailed: disk full"}},
		{"over", -time.Hour, "SUCCEEDED", nil, 0, []string{"it is over"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			aws := newNight(t, plannedNight(test.in))
			if test.status != "" {
				begun(aws, test.status, test.events...)
			}
			code, out, errs := noren("window", "status", "--stack", "shop", "--region", "eu-central-1")
			if code != test.code || errs != "" {
				t.Errorf("code %d, want %d: %s", code, test.code, errs)
			}
			for _, want := range test.wants {
				if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
			code, out, _ = noren("window", "status", "--stack", "shop", "--region", "eu-central-1", "--json")
			var read windowStatus
			if err := json.Unmarshal([]byte(out), &read); err != nil || code != test.code || len(read.Steps) < 8 {
				t.Errorf("code %d, %v:\n%s", code, err, out)
			}
			if strings.Contains(out, "AAAA") {
				t.Error("the token, which opens, is shown")
			}
		})
	}
}

func TestWindow_WatchEndsWhenItIsOver(t *testing.T) {
	aws := newNight(t, plannedNight(-time.Minute))
	n := 0
	aws.AnswerBy("DescribeExecution", func(awsstub.Request) string {
		status := "RUNNING"
		if n++; n > 1 {
			status = "FAILED"
		}
		return fmt.Sprintf(`{"executionArn": "x", "status": %q, "startDate": %d}`, status, time.Now().Unix())
	})
	aws.Answer("GetExecutionHistory", `{"events": []}`)
	code, out, errs := noren("window", "status", "--watch", "--every", "1s", "--stack", "shop", "--region", "eu-central-1")
	if code != 3 || errs != "" || strings.Count(out, "\n") != 2 || !strings.Contains(out, "under way") || !strings.Contains(out, "ended without success") {
		t.Errorf("code %d: %s\n%s", code, errs, out)
	}
}

// TestWindow_Steering checks that each verb makes one call, after a question, and
// only if there is something to do.
func TestWindow_Steering(t *testing.T) {
	tests := []struct {
		verb, name string
		in         time.Duration
		status     string
		events     []string
		call       string // what is called; empty if nothing is
		body       string // a part of it
		code       int
	}{
		{"approve", "a question", -time.Minute, "RUNNING", []string{askEntered, askScheduled}, "SendTaskSuccess", `"taskToken":"AAAA"`, 0},
		{"approve", "no question", -time.Minute, "RUNNING", []string{changeEntered}, "", "", 3},
		{"approve", "a question that has ended", -time.Minute, "ABORTED", []string{askEntered, askScheduled, `"type": "ExecutionAborted"`}, "", "", 3},
		{"approve", "nothing", time.Hour, "", nil, "", "", 3},
		{"retry", "a failure before closing", -time.Minute, "FAILED", []string{preflightEntered, changeFailed}, "RedriveExecution", "executionArn", 0},
		{"retry", "an abort before closing", -time.Minute, "ABORTED", []string{preflightEntered}, "RedriveExecution", "executionArn", 0},
		{"retry", "a failure after opening", -time.Minute, "TIMED_OUT", []string{unmuteEntered}, "RedriveExecution", "executionArn", 0},
		{"retry", "a change, and the mode is not known", -time.Minute, "FAILED", []string{changeEntered, changeFailed}, "", "", 3},
		{"retry", "one that runs", -time.Minute, "RUNNING", []string{changeEntered}, "", "", 3},
		{"retry", "a success", -time.Minute, "SUCCEEDED", nil, "", "", 3},
		{"cancel", "one that runs", -time.Minute, "RUNNING", []string{changeEntered}, "StopExecution", "noren window cancel, by arn:aws:iam::111111111111:user/ko", 0},
		{"cancel", "one that has not begun", time.Hour, "", nil, "UpdateMaintenanceWindow", `"Enabled":false`, 0},
		{"cancel", "one that did not begin", -time.Hour, "", nil, "", "", 3},
		{"cancel", "one that is over", -time.Hour, "SUCCEEDED", nil, "", "", 3},
		{"open", "one that runs", -time.Minute, "RUNNING", []string{changeEntered}, "", "", 3},
	}
	steering := []string{"SendTaskSuccess", "RedriveExecution", "StopExecution", "UpdateMaintenanceWindow", "CreateChangeSet"}
	for _, test := range tests {
		t.Run(test.verb+" "+test.name, func(t *testing.T) {
			aws := newNight(t, plannedNight(test.in))
			if test.status != "" {
				begun(aws, test.status, test.events...)
			}
			code, _, errs := noren("window", test.verb, "--stack", "shop", "--region", "eu-central-1", "--yes")
			if code != test.code {
				t.Errorf("code %d, want %d: %s", code, test.code, errs)
			}
			for _, call := range steering {
				calls := aws.Calls(call)
				switch {
				case call == test.call && (len(calls) != 1 || !strings.Contains(calls[0].Body, test.body)):
					t.Errorf("%s: got %v, want %s", call, calls, test.body)
				case call != test.call && len(calls) > 0:
					t.Errorf("%s was called", call)
				}
			}
			if test.call == "" {
				return
			}
			code, _, errs = noren("window", test.verb, "--stack", "shop", "--region", "eu-central-1")
			if code == 0 || !strings.Contains(errs, "nobody to ask") || len(aws.Calls(test.call)) != 1 {
				t.Errorf("without a question: code %d: %s", code, errs)
			}
		})
	}
}

// TestWindow_CancelTellsClients checks that cancelling first keeps the
// maintenance from beginning, and then withdraws what clients were told, or would
// be told later.
func TestWindow_CancelTellsClients(t *testing.T) {
	w := plannedNight(time.Hour)
	w.Announces, w.Announce = true, 72*time.Hour
	for _, test := range []struct {
		name, update, invoke string
		code                 int
		want                 string
	}{
		{"told", "{}", "{}", 0, ""},
		{"the window is not disabled", awsstub.Refuse("AccessDeniedException", "no"), "{}", 1, "disabling the window mw-1"},
		{"clients are not told", "{}", awsstub.Refuse("AccessDeniedException", "no"), 1, "it does not begin, but clients may be told of it: calling steps"},
	} {
		t.Run(test.name, func(t *testing.T) {
			aws := newNight(t, w)
			aws.Answer("UpdateMaintenanceWindow", test.update)
			aws.Answer("Invoke", test.invoke)
			code, out, errs := noren("window", "cancel", "--stack", "shop", "--region", "eu-central-1", "--yes")
			if code != test.code || !strings.Contains(errs, test.want) || (code == 0) != strings.Contains(out, "it does not begin, and clients are told of it no more") {
				t.Errorf("code %d: %s%s", code, out, errs)
			}
			disabled := ""
			for _, c := range aws.Calls("UpdateMaintenanceWindow") {
				disabled += c.Body
			}
			called := aws.Calls("Invoke")
			if strings.Contains(test.want, "mw-1") {
				if len(called) > 0 || strings.Contains(disabled, "mw-2") {
					t.Errorf("it may begin, and clients are told that it does not: %v, %s", called, disabled)
				}
				return
			}
			if !strings.Contains(disabled, "mw-1") || !strings.Contains(disabled, "mw-2") || len(called) != 1 || called[0].Body != `{"step":"Withdraw","window":"`+w.ID()+`"}` {
				t.Errorf("disabled %s, called %v", disabled, called)
			}
		})
	}
}

// nightOf returns a product in a mode whose maintenance has begun, and its
// execution.
func nightOf(t *testing.T, mode string, w window.Window) *liveProduct {
	t.Helper()
	deployed := deployedTemplate(t, mode) // before the folder changes
	p := newLiveProduct(t, mode)
	d := window.Deployed{Window: w, Switch: "fieldreports/Maintenance", Function: "Steps", Planned: "Planned", Schedule: "Start"}
	var template map[string]any
	if err := json.Unmarshal([]byte(deployed), &template); err != nil {
		t.Fatal(err)
	}
	template["Resources"].(map[string]any)["Machine"] = map[string]any{"Type": "AWS::StepFunctions::StateMachine", "Metadata": map[string]any{window.MetadataKey: d.Metadata()}}
	p.aws.Answer("GetTemplate", "<TemplateBody>"+escape.Replace(maintenance.JSON(template))+"</TemplateBody>")
	p.resources(map[string]string{"Machine": machineARN, "Planned": "/planned", "Start": "mw-1"})
	return p
}

// TestWindow_StatusPastTheEnd checks that a maintenance that has not opened the
// product by its end says so on a line of its own, and that one whose product is
// open does not.
func TestWindow_StatusPastTheEnd(t *testing.T) {
	opened := []string{`"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "Open"}`, `"type": "TaskStateExited", "stateExitedEventDetails": {"name": "Open"}`}
	const closed = "past its planned end, %s, by 1h0m0s: the product is still closed; to do: "
	for _, test := range []struct {
		name, mode string
		in         time.Duration
		status     string
		events     []string
		want       string // empty if there is no such line
		toType     []string
	}{
		{"a change that still runs", "closed", -3 * time.Hour, "RUNNING", []string{changeEntered}, closed + "Preflight, CheckChanges, Close, ClosedEverywhere, Drained, Change regions, Ask, Open, OpenEverywhere, Report; type: ",
			[]string{"noren window status --watch", "noren close --until TIME"}},
		{"a question", "closed", -3 * time.Hour, "RUNNING", []string{askEntered, askScheduled}, closed, []string{"noren window approve"}},
		{"a failure", "closed", -3 * time.Hour, "FAILED", []string{changeEntered, changeFailed}, closed, []string{"noren window retry", "noren window open"}},
		{"a mode that is not known", "unknown", -3 * time.Hour, "FAILED", []string{changeEntered, changeFailed}, "whether the product is closed is not known", []string{"noren window retry", "noren window open"}},
		{"a failure, and someone opened", "open", -3 * time.Hour, "FAILED", []string{changeEntered, changeFailed}, "", nil},
		{"a success", "open", -3 * time.Hour, "SUCCEEDED", opened, "", nil},
		{"opened, and closed again for another reason", "closed", -3 * time.Hour, "SUCCEEDED", opened, "", nil},
		{"before the end", "closed", -time.Hour, "RUNNING", []string{changeEntered}, "", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			mode := test.mode
			if mode == "unknown" {
				mode = "closed"
			}
			w := plannedNight(test.in)
			w.End = time.Now().Add(test.in + 2*time.Hour - time.Second) // whatever the second of the minute
			p := nightOf(t, mode, w)
			if test.mode == "unknown" {
				p.aws.Answer("DescribeListeners", awsstub.Refuse("Throttling", "later"))
			}
			begun(p.aws, test.status, slices.Clone(test.events)...)
			_, out, errs := noren("window", "status", "--stack", "shop", "--region", "eu-central-1")
			want := test.want
			if strings.Contains(want, "%s") {
				want = fmt.Sprintf(want, w.End.Format("15:04"))
			}
			if strings.Contains(out, "past its planned end") != (want != "") || !strings.Contains(out, want) {
				t.Errorf("want %q: %s\n%s", want, errs, out)
			}
			_, out, _ = noren("window", "status", "--stack", "shop", "--region", "eu-central-1", "--json")
			var read windowStatus
			if err := json.Unmarshal([]byte(out), &read); err != nil {
				t.Fatal(err, out)
			}
			if (read.PastEnd != nil) != (want != "") {
				t.Fatalf("%+v", read.PastEnd)
			}
			if read.PastEnd == nil {
				return
			}
			for i := range test.toType {
				test.toType[i] += " --stack shop --region eu-central-1"
			}
			if p := read.PastEnd; p.Seconds < 3600 || p.Seconds > 3700 || !slices.Equal(p.Type, test.toType) || !slices.Contains(p.ToDo, "Open") || (p.Unknown == "") != (p.Mode == maintenance.Closed) {
				t.Errorf("%+v, want %q", p, test.toType)
			}
		})
	}
}

// TestWindow_RetryWantsTheModeOfTheNight checks that the steps between closing
// and opening are not continued if users have been let in meanwhile.
func TestWindow_RetryWantsTheModeOfTheNight(t *testing.T) {
	for mode, want := range map[string]int{"closed": 0, "open": 3, "read-only": 3} {
		t.Run(mode, func(t *testing.T) {
			p := nightOf(t, mode, plannedNight(-time.Minute))
			p.aws.Answer("RedriveExecution", "{}")
			begun(p.aws, "FAILED", changeEntered, changeFailed)
			code, _, errs := noren("window", "retry", "--stack", "shop", "--region", "eu-central-1", "--yes")
			if calls := len(p.aws.Calls("RedriveExecution")); code != want || calls != map[int]int{0: 1, 3: 0}[want] {
				t.Errorf("code %d, %d calls: %s", code, calls, errs)
			}
			if want != 0 && !strings.Contains(errs, "although the product is not closed as it was left") {
				t.Errorf("got %s", errs)
			}
		})
	}
}

func TestWindow_Plan(t *testing.T) {
	const file = `stackName: shop
region: eu-central-1
network: {cidr: 10.0.0.0/16}
database: {engineVersion: 8.0.mysql_aurora.3.10.3, name: d, minCapacity: 1, maxCapacity: 2}
api: {ingressPrefixList: pl-a3a144ca}
maintenance:
  guard: true
  window: {start: "START", end: "END", zone: UTC}
`
	in := func(d time.Duration) window.Window {
		w := plannedNight(d)
		w.Start, w.End, w.Changes = w.Start.UTC(), w.End.UTC(), nil
		return w
	}
	later := in(24 * time.Hour)
	later.End = later.End.Add(time.Minute)
	tests := []struct {
		name     string
		file     window.Window
		deployed *window.Window // nil if none
		record   bool
		code     int
		want     string
	}{
		{"deployed", in(24 * time.Hour), new(in(24 * time.Hour)), false, 0, ""},
		{"recorded", in(24 * time.Hour), new(in(24 * time.Hour)), true, 0, "recorded: what is deployed is"},
		{"not deployed", in(24 * time.Hour), nil, false, 3, "it is not deployed as it is planned"},
		{"another one is deployed", in(24 * time.Hour), &later, true, 3, "it is not deployed as it is planned"},
		{"past, and not deployed", in(-time.Hour), nil, false, 1, "its start has passed, and it is not deployed, so it will not begin"},
		{"past, and deployed", in(-time.Hour), new(in(-time.Hour)), false, 0, "is past"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			deployed := test.file
			if test.deployed != nil {
				deployed = *test.deployed
			}
			aws := newNight(t, deployed)
			if test.deployed == nil {
				aws.Answer("GetTemplate", `<TemplateBody>{"Resources": {}}</TemplateBody>`)
			}
			const local = "2006-01-02T15:04:05"
			text := strings.NewReplacer("START", test.file.Start.Format(local), "END", test.file.End.Format(local)).Replace(file)
			if err := os.MkdirAll("environments", 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile("environments/prod.yaml", []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			args := []string{"window", "plan", "--env", "prod"}
			if test.record {
				args = append(args, "--record")
			}
			code, out, errs := noren(args...)
			if code != test.code || !strings.Contains(errs, test.want) {
				t.Errorf("code %d, want %d: %s", code, test.code, errs)
			}
			for _, want := range []string{"it begins, by", "Preflight: checks", "Open: opens the product", "the planned end, which opens nothing"} {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
			if recorded := len(aws.Calls("PutParameter")) == 1; recorded != (test.record && test.code == 0) {
				t.Errorf("recorded: %v", recorded)
			}
		})
	}
}
