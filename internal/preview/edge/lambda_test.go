package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/preview/lambdaruntime"
)

// fake is a function that remembers its events.
type fake struct {
	mu     sync.Mutex
	events [][]byte
	answer string
	err    error
}

func (f *fake) Invoke(_ context.Context, event []byte) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, event)
	return []byte(f.answer), f.err
}

// last returns the event of the last invocation.
func (f *fake) last(t *testing.T) map[string]any {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	var event map[string]any
	if err := json.Unmarshal(f.events[len(f.events)-1], &event); err != nil {
		t.Fatal(err)
	}
	return event
}

func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.events)
}

// lambdaBehind returns a load balancer that sends everything to a function.
func lambdaBehind(multi bool) resources {
	group := groupOf{"TargetType": "lambda"}
	if multi {
		group["TargetGroupAttributes"] = attributes(map[string]string{"lambda.multi_value_headers.enabled": "true"})
	}
	return resources{
		"Alb":      balancer{},
		"Function": group,
		"Http":     listener{port: 80, protocol: "HTTP", actions: forwardTo("Function")},
	}
}

func startLambda(t *testing.T, multi bool, function Invoker) string {
	t.Helper()
	return serve(t, startOne(t, lambdaBehind(multi), map[string]Target{"Function": {Function: function}}).Main())
}

const fine = `{"statusCode":200}`

