package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
)

// maxBody is the maximum size of a request body, in bytes.
const maxBody = 128 << 10

// apiError is a JSON:API error object, which is also the form of maintenance's
// answer.
type apiError struct {
	Status string `json:"status"`
	Code   string `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"`
}

// writeError answers status with one JSON:API error object. Code is for
// programs, detail for people.
func writeError(w http.ResponseWriter, status int, code, detail string) {
	writeJSON(w, status, map[string][]apiError{"errors": {{
		Status: strconv.Itoa(status),
		Code:   code,
		Title:  http.StatusText(status),
		Detail: detail,
	}}})
}

// writeJSON answers status with body. No answer of the API is cached.
func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) // the client may be gone: nothing to do
}

// unavailable answers that the database, or the session store, failed. It is not
// maintenance (the marker is missing) and not the client's fault: clients try
// again.
func unavailable(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	if invalidInput(err) { // the client's fault, never to be tried again
		log.WarnContext(r.Context(), "the database does not take the input", "request", r.Method+" "+r.URL.Path, "error", err)
		writeError(w, http.StatusUnprocessableEntity, "invalid-input", "something in the request cannot be stored")
		return
	}
	what := "the database"
	if errors.As(err, new(storeError)) {
		what = "the store of sessions"
	}
	if !errors.Is(err, context.Canceled) { // the client has gone
		log.ErrorContext(r.Context(), what+" failed", "request", r.Method+" "+r.URL.Path, "error", err)
	}
	w.Header().Set("Retry-After", "5")
	writeError(w, http.StatusServiceUnavailable, "unavailable", what+" does not answer: try again later")
}

// readJSON decodes the body of a request into value. If it cannot, it answers
// what is wrong and returns false.
func readJSON(w http.ResponseWriter, r *http.Request, value any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	err := decoder.Decode(value)
	if err == nil {
		if _, more := decoder.Token(); more == nil {
			err = errors.New("there is more after the document")
		} else if !errors.Is(more, io.EOF) {
			err = more
		}
	}
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return true
	case errors.As(err, &tooLarge):
		writeError(w, http.StatusRequestEntityTooLarge, "too-large", fmt.Sprintf("the body is too large: want at most %d bytes", maxBody))
	default:
		writeError(w, http.StatusBadRequest, "bad-json", "the body cannot be read: "+err.Error())
	}
	return false
}
