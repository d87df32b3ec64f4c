package unlock

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

const secret = "k3Yk3Yk3Yk3Yk3Yk3Yk3Yk3Yk3Yk3Y42"

// door is a handler with a secret, a clock and a log that the test controls.
type door struct {
	*Handler
	secret string
	err    error
	reads  int
	clock  time.Time
	log    bytes.Buffer
}

func newDoor() *door {
	d := &door{secret: secret, clock: time.Date(2026, 12, 1, 4, 0, 0, 0, time.UTC)}
	d.Handler = New("maintenance-bypass", func(context.Context) (string, error) { d.reads++; return d.secret, d.err }, &d.log)
	d.now = func() time.Time { return d.clock }
	return d
}

func (d *door) ask(t *testing.T, event events.ALBTargetGroupRequest) events.ALBTargetGroupResponse {
	t.Helper()
	response, err := d.Handle(context.Background(), event)
	if err != nil {
		t.Fatalf("an error reaches the load balancer: %v", err)
	}
	if data, err := json.Marshal(response); err != nil || bytes.Contains(data, []byte("null")) {
		t.Errorf("ALB refuses %s (%v)", data, err)
	}
	if d.secret != "" && strings.Contains(d.log.String(), d.secret) {
		t.Errorf("the log holds the secret: %s", d.log.String())
	}
	return response
}

// post returns the event that ALB makes of a submitted form: it encodes the body,
// whose type is not one of those that it leaves alone.
func post(typed string) events.ALBTargetGroupRequest {
	return events.ALBTargetGroupRequest{
		HTTPMethod: http.MethodPost, Path: "/api/maintenance/unlock", IsBase64Encoded: true,
		Headers: map[string]string{"content-type": "application/x-www-form-urlencoded"},
		Body:    base64.StdEncoding.EncodeToString([]byte("secret=" + url.QueryEscape(typed))),
	}
}

func TestUnlock_TheSecretGivesTheCookie(t *testing.T) {
	for _, typed := range []string{secret, " " + secret + "\n"} {
		d := newDoor()
		response := d.ask(t, post(typed))
		cookies := (&http.Response{Header: http.Header{"Set-Cookie": response.MultiValueHeaders["Set-Cookie"]}}).Cookies()
		if response.StatusCode != http.StatusSeeOther || response.Headers["Location"] != "/" || len(cookies) != 1 {
			t.Fatalf("got %d to %q with %d cookies", response.StatusCode, response.Headers["Location"], len(cookies))
		}
		c := cookies[0]
		if c.Name != "maintenance-bypass" || c.Value != secret || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 43200 || c.Path != "/" {
			t.Errorf("got cookie %v", c)
		}
		if response.Headers["Set-Cookie"] != response.MultiValueHeaders["Set-Cookie"][0] {
			t.Error("the header families differ")
		}
	}
}

func TestUnlock_AnythingElseGivesNoCookie(t *testing.T) {
	tests := []struct {
		name  string
		event events.ALBTargetGroupRequest
	}{
		{"a wrong secret", post(secret[1:])},
		{"another case", post(strings.ToUpper(secret))},
		{"nothing", post("")},
		{"no form", events.ALBTargetGroupRequest{HTTPMethod: http.MethodPost}},
		{"not base64", events.ALBTargetGroupRequest{HTTPMethod: http.MethodPost, IsBase64Encoded: true, Body: "%%%"}},
		{"not a form", events.ALBTargetGroupRequest{HTTPMethod: http.MethodPost, Body: "secret=%zz"}},
		{"the secret in the URL", events.ALBTargetGroupRequest{HTTPMethod: http.MethodPost, QueryStringParameters: map[string]string{"secret": secret}}},
		{"a form too large", post(secret + strings.Repeat(" ", maxForm))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDoor()
			response := d.ask(t, test.event)
			if response.StatusCode != http.StatusForbidden || response.Headers["Set-Cookie"] != "" {
				t.Errorf("got %d with cookie %q", response.StatusCode, response.Headers["Set-Cookie"])
			}
			if strings.Contains(response.Body, secret) {
				t.Error("the page holds the secret")
			}
		})
	}
}

