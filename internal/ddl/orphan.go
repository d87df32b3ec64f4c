package ddl

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// An orphan is a statement that the server may still execute although the run
// that began it is gone.
type orphan struct {
	db      *Database
	tag     string
	step    *Step
	options RunOptions
}

// orphanEvery is how often an orphan is checked.
const orphanEvery = 100 * time.Millisecond

// watch waits until the server no longer executes the statement. It ends the
// statement if it makes others wait, if its work is in vain, like that of a
// transaction whose session is gone, or if it was asked to.
func (o orphan) watch(ctx context.Context) error {
	budgets := o.options.Budgets.withDefaults()
	var waiting, killed time.Time // since when
	began := time.Now()
	told := false
	for {
		id, state, err := o.look(ctx)
		if err != nil {
			return fmt.Errorf("looking for the statement of the killed run: %w", err)
		}
		if id == 0 {
			return nil
		}
		now := time.Now()
		if !told {
			told = true
			o.report(EventNote, began, "the server is still at this statement, which a run that was killed has begun: watching it to its end")
		}
		o.report(EventProgress, began, "")
		stalls := strings.HasPrefix(state, "waiting for") && strings.Contains(state, "lock")
		if !stalls {
			waiting = time.Time{}
		} else if waiting.IsZero() {
			waiting = now
		}
		kill := o.options.EndOrphan || o.step.Kind == sqltext.Rows || stalls && now.Sub(waiting) >= budgets.EndStall
		switch {
		case kill && killed.IsZero():
			killed = now
			if _, err := o.db.pool.ExecContext(ctx, fmt.Sprintf("KILL %d", id)); err != nil && code(err) != codeUnknownThread {
				return fmt.Errorf("ending session %d of a killed run: %w", id, err)
			}
		case !killed.IsZero() && now.Sub(killed) > time.Minute:
			return fmt.Errorf("session %d of a killed run takes more than a minute to end; %w", id, ErrRepeat)
		}
		if err := sleep(ctx, orphanEvery); err != nil {
			return fmt.Errorf("the server is still at statement %d of a run that was killed: %w", o.step.Number, err)
		}
	}
}

// look finds the session that executes the statement; 0 if there is none.
func (o orphan) look(ctx context.Context) (id int64, state string, err error) {
	err = o.db.pool.QueryRowContext(ctx, "SELECT id, LOWER(COALESCE(state, '')) FROM information_schema.processlist WHERE LEFT(info, CHAR_LENGTH(?)) = ? AND id <> CONNECTION_ID()", o.tag, o.tag).Scan(&id, &state)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, "", nil
	}
	return id, state, err
}

func (o orphan) report(kind EventKind, began time.Time, text string) {
	if o.options.Report == nil {
		return
	}
	o.options.Report(Event{At: time.Now().UTC(), Kind: kind, Number: o.step.Number, SQL: o.step.SQL, How: o.step.String(), Phase: PhaseWork, Text: text, Seconds: time.Since(began).Seconds()})
}
