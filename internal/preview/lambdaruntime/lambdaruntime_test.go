package lambdaruntime

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// function returns this binary as a function.
func function(t *testing.T, config Config) *Function {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{"BOOTSTRAP": "loop"}
	for name, value := range config.Environment {
		environment[name] = value
	}
	config.Bootstrap, config.Environment = binary, environment
	f, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func invoke(t *testing.T, f *Function, o order) (string, error) {
	t.Helper()
	payload, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := f.Invoke(t.Context(), payload)
	return string(answer), err
}

func mustInvoke(t *testing.T, f *Function, o order) string {
	t.Helper()
	answer, err := invoke(t, f, o)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// TestRuntimeAPI checks what a bootstrap is told.
func TestRuntimeAPI(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIADEVELOPER")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "developer")
	t.Setenv("AWS_SESSION_TOKEN", "developer")
	t.Setenv("AWS_PROFILE", "developer")
	t.Setenv("HOME", "/home/developer")
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := function(t, Config{
		Dir: dir, Memory: 256, Timeout: 7 * time.Second, FunctionName: "responder", Region: "eu-west-1",
		Environment: map[string]string{"MESSAGE": "Back soon."},
	})
	before := time.Now()
	var got struct {
		Header http.Header
		Env    []string
		Dir    string
	}
	if err := json.Unmarshal([]byte(mustInvoke(t, f, order{Do: "describe"})), &got); err != nil {
		t.Fatal(err)
	}
	if got.Dir != dir {
		t.Errorf("working directory is %q, want %q", got.Dir, dir)
	}
	deadline, err := strconv.ParseInt(got.Header.Get("Lambda-Runtime-Deadline-Ms"), 10, 64)
	if left := time.UnixMilli(deadline).Sub(before); err != nil || left < 6*time.Second || left > 20*time.Second {
		t.Errorf("deadline is in %v, want about 7 s", left)
	}
	if arn := got.Header.Get("Lambda-Runtime-Invoked-Function-Arn"); arn != "arn:aws:lambda:eu-west-1:000000000000:function:responder" {
		t.Errorf("function is %q", arn)
	}
	if trace := got.Header.Get("Lambda-Runtime-Trace-Id"); !strings.HasPrefix(trace, "Root=1-") {
		t.Errorf("trace is %q", trace)
	}
	if id := got.Header.Get("Lambda-Runtime-Aws-Request-Id"); len(id) != 36 {
		t.Errorf("request id is %q", id)
	}
	env := map[string]string{}
	for _, entry := range got.Env {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	for name, want := range map[string]string{
		"MESSAGE":                         "Back soon.",
		"AWS_LAMBDA_FUNCTION_NAME":        "responder",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/responder",
		"AWS_REGION":                      "eu-west-1",
		"LAMBDA_TASK_ROOT":                dir,
		"_HANDLER":                        "bootstrap",
		"TZ":                              ":UTC",
		"AWS_EC2_METADATA_DISABLED":       "true",
	} {
		if env[name] != want {
			t.Errorf("%s is %q, want %q", name, env[name], want)
		}
	}
	for name, value := range env {
		if strings.Contains(strings.ToLower(value), "developer") {
			t.Errorf("%s=%s comes from the developer's environment", name, value)
		}
	}
}

// TestWarmReuse checks that consecutive invocations use one process.
func TestWarmReuse(t *testing.T) {
	f := function(t, Config{})
	f.pool.patience = time.Minute // however busy this machine is
	pids := map[string]bool{}
	for range 50 {
		pids[mustInvoke(t, f, order{Do: "pid"})] = true
	}
	if len(pids) != 1 {
		t.Errorf("50 invocations took %d processes, want 1", len(pids))
	}
}

// TestConcurrency checks that concurrent invocations use as many processes, up to
// the concurrency, that one more is throttled, and that a later one is not.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	f := function(t, Config{Concurrency: 3})
	var mu sync.Mutex
	pids, throttled := map[string]bool{}, 0
	var all sync.WaitGroup
	for range 5 {
		all.Add(1)
		go func() {
			defer all.Done()
			pid, err := invoke(t, f, order{Do: "pid", Millis: 500})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				pids[pid] = true
			case errors.Is(err, ErrThrottled):
				throttled++
			default:
				t.Error(err)
			}
		}()
	}
	all.Wait()
	if len(pids) != 3 || throttled != 2 {
		t.Errorf("got %d processes and %d throttled, want 3 and 2", len(pids), throttled)
	}
	if pid := mustInvoke(t, f, order{Do: "pid"}); !pids[pid] {
		t.Errorf("process %s is a new one", pid)
	}
	none := function(t, Config{Concurrency: -1})
	if _, err := invoke(t, none, order{}); !errors.Is(err, ErrThrottled) {
		t.Errorf("without concurrency: got %v, want throttled", err)
	}
}

// TestFailures checks that each kind of failure has its own error, and that the
// next invocation works.
func TestFailures(t *testing.T) {
	t.Parallel()
	f := function(t, Config{Timeout: time.Second})
	for name, test := range map[string]struct {
		order order
		check func(error) bool
	}{
		"crash": {order{Do: "crash"}, func(err error) bool {
			var e *CrashError
			return errors.As(err, &e) && !e.Init && !e.OutOfMemory && e.Reason == "exit status 3"
		}},
		"function error": {order{Do: "fail"}, func(err error) bool {
			var e *FunctionError
			return errors.As(err, &e) && e.Type == "Broken" && e.Message == "it broke" && !e.Init
		}},
		"timeout": {order{Do: "pid", Millis: 5000}, func(err error) bool {
			var e *TimeoutError
			return errors.As(err, &e) && e.After == time.Second
		}},
		"response too large": {order{Do: "answer", Size: MaxPayload + 1}, func(err error) bool {
			var e *TooLargeError
			return errors.As(err, &e) && e.What == "response"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			mustInvoke(t, f, order{Do: "pid"})
			if _, err := invoke(t, f, test.order); err == nil || !test.check(err) {
				t.Errorf("got %#v", err)
			}
			mustInvoke(t, f, order{Do: "pid"})
		})
	}
	if got := mustInvoke(t, f, order{Do: "answer", Size: MaxPayload}); len(got) != MaxPayload {
		t.Errorf("got %d bytes, want %d", len(got), MaxPayload)
	}
	if _, err := f.Invoke(t.Context(), make([]byte, MaxPayload+1)); !errors.As(err, new(*TooLargeError)) {
		t.Errorf("request too large: got %v", err)
	}
}

// TestOutOfMemory checks that a process that uses more memory than the function
// has is ended.
func TestOutOfMemory(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("memory is enforced on Linux only, as Config.Memory says")
	}
	f := function(t, Config{Memory: 128, Timeout: 9 * time.Second})
	_, err := invoke(t, f, order{Do: "use memory", Size: 300 << 20})
	var crash *CrashError
	if !errors.As(err, &crash) || !crash.OutOfMemory {
		t.Errorf("got %v, want out of memory", err)
	}
	mustInvoke(t, f, order{Do: "pid"})
}

