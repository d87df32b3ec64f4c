package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// The settings are what the user of the app has chosen.
type settings struct {
	api, name, password, folder, language string

	reports     int // to write; 0 means no limit
	every, sync time.Duration
	pace        time.Duration // between two failed attempts, at first
}

// An app is one installation: its state is in its folder, which it shares with no
// other process.
type app struct {
	settings
	client   client
	clock    *clock
	queue    *queue
	sessions sessions
	log      *slog.Logger
	lock     *os.File
	waits    map[string]*wait // by what is waiting: login, upload, sync
	login    sync.Mutex
	written  chan struct{} // a report was queued
}

func open(s settings, log *slog.Logger) (*app, error) {
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return nil, err
	}
	lock, err := lockFolder(s.folder)
	if err != nil {
		return nil, err
	}
	q, err := openQueue(filepath.Join(s.folder, "queue"), filepath.Join(s.folder, "reports"), log)
	if err != nil {
		_ = lock.Close()
		return nil, err
	}
	phone := &clock{}
	a := &app{
		settings: s, queue: q, log: log, lock: lock, clock: phone,
		client:  client{api: s.api, language: s.language, clock: phone},
		waits:   map[string]*wait{},
		written: make(chan struct{}, 1),
	}
	a.openSessions()
	for _, what := range []string{"login", "upload", "sync"} {
		w := openWait(filepath.Join(s.folder, "wait-"+what+".json"))
		if left := w.left(); left > 0 {
			log.Info("maintenance, as before the restart", "what", what, "queued", len(q.all()), "again", time.Now().Add(left).Format(time.RFC3339))
		}
		a.waits[what] = w
	}
	for _, i := range q.all() {
		if i.User != s.name && !a.sessions.usable(i.User) {
			log.Warn("a report waits until its author logs in", "number", i.Number, "id", i.ID, "user", i.User)
		}
	}
	return a, nil
}

// close lets another process use the folder.
func (a *app) close() { _ = a.lock.Close() }

// run writes, uploads and syncs concurrently until ctx ends, or until every
// report that should be written has been sent.
func (a *app) run(ctx context.Context) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	var group sync.WaitGroup
	group.Go(func() { a.keepSynced(ctx) })
	group.Go(func() { a.keepUploading(ctx) })
	group.Go(func() { a.keepInformed(ctx) })
	err := a.write(ctx)
	if err == nil && a.reports > 0 {
		for a.queue.len(a.name) > 0 && ctx.Err() == nil {
			sleep(ctx, 50*time.Millisecond)
		}
	}
	if a.reports > 0 || err != nil {
		end()
	}
	group.Wait()
	return err
}

// write acts as the user, who writes a report now and then, whatever the network
// does. It says that a report is written once it is safe on disk. If the disk is
// full the user is told, and saves the same report again.
func (a *app) write(ctx context.Context) error {
	if a.every == 0 {
		<-ctx.Done()
	}
	for n := 0; (a.reports == 0 || n < a.reports) && ctx.Err() == nil; n++ {
		i, err := a.compose(a.queue.next())
		if err != nil {
			return err
		}
		for err = a.queue.add(i); err != nil && ctx.Err() == nil; err = a.queue.add(i) {
			a.log.Error("not written: the report is not safe", "number", i.Number, "error", err)
			sleep(ctx, max(a.every, time.Second))
		}
		if err != nil {
			return nil
		}
		a.log.Info("written", "number", i.Number, "id", i.ID)
		select {
		case a.written <- struct{}{}:
		default:
		}
		sleep(ctx, a.every)
	}
	return nil
}

// compose returns a report of the user, with the number n.
func (a *app) compose(n int) (item, error) {
	id := uuid()
	now, clocked := a.clock.now()
	body, err := json.Marshal(map[string]any{
		"id":        id,
		"author":    a.name,
		"template":  "site-handover",
		"title":     fmt.Sprintf("%s, report %d", filepath.Base(a.folder), n),
		"text":      "Barriers and signs are up.",
		"writtenAt": now.UTC().Truncate(time.Millisecond),
	})
	return item{Number: n, User: a.name, ID: id, Key: uuid(), Method: "POST", Path: "/api/reports", Body: body, Clocked: clocked}, err
}

// noticed records the wait that maintenance asks for, and shows the user its
// message. It reports whether err was maintenance.
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

// uuid returns a random UUID.
func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
