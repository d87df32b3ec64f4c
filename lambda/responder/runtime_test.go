package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/function/responder"
)

// build compiles the responder and the bare handler as they are deployed, for an
// architecture or for this machine.
func build(t testing.TB, arch string) []string {
	var programs []string
	for _, source := range []string{".", "./testdata/bare"} {
		program := filepath.Join(t.TempDir(), "bootstrap")
		cmd := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", program, source)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if arch != "" {
			cmd.Env = append(cmd.Env, "GOOS=linux", "GOARCH="+arch)
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd, err, out)
		}
		programs = append(programs, program)
	}
	return programs
}

// runtimeAPI is Lambda's side of the runtime API for one function at a time.
type runtimeAPI struct {
	address string
	polls   chan poll
	answers chan []byte // the latest unread answer
}

// poll is a function that waits for an event. Closing answer leaves it waiting.
type poll struct {
	at     time.Time
	answer chan []byte
}

func startRuntime(t testing.TB) *runtimeAPI {
	r := &runtimeAPI{polls: make(chan poll), answers: make(chan []byte, 1)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		at := time.Now()
		if strings.HasSuffix(request.URL.Path, "/response") {
			answer, _ := io.ReadAll(request.Body)
			select {
			case r.answers <- answer:
			default:
			}
			w.WriteHeader(http.StatusAccepted)
			return
		}
		if !strings.HasSuffix(request.URL.Path, "/next") {
			t.Errorf("the function reports %s", request.URL.Path)
			return
		}
		p := poll{at, make(chan []byte, 1)}
		r.polls <- p
		event, ok := <-p.answer
		if !ok {
			<-request.Context().Done() // no event ever comes; the function ends while it waits
			return
		}
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", "1")
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(at.Add(time.Minute).UnixMilli(), 10))
		_, _ = w.Write(event)
	}))
	t.Cleanup(server.Close)
	r.address = server.Listener.Addr().String()
	return r
}

// run starts a function with a configuration, until stop.
func (r *runtimeAPI) run(t testing.TB, program string, config responder.Config) (stop func()) {
	cmd := exec.Command(program)
	cmd.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + r.address, "AWS_LAMBDA_FUNCTION_NAME=FieldReports-Maintenance"}
	for name, value := range config.Environment() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}
