package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// requestTime is how long a request may take, the database included. Statements
// end at the server before it.
const requestTime = 15 * time.Second

// An api is what the handlers need.
type api struct {
	db      pools
	origins origins // of sites on other origins than the API
	log     *slog.Logger
	guesses *guesses
	ready   *readiness
}

func newAPI(db pools, allowed origins, log *slog.Logger) api {
	return api{db, allowed, log, newGuesses(), &readiness{}}
}

// routes returns the API: every path it answers.
func (a api) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", a.health)
	mux.HandleFunc("POST /api/login", a.login)
	mux.HandleFunc("GET /api/session", a.session)
	mux.HandleFunc("POST /api/logout", a.user(a.logout))
	mux.HandleFunc("GET /api/templates", a.user(a.listTemplates))
	mux.HandleFunc("GET /api/templates/{id}", a.user(a.getTemplate))
	mux.HandleFunc("GET /api/files/{path...}", a.user(a.getFile))
	mux.HandleFunc("GET /api/reports", a.user(a.aside(a.listReports)))
	mux.HandleFunc("POST /api/reports", a.user(a.aside(a.postReport)))
	mux.HandleFunc("GET /api/reports/{id}", a.user(a.aside(a.getReport)))
	mux.HandleFunc("/", notFound)
	return a.origins.guard(bounded(mux))
}

func notFound(w http.ResponseWriter, r *http.Request) {
	writeError(w, http.StatusNotFound, "not-found", "no such resource: "+r.Method+" "+r.URL.Path)
}

// bounded gives every request requestTime, also if the client leaves: what runs
// at the server holds its connection until it ends, so that clients who come and
// go cannot make more of them than a pool has.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(context.WithoutCancel(r.Context()), clientKey{}, r.Context())
		ctx, cancel := context.WithTimeout(ctx, requestTime)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

type clientKey struct{}

// client ends when who has sent the request leaves. It is for what has not begun
// at the server yet.
func client(ctx context.Context) context.Context {
	if client, ok := ctx.Value(clientKey{}).(context.Context); ok {
		return client
	}
	return ctx
}

// aside leaves some connections to the other requests. Reports is the table that
// grows, and that schema changes lock.
func (a api) aside(next func(http.ResponseWriter, *http.Request, user)) func(http.ResponseWriter, *http.Request, user) {
	return func(w http.ResponseWriter, r *http.Request, u user) {
		release, err := a.db.share.take(r.Context())
		if err != nil {
			unavailable(w, r, a.log, err)
			return
		}
		defer release()
		next(w, r, u)
	}
}
