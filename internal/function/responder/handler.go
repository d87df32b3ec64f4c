package responder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"
)

// maxChoices limits the number of remembered language choices. Some hundreds of
// different Accept-Language headers are in use.
const maxChoices = 512

// Handler answers the events of an Application Load Balancer. Make it with
// FromEnvironment.
type Handler struct {
	config   Config
	page     string // its HTML, with placeholders
	speeches speeches
	log      *logger
	metrics  metrics
	now      func() time.Time
	random   func(max int64) int64 // returns a number from 0 up to max

	mu      sync.Mutex
	choices map[string]int // Accept-Language to index in speeches
	answers []*answer      // by language, kind and whether an end is planned
}

// FromEnvironment returns the handler that the environment variables describe. It
// logs to log. For an invalid variable, it logs the fault and uses the default.
func FromEnvironment(getenv func(string) string, log io.Writer) (h *Handler) {
	l := &logger{w: log}
	function := getenv("AWS_LAMBDA_FUNCTION_NAME")
	defer func() {
		if cause := recover(); cause != nil {
			l.problem(time.Now(), "reading the environment panicked", fmt.Sprintf("%v\n%s", cause, debug.Stack()))
			h = newHandler(Config{}, function, l)
		}
	}()
	config, errs := ParseEnvironment(getenv)
	page, err := readPage(getenv("LAMBDA_TASK_ROOT"))
	if err != nil {
		errs = append(errs, err)
	}
	if err = errors.Join(errs...); err != nil {
		l.problem(time.Now(), "settings are broken and left at their default", err.Error())
	}
	h = newHandler(config, function, l)
	h.page = cmp.Or(page, pageHTML)
	return h
}

func newHandler(c Config, function string, log *logger) *Handler {
	h := &Handler{
		config:   c,
		page:     pageHTML,
		speeches: newSpeeches(c),
		log:      log,
		metrics:  metrics{log: log, function: function},
		now:      wallClock,
		random:   func(max int64) int64 { return rand.Int64N(max + 1) },
		choices:  map[string]int{},
	}
	h.answers = make([]*answer, len(h.speeches.all)*int(kinds)*2)
	return h
}

// wallClock returns the time without a monotonic clock reading: that clock may
// stop while an instance is frozen between two answers.
func wallClock() time.Time { return time.Now().Round(0) }

// Invoke answers one event. The error is always nil, since the load balancer
// would turn an error into a bare 502.
func (h *Handler) Invoke(_ context.Context, payload []byte) (response []byte, _ error) {
	now := h.now()
	var r request
	defer func() {
		if cause := recover(); cause != nil {
			h.log.problem(now, "answering panicked", fmt.Sprintf("%v\n%s", cause, debug.Stack()))
			response = lastResort(r)
		}
	}()
	var err error
	if r, err = parseRequest(payload); err != nil {
		h.log.problem(now, "the event is not one of a load balancer", err.Error())
	}
	k := h.kind(&r)
	response = h.respond(now, &r, k)
	h.metrics.add(now, k, &r)
	return response, nil
}

func (h *Handler) kind(r *request) kind {
	if r.isPreflight() {
		return kindPreflight
	}
	k := negotiate(r.accept)
	if k == kindVendor && h.config.Body != nil {
		return kindJSON // the application's own body need not be JSON:API
	}
	if k == kindHTML && r.method != "" && r.method != "GET" && r.method != "HEAD" {
		return kindForm
	}
	return k
}

func (h *Handler) respond(now time.Time, r *request, k kind) []byte {
	seconds, planned := h.config.retryAfter(now, h.random)
	a := h.answer(r.acceptLanguage, k, planned)

	var storage [8]header
	return a.write(r, seconds, h.config.appendCORS(storage[:0], r, k))
}

// answer returns the answer of a kind in the most suitable language. It remembers
// the choice and the answer: choosing a language costs more than everything else
// together.
func (h *Handler) answer(acceptLanguage string, k kind, planned bool) *answer {
	h.mu.Lock()
	defer h.mu.Unlock()
	acceptLanguage = acceptLanguage[:min(len(acceptLanguage), maxAcceptLanguage)]
	language, ok := h.choices[acceptLanguage]
	if !ok {
		language = h.speeches.choose(acceptLanguage)
		if len(h.choices) < maxChoices {
			h.choices[acceptLanguage] = language
		}
	}
	i := (language*int(kinds) + int(k)) * 2
	if planned {
		i++
	}
	if h.answers[i] == nil {
		h.answers[i] = newAnswer(h.config, h.page, k, h.speeches.all[language], planned)
	}
	return h.answers[i]
}