// TestLambdaEvent compares the event byte by byte, except for the trace.
func TestLambdaEvent(t *testing.T) {
	f := &fake{answer: fine}
	address := startLambda(t, false, f)
	raw(t, address, "GET /a%2Fb//c?x=1&x=%20&y=a+b&flag HTTP/1.1\r\nHost: api.example.com:8443\r\nX-Twice: 1\r\nX-TWICE: 2\r\nConnection: close\r\nX-Amzn-Trace-Id: Self=1-0;Root=1-67891233-abcdef012345678912345678\r\n\r\n")
	var event map[string]json.RawMessage
	if err := json.Unmarshal(f.events[0], &event); err != nil {
		t.Fatal(err)
	}
	var headers map[string]string
	if err := json.Unmarshal(event["headers"], &headers); err != nil {
		t.Fatal(err)
	}
	trace := headers["x-amzn-trace-id"]
	if !strings.HasPrefix(trace, "Self=1-") || !strings.HasSuffix(trace, ";Root=1-67891233-abcdef012345678912345678") || strings.Contains(trace, "1-0;") {
		t.Errorf("trace %q", trace)
	}
	got := string(bytes.ReplaceAll(f.events[0], []byte(trace), []byte("TRACE")))
	want := `{"requestContext":{"elb":{"targetGroupArn":"arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/Function/` +
		strings.Split(got, "/")[2][:16] + `"}},` +
		`"httpMethod":"GET","path":"/a%2Fb//c","queryStringParameters":{"flag":"","x":"%20","y":"a+b"},` +
		`"headers":{"connection":"close","host":"api.example.com","x-amzn-trace-id":"TRACE","x-forwarded-for":"127.0.0.1","x-forwarded-port":"80","x-forwarded-proto":"http","x-twice":"2"},` +
		`"body":"","isBase64Encoded":false}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestLambdaEventFamilies checks that the event has one form of headers and query
// parameters.
func TestLambdaEventFamilies(t *testing.T) {
	for _, multi := range []bool{false, true} {
		f := &fake{answer: fine}
		address := startLambda(t, multi, f)
		send(t, "GET", "http://"+address+"/?a=1&a=2", "", []string{"X-Twice", "1", "X-Twice", "2", "X-Forwarded-For", "203.0.113.9"})
		event := f.last(t)
		headers, query, others := "headers", "queryStringParameters", []string{"multiValueHeaders", "multiValueQueryStringParameters"}
		wantTwice, wantFor, wantQuery := any("2"), any("203.0.113.9, 127.0.0.1"), any("2")
		if multi {
			others, headers, query = []string{headers, query}, others[0], others[1]
			wantTwice, wantFor, wantQuery = []any{"1", "2"}, []any{"203.0.113.9, 127.0.0.1"}, []any{"1", "2"}
		}
		for _, other := range others {
			if _, ok := event[other]; ok {
				t.Errorf("multi %v: the event has %s", multi, other)
			}
		}
		h, q := event[headers].(map[string]any), event[query].(map[string]any)
		if fmt.Sprint(h["x-twice"]) != fmt.Sprint(wantTwice) || fmt.Sprint(h["x-forwarded-for"]) != fmt.Sprint(wantFor) || fmt.Sprint(q["a"]) != fmt.Sprint(wantQuery) {
			t.Errorf("multi %v: headers %v, query %v", multi, h, q)
		}
		send(t, "GET", "http://"+address+"/", "", nil)
		if q, ok := f.last(t)[query].(map[string]any); !ok || len(q) != 0 {
			t.Errorf("multi %v: without a query it is %v, want {}", multi, f.last(t)[query])
		}
	}
}

// TestLambdaEventBody checks which bodies are base64.
func TestLambdaEventBody(t *testing.T) {
	f := &fake{answer: fine}
	address := startLambda(t, false, f)
	for _, test := range []struct {
		method, contentType, encoding, body string
		want                                string // prefixed with base64: if it is encoded
	}{
		{"POST", "text/plain", "", "hé", "hé"},
		{"POST", "text/html; charset=utf-8", "", "<p>", "<p>"},
		{"POST", "application/json", "", `{"a":"<&>"}`, `{"a":"<&>"}`},
		{"POST", "Application/JSON;charset=utf-8", "", `{}`, `{}`},
		{"POST", "application/javascript", "", "x", "x"},
		{"POST", "application/xml", "", "<a/>", "<a/>"},
		{"POST", "application/json", "gzip", "abc", "base64:YWJj"},
		{"POST", "application/vnd.api+json", "", "abc", "base64:YWJj"},
		{"POST", "application/octet-stream", "", "\x00\xff", "base64:AP8="},
		{"POST", "", "", "abc", "base64:YWJj"},
		{"GET", "", "", "abc", "base64:YWJj"},
		{"POST", "image/png", "", "", ""},
		{"POST", "", "", "", ""},
	} {
		var header []string
		if test.contentType != "" {
			header = append(header, "Content-Type", test.contentType)
		}
		if test.encoding != "" {
			header = append(header, "Content-Encoding", test.encoding)
		}
		if got := send(t, test.method, "http://"+address+"/", test.body, header); got.status != 200 {
			t.Errorf("%+v: got %+v", test, got)
			continue
		}
		event := f.last(t)
		got := fmt.Sprint(event["body"])
		if event["isBase64Encoded"] == true {
			got = "base64:" + got
		}
		if got != test.want {
			t.Errorf("%s %q %q: body is %q, want %q", test.method, test.contentType, test.encoding, got, test.want)
		}
	}
	if got := send(t, "POST", "http://"+address+"/", "\xff", []string{"Content-Type", "text/plain"}); got.status != 400 {
		t.Errorf("text that is not UTF-8: got %d, want 400", got.status)
	}
}

// TestLambdaAnswers checks what is accepted as an answer, and what is a 502.
func TestLambdaAnswers(t *testing.T) {
	for _, test := range []struct {
		name   string
		multi  bool
		answer string
		want   string // status, body
	}{
		{"status only", false, `{"statusCode":200}`, "200 "},
		{"status only", true, `{"statusCode":200}`, "200 "},
		{"all", false, `{"statusCode":404,"statusDescription":"Not Found","headers":{"Content-Type":"text/plain"},"body":"no","isBase64Encoded":false}`, "404 no"},
		{"description without number", false, `{"statusCode":200,"statusDescription":"OK","body":"x"}`, "200 x"},
		{"base64", false, `{"statusCode":200,"body":"YWJj","isBase64Encoded":true}`, "200 abc"},
		{"base64 that is none", false, `{"statusCode":200,"body":"!","isBase64Encoded":true}`, "502 "},
		{"body null", false, `{"statusCode":200,"body":null}`, "502 "},
		{"headers null", false, `{"statusCode":200,"headers":null,"multiValueHeaders":{"A":["b"]}}`, "502 "},
		{"headers null", true, `{"statusCode":200,"headers":null,"multiValueHeaders":{"A":["b"]},"body":"x"}`, "200 x"},
		{"lists null", true, `{"statusCode":200,"headers":{},"multiValueHeaders":null}`, "502 "},
		{"lists null", false, `{"statusCode":200,"headers":{"A":"b"},"multiValueHeaders":null,"body":"x"}`, "200 x"},
		{"header boolean", false, `{"statusCode":200,"headers":{"A":true}}`, "502 "},
		{"header null", false, `{"statusCode":200,"headers":{"A":null}}`, "502 "},
		{"header line break", false, `{"statusCode":200,"headers":{"A":"b\r\nC: d"}}`, "502 "},
		{"description null", false, `{"statusCode":200,"statusDescription":null}`, "502 "},
		{"encoding null", false, `{"statusCode":200,"isBase64Encoded":null}`, "502 "},
		{"status missing", false, `{"body":"x"}`, "502 "},
		{"status text", false, `{"statusCode":"200"}`, "502 "},
		{"status null", false, `{"statusCode":null}`, "502 "},
		{"status out of range", false, `{"statusCode":42}`, "502 "},
		{"null", false, `null`, "502 "},
		{"text", false, `"hello"`, "502 "},
		{"no JSON", false, `hello`, "502 "},
		{"nothing", false, ``, "502 "},
		{"too large", false, `{"statusCode":200,"body":"` + strings.Repeat("x", 1<<20) + `"}`, "502 "},
		{"just small enough", false, `{"statusCode":200,"body":"` + strings.Repeat("x", 1<<20-28) + `"}`, "200 " + strings.Repeat("x", 1<<20-28)},
	} {
		t.Run(fmt.Sprintf("%s, multi %v", test.name, test.multi), func(t *testing.T) {
			got := send(t, "GET", "http://"+startLambda(t, test.multi, &fake{answer: test.answer})+"/", "", nil)
			text := fmt.Sprint(got.status) + " " + got.body
			if got.status == 502 {
				text = "502 "
				if got.body != page(502) {
					t.Errorf("body %q, want the load balancer's page", got.body)
				}
			}
			if text != test.want {
				t.Errorf("got %.100q, want %.100q", text, test.want)
			}
		})
	}
}

// TestGoAnswerTrap shows that the answer type of aws-lambda-go has fields that
// become null, so that a function in Go must set both forms.
func TestGoAnswerTrap(t *testing.T) {
	unset := events.ALBTargetGroupResponse{StatusCode: 200}
	set := events.ALBTargetGroupResponse{StatusCode: 200, Headers: map[string]string{}, MultiValueHeaders: map[string][]string{}}
	for _, multi := range []bool{false, true} {
		payload, err := json.Marshal(unset)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readLambdaAnswer(payload, multi); err == nil {
			t.Errorf("multi %v: %s is taken", multi, payload)
		}
		if payload, err = json.Marshal(set); err != nil {
			t.Fatal(err)
		}
		if _, err := readLambdaAnswer(payload, multi); err != nil {
			t.Errorf("multi %v: %s is refused: %v", multi, payload, err)
		}
	}
}

// TestLambdaAnswerHeaders checks that the answer has the headers in the target
// group's form, none about the connection, and a computed length.
func TestLambdaAnswerHeaders(t *testing.T) {
	single := &fake{answer: `{"statusCode":200,"body":"héé","headers":{"content-type":"text/x","Connection":"close","Transfer-Encoding":"gzip","Content-Length":"99","Keep-Alive":"1","X-A":"1"},"multiValueHeaders":{"X-B":["2"]}}`}
	got := send(t, "GET", "http://"+startLambda(t, false, single)+"/", "", nil)
	if got.header.Get("Content-Type") != "text/x" || got.header.Get("Content-Length") != "5" || got.header.Get("X-A") != "1" ||
		got.header["Connection"] != nil || got.header["Keep-Alive"] != nil || got.header["X-B"] != nil || got.body != "héé" {
		t.Errorf("got %v", got)
	}
	multi := &fake{answer: `{"statusCode":200,"headers":{"X-A":"1"},"multiValueHeaders":{"Set-Cookie":["a=1","b=2"]}}`}
	got = send(t, "GET", "http://"+startLambda(t, true, multi)+"/", "", nil)
	if strings.Join(got.header["Set-Cookie"], " ") != "a=1 b=2" || got.header["X-A"] != nil {
		t.Errorf("multi: got %v", got.header)
	}
	if got.header["Content-Type"] != nil {
		t.Errorf("Content-Type %v though the function gave none", got.header["Content-Type"])
	}
	got = send(t, "HEAD", "http://"+startLambda(t, false, &fake{answer: `{"statusCode":200,"body":"abc"}`})+"/", "", nil)
	if got.status != 200 || got.body != "" {
		t.Errorf("HEAD: got %v", got)
	}
	options := &fake{answer: `{"statusCode":405}`}
	got = send(t, "OPTIONS", "http://"+startLambda(t, false, options)+"/", "", []string{"Origin", "https://a.example.com"})
	if got.status != 405 || options.last(t)["httpMethod"] != "OPTIONS" || got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("OPTIONS: got %v", got)
	}
}

// TestLambdaRequestLimit checks that a body of 1 MB reaches the function, and
// that one byte more is a 413.
func TestLambdaRequestLimit(t *testing.T) {
	f := &fake{answer: fine}
	address := startLambda(t, false, f)
	if got := send(t, "POST", "http://"+address+"/", strings.Repeat("x", 1<<20), []string{"Content-Type", "text/plain"}); got.status != 200 {
		t.Errorf("1 MB: got %d", got.status)
	}
	if got := send(t, "POST", "http://"+address+"/", strings.Repeat("x", 1<<20+1), nil); got.status != 413 || got.body != page(413) {
		t.Errorf("1 MB and 1 byte: got %d %q", got.status, got.body)
	}
	for range 5 { // the client gets the answer although no one reads what it sends
		if got := send(t, "POST", "http://"+address+"/", strings.Repeat("x", 20<<20), nil); got.status != 413 {
			t.Errorf("20 MB: got %d", got.status)
		}
	}
	if f.count() != 1 {
		t.Errorf("the function was invoked %d times, want once", f.count())
	}
}

// TestLambdaStalledUpload tries a client that stops in the middle of its body.
func TestLambdaStalledUpload(t *testing.T) {
	t.Parallel()
	r := lambdaBehind(false)
	r["Alb"] = balancer{"idle_timeout.timeout_seconds": "1"}
	f := &fake{answer: fine}
	address := serve(t, startOne(t, r, map[string]Target{"Function": {Function: f}}).Main())
	answer := raw(t, address, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
	if !strings.HasPrefix(answer, "HTTP/1.1 408 ") || f.count() != 0 {
		t.Errorf("got %q after %d invocations", answer, f.count())
	}
}

// TestLambdaWebSocket checks that a function gets no WebSockets.
func TestLambdaWebSocket(t *testing.T) {
	f := &fake{answer: fine}
	answer := raw(t, startLambda(t, false, f), "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n")
	if !strings.HasPrefix(answer, "HTTP/1.1 400 ") || f.count() != 0 {
		t.Errorf("got %q after %d invocations", answer, f.count())
	}
}

// TestLambdaHealthCheck checks that there is none by default, and otherwise its
// event and Lambda's own defaults.
func TestLambdaHealthCheck(t *testing.T) {
	f := &fake{answer: fine}
	startLambda(t, false, f)
	time.Sleep(50 * time.Millisecond)
	if f.count() != 0 {
		t.Errorf("the function was invoked %d times though nobody asked", f.count())
	}
	r := lambdaBehind(false)
	r["Function"] = groupOf{"TargetType": "lambda", "HealthCheckEnabled": true, "HealthCheckPath": "/"}
	a := startOne(t, r, map[string]Target{"Function": {Function: f}})
	if h := a.TargetHealth(); h[0].Health != Healthy || h[0].Target != "function" {
		t.Errorf("health %v", h)
	}
	const want = `"httpMethod":"GET","path":"/","queryStringParameters":{},"headers":{"user-agent":"ELB-HealthChecker/2.0"},"body":"","isBase64Encoded":false}`
	if !strings.HasSuffix(string(f.events[0]), want) {
		t.Errorf("event %s, want ...%s", f.events[0], want)
	}
	check := readHealthCheck(&alb.TargetGroup{TargetType: "lambda"})
	if check.enabled || check.interval != 35*time.Second || check.timeout != 30*time.Second || check.healthy != 5 || check.unhealthy != 5 {
		t.Errorf("defaults %+v", check)
	}
}

// TestMain lets this binary be the bootstrap of a function.
func TestMain(m *testing.M) {
	if os.Getenv("BOOTSTRAP") == "" {
		os.Exit(m.Run())
	}
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		resp, err := http.Get(api + "next")
		if err != nil {
			os.Exit(1)
		}
		var event struct{ Path string }
		_ = json.NewDecoder(resp.Body).Decode(&event)
		resp.Body.Close()
		to, answer := "/response", `{"statusCode":200,"body":"fine"}`
		switch event.Path {
		case "/crash":
			os.Exit(1)
		case "/wait":
			time.Sleep(1500 * time.Millisecond)
		case "/slow":
			time.Sleep(10 * time.Second)
		case "/error":
			to, answer = "/error", `{"errorType":"Broken","errorMessage":"it broke"}`
		case "/large":
			answer = strings.Repeat("x", lambdaruntime.MaxPayload+1)
		}
		done, err := http.Post(api+resp.Header.Get("Lambda-Runtime-Aws-Request-Id")+to, "application/json", strings.NewReader(answer))
		if err != nil {
			os.Exit(1)
		}
		done.Body.Close()
	}
}

// TestLambdaFailures checks that a failure of a real process is a 502, and that
// its cause is named as in the access log.
func TestLambdaFailures(t *testing.T) {
	t.Parallel()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	function := func(concurrency int) *lambdaruntime.Function {
		f, err := lambdaruntime.New(lambdaruntime.Config{Bootstrap: binary, Environment: map[string]string{"BOOTSTRAP": "1"}, Timeout: time.Second, Concurrency: concurrency})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(f.Close)
		return f
	}
	var causes sync.Map
	config := ALBConfig{Templates: map[string]*alb.Template{"open": lambdaBehind(false).read(t)}, Mode: "open",
		Observe: func(o Observation) { causes.Store(o.URL, o.Cause) }}
	config.Targets = map[string]Target{"Function": {Function: function(1)}}
	address := serve(t, start(t, config).Main())
	for path, want := range map[string]string{
		"/crash": "LambdaUnhandled", "/error": "LambdaUnhandled", "/slow": "LambdaUnhandled", "/large": "LambdaResponseTooLarge",
	} {
		if got := send(t, "GET", "http://"+address+path, "", nil); got.status != 502 || got.body != page(502) {
			t.Errorf("%s: got %+v", path, got)
		}
		if cause, _ := causes.Load(path); !strings.HasPrefix(fmt.Sprint(cause), want+": ") {
			t.Errorf("%s: cause %q, want %s", path, cause, want)
		}
		if got := send(t, "GET", "http://"+address+"/", "", nil); got.status != 200 || got.body != "fine" {
			t.Errorf("after %s: got %+v", path, got)
		}
	}
	config.Targets = map[string]Target{"Function": {Function: function(-1)}}
	address = serve(t, start(t, config).Main())
	if got := send(t, "GET", "http://"+address+"/throttled", "", nil); got.status != 502 {
		t.Errorf("throttled: got %+v", got)
	}
	if cause, _ := causes.Load("/throttled"); !strings.HasPrefix(fmt.Sprint(cause), "LambdaThrottling: ") {
		t.Errorf("throttled: cause %q", cause)
	}
	if got := send(t, "GET", "http://"+startLambda(t, false, &fake{err: errors.New("no such function")})+"/", "", nil); got.status != 502 {
		t.Errorf("missing: got %+v", got)
	}
	if got := send(t, "GET", "http://"+startLambda(t, false, &fake{err: os.ErrDeadlineExceeded})+"/", "", nil); got.status != 504 {
		t.Errorf("no connection to Lambda: got %+v", got)
	}
}

// TestLambdaOutlastsIdleTimeout checks that a function may take as long as its
// own timeout allows.
func TestLambdaOutlastsIdleTimeout(t *testing.T) {
	t.Parallel()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f, err := lambdaruntime.New(lambdaruntime.Config{Bootstrap: binary, Environment: map[string]string{"BOOTSTRAP": "1"}, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := lambdaBehind(false)
	r["Alb"] = balancer{"idle_timeout.timeout_seconds": "1"}
	a := startOne(t, r, map[string]Target{"Function": {Function: f}})
	if got := send(t, "GET", "http://"+serve(t, a.Main())+"/wait", "", nil); got.status != 200 || got.body != "fine" {
		t.Errorf("got %+v", got)
	}
}
