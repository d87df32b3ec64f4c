package turn

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/noren-cdk/noren/maintenance"
)

// fakeLambda answers the call of Announce and records it.
type fakeLambda struct {
	err      error
	failed   string // FunctionError
	function string
	payload  []byte
}

func (f *fakeLambda) Invoke(_ context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	f.function, f.payload = aws.ToString(in.FunctionName), in.Payload
	out := &lambda.InvokeOutput{Payload: []byte(`{"errorMessage":"S3 is away"}`)}
	if f.failed != "" {
		out.FunctionError = &f.failed
	}
	return out, f.err
}

// announcing returns the shop with a function that keeps /maintenance.json.
func announcing(t *testing.T) *fakeStack {
	f := withRole(t, maintenance.Closed)
	f.template = strings.Replace(f.template, `\"Responder\":\"Responder\"`, `\"Announcement\":\"Announcement\",\"Responder\":\"Responder\"`, 1)
	f.resources["Announcement"] = "shop-Announcement"
	return f
}

// TestAnnounce checks that the function is told the contents of a mode event,
// without a time: the time is now, by the function's clock.
func TestAnnounce(t *testing.T) {
	f := announcing(t)
	f.template = strings.Replace(f.template, `"MAINTENANCE_UNTIL": ""`, `"MAINTENANCE_UNTIL": "2026-12-01T04:00:00+09:00"`, 1)
	var functions fakeLambda
	if err := operation(f).Announce(t.Context(), &functions, "", maintenance.Open, maintenance.Closed); err != nil {
		t.Fatal(err)
	}
	var event struct {
		Source     string
		DetailType string `json:"detail-type"`
		Detail     map[string]any
	}
	if err := json.Unmarshal(functions.payload, &event); err != nil {
		t.Fatal(err)
	}
	d := event.Detail
	if functions.function != "shop-Announcement" || event.Source != "noren" || event.DetailType != "noren mode change" ||
		d["stack"] != "shop" || d["from"] != "open" || d["to"] != "closed" || d["until"] != "2026-12-01T04:00:00+09:00" || d["since"] != "0001-01-01T00:00:00Z" {
		t.Errorf("%s got %s", functions.function, functions.payload)
	}
}

func TestAnnounce_Fails(t *testing.T) {
	for name, functions := range map[string]*fakeLambda{
		"not allowed": {err: errors.New("AccessDenied")},
		"it fails":    {failed: "Unhandled"},
	} {
		if err := operation(announcing(t)).Announce(t.Context(), functions, "", maintenance.Open, maintenance.Closed); err == nil || !strings.Contains(err.Error(), "shop-Announcement") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	f := announcing(t)
	delete(f.resources, "Announcement")
	if err := operation(f).Announce(t.Context(), &fakeLambda{}, "", maintenance.Open, maintenance.Closed); err == nil {
		t.Error("a function that is not there is no error")
	}
	var none fakeLambda
	if err := operation(withRole(t, maintenance.Closed)).Announce(t.Context(), &none, "", maintenance.Open, maintenance.Closed); err != nil || none.payload != nil {
		t.Errorf("a switch without the function: got %v, invoked with %s", err, none.payload)
	}
}

// TestRights_Announce checks that whoever may turn the switch may invoke the
// functions that are told about it, and no others.
func TestRights_Announce(t *testing.T) {
	policy, err := operation(announcing(t)).Rights(t.Context(), "", false)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range policy.Statement {
		for _, action := range s.Action {
			if strings.HasPrefix(action, "lambda:") {
				got = append(got, action+" "+strings.Join(s.Resource, " "))
			}
		}
	}
	const invoke = "lambda:InvokeFunction arn:aws:lambda:eu-central-1:111111111111:function:"
	if want := invoke + "shop-Announcement; " + invoke + "shop-Monitors"; strings.Join(got, "; ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
