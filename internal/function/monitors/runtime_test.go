package monitors

import (
	"bytes"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/preview/lambdaruntime"
	"github.com/noren-cdk/noren/internal/testing/packaged"
	"github.com/noren-cdk/noren/maintenance"
)

// lambdaLog is what the function logs.
type lambdaLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lambdaLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lambdaLog) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Contains(l.text.Bytes(), []byte(text))
}

// TestMonitorsFunction_InBothPackages runs the program as Lambda does, and closes
// and opens the product.
func TestMonitorsFunction_InBothPackages(t *testing.T) {
	s := newStub(t, mackerelStub())
	settings := settingsOf(maintenance.Monitor{Name: "mackerel", Mackerel: maintenance.Mackerel{Services: []string{"fieldreports"}, URL: s.URL}})
	packaged.Each(t, "github.com/noren-cdk/noren/lambda/monitors", settings.Files(), func(t *testing.T, config lambdaruntime.Config) {
		w := newWorld(t, settings.Monitors...)
		w.secrets["mackerel"] = mackerelKey
		var log lambdaLog
		config.Timeout, config.Log, config.Environment = Timeout, &log, settings.Environment()
		config.Environment["AWS_ENDPOINT_URL"] = w.aws.URL()
		config.Environment["AWS_ACCESS_KEY_ID"], config.Environment["AWS_SECRET_ACCESS_KEY"] = "a", "b"
		function, err := lambdaruntime.New(config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(function.Close)
		send := func(payload string) (answer Answer, err error) {
			t.Helper()
			data, err := function.Invoke(t.Context(), []byte(payload))
			if err == nil {
				err = json.Unmarshal(data, &answer)
			}
			return answer, err
		}
		want := func(step string, on int, answer Answer, err error) {
			t.Helper()
			if err != nil || len(answer.Results) != 1 || answer.Results[0] != (Result{Monitor: "mackerel", Done: true}) || len(s.quiet()) != on {
				t.Fatalf("%s: got %+v, %v; quiet until %v, want %d", step, answer, err, s.quiet(), on)
			}
		}
		answer, err := send(begin)
		want("begin", 1, answer, err)
		w.mode = maintenance.Closed
		answer, err = send(turned(maintenance.Closed, time.Now()))
		want("the event", 1, answer, err)
		answer, err = send(scheduled)
		want("the schedule", 1, answer, err)
		w.mode = maintenance.Open
		answer, err = send(turned(maintenance.Open, time.Now().Add(time.Second)))
		want("the event of opening", 0, answer, err)
		if _, err := send(`{"action": "mute"}`); err == nil {
			t.Error("an unknown action is not an error")
		}
		for range 50 {
			if log.has(`"monitor":"mackerel"`) && log.has(`"done":true`) {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if !log.has(`"done":true`) || log.has(mackerelKey) {
			t.Errorf("log: %s", log.text.String())
		}
	})
}
