package copy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/ddl"
)

// SwitchOptions configure Switch.
type SwitchOptions struct {
	Engine Engine

	// Live switches while the product is open: writes fail for as long as it
	// takes, and every connection is dropped.
	Live bool

	// Closed fails unless the product is closed. It is not called with Live.
	Closed func(ctx context.Context) error

	// Quiet says whose sessions must be quiet. It is ignored with Live.
	Quiet ddl.QuietOptions

	// Compare configures how what has changed since the comparison is compared.
	Compare CompareOptions

	// Timeout is how long the switch may take. Default: 5 minutes.
	Timeout time.Duration

	// LogIn logs in as those who will need the database: to the copy at a host
	// or, if host is empty, to where the original was.
	LogIn func(ctx context.Context, host string) error

	// Reopen logs in to where the original was, after the switch.
	Reopen func(ctx context.Context) (*ddl.Database, error)

	Report func(string)
}

// Switch makes the copy replace the original, or continues an interrupted switch.
func Switch(ctx context.Context, original, copied *ddl.Database, o SwitchOptions) (*State, error) {
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Minute
	}
	s, release, err := take(ctx, original, "there is no copy to switch to")
	if err != nil {
		return nil, err
	}
	defer release()
	switch {
	case s.Phase == Switched || s.Phase == Finished:
		o.Report("switched before")
		return s, nil
	case s.Phase == Switching && original.UUID == s.UUID:
		o.Report("going on: the copy is where the original was")
	case s.Phase != Following && s.Phase != Switching:
		return s, fmt.Errorf("the copy is %s: want one that is %s", s.Phase, Following)
	default:
		begun := s.Phase == Switching
		if err := s.ready(ctx, original, copied, o); err != nil && begun {
			return s, fmt.Errorf("a switch was begun, and the original is still in its place: %w", err)
		} else if err != nil {
			return s, fmt.Errorf("not switched, the original is as it was: %w", err)
		}
	}
	reached("switching")
	err = o.Engine.Switch(ctx, s.Deployment, o.Timeout, o.Report)
	switch gone := errors.Is(err, ErrGone); {
	case gone && original.UUID == s.UUID: // someone has finished it
		o.Report(err.Error())
	case err != nil:
		if !gone && !errors.Is(err, ErrNotSwitched) {
			return s, fmt.Errorf("whether it is switched is not known: run switch again, which finds out: %w", err)
		}
		s.Phase = Following
		return s, errors.Join(err, s.save(context.WithoutCancel(ctx), original))
	}
	reached("switched")
	return s, s.after(ctx, o)
}

// ready checks everything that can keep a switch from being begun.
func (s *State) ready(ctx context.Context, original, copied *ddl.Database, o SwitchOptions) error {
	if copied == nil {
		return errors.New("nobody has logged in to the copy")
	}
	if !s.Comparison.Equal() {
		return errors.New("there is no comparison of all tables that found them equal: noren ddl copy compare")
	}
	if err := s.noErrorSince(ctx, copied); err != nil {
		return err
	}
	if !o.Live {
		if err := o.Closed(ctx); err != nil {
			return err
		}
		seen, err := ddl.Quiet(ctx, original, o.Quiet)
		if err != nil {
			return err
		}
		if !seen.Quiet() {
			return fmt.Errorf("the database is not quiet: %s; %d rows were written within %v", strings.Join(seen.Sessions, "; "), seen.Written, seen.For)
		}
	}
	if err := s.compareChanged(ctx, original, copied, o); err != nil {
		return err
	}
	if err := o.LogIn(ctx, s.Host); err != nil {
		return fmt.Errorf("logging in to the copy as those who will need it: %w", err)
	}
	if !o.Live { // comparing may have taken long
		if err := s.unwritten(ctx, original, copied, o); err != nil {
			return err
		}
	}
	if s.Phase != Switching {
		s.Phase = Switching
		if err := s.save(ctx, original); err != nil {
			return err
		}
	}
	if err := s.arrived(ctx, original, copied, o.Timeout); err != nil {
		s.Phase = Following
		return errors.Join(err, s.save(context.WithoutCancel(ctx), original))
	}
	return nil
}

