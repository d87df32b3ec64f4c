// Package awsstub answers calls of the AWS API over HTTP, for tests: what a
// program sends is really sent, signed and parsed.
package awsstub

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/encoding/cbor"
)

// AWS is a stub of the services. Answers are keyed by operation, such as
// "DescribeRules": the body of the answer, in the service's own format, or the
// result of Refuse.
type AWS struct {
	url     string
	mu      sync.Mutex
	answers map[string]func(Request) string
	calls   []Request
}

// Request is a call that was made.
type Request struct {
	Operation string
	Form      url.Values // for services that use the Query protocol
	Body      string     // for services that use JSON
}

// New starts a stub and points the environment of the test at it, with
// credentials.
func New(t *testing.T) *AWS {
	t.Helper()
	a := &AWS{answers: map[string]func(Request) string{}}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.url = server.URL
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "AKIASTUB", "AWS_SECRET_ACCESS_KEY": "stub", "AWS_SESSION_TOKEN": "",
		"AWS_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1",
	} {
		t.Setenv(name, value)
	}
	return a
}

// URL returns the address of the stub.
func (a *AWS) URL() string { return a.url }

// Config returns settings with which the SDK calls the stub.
func (a *AWS) Config(t *testing.T) aws.Config {
	t.Helper()
	cfg, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// Answer answers an operation with bodies, one after the other; the last one
// repeats.
func (a *AWS) Answer(operation string, bodies ...string) {
	n := 0
	a.AnswerBy(operation, func(Request) string {
		n++
		return bodies[min(n, len(bodies))-1]
	})
}

// AnswerBy answers an operation with the result of a function.
func (a *AWS) AnswerBy(operation string, body func(Request) string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers[operation] = body
}

// refused marks an answer of Refuse.
const refused = "refused:"

// Refuse returns the answer of a service that refuses, with a code such as
// AccessDenied.
func Refuse(code, message string) string { return refused + code + ":" + message }

// Calls returns the calls of an operation so far.
func (a *AWS) Calls(operation string) []Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	var calls []Request
	for _, call := range a.calls {
		if call.Operation == operation {
			calls = append(calls, call)
		}
	}
	return calls
}

// settle is the delay before an answer. The SDK closes the body of a request once
// the answer is there (smithy-go, ClientHandler.Handle). If net/http has not
// closed it by then, which it does just after sending it, that is an error, and
// the connection is closed while the answer is read. AWS is never that fast.
const settle = 2 * time.Millisecond

// ServeHTTP implements http.Handler.
func (a *AWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	request, query := Request{Body: string(body)}, false
	binary := r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor"
	switch target := r.Header.Get("X-Amz-Target"); {
	case binary:
		request.Operation = path.Base(r.URL.Path)
	case target != "":
		request.Operation = target[strings.LastIndexByte(target, '.')+1:]
	case strings.HasSuffix(r.URL.Path, "/invocations"):
		request.Operation = "Invoke"
	case strings.HasPrefix(r.URL.Path, "/2015-03-31/functions/"):
		request.Operation = "GetFunctionConfiguration"
	default:
		query = true
		request.Form, _ = url.ParseQuery(string(body)) // any other body has no Action
		request.Operation = request.Form.Get("Action")
	}
	time.Sleep(settle)
	a.mu.Lock()
	a.calls = append(a.calls, request)
	answer := Refuse("InvalidAction", "the stub has no answer to "+request.Operation)
	if known, ok := a.answers[request.Operation]; ok {
		answer = known(request)
	}
	a.mu.Unlock()

	refusal, isRefusal := strings.CutPrefix(answer, refused)
	code, message, _ := strings.Cut(refusal, ":")
	switch {
	case binary:
		writeCBOR(w, answer, isRefusal, code, message)
	case query && isRefusal:
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>1</RequestId></ErrorResponse>", code, message)
	case isRefusal:
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.Header().Set("X-Amzn-ErrorType", code)
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type": %q, "message": %q}`, code, message)
	case query:
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></%[1]sResponse>", request.Operation, answer)
	default:
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		io.WriteString(w, answer)
	}
}

// writeCBOR writes an answer, given in JSON, as a service that uses CBOR does: a
// text that looks like a time becomes one.
func writeCBOR(w http.ResponseWriter, answer string, isRefusal bool, code, message string) {
	var value any = map[string]any{"__type": code, "message": message}
	if !isRefusal {
		if err := json.Unmarshal([]byte(answer), &value); err != nil {
			panic(err) // a mistake in the test
		}
	}
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	w.Header().Set("Content-Type", "application/cbor")
	if isRefusal {
		w.WriteHeader(http.StatusBadRequest)
	}
	_, _ = w.Write(cbor.Encode(inCBOR(value)))
}

func inCBOR(value any) cbor.Value {
	switch v := value.(type) {
	case map[string]any:
		m := cbor.Map{}
		for name, inner := range v {
			m[name] = inCBOR(inner)
		}
		return m
	case []any:
		var list cbor.List
		for _, inner := range v {
			list = append(list, inCBOR(inner))
		}
		return list
	case float64:
		return cbor.Float64(v)
	}
	text := fmt.Sprint(value)
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return &cbor.Tag{ID: 1, Value: cbor.Float64(at.Unix())}
	}
	return cbor.String(text)
}
