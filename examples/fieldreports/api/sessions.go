package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"
)

const (
	// sessionTime is how long a session lasts. Crews are away for weeks.
	sessionTime = 90 * 24 * time.Hour

	// cookieName is the cookie that carries a token for a browser.
	cookieName = "fieldreports-session"
)

// A user is a person who has logged in.
type user struct {
	id   int64
	Name string `json:"name"`
	Role string `json:"role"` // manager: sees all reports; field: only their own

	passwordHash string // used when logging in
}

// Rows are sessions in the database: a new release, another task or maintenance
// does not end any. Each statement is its own transaction, so that no lock
// outlasts it. Logging in works while engineers change tables.
type rows struct{ pools }

func (p rows) newSession(ctx context.Context, u user, now time.Time) (token string, expires time.Time, err error) {
	token, expires = rand.Text(), now.Add(sessionTime)
	_, err = p.writer.ExecContext(ctx, "INSERT INTO sessions (token_hash, user_id, expires_at) VALUES (?, ?, ?)", hash(token), u.id, expires)
	if err == nil { // what cannot be cleared now is cleared next time
		_, _ = p.writer.ExecContext(ctx, "DELETE FROM sessions WHERE user_id = ? AND expires_at < ?", u.id, now)
	}
	return token, expires, err
}

func (p rows) sessionUser(ctx context.Context, token string, now time.Time) (u user, err error) {
	const query = `SELECT users.id, users.name, users.role FROM sessions JOIN users ON users.id = sessions.user_id
		WHERE sessions.token_hash = ? AND sessions.expires_at > ?`
	err = p.read(func(from *sql.DB) error {
		return from.QueryRowContext(ctx, query, hash(token), now).Scan(&u.id, &u.Name, &u.Role)
	})
	if errors.Is(err, sql.ErrNoRows) && p.reader != p.writer { // the reader may not have it yet
		err = p.writer.QueryRowContext(ctx, query, hash(token), now).Scan(&u.id, &u.Name, &u.Role)
	}
	return u, err
}

// usable and close do nothing: the pools are checked and closed elsewhere.
func (p rows) usable(context.Context) error { return nil }

func (p rows) close() {}

func (p rows) endSession(ctx context.Context, token string) error {
	_, err := p.writer.ExecContext(ctx, "DELETE FROM sessions WHERE token_hash = ?", hash(token))
	return err
}

// hash returns the stored form of a token. A token is random: it needs no salt.
func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// mostTokens is the maximum number of cookies of one request that are looked up:
// a browser sends one of ours, and any that other applications of the domain have
// set.
const mostTokens = 5

// tokensOf returns the tokens that a request carries: an app's in a header, a
// browser's in a cookie. There may be several cookies of the name, since any
// application of the domain can set one.
func tokensOf(r *http.Request) []string {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return []string{token}
	}
	return cookieTokens(r)
}

func cookieTokens(r *http.Request) (tokens []string) {
	for _, cookie := range r.CookiesNamed(cookieName) {
		if cookie.Value != "" && len(tokens) < mostTokens {
			tokens = append(tokens, cookie.Value)
		}
	}
	return tokens
}

// user lets only requests with a session through to next.
func (a api) user(next func(w http.ResponseWriter, r *http.Request, u user)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		u, err := user{}, sql.ErrNoRows
		for _, token := range tokensOf(r) {
			if u, err = a.db.sessions.sessionUser(r.Context(), token, time.Now()); !errors.Is(err, sql.ErrNoRows) {
				break
			}
		}
		switch {
		case errors.Is(err, sql.ErrNoRows):
			w.Header().Set("WWW-Authenticate", "Bearer")
			writeError(w, http.StatusUnauthorized, "no-session", "log in first")
		case err != nil:
			unavailable(w, r, a.log, err)
		default:
			next(w, r, u)
		}
	}
}