func TestUnlock_ShowsTheForm(t *testing.T) {
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "PUT": 405, "": 405} {
		d := newDoor()
		response := d.ask(t, events.ALBTargetGroupRequest{HTTPMethod: method})
		if response.StatusCode != want || !strings.Contains(response.Body, `<form method="post">`) {
			t.Errorf("%s: got %d with %s", method, response.StatusCode, response.Body)
		}
		if response.Headers["Cache-Control"] != "no-store" || !strings.Contains(response.Headers["Content-Security-Policy"], "form-action 'self'") {
			t.Errorf("%s: headers %v", method, response.Headers)
		}
		if d.reads != 0 {
			t.Errorf("%s: the secret is read before it is needed", method)
		}
	}
}

func TestTheSecretIsKeptForAMinute(t *testing.T) {
	d := newDoor()
	d.ask(t, post(secret))
	d.secret = "another"
	d.clock = d.clock.Add(59 * time.Second)
	if response := d.ask(t, post(secret)); response.StatusCode != http.StatusSeeOther || d.reads != 1 {
		t.Errorf("within a minute: got %d after %d reads", response.StatusCode, d.reads)
	}
	d.clock = d.clock.Add(time.Second)
	if response := d.ask(t, post(secret)); response.StatusCode != http.StatusForbidden || d.reads != 2 {
		t.Errorf("after a minute: got %d after %d reads, want 403 for the rotated secret", response.StatusCode, d.reads)
	}
}

func TestASecretThatCannotBeReadOpensNothing(t *testing.T) {
	d := newDoor()
	d.err = errors.New("AccessDeniedException")
	if response := d.ask(t, post(secret)); response.StatusCode != http.StatusServiceUnavailable || response.Headers["Set-Cookie"] != "" {
		t.Errorf("got %d with cookie %q", response.StatusCode, response.Headers["Set-Cookie"])
	}
	if !strings.Contains(d.log.String(), "AccessDeniedException") {
		t.Errorf("the log does not say why: %s", d.log.String())
	}
	d.err, d.secret = nil, ""
	if response := d.ask(t, post("")); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("an empty secret opens: %d", response.StatusCode)
	}
}

// TestUnlock_LogSaysWho checks the address and the trace, in both forms in which
// the load balancer passes headers.
func TestUnlock_LogSaysWho(t *testing.T) {
	const address, trace = "203.0.113.9, 70.132.1.2", "Root=1-67891233-abcdef012345678912345678"
	for name, event := range map[string]events.ALBTargetGroupRequest{
		"single": {Headers: map[string]string{"x-forwarded-for": address, "x-amzn-trace-id": trace}},
		"multi":  {MultiValueHeaders: map[string][]string{"x-forwarded-for": {address}, "x-amzn-trace-id": {trace}}},
	} {
		for typed, what := range map[string]string{secret: "unlocked", "guess": "a wrong secret"} {
			d := newDoor()
			event.HTTPMethod, event.Body = http.MethodPost, "secret="+typed
			d.ask(t, event)
			var line struct{ What, Address, Trace string }
			if err := json.Unmarshal(d.log.Bytes(), &line); err != nil || line.What != what || line.Address != address || line.Trace != trace {
				t.Errorf("%s: got %+v, %v", name, line, err)
			}
		}
	}
}

// TestUnlock_SecretsManagerIsAway checks that no request waits longer than a
// second for it, and that the secret is not read again for half a minute.
func TestUnlock_SecretsManagerIsAway(t *testing.T) {
	d := newDoor()
	d.Handler.read = func(ctx context.Context) (string, error) {
		d.reads++
		if d.err == nil {
			return d.secret, nil
		}
		<-ctx.Done()
		return "", ctx.Err()
	}
	d.err = errors.New("away")
	began := time.Now()
	for range 10 {
		if response := d.ask(t, post(secret)); response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("got %d", response.StatusCode)
		}
	}
	if took := time.Since(began); took > 3*time.Second || d.reads != 1 {
		t.Errorf("ten took %v and %d reads, want a second and one", took, d.reads)
	}
	d.err = nil
	d.clock = d.clock.Add(failTime)
	if response := d.ask(t, post(secret)); response.StatusCode != http.StatusSeeOther {
		t.Errorf("it is back: got %d", response.StatusCode)
	}
}

// TestUnlock_WrongSecretTakesNoTime checks that a thousand wrong secrets take
// less time than one second of one instance: a function that waits takes
// concurrency from the function that answers refused requests.
func TestUnlock_WrongSecretTakesNoTime(t *testing.T) {
	d := newDoor()
	began := time.Now()
	for range 1000 {
		d.ask(t, post("guess"))
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("1000 wrong secrets take %v", took)
	}
}