// TestStartFailures tries processes that never ask for an invocation.
func TestStartFailures(t *testing.T) {
	t.Parallel()
	for how, check := range map[string]func(error) bool{
		"exits": func(err error) bool {
			var e *CrashError
			return errors.As(err, &e) && e.Init && e.Reason == "exit status 7"
		},
		"reports": func(err error) bool {
			var e *FunctionError
			return errors.As(err, &e) && e.Init && e.Type == "NoDatabase" && e.Message == "there is no database"
		},
		"hangs": func(err error) bool {
			var e *CrashError
			return errors.As(err, &e) && e.Init && strings.Contains(e.Reason, InitTimeout.String())
		},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			f := function(t, Config{Environment: map[string]string{"BOOTSTRAP": how}})
			for range 2 { // not only the first time
				if _, err := invoke(t, f, order{}); err == nil || !check(err) {
					t.Errorf("got %#v", err)
				}
				if how == "hangs" {
					break
				}
			}
		})
	}
	text := filepath.Join(t.TempDir(), "bootstrap")
	if err := os.WriteFile(text, []byte("neither a program nor a script"), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := New(Config{Bootstrap: text})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var crash *CrashError
	if _, err := f.Invoke(t.Context(), nil); !errors.As(err, &crash) || !crash.Init {
		t.Errorf("no program: got %v", err)
	}
}

