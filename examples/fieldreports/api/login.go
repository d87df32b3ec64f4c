package main

import (
	"database/sql"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// comparisons bounds how many passwords are compared at once: each costs a
// processor some 50 ms, and reports should not have to wait for them.
var comparisons = make(chan struct{}, max(1, runtime.NumCPU()/2))

// nobody is the hash that the password of a name without account is compared
// with, so that the time taken does not tell which names exist.
const nobody = "$2a$10$whC6IbjlFnEZpitDNp1yWOIJJTuV2cdIyxCHP.ujjo4P.ram.jZ6O"

// login makes a session: as a token, or, for a browser, as a cookie that no
// script can read.
func (a api) login(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Name     string `json:"name"`
		Password string `json:"password"`
		Cookie   bool   `json:"cookie"`
	}
	if !readJSON(w, r, &request) {
		return
	}
	u := user{Name: request.Name}
	passwordHash := nobody
	err := a.db.reader.QueryRowContext(r.Context(), "SELECT id, role, password_hash FROM users WHERE name = ?", request.Name).Scan(&u.id, &u.Role, &passwordHash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		unavailable(w, r, a.log, err)
		return
	}
	select {
	case comparisons <- struct{}{}:
	case <-r.Context().Done():
		unavailable(w, r, a.log, r.Context().Err())
		return
	}
	wrong := bcrypt.CompareHashAndPassword([]byte(passwordHash), []byte(request.Password))
	<-comparisons
	if wrong != nil || u.id == 0 {
		writeError(w, http.StatusUnauthorized, "wrong-password", "no account has this name and password")
		return
	}

	token, expires, err := a.db.newSession(r.Context(), u, time.Now())
	if err != nil {
		unavailable(w, r, a.log, err)
		return
	}
	if request.Cookie { // the browser's next session takes the place of its last
		for _, old := range cookieTokens(r) {
			if err := a.db.endSession(r.Context(), old); err != nil {
				unavailable(w, r, a.log, err)
				return
			}
		}
	}
	answer := struct {
		User      user      `json:"user"`
		Token     string    `json:"token,omitempty"`
		ExpiresAt time.Time `json:"expiresAt"`
	}{u, token, expires.UTC()}
	if request.Cookie {
		answer.Token = ""
		http.SetCookie(w, cookie(r, token, int(sessionTime.Seconds())))
	}
	writeJSON(w, http.StatusOK, answer)
}

// session says who has logged in. Maintenance refuses it: it is what a site asks
// to find out whether it is closed.
func (a api) session(w http.ResponseWriter, _ *http.Request, u user) {
	writeJSON(w, http.StatusOK, map[string]user{"user": u})
}

func (a api) logout(w http.ResponseWriter, r *http.Request, _ user) {
	for _, token := range tokensOf(r) {
		if err := a.db.endSession(r.Context(), token); err != nil {
			unavailable(w, r, a.log, err)
			return
		}
	}
	http.SetCookie(w, cookie(r, "", -1))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

// cookie carries token, for seconds. It goes over https alone, unless the page
// itself has come over http, as on a developer's machine. The request does not
// say: TLS ends before the API.
func cookie(r *http.Request, token string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name:     cookieName,
		Value:    token,
		Path:     "/api/",
		MaxAge:   seconds,
		HttpOnly: true,
		Secure:   !strings.HasPrefix(r.Header.Get("Origin"), "http://"),
		SameSite: http.SameSiteStrictMode,
	}
}
