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

// large is the size in bytes from which a load balancer may refuse a request
// before anybody can say that it is maintenance.
const large = 900_000

// forGood are the answers to a report that the API itself gives, and would give
// again. Any other no may come from what is in front of it, and may pass.
var forGood = []int{http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity}

// keepUploading sends what is in the queue, oldest first and one at a time. So
// after a wait there is one request, and the others follow only if it succeeds.
func (a *app) keepUploading(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		oldest, ok := a.queue.oldest()
		if !ok {
			select {
			case <-ctx.Done():
			case <-a.written:
			}
			continue
		}
		if a.waits["upload"].pass(ctx) != nil {
			return
		}
		got, err := a.upload(ctx, oldest)
		var no refusal
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			failures = 0
			a.log.Info("sent", "number", oldest.Number, "id", oldest.ID, "status", got.status)
			a.leave(ctx, oldest, false)
		case a.noticed("upload", err):
			failures = 0
		case errors.As(err, &no) && slices.Contains(forGood, no.status):
			a.log.Error("refused, and put aside", "number", oldest.Number, "id", oldest.ID, "error", err)
			a.leave(ctx, oldest, true)
		default: // it stays in the queue, for as long as it takes
			a.log.Warn("not sent", "number", oldest.Number, "id", oldest.ID, "error", err.Error())
			sleep(ctx, backoff(failures))
			failures++
		}
	}
}

// leave takes an item out of the queue. Should the disk fail it is sent again,
// which does no harm.
func (a *app) leave(ctx context.Context, i item, refused bool) {
	if err := a.queue.done(i, refused); err != nil {
		a.log.Error("the queue cannot be changed", "error", err)
		sleep(ctx, time.Second)
	}
}

// upload sends an item. What is large is announced by a small request of the
// same kind, and an answer to it that may hide maintenance is looked into in the
// same way.
func (a *app) upload(ctx context.Context, i item) (answer, error) {
	if len(i.Body) >= large {
		if err := a.closed(ctx, i); err != nil {
			return answer{}, err
		}
	}
	got, err := a.do(ctx, request{method: i.Method, path: i.Path, body: i.Body, key: i.Key})
	if got.status == http.StatusRequestEntityTooLarge || got.status == http.StatusBadGateway {
		if closed := a.closed(ctx, i); closed != nil {
			return answer{}, closed
		}
	}
	var stored struct{ ID string }
	if err == nil && (json.Unmarshal(got.body, &stored) != nil || stored.ID != i.ID) {
		return answer{}, failure{errors.New("the answer is not about this report: is there a login page in front of the network?")}
	}
	return got, err
}

// closed is the maintenance that refuses what is sent like i, or nil. It asks
// with a document that has nothing in it, which the API turns away.
func (a *app) closed(ctx context.Context, i item) error {
	_, err := a.do(ctx, request{method: i.Method, path: i.Path, body: []byte("{}")})
	var is maintenance
	if errors.As(err, &is) {
		return is
	}
	return nil
}

// backoff is how long to leave a service alone that has failed so many times
// before: from one second to a minute, and up to half as much again.
func backoff(failures int) time.Duration {
	d := min(time.Second<<min(failures, 6), time.Minute)
	return d + rand.N(d/2)
}
