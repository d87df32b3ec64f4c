package guard

import (
	"context"
	"fmt"
	"time"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

// announceTime limits the sending of a mode event, which a deploy waits for.
const announceTime = 3 * time.Second

// announce sends the mode event of a change that passes, and returns the record
// that includes it. A failure does not keep the change from passing: the probe
// sends the event once it sees the mode.
func (g *Guard) announce(ctx context.Context, c change, record live.Record) (with live.Record) {
	with = record
	if g.events == nil || c.next.SwitchName == "" || !c.record.Mode.Valid() || record.Mode == c.record.Mode {
		return with // the first mode of a stack is not a change
	}
	failed := func(cause any) {
		g.log.Warn("the mode event was not sent; the probe sends it", "cause", fmt.Sprint(cause))
	}
	defer func() {
		if r := recover(); r != nil {
			failed(r)
		}
	}()
	turned := record.Turn
	if c.backward() { // the record has the earlier time again, whose event was sent
		turned.Since = c.now.UTC().Truncate(time.Second)
	}
	from := c.record.Mode
	if c.live.Valid() && c.mixed == "" && c.live != turned.Mode && !c.backward() {
		from = c.live // it was changed by hand
	}
	ctx, cancel := context.WithTimeout(ctx, announceTime)
	defer cancel()
	err := g.events(ctx, live.ModeEvent{
		Stack: c.stack, Switch: c.next.SwitchName, From: from, To: turned.Mode, Since: turned.Since, Until: untilOf(turned.Mode, record), How: live.TurnedByDeploy,
	})
	if err != nil {
		failed(err)
		return with
	}
	with.Announced = turned
	return with
}

// untilOf returns the end that clients are told in a mode.
func untilOf(mode maintenance.Mode, record live.Record) time.Time {
	if mode == maintenance.Open {
		return time.Time{}
	}
	return record.Until
}