// TestExitAfterAnswer checks that the answer counts, and that the next invocation
// has a process.
func TestExitAfterAnswer(t *testing.T) {
	f := function(t, Config{Concurrency: 1})
	for range 3 {
		mustInvoke(t, f, order{Do: "exit afterwards"})
	}
}

// TestCrashLeavesNothing checks that what a process has started ends with it.
func TestCrashLeavesNothing(t *testing.T) {
	f := function(t, Config{})
	pid := mustInvoke(t, f, order{Do: "spawn", Command: "sleep 300"})
	if !alive(t, pid) {
		t.Fatal("it has not started")
	}
	if _, err := invoke(t, f, order{Do: "crash"}); err == nil {
		t.Error("no crash")
	}
	eventually(t, "it has ended", func() bool { return !alive(t, pid) })
}

// TestDawdling checks that a process that works on after its answer does not
// delay the next invocation, if another process is allowed.
func TestDawdling(t *testing.T) {
	t.Parallel()
	f := function(t, Config{Concurrency: 2})
	mustInvoke(t, f, order{Do: "dawdle afterwards"})
	start := time.Now()
	mustInvoke(t, f, order{Do: "pid"})
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("the next invocation waited %v for the process before", took)
	}
}

// TestDawdlingTooLong checks that a process that does not come back within the
// timeout is ended, so that the only allowed one is not lost.
func TestDawdlingTooLong(t *testing.T) {
	t.Parallel()
	f := function(t, Config{Concurrency: 1, Timeout: time.Second})
	mustInvoke(t, f, order{Do: "dawdle afterwards"})
	start := time.Now()
	mustInvoke(t, f, order{Do: "pid"})
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("the next invocation waited %v for the process before", took)
	}
}

// TestMisuse tries answers without an invocation, and asking for the next one too
// early.
func TestMisuse(t *testing.T) {
	f := function(t, Config{})
	if got := mustInvoke(t, f, order{Do: "answer another"}); got != "400" {
		t.Errorf("an answer to another invocation got %s, want 400", got)
	}
	if got := mustInvoke(t, f, order{Do: "ask again"}); got != "403" {
		t.Errorf("asking before answering got %s, want 403", got)
	}
}

