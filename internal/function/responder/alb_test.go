package responder

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// response is an answer as a client sees it.
type response struct {
	status  int
	headers map[string]string
	body    string
}

// String returns the response as HTTP writes it, JSON indented.
func (r response) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d\n", r.status)
	for _, name := range slices.Sorted(maps.Keys(r.headers)) {
		fmt.Fprintf(&b, "%s: %s\n", name, r.headers[name])
	}
	var indented bytes.Buffer
	if json.Indent(&indented, []byte(r.body), "", "  ") == nil {
		return b.String() + "\n" + indented.String() + "\n"
	}
	if r.body != "" {
		return b.String() + "\n" + r.body
	}
	return b.String()
}

// throughLoadBalancer does what the load balancer does with the output of a
// function. An error means the 502 that a client would see.
func throughLoadBalancer(event, returned []byte) (response, error) {
	var sent struct {
		Single any `json:"headers"`
		Multi  any `json:"multiValueHeaders"`
	}
	_ = json.Unmarshal(event, &sent)
	onlySingle := sent.Single != nil && sent.Multi == nil
	onlyMulti := sent.Multi != nil && sent.Single == nil

	if len(returned) > 1_000_000 {
		return response{}, fmt.Errorf("%d bytes is over 1 MB", len(returned))
	}
	if !utf8.Valid(returned) {
		return response{}, fmt.Errorf("not UTF-8: %q", returned)
	}
	var fields map[string]any
	if err := json.Unmarshal(returned, &fields); err != nil {
		return response{}, fmt.Errorf("not JSON: %w: %s", err, returned)
	}
	status, isNumber := fields["statusCode"].(float64)
	single, isSingle := fields["headers"].(map[string]any)
	multi, isMulti := fields["multiValueHeaders"].(map[string]any)
	body, isString := fields["body"].(string)
	encoded, isBool := fields["isBase64Encoded"].(bool)
	if !isNumber || !isSingle || !isMulti || !isString || !isBool || encoded {
		return response{}, fmt.Errorf("a field is missing, null or of another type: %s", returned)
	}
	if description, ok := fields["statusDescription"].(string); !ok || !strings.HasPrefix(description, fmt.Sprint(status)) {
		return response{}, fmt.Errorf("status description %v does not fit %v", fields["statusDescription"], status)
	}
	r := response{status: int(status), headers: map[string]string{}, body: body}
	for name, value := range single {
		text, ok := value.(string)
		if !ok {
			return r, fmt.Errorf("header %s is %v, not a string", name, value)
		}
		r.headers[name] = text
	}
	for name, values := range multi {
		list, ok := values.([]any)
		if !ok || len(list) != 1 {
			return r, fmt.Errorf("header %s is %v, not one string in an array", name, values)
		}
		text, ok := list[0].(string)
		if !ok {
			return r, fmt.Errorf("header %s is %v, not a string", name, list[0])
		}
		if text != single[name] && len(single) > 0 {
			return r, fmt.Errorf("header %s differs between the families", name)
		}
		r.headers[name] = text
	}
	if onlySingle && len(multi) > 0 || onlyMulti && len(single) > 0 {
		return r, fmt.Errorf("headers in the family that was not asked for: %s", returned)
	}
	if json.Valid(event) && (!onlyMulti && len(single) == 0 || !onlySingle && len(multi) == 0) {
		return r, fmt.Errorf("no headers in a family that may be asked for: %s", returned)
	}
	for name, value := range r.headers {
		if !isTokens(name) || strings.ContainsAny(value, "\r\n\x00") {
			return r, fmt.Errorf("header %q: %q cannot be sent", name, value)
		}
	}
	return r, nil
}

// now is the time of all tests with a fixed time.
var now = time.Date(2026, 11, 30, 18, 20, 0, 0, time.UTC)

// at returns a handler at a fixed time that spreads clients by a third of the
// maximum.
func at(now time.Time, c Config, log io.Writer) *Handler {
	h := newHandler(c, "FieldReports-Maintenance", &logger{w: log})
	h.now = func() time.Time { return now }
	h.random = func(max int64) int64 { return max / 3 }
	return h
}

// ask sends an event from testdata through h.
func ask(t testing.TB, h *Handler, event string) response {
	t.Helper()
	payload, err := os.ReadFile(filepath.Join("testdata", "events", event+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return send(t, h, payload)
}

// get sends a GET with headers, given as alternating names and values.
func get(t testing.TB, h *Handler, headers ...string) response {
	t.Helper()
	fields := map[string]string{}
	for i := 0; i < len(headers); i += 2 {
		fields[headers[i]] = headers[i+1]
	}
	return send(t, h, []byte(encode(map[string]any{"httpMethod": "GET", "path": "/", "headers": fields})))
}

func send(t testing.TB, h *Handler, event []byte) response {
	t.Helper()
	returned, err := h.Invoke(context.Background(), event)
	if err != nil {
		t.Fatalf("an error became of the event, and a 502 of the error: %v", err)
	}
	r, err := throughLoadBalancer(event, returned)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
