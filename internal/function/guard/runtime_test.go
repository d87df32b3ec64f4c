package guard

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/noren-cdk/noren/internal/gobuild"
	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/preview/lambdaruntime"
	"github.com/noren-cdk/noren/internal/testing/packaged"
)

// lambdaLog is what a function logs.
type lambdaLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lambdaLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lambdaLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// deployed starts the program behind the runtime API, as in Lambda, and returns a
// function that sends it an event.
func (w *world) deployed(t *testing.T, config lambdaruntime.Config, log *lambdaLog) func(cfn.Event) cfn.Response {
	t.Helper()
	config.Timeout, config.Log = 90*time.Second, log
	config.Environment = map[string]string{"AWS_ENDPOINT_URL": w.server.URL, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
	function, err := lambdaruntime.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(function.Close)
	return func(event cfn.Event) cfn.Response {
		w.answers = nil
		payload, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := function.Invoke(t.Context(), payload); err != nil {
			t.Fatal(err)
		}
		return w.answer(t, event)
	}
}

const guardProgram = "github.com/noren-cdk/noren/lambda/guard"

// TestGuardFunction_InBothPackages sends the program the events that
// CloudFormation sends.
func TestGuardFunction_InBothPackages(t *testing.T) {
	packaged.Each(t, guardProgram, nil, testTheFunction)
}

func testTheFunction(t *testing.T, config lambdaruntime.Config) {
	w := newWorld(t)
	w.live, w.record = closed, live.NewRecord(closed, before).Encode()
	var log lambdaLog
	send := w.deployed(t, config, &log)
	if a := send(w.event(cfn.RequestUpdate, props(closed), props(open))); a.Status != cfn.StatusFailed || !strings.HasPrefix(a.Reason, "Refused to open: the product has been closed since 2026-11-22T02:34:09Z (") {
		t.Errorf("a forgotten flag: got %s %q", a.Status, a.Reason)
	}
	if a := send(w.event(cfn.RequestUpdate, props(closed), props(open, "Explicit", time.Now().Format(time.RFC3339)))); a.Status != cfn.StatusSuccess || w.recorded(t).Mode != open {
		t.Errorf("asked for: got %s %q, recorded %s", a.Status, a.Reason, w.record)
	}
	if a := send(w.event(cfn.RequestDelete, nil, props(open))); a.Status != cfn.StatusSuccess {
		t.Errorf("delete: got %s %q", a.Status, a.Reason)
	}
	for range 50 {
		if strings.Contains(log.String(), `"level":"ERROR","msg":"Refused to open`) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("log: %s", log.String())
}

// TestTheFunction_AmongTroubles makes AWS throttle the function 0 to 20 times,
// answer late, or answer nonsense. The product has been closed for five days, and
// a deploy without a flag would open it; or a deploy that closes it is rolled
// back.
func TestTheFunction_AmongTroubles(t *testing.T) {
	type trouble struct {
		name  string
		cause func(*world)
	}
	var troubles []trouble
	for n := range 21 {
		troubles = append(troubles, trouble{fmt.Sprintf("throttled %d times", n), func(w *world) {
			for _, call := range []string{"DescribeStacks", "DescribeStackEvents", "DescribeListeners"} {
				w.throttles[call] = n
			}
		}})
	}
	for _, call := range []string{"DescribeStacks", "DescribeListeners", "GetParameter", "PutParameter"} {
		troubles = append(troubles, trouble{call + " late", func(w *world) { w.delays[call] = 12 * time.Second }})
		for kind, said := range map[string]string{
			"nothing": "", "a page": "<html><body>It works!</body></html>", "half of it": "<DescribeStacksResponse><DescribeStacksResult><Stacks><member>",
			"another type": `["no", 7]`, "no members": "<R><DescribeStacksResult><Stacks/></DescribeStacksResult></R>",
		} {
			if call != "PutParameter" {
				troubles = append(troubles, trouble{call + " says " + kind, func(w *world) { w.wrong[call] = said }})
			}
		}
	}
	output, err := gobuild.Program{Package: guardProgram, GOOS: runtime.GOOS, GOARCH: runtime.GOARCH}.Build()
	if err != nil {
		t.Fatal(err)
	}
	config := lambdaruntime.Config{Bootstrap: output.Binary}
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, trouble := range troubles {
		wg.Go(func() {
			t.Run(trouble.name, func(t *testing.T) { // they mostly wait, so they run all at once
				w := newWorld(t)
				w.live, w.record = closed, live.NewRecord(closed, time.Now().Add(-5*24*time.Hour)).Encode()
				trouble.cause(w)
				var log lambdaLog
				send := w.deployed(t, config, &log)
				if a := send(w.event(cfn.RequestUpdate, props(closed), props(open))); a.Status != cfn.StatusFailed || !strings.HasPrefix(a.Reason, "Refused to open") {
					t.Errorf("got %s %q\n%s", a.Status, a.Reason, log.String())
				}

				w = newWorld(t)
				w.live = open
				send = w.deployed(t, config, &log)
				typed := props(closed, "Explicit", time.Now().Format(time.RFC3339))
				if a := send(w.event(cfn.RequestUpdate, props(open), typed)); a.Status != cfn.StatusSuccess {
					t.Fatalf("closing: got %s %q", a.Status, a.Reason)
				}
				w.mu.Lock()
				w.live, w.status = closed, "UPDATE_ROLLBACK_IN_PROGRESS"
				trouble.cause(w)
				w.mu.Unlock()
				if a := send(w.event(cfn.RequestUpdate, typed, props(open))); a.Status != cfn.StatusSuccess {
					t.Errorf("the rollback of the closing: got %s %q\n%s", a.Status, a.Reason, log.String())
				}
			})
		})
	}
}
