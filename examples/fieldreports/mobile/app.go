package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// The settings are what the user of the app has chosen.
type settings struct {
	api, name, password, folder, language string

	reports     int // to write, 0 without end
	every, sync time.Duration
}

// An app is one installation: what it knows is in its folder.
type app struct {
	settings
	client  client
	queue   *queue
	log     *slog.Logger
	waits   map[string]*wait // by what waits: login, upload, sync
	token   atomic.Pointer[string]
	login   sync.Mutex
	written chan struct{} // a report was queued
}

func open(s settings, log *slog.Logger) (*app, error) {
	q, err := openQueue(filepath.Join(s.folder, "queue"), filepath.Join(s.folder, "reports"), log)
	if err != nil {
		return nil, err
	}
	a := &app{
		settings: s, queue: q, log: log,
		client:  client{api: s.api, language: s.language},
		waits:   map[string]*wait{},
		written: make(chan struct{}, 1),
	}
	for _, what := range []string{"login", "upload", "sync"} {
		w := openWait(filepath.Join(s.folder, "wait-"+what+".json"))
		if left := w.left(); left > 0 {
			log.Info("maintenance, as before the restart", "what", what, "queued", q.len(), "again", time.Now().Add(left).Format(time.RFC3339))
		}
		a.waits[what] = w
	}
	session, err := os.ReadFile(a.sessionFile())
	if err == nil {
		a.token.Store(new(string(session)))
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return a, nil
}

func (a *app) sessionFile() string { return filepath.Join(a.folder, "session") }

// run writes, uploads and syncs side by side until ctx ends, or everything that
// was to be written has been sent.
func (a *app) run(ctx context.Context) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	var group sync.WaitGroup
	group.Go(func() { a.keepSynced(ctx) })
	group.Go(func() { a.keepUploading(ctx) })
	err := a.write(ctx)
	if err == nil && a.reports > 0 {
		for a.queue.len() > 0 && ctx.Err() == nil {
			sleep(ctx, 50*time.Millisecond)
		}
	}
	if a.reports > 0 || err != nil {
		end()
	}
	group.Wait()
	return err
}

// write is the user, who writes a report now and then, whatever the network is
// doing. A report is said to be written when it is safe on disk.
func (a *app) write(ctx context.Context) error {
	if a.every == 0 {
		<-ctx.Done()
	}
	for n := 0; (a.reports == 0 || n < a.reports) && ctx.Err() == nil; n++ {
		number := a.queue.next()
		id := uuid()
		body, err := json.Marshal(map[string]any{
			"id":        id,
			"template":  "site-handover",
			"title":     fmt.Sprintf("%s, report %d", filepath.Base(a.folder), number),
			"text":      "Barriers and signs are up.",
			"writtenAt": time.Now().UTC().Truncate(time.Millisecond),
		})
		if err != nil {
			return err
		}
		if err := a.queue.add(item{Number: number, ID: id, Key: uuid(), Method: "POST", Path: "/api/reports", Body: body}); err != nil {
			return fmt.Errorf("writing a report: %w", err) // the disk is full: the user has to know
		}
		a.log.Info("written", "number", number, "id", id)
		select {
		case a.written <- struct{}{}:
		default:
		}
		sleep(ctx, a.every)
	}
	return nil
}

// session is a token, for which the app logs in if it has none, or none but
// stale, which the API has just refused. A token is never given up for less than
// a new one.
func (a *app) session(ctx context.Context, stale string) (string, error) {
	a.login.Lock()
	defer a.login.Unlock()
	if token := a.token.Load(); token != nil && *token != stale {
		return *token, nil
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
		return "", fmt.Errorf("logging in: %w", err)
	}
	var session struct{ Token string }
	if err := json.Unmarshal(answer.body, &session); err != nil || session.Token == "" {
		return "", failure{errors.New("logging in: the answer has no token")}
	}
	if err := save(a.sessionFile(), []byte(session.Token)); err != nil {
		return "", err
	}
	a.token.Store(&session.Token)
	a.log.Info("logged in", "name", a.name)
	return session.Token, nil
}

// do sends a request in the session. If the API no longer knows the session, it
// logs in again and sends it once more.
func (a *app) do(ctx context.Context, r request) (answer, error) {
	token, err := a.session(ctx, "")
	if err != nil {
		return answer{}, err
	}
	r.token = token
	got, err := a.client.do(ctx, r)
	var no refusal
	if errors.As(err, &no) && no.status == 401 {
		a.log.Warn("session refused", "path", r.path)
		if r.token, err = a.session(ctx, token); err != nil {
			return answer{}, err
		}
		return a.client.do(ctx, r)
	}
	return got, err
}

// noticed keeps the wait that maintenance asks for, and shows the user its
// message. It says whether err was maintenance.
func (a *app) noticed(what string, err error) bool {
	var closed maintenance
	if !errors.As(err, &closed) {
		return false
	}
	w := a.waits[what]
	until, saved := w.set(closed.retryAfter)
	if saved != nil {
		a.log.Error("the wait is not kept over a restart", "error", saved)
	}
	attributes := []any{"what", what, "message", closed.message, "retryAfter", closed.retryAfter.Seconds(), "again", until.Format(time.RFC3339)}
	if !closed.until.IsZero() {
		attributes = append(attributes, "expectedEnd", closed.until.Local().Format(time.RFC1123))
	}
	a.log.Info("maintenance", attributes...)
	return true
}

// sleep sleeps for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// uuid is a random UUID.
func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