// TestCallerGone checks that the invocation continues without its caller, and
// keeps its place in the concurrency.
func TestCallerGone(t *testing.T) {
	t.Parallel()
	f := function(t, Config{Concurrency: 1})
	first := mustInvoke(t, f, order{Do: "pid"})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := f.Invoke(ctx, []byte(`{"do":"pid","millis":1000}`)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, err := invoke(t, f, order{Do: "pid"}); !errors.Is(err, ErrThrottled) {
		t.Errorf("while it goes on: got %v, want throttled", err)
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		pid, err := invoke(t, f, order{Do: "pid"})
		if err == nil {
			if pid != first {
				t.Errorf("process %s was replaced by %s", first, pid)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// TestClose checks that no process, goroutine or open file is left, whatever was
// in progress, and that what processes have started is gone too.
func TestClose(t *testing.T) {
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	f := function(t, Config{Concurrency: 10, Timeout: time.Minute})
	var pids []string
	pids = append(pids, mustInvoke(t, f, order{Do: "spawn", Command: "sleep 300"}))
	pids = append(pids, mustInvoke(t, f, order{Do: "pid"}))
	failed := make(chan error, 3)
	for range 3 {
		go func() {
			_, err := invoke(t, f, order{Do: "pid", Millis: 60_000})
			failed <- err
		}()
	}
	for deadline := time.Now().Add(5 * time.Second); len(f.pool.busyInstances()) < 3; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the invocations do not begin")
		}
	}
	for _, i := range f.pool.busyInstances() {
		pids = append(pids, fmt.Sprint(i.process.Pid))
	}
	f.Close()
	for range 3 {
		if err := <-failed; !errors.Is(err, ErrClosed) {
			t.Errorf("an invocation under way ended with %v", err)
		}
	}
	if _, err := invoke(t, f, order{}); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: got %v", err)
	}
	eventually(t, "processes are gone", func() bool {
		for _, pid := range pids {
			if alive(t, pid) {
				return false
			}
		}
		return true
	})
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	eventually(t, "goroutines and files are gone", func() bool {
		return runtime.NumGoroutine() <= goroutines && openFiles(t) <= files
	})
}

// TestDiesWithParent checks that the processes end if this program is killed.
func TestDiesWithParent(t *testing.T) {
	if pidFile := os.Getenv("PARENT_WRITES_PID"); pidFile != "" { // the parent
		f := function(t, Config{Timeout: time.Minute})
		pid := mustInvoke(t, f, order{Do: "pid"})
		if err := os.WriteFile(pidFile, []byte(pid), 0o644); err != nil {
			t.Fatal(err)
		}
		_, _ = invoke(t, f, order{Do: "pid", Millis: 60_000})
		return
	}
	pidFile := filepath.Join(t.TempDir(), "pid")
	parent := exec.Command(os.Args[0], "-test.run", "^TestDiesWithParent$")
	parent.Env = append(os.Environ(), "PARENT_WRITES_PID="+pidFile)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var pid []byte
	eventually(t, "the process has started", func() bool {
		pid, _ = os.ReadFile(pidFile)
		return len(pid) > 0 && alive(t, string(pid))
	})
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	eventually(t, "the process is gone", func() bool { return !alive(t, string(pid)) })
}

// TestShellBootstrap runs a bootstrap in another language, here shell and curl.
func TestShellBootstrap(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no curl")
		}
		t.Skip("SKIPPED: there is no curl; the other tests have a bootstrap in Go that speaks the raw API")
	}
	const loop = `#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
while :; do
  head=$(mktemp); event=$(mktemp)
  curl -sS -D "$head" -o "$event" "$api/invocation/next" || exit 1
  id=$(tr -d '\r' <"$head" | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')
  echo "answers $id"
  curl -sS -o /dev/null --data-binary @"$event" "$api/invocation/$id/response"
  rm -f "$head" "$event"
done
`
	bootstrap := filepath.Join(t.TempDir(), "bootstrap")
	if err := os.WriteFile(bootstrap, []byte(loop), 0o755); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	f, err := New(Config{Bootstrap: bootstrap, Log: &log})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 3 {
		got, err := f.Invoke(t.Context(), []byte(`{"echo":"こんにちは"}`))
		if err != nil || string(got) != `{"echo":"こんにちは"}` {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	f.Close()
	if lines := strings.Count(log.String(), "answers "); lines != 3 {
		t.Errorf("the log has %d lines, want 3: %q", lines, log.String())
	}
}

func TestConfigErrors(t *testing.T) {
	_, err := New(Config{
		Bootstrap: "/nowhere/bootstrap", Memory: -1, Timeout: -1, Concurrency: -2,
		Environment: map[string]string{"AWS_LAMBDA_RUNTIME_API": "x", "A=B": ""},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"/nowhere/bootstrap", "Memory is -1", "Timeout is -1", "Concurrency is -2", "AWS_LAMBDA_RUNTIME_API", `"A=B"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not say %q: %v", want, err)
		}
	}
	if _, err := New(Config{Bootstrap: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "not an executable file") {
		t.Errorf("folder as bootstrap: got %v", err)
	}
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("not so after 20 s: %s\n%s", what, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// alive reports whether a process runs. One that has ended but has not been
// waited for does not.
func alive(t *testing.T, pid string) bool {
	t.Helper()
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatalf("not a process: %q", pid)
	}
	if syscall.Kill(n, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

// openFiles counts files and sockets; it is 0 where that is not known.
func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}
