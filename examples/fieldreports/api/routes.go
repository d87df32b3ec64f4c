package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// requestTime is how long a request may take, including the database. Statements
// end at the server before that.
const requestTime = 15 * time.Second

// An api has what the handlers need.
type api struct {
	db      pools
	origins origins // of sites on other origins than the API's
	log     *slog.Logger
	guesses *guesses
	ready   *readiness
}

func newAPI(db pools, allowed origins, log *slog.Logger) api {
	return api{db, allowed, log, newGuesses(), &readiness{}}
}

// routes returns the API's handler for all its paths.
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

// bounded gives every request requestTime, even if the client leaves: a statement
// holds its connection until it ends, so clients that come and go cannot cause
// more statements than a pool has connections.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(context.WithoutCancel(r.Context()), clientKey{}, r.Context())
		ctx, cancel := context.WithTimeout(ctx, requestTime)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

type clientKey struct{}

// client returns a context that ends when the client leaves. It is for what has
// not yet begun at the server.
func client(ctx context.Context) context.Context {
	if client, ok := ctx.Value(clientKey{}).(context.Context); ok {
		return client
	}
	return ctx
}

// aside leaves some connections to the other requests. The table of reports
// grows, and schema changes lock it.
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
