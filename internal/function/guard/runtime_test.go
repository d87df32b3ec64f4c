package guard

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/preview/lambdaruntime"
)

// program builds what is deployed.
func program(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", file, "../../../lambda/guard")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, out)
	}
	return file
}

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

// deployed starts the program behind the runtime API, as in Lambda, and returns
// what sends it an event.
func (w *world) deployed(t *testing.T, program string, log *lambdaLog) func(cfn.Event) cfn.Response {
	t.Helper()
	function, err := lambdaruntime.New(lambdaruntime.Config{
		Bootstrap: program, Timeout: 90 * time.Second, Log: log,
		Environment: map[string]string{"AWS_ENDPOINT_URL": w.server.URL, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
	})
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

// TestTheFunction sends the program what CloudFormation sends.
func TestTheFunction(t *testing.T) {
	w := newWorld(t)
	w.live, w.record = closed, live.NewRecord(closed, before).Encode()
	var log lambdaLog
	send := w.deployed(t, program(t), &log)
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

// TestTheFunction_AmongTroubles: AWS throttles it 0 to 20 times, answers late, or
// answers nonsense. The product has been closed for five days, and a deploy
// without a flag would open it; or a deploy that closes it is rolled back.
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
	file := program(t)
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, trouble := range troubles {
		wg.Go(func() {
			t.Run(trouble.name, func(t *testing.T) { // they mostly wait: all at once
				w := newWorld(t)
				w.live, w.record = closed, live.NewRecord(closed, time.Now().Add(-5*24*time.Hour)).Encode()
				trouble.cause(w)
				var log lambdaLog
				send := w.deployed(t, file, &log)
				if a := send(w.event(cfn.RequestUpdate, props(closed), props(open))); a.Status != cfn.StatusFailed || !strings.HasPrefix(a.Reason, "Refused to open") {
					t.Errorf("got %s %q\n%s", a.Status, a.Reason, log.String())
				}

				w = newWorld(t)
				w.live = open
				send = w.deployed(t, file, &log)
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
