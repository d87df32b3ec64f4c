package responder

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"time"
)

// Handler answers the events of an Application Load Balancer.
type Handler struct {
	config Config
	log    io.Writer
}

// FromEnvironment returns the handler that the environment variables describe.
// What is wrong with them is logged and left at its default.
func FromEnvironment(getenv func(string) string, log io.Writer) *Handler {
	config, errs := ParseEnvironment(getenv)
	h := New(config, log)
	for _, err := range errs {
		fmt.Fprintln(log, encode(map[string]string{"level": "ERROR", "message": err.Error()}))
	}
	return h
}

// New returns a handler that says what config says and logs to log.
func New(config Config, log io.Writer) *Handler {
	return &Handler{config: config, log: log}
}

type event struct {
	Method            string              `json:"httpMethod"`
	Headers           map[string]string   `json:"headers"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
}

func (e event) header(name string) string {
	if v := e.MultiValueHeaders[name]; len(v) > 0 {
		return v[0]
	}
	return e.Headers[name]
}

// Invoke answers one event. The error is always nil: the load balancer would
// turn it into a bare 502.
func (h *Handler) Invoke(_ context.Context, payload []byte) ([]byte, error) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		fmt.Fprintln(h.log, encode(map[string]string{"level": "ERROR", "message": err.Error()}))
	}
	wait := h.config.RetryAfter
	if wait == 0 {
		wait = DefaultRetryAfter
	}
	meta := map[string]any{}
	if left := time.Until(h.config.Until); left > 0 {
		wait = left
		meta["until"] = h.config.Until.Format(time.RFC3339)
	}
	seconds := int64((wait + time.Second - 1) / time.Second)
	seconds += rand.Int64N(seconds/5 + 1)
	meta["retryAfter"] = seconds
	detail := "We are closed for maintenance. Please try again later."
	for _, tag := range append([]string{h.config.DefaultLanguage, "en"}, sortedKeys(h.config.Message)...) {
		if text := h.config.Message[tag]; text != "" {
			detail = text
			break
		}
	}
	body := encode(map[string]any{"errors": []any{map[string]any{
		"status": "503", "code": "maintenance", "title": "Under maintenance", "detail": detail, "meta": meta,
	}}})
	if h.config.Body != nil {
		body = string(h.config.Body)
	}
	headers := map[string]string{
		"Content-Type":       "application/json",
		"Retry-After":        strconv.FormatInt(seconds, 10),
		"Cache-Control":      "no-store",
		"X-Maintenance-Mode": "on",
		"Vary":               "Accept, Accept-Language, Origin",
	}
	status, description := 503, "503 Service Unavailable"
	if origin := e.header("origin"); allows(h.config.CORSOrigins, origin) {
		headers["Access-Control-Allow-Origin"] = origin
		headers["Access-Control-Allow-Credentials"] = "true"
		headers["Access-Control-Expose-Headers"] = "Retry-After, X-Maintenance-Mode"
		if method := e.header("access-control-request-method"); e.Method == "OPTIONS" && method != "" {
			headers["Access-Control-Allow-Methods"] = method
			headers["Access-Control-Allow-Headers"] = e.header("access-control-request-headers")
			status, description, body = 204, "204 No Content", ""
		}
	}
	if e.Method == "HEAD" {
		body = ""
	}
	single, multi := headers, map[string][]string{}
	if e.MultiValueHeaders != nil {
		single = map[string]string{}
		for k, v := range headers {
			multi[k] = []string{v}
		}
	}
	return json.Marshal(map[string]any{
		"statusCode": status, "statusDescription": description, "headers": single,
		"multiValueHeaders": multi, "body": body, "isBase64Encoded": false,
	})
}
