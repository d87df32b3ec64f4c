package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A maintenance is a request that was refused because the product is closed. It
// has had no effect, and says nothing about the session or the data.
type maintenance struct {
	message    string
	until      time.Time // the planned end, if there is one
	retryAfter time.Duration
}

func (maintenance) Error() string { return "closed for maintenance" }

// A refusal is a request that the API has refused: sending it again does not
// help.
type refusal struct {
	status int
	detail string
}

func (r refusal) Error() string { return fmt.Sprintf("refused with %d: %s", r.status, r.detail) }

// A failure is an answer that says nothing about the request, or no answer: the
// network, an overload, a server that is being replaced. The request may have had
// its effect.
type failure struct {
	error
	retryAfter time.Duration // as the answer says, 0 if it does not
}

func (f failure) Unwrap() error { return f.error }

// The client is the app's connection to the API.
type client struct {
	api, language string
	http          http.Client
	clock         *clock
}

type request struct {
	method, path string
	body         []byte // JSON
	token, key   string
	tag          string // an ETag of the stored copy
}

type answer struct {
	status int
	body   []byte
	tag    string
}

// answerTime is how long the app waits for an answer: longer than the API takes.
const answerTime = 30 * time.Second

// largestAnswer is the maximum number of bytes of an answer that are read: a
// proxy may send without end.
const largestAnswer = 32 << 20

// do sends a request. Its error is a maintenance, a refusal or a failure.
func (c *client) do(ctx context.Context, r request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	sent, err := http.NewRequestWithContext(ctx, r.method, c.api+r.path, bytes.NewReader(r.body))
	if err != nil {
		return answer{}, failure{error: err}
	}
	for name, value := range map[string]string{
		"X-Client": "ios", "User-Agent": "FieldReports/1.0", "Accept": "application/json", "Accept-Language": c.language,
		"Idempotency-Key": r.key, "If-None-Match": r.tag,
	} {
		if value != "" {
			sent.Header.Set(name, value)
		}
	}
	if r.body != nil {
		sent.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		sent.Header.Set("Authorization", "Bearer "+r.token)
	}
	got, err := c.http.Do(sent)
	if err != nil {
		return answer{}, failure{error: err}
	}
	defer got.Body.Close()
	c.clock.learn(got.Header)
	body, err := io.ReadAll(io.LimitReader(got.Body, largestAnswer))
	if err != nil {
		return answer{}, failure{error: fmt.Errorf("%d, and the connection broke: %w", got.StatusCode, err)}
	}
	return judge(got, body)
}

// judge interprets an answer by the first table of the client contract.
func judge(got *http.Response, body []byte) (answer, error) {
	var document struct {
		Errors []struct {
			Detail string
			Meta   struct{ Until time.Time }
		}
	}
	_ = json.Unmarshal(body, &document) // only the headers are reliable
	detail, until := "", time.Time{}
	if len(document.Errors) > 0 {
		detail, until = document.Errors[0].Detail, document.Errors[0].Meta.Until
	}
	status := got.StatusCode
	switch {
	case status == http.StatusServiceUnavailable && got.Header.Get("X-Maintenance-Mode") == "on":
		return answer{}, maintenance{detail, until, cmp.Or(retryAfter(got.Header), 10*time.Minute)}
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return answer{status: status}, failure{fmt.Errorf("answered %d", status), retryAfter(got.Header)}
	case status >= 400:
		return answer{status: status}, refusal{status, detail}
	}
	return answer{status, body, got.Header.Get("ETag")}, nil
}

// retryAfter returns how long an answer asks to wait, at most longestWait. It
// returns 0 if the answer does not say so in seconds.
func retryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	if value == "" || strings.ContainsFunc(value, func(c rune) bool { return c < '0' || c > '9' }) {
		return 0
	}
	seconds, err := strconv.ParseUint(value, 10, 64)
	if err != nil || seconds > uint64(longestWait/time.Second) { // more than a uint64 can hold
		return longestWait
	}
	return time.Duration(seconds) * time.Second
}
