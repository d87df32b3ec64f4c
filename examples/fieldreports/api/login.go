package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// comparisons limits how many passwords are compared at once: each costs a
// processor a quarter of a second, and reports should not have to wait for them.
var comparisons = make(chan struct{}, max(1, runtime.NumCPU()/2))

// login creates a session. It returns it as a token or, for a browser, as a
// cookie that no script can read.
func (a api) login(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Name     string `json:"name"`
		Password string `json:"password"`
		Cookie   bool   `json:"cookie"`
	}
	if !readJSON(w, r, &request) {
		return
	}
	a.begin(w, r, request.Name, request.Password, request.Cookie)
}

// begin creates a session for the user with the name and password. It replaces
// the session that came with the request.
func (a api) begin(w http.ResponseWriter, r *http.Request, name, password string, inCookie bool) {
	u, ok := a.authenticate(w, r, name, password)
	if !ok {
		return
	}
	token, expires, err := a.db.sessions.newSession(r.Context(), u, time.Now())
	if err != nil {
		unavailable(w, r, a.log, err)
		return
	}
	for _, old := range tokensOf(r) {
		if err := a.db.sessions.endSession(r.Context(), old); err != nil {
			unavailable(w, r, a.log, err)
			return
		}
	}
	answer := struct {
		User      user      `json:"user"`
		Token     string    `json:"token,omitempty"`
		ExpiresAt time.Time `json:"expiresAt"`
	}{u, token, expires.UTC()}
	if inCookie {
		answer.Token = ""
		http.SetCookie(w, cookie(r, token, int(sessionTime.Seconds())))
	}
	writeJSON(w, http.StatusOK, answer)
}

// authenticate returns the user with the name and password. If there is none it
// answers the request. Neither the answer nor the time it takes reveals which
// names exist.
func (a api) authenticate(w http.ResponseWriter, r *http.Request, name, password string) (user, bool) {
	address := addressOf(r)
	key, known := name, nameForm.MatchString(name)
	if !known {
		key = "" // nobody has such a name
	}
	release, ok := a.guesses.take(r, key)
	if !ok { // the client is gone, or too many are waiting
		unavailable(w, r, a.log, context.Canceled)
		return user{}, false
	}
	defer release()
	if wait := a.guesses.wait(key, address, time.Now()); wait > 0 {
		a.log.WarnContext(r.Context(), "log-in refused: too many attempts", "name", key, "address", address, "wait", wait.Round(time.Second).String())
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		writeError(w, http.StatusTooManyRequests, "too-many-attempts", "too many attempts: try again later")
		return user{}, false
	}

	u := user{Name: name}
	if known { // the server could not even compare another password
		err := a.db.read(func(from *sql.DB) error {
			return from.QueryRowContext(r.Context(), "SELECT id, role, password_hash FROM users WHERE name = ?", name).Scan(&u.id, &u.Role, &u.passwordHash)
		})
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			unavailable(w, r, a.log, err)
			return user{}, false
		}
	}
	select {
	case comparisons <- struct{}{}:
	case <-client(r.Context()).Done():
		unavailable(w, r, a.log, context.Canceled)
		return user{}, false
	}
	matches := passwordMatches(u.passwordHash, password)
	<-comparisons
	if !matches {
		a.guesses.failed(key, address, time.Now())
		a.log.WarnContext(r.Context(), "log-in failed", "name", key, "address", address)
		writeError(w, http.StatusUnauthorized, "wrong-password", "no account has this name and password")
		return user{}, false
	}
	a.guesses.succeeded(key, address)
	return u, true
}

// session answers who is logged in. Maintenance refuses it: a site calls it to
// find out whether it is closed.
//
// With a name and password in Authorization: Basic it first logs a browser in:
// read-only maintenance lets only reads through.
func (a api) session(w http.ResponseWriter, r *http.Request) {
	if name, password, ok := r.BasicAuth(); ok && r.Method == http.MethodGet {
		a.begin(w, r, name, password, true)
		return
	}
	a.user(func(w http.ResponseWriter, _ *http.Request, u user) {
		writeJSON(w, http.StatusOK, map[string]user{"user": u})
	})(w, r)
}

func (a api) logout(w http.ResponseWriter, r *http.Request, _ user) {
	for _, token := range tokensOf(r) {
		if err := a.db.sessions.endSession(r.Context(), token); err != nil {
			unavailable(w, r, a.log, err)
			return
		}
	}
	http.SetCookie(w, cookie(r, "", -1))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

// cookie returns a cookie that carries token for the given number of seconds. It
// is sent only over https, unless the page itself came over http, as on a
// developer's machine. The request does not show it: TLS ends before the API. A
// GET has no Origin, only a Referer.
func cookie(r *http.Request, token string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name:     cookieName,
		Value:    token,
		Path:     "/api/",
		MaxAge:   seconds,
		HttpOnly: true,
		Secure:   !strings.HasPrefix(cmp.Or(r.Header.Get("Origin"), r.Referer()), "http://"),
		SameSite: http.SameSiteStrictMode,
	}
}
