package main

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"
)

const (
	// large is the size in bytes from which a load balancer may refuse a request
	// before the responder can say that it is maintenance.
	large = 900_000

	// patience is how many attempts in a row may fail before a later report is
	// tried: the order is kept over a short failure, and nothing blocks for ever.
	patience = 3
)

// forGood are the statuses with which the API itself refuses a report, and would
// refuse it again. Any other refusal may come from something in front of the API,
// and may pass.
var forGood = []int{http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity}

// The attempts are the state of sending an item so far.
type attempts struct {
	failed  int
	setBack int       // how often others were let past
	due     time.Time // not before
	openTo  bool      // answered 413, and then an open answer to a small request
}

// An uploader sends the items of the queue, one at a time.
type uploader struct {
	*app
	tries    map[int]*attempts // by number
	failures int               // in a row
	last     int               // the number that was tried last
}

// keepUploading sends the queue, the oldest item first. So after a wait there is
// one request, and the others follow only if it succeeds.
func (a *app) keepUploading(ctx context.Context) {
	u := &uploader{app: a, tries: map[int]*attempts{}}
	for ctx.Err() == nil {
		next, pause := u.next(time.Now())
		if pause > 0 {
			select {
			case <-ctx.Done():
			case <-a.written:
			case <-time.After(pause):
			}
			continue
		}
		if a.waits["upload"].pass(ctx) != nil {
			return
		}
		u.send(ctx, next)
	}
}

// next returns the item to send now, or how long to wait before looking again.
func (u *uploader) next(now time.Time) (item, time.Duration) {
	pause := longestWait
	var due []item
	for _, i := range u.queue.all() {
		if i.User != u.name && !u.sessions.usable(i.User) {
			continue // until its author logs in
		}
		if left := u.tried(i).due.Sub(now); left > 0 {
			pause = min(pause, left)
			continue
		}
		due = append(due, i)
	}
	if len(due) == 0 {
		return item{}, pause
	}
	if u.failures >= patience { // is the fault in the oldest item or in the service?
		for _, i := range due {
			if i.Number > u.last {
				return i, 0
			}
		}
	}
	return due[0], 0
}

func (u *uploader) tried(i item) *attempts {
	if u.tries[i.Number] == nil {
		u.tries[i.Number] = &attempts{}
	}
	return u.tries[i.Number]
}

// send sends an item, and handles the answer.
func (u *uploader) send(ctx context.Context, i item) {
	u.last = i.Number
	got, err := u.upload(ctx, i)
	var no refusal
	refused := errors.As(err, &no)
	if refused && no.status != http.StatusConflict && slices.Contains(forGood, no.status) && !i.Clocked {
		if body, ok := u.clock.correct(i.Body); ok {
			i.Body, i.Clocked = body, true
			u.log.Warn("refused, and sent again with the time of the service", "number", i.Number, "id", i.ID)
			if err := u.queue.replace(i); err != nil {
				u.log.Error("the corrected time is not kept over a restart", "error", err)
			}
			got, err = u.upload(ctx, i)
			refused = errors.As(err, &no)
		}
	}
	switch {
	case ctx.Err() != nil:
	case err == nil:
		u.failures = 0
		u.log.Info("sent", "number", i.Number, "id", i.ID, "user", i.User, "status", got.status)
		u.leave(i, false)
	case u.noticed("upload", err):
		u.failures = 0
	case refused && (slices.Contains(forGood, no.status) || no.status == http.StatusRequestEntityTooLarge):
		u.failures = 0
		u.log.Error("refused, and put aside", "number", i.Number, "id", i.ID, "error", err)
		u.leave(i, true)
	default: // it stays in the queue, for as long as it takes
		u.failed(ctx, i, err)
	}
}

// failed lets other items go first if only this one fails, and then pauses.
func (u *uploader) failed(ctx context.Context, i item, err error) {
	t := u.tried(i)
	t.failed++
	var no refusal
	var failed failure
	asked := time.Duration(0)
	if errors.As(err, &failed) {
		asked = failed.retryAfter
	}
	others := u.failures == 0 && t.failed > patience // others were sent since it failed
	if errors.As(err, &no) || others || asked > 0 {
		t.due = time.Now().Add(max(u.backoff(t.setBack), asked))
		t.setBack++
	}
	u.log.Warn("not sent", "number", i.Number, "id", i.ID, "user", i.User, "attempts", t.failed, "error", err.Error())
	sleep(ctx, u.backoff(u.failures))
	u.failures++
}

// leave removes an item from the queue.
func (u *uploader) leave(i item, refused bool) {
	delete(u.tries, i.Number)
	if err := u.queue.done(i, refused); err != nil {
		u.log.Error("the file of a report that has left the queue cannot be moved: it is sent again after a restart, and recognised", "number", i.Number, "error", err)
	}
}

// upload sends an item. It first announces a large item with a small request of
// the same kind, and does the same if an answer may hide maintenance.
func (u *uploader) upload(ctx context.Context, i item) (answer, error) {
	if len(i.Body) >= large {
		if err := u.closed(ctx, i); errors.As(err, new(maintenance)) {
			return answer{}, err
		}
	}
	got, err := u.doAs(ctx, i.User, request{method: i.Method, path: i.Path, body: i.Body, key: i.Key})
	switch got.status {
	case http.StatusBadGateway:
		if closed := u.closed(ctx, i); errors.As(closed, new(maintenance)) {
			return answer{}, closed
		}
	case http.StatusRequestEntityTooLarge:
		// It is final only if it is repeated after an open answer: while it is
		// closed, the load balancer answers the same to a large request.
		if closed := u.closed(ctx, i); closed != nil {
			return answer{}, closed
		}
		if t := u.tried(i); !t.openTo {
			t.openTo = true
			return answer{}, failure{error: errors.New("answered 413, and a small request was not: it is tried again")}
		}
	}
	var stored struct{ ID string }
	if err == nil && (json.Unmarshal(got.body, &stored) != nil || stored.ID != i.ID) {
		return answer{}, failure{error: errors.New("the answer is not about this report: is there a login page in front of the network?")}
	}
	return got, err
}

// closed asks whether maintenance refuses requests like i. It sends an empty
// document, which the API rejects. It returns the maintenance, nil if the API
// itself has answered, or a failure if it is not known.
func (u *uploader) closed(ctx context.Context, i item) error {
	_, err := u.doAs(ctx, i.User, request{method: i.Method, path: i.Path, body: []byte("{}")})
	var no refusal
	if errors.As(err, &no) && slices.Contains(forGood, no.status) {
		return nil
	}
	if errors.As(err, new(maintenance)) {
		return err
	}
	if err == nil {
		err = errors.New("what has nothing in it was taken: is there a login page in front of the network?")
	}
	return failure{error: errors.New("the answer may hide maintenance, and asking has failed: " + err.Error())} // no refusal of i
}

// backoff returns how long to wait after the given number of failures: from the
// pace to a minute, plus up to half as much again.
func (a *app) backoff(failures int) time.Duration {
	d := min(a.pace<<min(failures, 6), time.Minute)
	return d + rand.N(d/2)
}
