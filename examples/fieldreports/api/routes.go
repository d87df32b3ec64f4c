package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// requestTime is how long a request may take, the database included. A lock that
// a schema change holds for longer than this is a 503.
const requestTime = 15 * time.Second

// An api is what the handlers need.
type api struct {
	db      pools
	origins origins // of sites on other origins than the API
	log     *slog.Logger
}

// routes is the API: every path it answers.
func (a api) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", health)
	mux.HandleFunc("POST /api/login", a.login)
	mux.HandleFunc("GET /api/session", a.user(a.session))
	mux.HandleFunc("POST /api/logout", a.user(a.logout))
	mux.HandleFunc("GET /api/templates", a.user(a.listTemplates))
	mux.HandleFunc("GET /api/templates/{id}", a.user(a.getTemplate))
	mux.HandleFunc("GET /api/files/{path...}", a.user(a.getFile))
	mux.HandleFunc("GET /api/reports", a.user(a.listReports))
	mux.HandleFunc("POST /api/reports", a.user(a.postReport))
	mux.HandleFunc("GET /api/reports/{id}", a.user(a.getReport))
	mux.HandleFunc("/", notFound)
	return a.origins.guard(bounded(mux))
}

// health says that the process answers. It does not ask the database: with the
// database slow or away, that would take every task out of service at once.
func health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

func notFound(w http.ResponseWriter, r *http.Request) {
	writeError(w, http.StatusNotFound, "not-found", "no such resource: "+r.Method+" "+r.URL.Path)
}

// bounded gives every request requestTime.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), requestTime)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
