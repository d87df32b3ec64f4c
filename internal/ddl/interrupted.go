package ddl

import (
	"context"
	"errors"
	"fmt"
)

// interrupted returns the error of a run that was interrupted before its statement
// had changed the table.
func interrupted() error { return fmt.Errorf("interrupted; %w", ErrStopped) }

// cancelled adds to an error that ctx was cancelled. A session that was ended in
// the middle of a query fails with an error of the connection, which does not say
// so.
func cancelled(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("%w: %w", ctx.Err(), err)
}
