// Package unlock exchanges the bypass secret, typed into a form, for the cookie
// that lets its bearer through during maintenance. The secret is never in a URL,
// an environment variable or a log.
package unlock

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

const (
	// Validity is how long the cookie lasts.
	Validity = 12 * time.Hour

	// cacheTime is how long the secret is cached, so that a rotation is noticed.
	cacheTime = time.Minute

	// readTime limits how long reading the secret may take. After a failure, it
	// is not read again for failTime, so that requests waiting for Secrets
	// Manager do not use up the concurrency needed to answer refused requests.
	readTime = time.Second
	failTime = 30 * time.Second

	// maxForm limits how much of a form is read, in bytes.
	maxForm = 4 << 10
)

//go:embed form.html
var form string

// Handler answers the events of an Application Load Balancer. Make it with New.
type Handler struct {
	cookie string
	read   func(context.Context) (string, error)
	log    io.Writer
	now    func() time.Time

	mu       sync.Mutex
	secret   string
	readAt   time.Time
	failed   error
	failedAt time.Time
}

// New returns a handler that sets the cookie with the name cookie for anyone who
// enters the secret that read returns. It logs to log.
func New(cookie string, read func(context.Context) (string, error), log io.Writer) *Handler {
	return &Handler{cookie: cookie, read: read, log: log, now: time.Now}
}

// Handle answers GET with the form and POST with the cookie, or with 403. The
// error is always nil, since the load balancer would turn an error into a bare
// 502.
func (h *Handler) Handle(ctx context.Context, event events.ALBTargetGroupRequest) (events.ALBTargetGroupResponse, error) {
	switch event.HTTPMethod {
	case http.MethodGet, http.MethodHead:
		return page(http.StatusOK, ""), nil
	case http.MethodPost:
		return h.unlock(ctx, event), nil
	}
	response := page(http.StatusMethodNotAllowed, "Open this page in a browser.")
	set(&response, "Allow", "GET, HEAD, POST")
	return response, nil
}

func (h *Handler) unlock(ctx context.Context, event events.ALBTargetGroupRequest) events.ALBTargetGroupResponse {
	secret, err := h.current(ctx)
	if err != nil {
		h.say(event, "cannot read the secret", err.Error())
		return page(http.StatusServiceUnavailable, "The secret cannot be read now. Try again in a minute.")
	}
	if !equal(typed(event), secret) {
		// It answers at once: no guess finds one of 2^165 secrets, and a pause
		// would use up the concurrency needed to answer refused requests.
		h.say(event, "a wrong secret", "")
		return page(http.StatusForbidden, "That is not the secret.")
	}
	h.say(event, "unlocked", "")
	response := page(http.StatusSeeOther, "You are let through.")
	set(&response, "Location", "/")
	set(&response, "Set-Cookie", (&http.Cookie{
		Name: h.cookie, Value: secret, Path: "/", MaxAge: int(Validity.Seconds()),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}).String())
	return response
}

// current returns the secret. It is read at most once a minute, and never empty.
func (h *Handler) current(ctx context.Context) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.secret == "" || h.now().Sub(h.readAt) >= cacheTime {
		if h.failed != nil && h.now().Sub(h.failedAt) < failTime {
			return "", h.failed
		}
		ctx, cancel := context.WithTimeout(ctx, readTime)
		defer cancel()
		secret, err := h.read(ctx)
		if err == nil && secret == "" {
			err = io.ErrUnexpectedEOF
		}
		if h.failed, h.failedAt = err, h.now(); err != nil {
			return "", err
		}
		h.secret, h.readAt = secret, h.now()
	}
	return h.secret, nil
}

// equal compares in constant time.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// typed returns the secret in the form, empty if there is none.
func typed(event events.ALBTargetGroupRequest) string {
	body := event.Body
	if event.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return ""
		}
		body = string(decoded)
	}
	if len(body) > maxForm {
		return ""
	}
	values, err := url.ParseQuery(body)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(values.Get("secret"))
}

// page returns the form with a message above it.
func page(status int, message string) events.ALBTargetGroupResponse {
	if message != "" {
		message = `<p role="alert">` + message + "</p>"
	}
	response := events.ALBTargetGroupResponse{
		StatusCode: status,
		Headers:    map[string]string{}, MultiValueHeaders: map[string][]string{}, // ALB does not accept null
		Body: strings.Replace(form, "<!-- message -->", message, 1),
	}
	set(&response, "Content-Type", "text/html; charset=utf-8")
	set(&response, "Cache-Control", "no-store")
	set(&response, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	set(&response, "Referrer-Policy", "no-referrer")
	set(&response, "X-Robots-Tag", "noindex")
	return response
}

// set sets the header in both maps; ALB reads the one that the target group uses.
func set(response *events.ALBTargetGroupResponse, name, value string) {
	response.Headers[name] = value
	response.MultiValueHeaders[name] = []string{value}
}

// say logs what happened, and to whom, for an audit. It never logs what was
// typed.
func (h *Handler) say(event events.ALBTargetGroupRequest, what, cause string) {
	line, _ := json.Marshal(struct {
		Time  time.Time `json:"time"`
		What  string    `json:"what"`
		Cause string    `json:"cause,omitempty"`

		// Address is the value of X-Forwarded-For. The last address is the peer
		// of the load balancer; the addresses before it are what that peer
		// claims.
		Address string `json:"address"`

		// Trace identifies the request in the access log of the load balancer.
		Trace string `json:"trace"`
	}{h.now().UTC(), what, cause, header(event, "x-forwarded-for"), header(event, "x-amzn-trace-id")})
	_, _ = h.log.Write(append(line, '\n'))
}

// longestHeader is how many bytes of a header, from its end, are logged.
const longestHeader = 200

// header returns a header of the request, from the map that the target group
// uses.
func header(event events.ALBTargetGroupRequest, name string) string {
	value := ""
	for key, v := range event.Headers {
		if strings.EqualFold(key, name) {
			value = v
		}
	}
	for key, v := range event.MultiValueHeaders {
		if strings.EqualFold(key, name) {
			value = strings.Join(v, ", ")
		}
	}
	return strings.ToValidUTF8(value[max(0, len(value)-longestHeader):], "")
}
