package copy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/noren-cdk/noren/internal/ddl"
)

// A Status is the current state of a copy.
type Status struct {
	State       *State       `json:"state"`
	Replication *Replication `json:"replication,omitempty"`

	// Position is the end of the original's binary log.
	Position *Position `json:"position,omitempty"`

	// Behind is how many bytes of the binary log the copy has not applied.
	// CatchUp is how many seconds that takes at the pace of the last two seconds;
	// nil if the copy gets no closer, or if it is not known.
	Behind  *int64   `json:"behindBytes"`
	CatchUp *float64 `json:"catchUpSeconds"`

	// Compared is the number of compared rows, All about how many there are, and
	// Compare how many seconds the rest takes; nil if that is not known. They are
	// set for an unfinished comparison.
	Compared int64    `json:"comparedRows,omitempty"`
	All      int64    `json:"rows,omitempty"`
	Compare  *float64 `json:"compareSeconds"`

	// Unknown says why replication could not be read.
	Unknown string `json:"unknown,omitempty"`

	// Next is what to do.
	Next string `json:"next"`
}

// Look returns the state of a copy. copied may be nil if no login to the copy is
// possible.
func Look(ctx context.Context, original, copied *ddl.Database, unknown error) (*Status, error) {
	s, err := Read(ctx, original)
	if err != nil {
		return nil, err
	}
	status := &Status{State: s}
	if s == nil {
		status.Next = "there is no copy: noren ddl copy start FILE.sql makes one"
		return status, nil
	}
	if s.Phase == Making || s.Phase == Switched || s.Phase == Finished || s.Phase == Abandoned {
		unknown = nil // there is nothing to follow
	} else if copied != nil {
		if p, err := position(ctx, original, original.Pool()); err == nil {
			status.Position = &p
		}
		r, err := ReadReplication(ctx, copied)
		if err != nil {
			unknown = err
		} else {
			status.Replication = &r
			if r.Well() {
				status.estimate(ctx, original, copied)
			}
		}
	}
	if c := s.Comparison; c != nil && c.Ended == "" && s.Phase == Following {
		if status.Compared, status.All, status.Compare, err = c.toCompare(ctx, original); err != nil {
			return nil, err
		}
	}
	if unknown != nil {
		status.Unknown = unknown.Error()
	}
	status.Next = status.next()
	return status, nil
}

func (s *Status) next() string {
	switch s.State.Phase {
	case Making, Changing:
		if s.Replication != nil && s.Replication.Applying != "" {
			return s.Replication.Trouble()
		}
		return "noren ddl copy start, again, goes on"
	case Switching:
		return "noren ddl copy switch, again, goes on"
	case Switched:
		return "check the product, then noren ddl copy finish; until then the cluster that was replaced is kept, but does not get what is written now"
	case Finished, Abandoned:
		return "nothing"
	}
	switch r := s.Replication; {
	case r == nil:
		return "log in to the copy to see how it follows"
	case !r.Well():
		return r.Trouble()
	case !s.State.Comparison.Equal() && s.State.Comparison != nil && s.State.Comparison.Ended != "":
		return "the copy differs: noren ddl copy abandon"
	case !s.State.Comparison.Equal():
		return "noren ddl copy compare"
	}
	return "close the product, then noren ddl copy switch"
}

// CompareCopy compares the current copy, or continues an interrupted comparison,
// and writes the results to the journal. With again, it starts over with the
// first table.
func CompareCopy(ctx context.Context, original, copied *ddl.Database, o CompareOptions, again bool) (*Comparison, error) {
	s, release, err := take(ctx, original, "there is no copy: noren ddl copy start makes one")
	if err != nil {
		return nil, err
	}
	defer release()
	if s.Phase != Following {
		return nil, fmt.Errorf("the copy is %s, not %s: there is nothing to compare", s.Phase, Following)
	}
	return s.compare(ctx, original, copied, o, again)
}

func (s *State) compare(ctx context.Context, original, copied *ddl.Database, o CompareOptions, again bool) (*Comparison, error) {
	if err := s.arrived(ctx, original, copied, 10*time.Minute); err != nil {
		return nil, err
	}
	if s.Comparison == nil || s.Comparison.Ended != "" || again {
		now, err := clock(ctx, copied)
		if err != nil {
			return nil, err
		}
		s.Comparison = &Comparison{Began: now}
	} else if err := s.noErrorSince(ctx, copied); err != nil {
		s.Comparison = nil // what was compared before the error does not count
		return s.compare(ctx, original, copied, o, true)
	}
	o.Changes, o.Done, o.Tables = s.Changes, slices.Clone(s.Comparison.Tables), nil
	var saved time.Time
	report := o.Report
	o.Report = func(r TableResult) error {
		s.Comparison.put(r)
		if report != nil {
			if err := report(r); err != nil {
				return err
			}
		}
		if time.Since(saved) < time.Second && !r.Done {
			return nil
		}
		saved = time.Now()
		defer reached("compared")
		return s.save(ctx, original)
	}
	results, err := Compare(ctx, original, copied, o)
	if err != nil {
		return s.Comparison, errors.Join(err, s.save(context.WithoutCancel(ctx), original))
	}
	s.Comparison.Tables = results
	if s.Comparison.Ended, err = clock(ctx, copied); err != nil {
		return s.Comparison, err
	}
	if s.Comparison.Equal() {
		if err := s.noErrorSince(ctx, copied); err != nil { // switch would refuse
			s.Comparison = nil
			return nil, errors.Join(err, s.save(ctx, original))
		}
	}
	return s.Comparison, s.save(ctx, original)
}

func (c *Comparison) put(r TableResult) {
	if i := slices.IndexFunc(c.Tables, func(one TableResult) bool { return one.Table == r.Table }); i >= 0 {
		c.Tables[i] = r
	} else {
		c.Tables = append(c.Tables, r)
	}
}

// noErrorSince fails if replication has had an error since the comparison began,
// as far as the copy remembers: errors of restarted threads are only in its log.
func (s *State) noErrorSince(ctx context.Context, copied *ddl.Database) error {
	r, err := ReadReplication(ctx, copied)
	if err != nil {
		return err
	}
	if !r.Well() {
		return errors.New(r.Trouble())
	}
	if copied.Server.Flavor == "MariaDB" || !copied.Server.AtLeast(8, 0, 22) {
		return nil
	}
	row, err := oneRow(ctx, copied.Pool(), `SELECT CAST(logged AS CHAR) AS at, data AS text FROM performance_schema.error_log
		WHERE subsystem = 'Repl' AND prio = 'Error' AND logged >= CONVERT_TZ(?, '+00:00', @@session.time_zone) ORDER BY logged DESC LIMIT 1`, s.Comparison.Began)
	if err != nil {
		return fmt.Errorf("looking for errors of replication since the comparison began: %w", err)
	}
	if row != nil {
		return fmt.Errorf("replication has had an error at %s, after the comparison began: compare again; %s", row["at"], row["text"])
	}
	return nil
}
