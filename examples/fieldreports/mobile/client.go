package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// A maintenance is a request that was refused since the product is closed. It
// has had no effect, and says nothing about the session or the data.
type maintenance struct {
	message    string
	until      time.Time // the planned end, if there is one
	retryAfter time.Duration
}

func (maintenance) Error() string { return "closed for maintenance" }

// A refusal is the API's no: sending the same again does not help.
type refusal struct {
	status int
	detail string
}

func (r refusal) Error() string { return fmt.Sprintf("refused with %d: %s", r.status, r.detail) }

// A failure is no answer, or one that says nothing about the request: the
// network, an overload, a server that is being replaced. It may have had its
// effect.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

// The client is how the app talks to the API.
type client struct {
	api, language string
	http          http.Client
}

type request struct {
	method, path string
	body         []byte // JSON
	token, key   string
	tag          string // an ETag, for what is already here
}

type answer struct {
	status int
	body   []byte
	tag    string
}

// answerTime is how long the app waits for an answer: longer than the API takes.
const answerTime = 30 * time.Second

// do sends a request. Its error is a maintenance, a refusal or a failure.
func (c *client) do(ctx context.Context, r request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	sent, err := http.NewRequestWithContext(ctx, r.method, c.api+r.path, bytes.NewReader(r.body))
	if err != nil {
		return answer{}, failure{err}
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
		return answer{}, failure{err}
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		return answer{}, failure{fmt.Errorf("%d, and the connection broke: %w", got.StatusCode, err)}
	}
	return judge(got, body)
}

// judge says what an answer means, by the first table of the client contract.
func judge(got *http.Response, body []byte) (answer, error) {
	var document struct {
		Errors []struct {
			Detail string
			Meta   struct{ Until time.Time }
		}
	}
	_ = json.Unmarshal(body, &document) // only the headers are certain
	detail, until := "", time.Time{}
	if len(document.Errors) > 0 {
		detail, until = document.Errors[0].Detail, document.Errors[0].Meta.Until
	}
	status := got.StatusCode
	switch {
	case status == http.StatusServiceUnavailable && got.Header.Get("X-Maintenance-Mode") == "on":
		seconds, err := strconv.Atoi(got.Header.Get("Retry-After"))
		if err != nil || seconds < 1 {
			seconds = 600
		}
		return answer{}, maintenance{detail, until, time.Duration(seconds) * time.Second}
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return answer{status: status}, failure{fmt.Errorf("answered %d", status)}
	case status >= 400:
		return answer{status: status}, refusal{status, detail}
	}
	return answer{status, body, got.Header.Get("ETag")}, nil
}
