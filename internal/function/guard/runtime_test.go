package guard

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/preview/lambdaruntime"
	"github.com/noren-cdk/noren/internal/testing/packaged"
)

// TestTheFunction starts the program that is deployed, behind the runtime API as
// in Lambda, and sends it what CloudFormation sends.
func TestTheFunction(t *testing.T) {
	packaged.Each(t, "github.com/noren-cdk/noren/lambda/guard", nil, testTheFunction)
}

func testTheFunction(t *testing.T, config lambdaruntime.Config) {
	w := newWorld(t)
	w.live, w.record = closed, live.NewRecord(closed, before).Encode()
	var log bytes.Buffer
	config.Timeout, config.Log = 30*time.Second, &log
	config.Environment = map[string]string{"AWS_ENDPOINT_URL": w.server.URL, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
	function, err := lambdaruntime.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(function.Close)
	send := func(request cfn.RequestType, old, next map[string]any) cfn.Response {
		w.answers = nil
		event := w.event(request, old, next)
		payload, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := function.Invoke(t.Context(), payload); err != nil {
			t.Fatalf("%v\n%s", err, log.String())
		}
		return w.answer(t, event)
	}
	if a := send(cfn.RequestUpdate, props(closed), props(open)); a.Status != cfn.StatusFailed || !strings.HasPrefix(a.Reason, "Refused to open: the product has been closed since 2026-11-22T02:34:09Z (") {
		t.Errorf("a forgotten flag: got %s %q", a.Status, a.Reason)
	}
	if a := send(cfn.RequestUpdate, props(closed), props(open, "Explicit", time.Now().Format(time.RFC3339))); a.Status != cfn.StatusSuccess || w.recorded(t).Mode != open {
		t.Errorf("asked for: got %s %q, recorded %s", a.Status, a.Reason, w.record)
	}
	if a := send(cfn.RequestDelete, nil, props(open)); a.Status != cfn.StatusSuccess {
		t.Errorf("delete: got %s %q", a.Status, a.Reason)
	}
	function.Close()
	if !strings.Contains(log.String(), `"level":"ERROR","msg":"Refused to open`) {
		t.Errorf("log: %s", log.String())
	}
}
