package main

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// routes is the API: every path it answers.
func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", health)
	mux.HandleFunc("/", notFound)
	return mux
}

// health says that the process answers. It does not ask the database: with the
// database slow or away, that would take every task out of service at once.
func health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

func notFound(w http.ResponseWriter, r *http.Request) {
	writeError(w, http.StatusNotFound, "not-found", "no such resource: "+r.Method+" "+r.URL.Path)
}

// apiError is a JSON:API error object.
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

// writeJSON answers status with body. Nothing of the API is cached.
func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) // the client may be gone: nothing to do
}
