package ddl

import (
	"context"
	"sync"
	"time"
)

// probeEvery is how often a probe reads.
const probeEvery = 50 * time.Millisecond

// A probe is a reader like any other: it reads a row of a table again and again
// and notes how long it had to wait.
type probe struct {
	mu    sync.Mutex
	worst time.Duration
	since time.Time // of the read under way; zero between reads
	stop  func()
}

// startProbe reads from the table until stop is called.
func (d *Database) startProbe(ctx context.Context, name string) (*probe, error) {
	conn, err := d.session(ctx, 600)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &probe{}
	var done sync.WaitGroup
	done.Go(func() {
		defer end(conn)
		query := "SELECT 1 FROM " + d.table(name).String() + " LIMIT 1"
		for ctx.Err() == nil {
			p.begin()
			rows, err := conn.QueryContext(ctx, query)
			if err == nil {
				err = rows.Close()
			}
			p.end(err == nil)
			if err != nil && code(err) == 0 {
				return // the connection is gone; a missing table is no news
			}
			select {
			case <-ctx.Done():
			case <-time.After(probeEvery):
			}
		}
	})
	p.stop = func() { cancel(); done.Wait() }
	return p, nil
}

func (p *probe) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since = time.Now()
}

func (p *probe) end(ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ok {
		p.worst = max(p.worst, time.Since(p.since))
	}
	p.since = time.Time{}
}

// worstRead is the longest wait so far, that of the read under way included.
func (p *probe) worstRead() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.since.IsZero() {
		return p.worst
	}
	return max(p.worst, time.Since(p.since))
}
