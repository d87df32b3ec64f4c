package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/testing/awsstub"
	"github.com/noren-cdk/noren/internal/turn"
	"github.com/noren-cdk/noren/maintenance"
)

// TestTold checks what close and open tell outside of the stack, and that no
// failure of it is an error.
func TestTold(t *testing.T) {
	since := time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)
	record := live.NewRecord(maintenance.Closed, since)
	record.Until = since.Add(3 * time.Hour)
	for _, test := range []struct {
		name   string
		answer string // from the function
		record string
		do     func(*told)
		call   string // part of the function's payload; empty if it is not called
		event  string // part of the mode event; empty if none is sent
		says   string
	}{
		{"before closing", `{"results": [{"monitor": "mackerel", "done": true, "error": ""}]}`, "", func(x *told) { x.quiet(t.Context(), maintenance.Closed, time.Time{}) },
			`"action":"begin","stack":"shop","switch":"Maintenance"`, "", "outside monitor mackerel: told\n"},
		{"before read-only", `{"results": []}`, "", func(x *told) { x.quiet(t.Context(), maintenance.ReadOnly, time.Time{}) }, `"mode":"read-only"`, "", ""},
		{"before opening", "", "", func(x *told) { x.quiet(t.Context(), maintenance.Open, time.Time{}) }, "", "", ""},
		{"after opening", `{"results": [{"monitor": "mackerel", "done": false, "error": "status 503"}]}`, "", func(x *told) { x.after(t.Context(), maintenance.Open) },
			`"action":"end"`, "", "outside monitor mackerel: not told: status 503; the function repeats it within 5 minutes\n"},
		{"after closing", "", "", func(x *told) { x.after(t.Context(), maintenance.Closed) }, "", "", ""},
		{"the function may not be called", awsstub.Refuse("AccessDeniedException", "no InvokeFunction"), "", func(x *told) { x.after(t.Context(), maintenance.Open) }, "end", "", "outside monitors were not told: "},
		{"the function says nonsense", `"x"`, "", func(x *told) { x.after(t.Context(), maintenance.Open) }, "end", "", "outside monitors were not told: "},
		{"a deploy", "", record.Encode(), func(x *told) { x.deployed(t.Context(), maintenance.Open, maintenance.Closed, time.Time{}) },
			"", `"id":"shop/Maintenance/2026-12-01T01:00:00Z","stack":"shop","switch":"Maintenance","from":"open","to":"closed","since":"2026-12-01T01:00:00Z","until":"2026-12-01T04:00:00Z","by":"arn:aws:iam::111111111111:user/mei","how":"deploy"`, ""},
		{"a deploy of another since", "", live.NewRecord(maintenance.Open, since).Encode(), func(x *told) { x.deployed(t.Context(), maintenance.Open, maintenance.Closed, time.Time{}) },
			"", "", "no mode event was sent"},
		{"by hand", "", "", func(x *told) {
			x.byHand(t.Context(), maintenance.Open, live.ByHand{Mode: maintenance.Closed, At: since.Add(time.Millisecond), By: "arn:me"})
		}, "", `"id":"shop/Maintenance/2026-12-01T01:00:00Z","stack":"shop","switch":"Maintenance","from":"open","to":"closed","since":"2026-12-01T01:00:00Z","by":"arn:me","how":"by hand"`, ""},
		{"by hand, not recorded", "", "", func(x *told) { x.byHand(t.Context(), maintenance.Open, live.ByHand{}) }, "", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			stub := awsstub.New(t)
			stub.Answer("Invoke", test.answer)
			stub.Answer("PutEvents", `{"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}`)
			stub.Answer("GetCallerIdentity", "<Arn>arn:aws:iam::111111111111:user/mei</Arn>")
			parameters, _ := json.Marshal(map[string]any{"Parameters": []map[string]string{{"Name": "record", "Value": test.record}}})
			stub.Answer("GetParameters", string(parameters))
			said := ""
			x := &told{Told: turn.Told{Stack: "shop", Switch: "Maintenance", Monitors: "shop-Monitors", Record: "record"}, aws: stub.Config(t), say: func(format string, args ...any) { said += fmt.Sprintf(format, args...) + "\n" }}
			test.do(x)
			calls := ""
			for _, call := range stub.Calls("Invoke") {
				calls += call.Body
			}
			events := ""
			for _, put := range stub.Calls("PutEvents") {
				var in struct{ Entries []struct{ Detail string } }
				if err := json.Unmarshal([]byte(put.Body), &in); err != nil {
					t.Fatal(err)
				}
				events += in.Entries[0].Detail
			}
			if !strings.Contains(calls, test.call) || (calls == "") != (test.call == "") {
				t.Errorf("called with %q, want %q", calls, test.call)
			}
			if !strings.Contains(events, test.event) || (events == "") != (test.event == "") {
				t.Errorf("sent %q, want %q", events, test.event)
			}
			if !strings.HasPrefix(said, test.says) || (said == "") != (test.says == "") {
				t.Errorf("said %q, want %q", said, test.says)
			}
		})
	}
}
