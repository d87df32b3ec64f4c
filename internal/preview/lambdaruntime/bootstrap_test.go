package lambdaruntime

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMain lets this binary be the bootstrap: it uses the raw API, and does what
// the event says.
func TestMain(m *testing.M) {
	switch os.Getenv("BOOTSTRAP") {
	case "":
		os.Exit(m.Run())
	case "exits":
		os.Exit(7)
	case "reports":
		post("/init/error", `{"errorType":"NoDatabase","errorMessage":"there is no database"}`)
		os.Exit(1)
	case "hangs":
		select {}
	}
	for {
		serveOne()
	}
}

// order is an event for the bootstrap.
type order struct {
	Do      string `json:"do"`
	Millis  int    `json:"millis,omitempty"`
	Size    int    `json:"size,omitempty"`
	Command string `json:"command,omitempty"`
}

var kept []byte // memory in use

func serveOne() {
	resp, err := http.Get("http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/next")
	if err != nil {
		fmt.Println("no runtime API:", err)
		os.Exit(1)
	}
	event, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	id := resp.Header.Get("Lambda-Runtime-Aws-Request-Id")
	var o order
	_ = json.Unmarshal(event, &o)
	answer := string(event)
	time.Sleep(time.Duration(o.Millis) * time.Millisecond)
	switch o.Do {
	case "pid":
		answer = fmt.Sprint(os.Getpid())
	case "crash":
		os.Exit(3)
	case "fail":
		post("/invocation/"+id+"/error", `{"errorType":"Broken","errorMessage":"it broke"}`)
		return
	case "answer":
		answer = strings.Repeat("x", o.Size)
	case "use memory":
		kept = bytes.Repeat([]byte{1}, o.Size)
		time.Sleep(10 * time.Second)
	case "describe":
		text, _ := json.Marshal(map[string]any{"header": resp.Header, "env": os.Environ(), "dir": dir()})
		answer = string(text)
	case "spawn":
		child := exec.Command("/bin/sh", "-c", o.Command)
		_ = child.Start()
		answer = fmt.Sprint(child.Process.Pid)
	case "answer another":
		status := post("/invocation/00000000-0000-0000-0000-000000000000/response", "x")
		answer = fmt.Sprint(status)
	case "ask again":
		again, err := http.Get("http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/next")
		if err == nil {
			answer = fmt.Sprint(again.StatusCode)
			again.Body.Close()
		}
	}
	post("/invocation/"+id+"/response", answer)
	switch o.Do {
	case "exit afterwards":
		os.Exit(0)
	case "dawdle afterwards":
		time.Sleep(10 * time.Second)
	}
}

func dir() string {
	dir, _ := os.Getwd()
	return dir
}

func post(path, body string) int {
	resp, err := http.Post("http://"+os.Getenv("AWS_LAMBDA_RUNTIME_API")+"/2018-06-01/runtime"+path, "application/json", strings.NewReader(body))
	if err != nil {
		fmt.Println("no runtime API:", err)
		os.Exit(1)
	}
	resp.Body.Close()
	return resp.StatusCode
}
