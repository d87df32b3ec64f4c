package monitors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// provider makes downtimes at a service.
type provider interface {
	// find returns the downtimes of the switch that are current or planned.
	find(context.Context, window) ([]found, error)

	begin(context.Context, window) error
	extend(context.Context, found, window) error
	end(context.Context, found, window) error
}

// asideError is an error in an additional task. What was asked for is done.
type asideError struct{ error }

func (e *asideError) Unwrap() error { return e.error }

// try retries temporary failures while there is time for another attempt.
func (m *Monitors) try(ctx context.Context, do func(context.Context) error) error {
	for pause := m.pause; ; pause *= 2 {
		err := do(ctx)
		f, ok := errors.AsType[*failure](err)
		if !ok || !f.again {
			return err
		}
		wait := max(pause, f.after)
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}

// begin makes a downtime, or extends the one that the switch has.
func (m *Monitors) begin(ctx context.Context, p provider, since, until time.Time) error {
	return m.try(ctx, func(ctx context.Context) error {
		w := m.settings.window(since, until, m.now())
		all, err := p.find(ctx, w)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return p.begin(ctx, w)
		}
		return extend(ctx, p, all, w)
	})
}

// keep extends the downtime that the switch has, if any.
func (m *Monitors) keep(ctx context.Context, p provider) error {
	return m.try(ctx, func(ctx context.Context) error {
		w := m.settings.window(m.now(), time.Time{}, m.now())
		all, err := p.find(ctx, w)
		if err != nil || len(all) == 0 {
			return err
		}
		return extend(ctx, p, all, w)
	})
}

// extend extends the downtime that lasts longest, if it is due.
func extend(ctx context.Context, p provider, all []found, w window) error {
	longest := last(all)
	if !longest.end.IsZero() && longest.end.Sub(w.Start) >= renew {
		return nil
	}
	err := p.extend(ctx, longest, w)
	if gone(err) { // it has ended meanwhile
		return p.begin(ctx, w)
	}
	return err
}

// end ends the downtimes that began no later than a time, and checks that they
// have ended.
func (m *Monitors) end(ctx context.Context, p provider, until time.Time) error {
	var aside error
	err := m.try(ctx, func(ctx context.Context) error {
		w := m.settings.window(m.now(), time.Time{}, m.now())
		old := func() ([]found, error) {
			all, err := p.find(ctx, w)
			return slices.DeleteFunc(all, func(f found) bool { return f.since.After(until) }), err
		}
		all, err := old()
		if err != nil || len(all) == 0 {
			return err
		}
		for _, f := range all {
			err := p.end(ctx, f, w)
			if a, ok := errors.AsType[*asideError](err); ok {
				aside = a
			} else if err != nil {
				return err
			}
		}
		if all, err = old(); err == nil && len(all) > 0 {
			err = &failure{text: fmt.Sprintf("the downtime %s was ended, and the service still has it", all[0].id), again: true}
		}
		return err
	})
	return errors.Join(err, aside)
}

// onlyAside reports whether only additional tasks failed.
func onlyAside(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(joined.Unwrap(), func(err error) bool { return !onlyAside(err) })
	}
	_, aside := errors.AsType[*asideError](err)
	return err == nil || aside
}
