package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// The sessions are the tokens of everybody who has used the app, by name. A token
// is only replaced by a new one, and never used for a report of someone else.
type sessions struct {
	folder  string
	mu      sync.Mutex
	tokens  map[string]string
	refused map[string]string // the last token of each that the API refused
}

// openSessions reads the sessions as the last process left them. It puts aside a
// file that cannot be read, and its owner logs in again.
func (a *app) openSessions() {
	a.sessions = sessions{folder: a.folder, tokens: map[string]string{}, refused: map[string]string{}}
	names := map[string]bool{a.name: true, "": true}
	for _, i := range a.queue.all() {
		names[i.User] = true
	}
	for name := range names {
		file := a.sessions.file(name)
		content, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		token := strings.TrimSpace(string(content))
		if err == nil && isToken(token) {
			a.sessions.tokens[name] = token
			continue
		}
		a.log.Error("a session is damaged, and put aside", "file", file, "error", err)
		if err := moveAside(file, file+"-damaged"); err != nil {
			a.log.Error("a damaged file cannot be put aside", "file", file, "error", err)
		}
	}
}

// isToken reports whether text can be sent in a header.
func isToken(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' })
}

// file returns the path of the token of name. Apps from before users had names
// had one file.
func (s *sessions) file(name string) string {
	if name == "" {
		return filepath.Join(s.folder, "session")
	}
	return filepath.Join(userFolder(s.folder, name), "session")
}

// userFolder returns the folder of what belongs to one user alone.
func userFolder(folder, name string) string {
	return filepath.Join(folder, "users", strings.ReplaceAll(url.PathEscape(name), ".", "%2E"))
}

func (s *sessions) token(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens[name]
}

// usable reports whether there is a token of name that the API has not refused.
func (s *sessions) usable(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := s.tokens[name]
	return token != "" && token != s.refused[name]
}

func (s *sessions) refuse(name, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[name] = token
}

// set stores a new token, in memory even if the disk is full.
func (s *sessions) set(name, token string) error {
	s.mu.Lock()
	s.tokens[name] = token
	s.mu.Unlock()
	return save(s.file(name), []byte(token))
}

// session returns a token of the user. The app logs in if it has no token, or
// only stale, which the API has just refused.
func (a *app) session(ctx context.Context, stale string) (string, error) {
	a.login.Lock()
	defer a.login.Unlock()
	if token := a.sessions.token(a.name); token != "" && token != stale {
		return token, nil
	}
	if err := a.waits["login"].pass(ctx); err != nil {
		return "", err
	}
	body, err := json.Marshal(map[string]string{"name": a.name, "password": a.password})
	if err != nil {
		return "", err
	}
	answer, err := a.client.do(ctx, request{method: "POST", path: "/api/login", body: body})
	if err != nil {
		a.noticed("login", err)
		if errors.As(err, new(refusal)) { // of the login, not of the request that needs it
			return "", failure{error: errors.New("logging in: " + err.Error())}
		}
		return "", fmt.Errorf("logging in: %w", err)
	}
	var session struct{ Token string }
	if err := json.Unmarshal(answer.body, &session); err != nil || !isToken(session.Token) {
		return "", failure{error: errors.New("logging in: the answer has no token")}
	}
	if err := a.sessions.set(a.name, session.Token); err != nil {
		a.log.Error("the session is not kept over a restart", "error", err)
	}
	a.log.Info("logged in", "name", a.name)
	return session.Token, nil
}

// do sends a request in the user's session. If the API no longer knows the
// session, it logs in again and sends the request once more.
func (a *app) do(ctx context.Context, r request) (answer, error) {
	token, err := a.session(ctx, "")
	if err != nil {
		return answer{}, err
	}
	r.token = token
	got, err := a.client.do(ctx, r)
	if unknownSession(err) {
		a.log.Warn("session refused", "path", r.path)
		if r.token, err = a.session(ctx, token); err != nil {
			return answer{}, err
		}
		return a.client.do(ctx, r)
	}
	return got, err
}

// doAs sends a request as name, who need not be the current user. The app knows
// only the current user's password: without a session of name it sends nothing.
func (a *app) doAs(ctx context.Context, name string, r request) (answer, error) {
	if name == a.name {
		return a.do(ctx, r)
	}
	r.token = a.sessions.token(name)
	if r.token == "" {
		return answer{}, failure{error: fmt.Errorf("it waits until %q logs in", name)}
	}
	got, err := a.client.do(ctx, r)
	if unknownSession(err) {
		a.log.Warn("session refused, and its reports wait until its owner logs in", "name", name)
		a.sessions.refuse(name, r.token)
	}
	return got, err
}

func unknownSession(err error) bool {
	var no refusal
	return errors.As(err, &no) && no.status == 401
}
