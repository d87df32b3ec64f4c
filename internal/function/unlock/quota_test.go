package unlock_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/function/unlock"
	"github.com/noren-cdk/noren/internal/preview/lambdaruntime"
)

var attack = flag.Duration("attack", 4*time.Second, "how long TestQuota guesses secrets")

const (
	accountQuota = 10 // concurrent executions of a new account
	guesses      = 60 // wrong secrets a second
	visitors     = 40 // refused requests a second

	// slow is added to every execution: a function with 128 MB gets a small share
	// of a CPU.
	slow = 15 * time.Millisecond
)

// account is the concurrency that all functions of an account share. An execution
// beyond the quota is throttled, which the load balancer turns into a bare 502.
type account struct{ running atomic.Int64 }

func (a *account) invoke(f *lambdaruntime.Function, payload []byte, lasts time.Duration) (status int) {
	defer a.running.Add(-1)
	if a.running.Add(1) > accountQuota {
		return http.StatusBadGateway
	}
	out, err := f.Invoke(context.Background(), payload)
	time.Sleep(lasts)
	var answer struct{ StatusCode int }
	if err != nil || json.Unmarshal(out, &answer) != nil {
		return http.StatusBadGateway
	}
	return answer.StatusCode
}

// program compiles a function for this machine.
func program(t *testing.T, name string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if out, err := exec.Command("go", "build", "-o", file, "../../../lambda/"+name).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return file
}

func event(method, path, body string) []byte {
	text, err := json.Marshal(map[string]any{
		"requestContext": map[string]any{"elb": map[string]any{"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/x/1"}},
		"httpMethod":     method, "path": path, "headers": map[string]string{"accept": "application/json", "host": "api.example.com"}, "body": body,
	})
	if err != nil {
		panic(err) // texts
	}
	return text
}

// storm sends guesses and visitors for a time, and counts what the visitors get.
// Every guess takes longer by pause.
func storm(t *testing.T, unlocks, responds *lambdaruntime.Function, length, pause time.Duration) (answered, refused int) {
	t.Helper()
	var a account
	var calls sync.WaitGroup
	var told, turnedAway, odd atomic.Int64
	every := func(d time.Duration, do func()) {
		tick := time.NewTicker(d)
		defer tick.Stop()
		for end := time.After(length); ; {
			select {
			case <-end:
				return
			case <-tick.C:
				calls.Go(do)
			}
		}
	}
	wrong, write := event("POST", "/api/maintenance/unlock", "secret=guess"), event("POST", "/api/reports", "{}")
	var both sync.WaitGroup
	both.Go(func() {
		every(time.Second/guesses, func() {
			if status := a.invoke(unlocks, wrong, slow+pause); status != http.StatusForbidden && status != http.StatusBadGateway {
				odd.Add(1)
			}
		})
	})
	both.Go(func() {
		every(time.Second/visitors, func() {
			if a.invoke(responds, write, slow) == http.StatusServiceUnavailable {
				told.Add(1)
			} else {
				turnedAway.Add(1)
			}
		})
	})
	both.Wait()
	calls.Wait()
	if odd.Load() > 0 {
		t.Errorf("%d guesses got neither 403 nor 502", odd.Load())
	}
	return int(told.Load()), int(turnedAway.Load())
}

// TestQuota checks that, in an account that may run ten functions at once, sixty
// wrong secrets a second leave the message to at least 99 % of the refused
// visitors. If each guess waited two seconds, as a protection against guessing,
// most visitors would get a bare 502.
func TestQuota(t *testing.T) {
	secrets := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(20 * time.Millisecond)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		fmt.Fprint(w, `{"SecretString":"abcdefghijklmnopqrstuvwxyz012345"}`)
	}))
	defer secrets.Close()
	start := func(name string, environment map[string]string) *lambdaruntime.Function {
		f, err := lambdaruntime.New(lambdaruntime.Config{Bootstrap: program(t, name), Environment: environment, Concurrency: accountQuota})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(f.Close)
		return f
	}
	environment := unlock.Settings{Cookie: "bypass", SecretARN: "arn:aws:secretsmanager:us-east-1:111111111111:secret:x"}.Environment()
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": secrets.URL, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"} {
		environment[name] = value
	}
	unlocks, responds := start("unlock", environment), start("responder", nil)
	storm(t, unlocks, responds, 500*time.Millisecond, 0) // starts the first instances

	answered, refused := storm(t, unlocks, responds, *attack, 0)
	t.Logf("%d of %d refused requests got the message", answered, answered+refused)
	if all := answered + refused; all < int(attack.Seconds()*visitors/2) || answered*100 < all*99 {
		t.Errorf("%d of %d refused requests got the message, want 99 %%", answered, all)
	}
	if answered, refused = storm(t, unlocks, responds, 3*time.Second, 2*time.Second); answered*100 > (answered+refused)*80 {
		t.Errorf("%d of %d got the message although every guess takes two seconds: the quota has no effect here", answered, answered+refused)
	}
}
