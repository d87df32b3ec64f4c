package ddl

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Budgets limit how long others may have to wait behind a statement.
type Budgets struct {
	// Stall is how long a statement may wait for a lock before it works. Then it
	// is withdrawn, and tried again later. Default: 500 ms.
	Stall time.Duration

	// EndStall is how long it may wait after it has worked. Then it is withdrawn
	// for good: the work is lost and the table unchanged. Default: 5 s.
	EndStall time.Duration

	// Wait is how long a statement is tried altogether before it works. Default:
	// 10 minutes.
	Wait time.Duration

	// KillIdle allows ending idle sessions that hold the lock at the end.
	KillIdle bool
}

func (b Budgets) withDefaults() Budgets {
	b.Stall = cmp.Or(b.Stall, 500*time.Millisecond)
	b.EndStall = cmp.Or(b.EndStall, 5*time.Second)
	b.Wait = cmp.Or(b.Wait, 10*time.Minute)
	return b
}

func (b Budgets) validate() error {
	var errs []error
	for _, budget := range []struct {
		name  string
		value time.Duration
	}{{"stall", b.Stall}, {"end-stall", b.EndStall}} {
		if budget.value != 0 && (budget.value < 100*time.Millisecond || budget.value > time.Hour) {
			errs = append(errs, fmt.Errorf("%s must be 100ms to 1h, got %v", budget.name, budget.value))
		}
	}
	if b.Wait < 0 {
		errs = append(errs, fmt.Errorf("wait must not be negative, got %v", b.Wait))
	}
	return errors.Join(errs...)
}
