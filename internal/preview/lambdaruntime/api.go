package lambdaruntime

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"
)

// api returns the Runtime API of a process. Source: the Lambda developer guide,
// "Using the Lambda runtime API for custom runtimes".
func (i *instance) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", i.serveNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", i.serveResponse)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", i.serveError)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", i.serveInitError)
	return mux
}

// serveNext waits for an invocation, without a time limit.
func (i *instance) serveNext(w http.ResponseWriter, r *http.Request) {
	p := &i.function.pool
	if !p.asks(i) {
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "the invocation before has not been answered")
		return
	}
	select {
	case inv := <-i.next:
		now := time.Now()
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(inv.payload)))
		h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(now.Add(i.function.config.Timeout).UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", i.function.config.arn())
		h.Set("Lambda-Runtime-Trace-Id", newTraceID(now))
		_, _ = w.Write(inv.payload)
	case <-r.Context().Done():
		p.hangsUp(i)
	}
}

func (i *instance) serveResponse(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(io.LimitReader(r.Body, MaxPayload+1))
	if err != nil {
		return // the process went away, with which the invocation fails
	}
	if len(payload) > MaxPayload {
		if i.answer(w, r, result{err: &TooLargeError{What: "response", Size: len(payload)}}) {
			refuse(w, http.StatusRequestEntityTooLarge, "Function.ResponseSizeTooLarge", "the response is too large")
		}
		return
	}
	if i.answer(w, r, result{payload: payload}) {
		accept(w)
	}
}

func (i *instance) serveError(w http.ResponseWriter, r *http.Request) {
	if i.answer(w, r, result{err: readFunctionError(r)}) {
		accept(w)
	}
}

// answer passes a result on. It refuses the result of an invocation that the
// process does not have.
func (i *instance) answer(w http.ResponseWriter, r *http.Request, result result) bool {
	if !i.function.pool.answered(i, r.PathValue("id"), result) {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "there is no such invocation, or it has been answered")
		return false
	}
	return true
}

// serveInitError handles the report of a process that cannot start. The process
// is ended.
func (i *instance) serveInitError(w http.ResponseWriter, r *http.Request) {
	err := readFunctionError(r)
	err.Init = true
	p := &i.function.pool
	p.mu.Lock()
	if i.phase != starting {
		p.mu.Unlock()
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "the function has started")
		return
	}
	if i.cause == nil {
		i.cause = err
	}
	p.mu.Unlock()
	accept(w)
	_ = http.NewResponseController(w).Flush()
	time.AfterFunc(time.Second, func() { // a bootstrap ends by itself after its report
		p.mu.Lock()
		defer p.mu.Unlock()
		if i.phase == starting {
			i.end(err)
		}
	})
}

// maxReport limits how much of an error report is read.
const maxReport = 256 << 10

func readFunctionError(r *http.Request) *FunctionError {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxReport)) // what has arrived must do
	var report struct{ ErrorType, ErrorMessage string }
	_ = json.Unmarshal(body, &report) // not JSON: the header must do
	if report.ErrorType == "" {
		report.ErrorType = r.Header.Get("Lambda-Runtime-Function-Error-Type")
	}
	return &FunctionError{Type: report.ErrorType, Message: report.ErrorMessage, Payload: body}
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"errorType": kind, "errorMessage": message})
}
