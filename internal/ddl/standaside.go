package ddl

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// lasting is how long an idle session must have held a lock for it to be worth
// waiting without queueing.
const (
	lasting        = 150 * time.Millisecond
	standAsideTick = 50 * time.Millisecond
)

// standAside waits, without making anyone wait, while a session that will keep
// them holds the statement's tables: an idle transaction, a query that has run
// for a second, a backup. If the server does not show who holds what, it does not
// wait.
func (g *guard) standAside(ctx context.Context, x *execution) error {
	if !g.sees || len(x.tables) == 0 {
		return nil
	}
	seen := map[int64]time.Time{}
	evicting := newEviction()
	told := ""
	passing := 0 // number of looks since the last lasting holder
	for tick := standAsideTick; ; tick = min(tick*5/4, 4*standAsideTick) {
		look, cancel := context.WithTimeout(ctx, 2*time.Second)
		holders, err := g.db.holdersOf(look, g.watch, x.tables)
		cancel()
		if err != nil {
			if ctx.Err() != nil {
				return interrupted()
			}
			return nil // the attempt is limited anyway
		}
		now := time.Now()
		var stay []holder
		still := map[int64]time.Time{}
		for _, h := range holders {
			if h.kind == "TABLE" && !h.idle && h.seconds < 1 {
				continue
			}
			since, known := seen[h.id]
			if !known {
				since = now
			}
			still[h.id] = since
			if now.Sub(since) >= lasting {
				stay = append(stay, h)
			}
		}
		seen = still
		if passing++; len(stay) > 0 {
			passing = 0
		}
		if len(seen) == 0 || passing > 5 {
			return nil
		}
		if len(stay) > 0 {
			if who := sessionsOf(stay); who != told {
				told = who
				x.report(EventNote, PhaseAside, "not queueing, which would make others wait, behind "+list(stay))
			}
			if g.budgets.KillIdle {
				g.end(ctx, evicting, stay, x, PhaseAside)
			}
			x.report(EventProgress, PhaseAside, "")
		}
		if waited := time.Since(x.began); waited >= g.budgets.Wait && len(stay) > 0 {
			who := list(stay)
			if spared := slices.Sorted(maps.Values(evicting.spared)); len(spared) > 0 {
				who = strings.Join(spared, "; ")
			}
			return fmt.Errorf("no lock in %v: %w: %s; %w", waited.Round(time.Second/10), errHeld, who, ErrStopped)
		}
		if err := sleep(ctx, tick); err != nil {
			return err
		}
	}
}

// errHeld says that nothing was tried, because the lock was held all the time.
var errHeld = errors.New("the table was held all the time")

// sessionsOf returns a text that distinguishes lists of holders.
func sessionsOf(holders []holder) string {
	var all []string
	for _, h := range holders {
		all = append(all, fmt.Sprint(h.id, h.kind))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}