// compareChanged compares the tables again that may have been written since.
func (s *State) compareChanged(ctx context.Context, original, copied *ddl.Database, o SwitchOptions) error {
	tables, err := Tables(ctx, original)
	if err != nil {
		return err
	}
	known, err := changed(ctx, original, copied, s.Comparison.Tables)
	if err != nil {
		return fmt.Errorf("checking what has changed since the comparison: %w", err)
	}
	for _, db := range []*ddl.Database{original, copied} {
		if err := cascaded(ctx, db, known); err != nil {
			return err
		}
	}
	var again []string
	for _, name := range tables {
		if written, compared := known[name]; written || !compared {
			again = append(again, name)
		}
	}
	if len(again) == 0 {
		o.Report("nothing was written since the comparison")
		return nil
	}
	o.Report("comparing what may have been written since: " + strings.Join(again, ", "))
	o.Compare.Tables, o.Compare.Changes, o.Compare.Done = again, s.Changes, nil
	results, err := Compare(ctx, original, copied, o.Compare)
	if err != nil {
		return err
	}
	for _, r := range results {
		s.Comparison.put(r)
		if !r.Equal() {
			return errors.Join(fmt.Errorf("the copy differs: %s", r.Found[0].Text(r.Table)), s.save(ctx, original))
		}
	}
	return s.save(ctx, original)
}

// unwritten fails if the product was opened, or a table written, since the
// product was found closed and everything equal.
func (s *State) unwritten(ctx context.Context, original, copied *ddl.Database, o SwitchOptions) error {
	if err := o.Closed(ctx); err != nil {
		return err
	}
	tables, err := changed(ctx, original, copied, s.Comparison.Tables)
	if err != nil {
		return fmt.Errorf("checking what has changed meanwhile: %w", err)
	}
	for _, r := range s.Comparison.Tables { // nothing is known about tables that are not counted
		if tables[r.Table] && r.Original.Counted && r.Copied.Counted && r.Original.Made != "" && r.Copied.Made != "" && !slices.Contains(o.Quiet.StillWritten, r.Table) {
			return fmt.Errorf("%s was written after it was compared: run switch again", r.Table)
		}
	}
	return nil
}

// after checks that the copy is where the original was, and records it there.
func (s *State) after(ctx context.Context, o SwitchOptions) error {
	var err error
	for until := time.Now().Add(2 * time.Minute); time.Now().Before(until); {
		var db *ddl.Database
		if db, err = o.Reopen(ctx); err == nil {
			if err = s.written(ctx, db); err == nil {
				reached("written")
				return wrap("switched, but not everybody can log in", o.LogIn(ctx, ""))
			}
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	return fmt.Errorf("switched, but the copy does not answer where the original was: run switch again: %w", err)
}

func (s *State) written(ctx context.Context, db *ddl.Database) error {
	defer db.Close()
	if db.UUID != s.UUID {
		return fmt.Errorf("%s still leads to %s, not to the copy (%s)", db.Addr, db.UUID, s.UUID)
	}
	s.Phase = Switched
	return s.save(ctx, db)
}

// Finish removes what linked the two after a switch. db is the database in use.
func Finish(ctx context.Context, db *ddl.Database, engine Engine, report func(string)) (*State, error) {
	s, release, err := take(ctx, db, "there is no copy to finish")
	if err != nil {
		return nil, err
	}
	defer release()
	switch {
	case s.Phase == Finished:
		return s, nil
	case s.Phase != Switched:
		return s, fmt.Errorf("the copy is %s: only one that is %s can be finished", s.Phase, Switched)
	}
	old, err := engine.Finish(ctx, s.Deployment, report)
	if err != nil {
		return s, err
	}
	reached("finishing")
	s.Phase, s.Old = Finished, old
	return s, s.save(ctx, db)
}

// Abandon removes the copy. The original is unchanged.
func Abandon(ctx context.Context, original *ddl.Database, engine Engine, report func(string)) (*State, error) {
	s, release, err := take(ctx, original, "there is no copy to abandon")
	if err != nil {
		return nil, err
	}
	defer release()
	switch s.Phase {
	case Abandoned:
		return s, nil
	case Switching, Switched, Finished:
		return s, fmt.Errorf("the copy is %s: it is not there to be abandoned", s.Phase)
	}
	if err := engine.Abandon(ctx, s.Deployment, report); err != nil {
		return s, err
	}
	reached("abandoning")
	s.Phase = Abandoned
	return s, s.save(ctx, original)
}
