package monitors

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// attemptTime limits a request.
	attemptTime = 5 * time.Second

	// mostAnswer is the maximum number of bytes of an answer that are read.
	mostAnswer = 4 << 20

	// mostSaid is the maximum number of bytes of an answer in an error.
	mostSaid = 300
)

// failure is an error of a service, or of the connection to it.
type failure struct {
	status int // 0 if there was no answer
	text   string
	again  bool          // another attempt may succeed
	after  time.Duration // the earliest time for another attempt
}

func (f *failure) Error() string { return f.text }

// gone reports whether the service does not have what was asked for.
func gone(err error) bool {
	f, ok := errors.AsType[*failure](err)
	return ok && (f.status == http.StatusNotFound || f.status == http.StatusGone)
}

// service sends requests that carry a secret, and keeps the secret out of every
// error.
type service struct {
	client *http.Client
	header http.Header
	secret secret
}

// newClient returns a client that follows no redirects: they would carry the
// secret elsewhere.
func newClient() *http.Client {
	return &http.Client{Timeout: attemptTime, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// send sends a request once, and decodes the answer into to, unless to is nil.
func (s service) send(ctx context.Context, method, address string, body []byte, to any) error {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return &failure{text: s.secret.hidden(err.Error())}
	}
	request.Header = s.header.Clone()
	if len(body) > 0 && request.Header.Get("Content-Type") == "" {
		request.Header.Set("Content-Type", "application/json")
	}
	where := method + " " + request.URL.Host + request.URL.Path
	answer, err := s.client.Do(request)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err
		}
		return &failure{text: s.secret.hidden(where + ": " + err.Error()), again: ctx.Err() == nil}
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer+1))
	switch {
	case answer.StatusCode < 200 || answer.StatusCode > 299:
		said := strings.ToValidUTF8(string(data[:min(len(data), mostSaid)]), "")
		return &failure{
			status: answer.StatusCode, text: s.secret.hidden(fmt.Sprintf("%s: status %d: %s", where, answer.StatusCode, strings.TrimSpace(said))),
			again: answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode >= 500, after: retryAfter(answer.Header),
		}
	case err != nil:
		return &failure{text: s.secret.hidden(where + ": " + err.Error()), again: true}
	case len(data) > mostAnswer:
		return &failure{text: fmt.Sprintf("%s: the answer has more than %d bytes", where, mostAnswer)}
	case to == nil:
		return nil
	}
	if err := json.Unmarshal(data, to); err != nil {
		return &failure{text: s.secret.hidden(where + ": the answer is not what was expected: " + err.Error())}
	}
	return nil
}

// retryAfter returns how long a service wants to be left alone, given in seconds
// or as a time.
func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return time.Until(at)
	}
	return 0
}
