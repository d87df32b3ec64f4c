package copy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/noren-cdk/noren/internal/ddl"
)

// look opens sessions that see the table at the same position on both sides. It
// keeps writers of the table out until the copy gets there, at most for as long
// as they may have to wait.
func (c *comparison) look(ctx context.Context) error {
	c.views.end()
	var err error
	for try := range 8 {
		if try > 0 {
			if err := sleep(ctx, time.Duration(try)*500*time.Millisecond); err != nil {
				return err
			}
		}
		var here Position
		if here, err = position(ctx, c.original, c.original.Pool()); err != nil {
			return err
		}
		if err = reaches(ctx, c.copied, c.copied.Pool(), here, 10*time.Minute); err != nil {
			return err
		}
		if err = c.lock(ctx); err == nil || !errors.Is(err, ErrBehind) {
			break
		}
		c.views.end()
	}
	if err != nil {
		return err
	}
	c.views.until = time.Now().Add(c.options.Snapshot)
	return c.end(ctx)
}

func (c *comparison) lock(ctx context.Context) error {
	holder, err := c.original.Session(ctx, max(int(c.options.Stall.Seconds()), 1))
	if err != nil {
		return err
	}
	defer ddl.End(holder) // and with it the lock
	for _, view := range []struct {
		copied bool
		db     *ddl.Database
	}{{false, c.original}, {true, c.copied}} {
		conn, err := view.db.Session(ctx, 20)
		if err != nil {
			return err
		}
		if view.copied {
			c.views.copied = conn
		} else {
			c.views.original = conn
		}
		if _, err := conn.ExecContext(ctx, "SET SESSION sql_mode = '', time_zone = '+00:00'"); err != nil {
			return err
		}
		row, err := oneRow(ctx, conn, "SELECT @@max_error_count AS n")
		if err != nil {
			return err
		}
		if row["n"] == "0" {
			return fmt.Errorf("max_error_count of %s is 0, so that it does not say which values it could not read: set it to 64 or more", view.db.Addr)
		}
		if _, err := conn.ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"); err != nil {
			return err
		}
	}
	if _, err := holder.ExecContext(ctx, "LOCK TABLES "+c.at(false).String()+" READ"); err != nil {
		return fmt.Errorf("keeping writers out for a moment: %w", err)
	}
	if c.result.Position, err = position(ctx, c.original, holder); err != nil {
		return err
	}
	if err := reaches(ctx, c.copied, c.views.copied, c.result.Position, c.options.Stall); err != nil {
		return err
	}
	for _, conn := range []queryer{c.views.copied, c.views.original} {
		if _, err := conn.ExecContext(ctx, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"); err != nil {
			return fmt.Errorf("opening a consistent view: %w", err)
		}
	}
	return nil
}

// end finds the last row, after which the last range has no end.
func (c *comparison) end(ctx context.Context) error {
	c.last = nil
	if c.key == nil {
		return nil
	}
	var err error
	c.last, err = c.key.Row(ctx, c.views.original, c.at(false).String(), " DESC", 0)
	return err
}
