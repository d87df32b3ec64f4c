package ddl

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// probeEvery is how often a probe reads or writes.
const probeEvery = 50 * time.Millisecond

// A probed is a table that is continuously read while a statement runs, and also
// written if writes should go on.
type probed struct {
	table  sqltext.Table
	writes bool
}

// waits are the waits of others, as experienced by noren's own probes.
type waits struct {
	Read         time.Duration
	Write        time.Duration
	ReaderRead   time.Duration // at a reader endpoint
	ReaderErrors int           // reads that failed there
}

// probes are readers and writers like any others. They record how long they had
// to wait. A writer locks a row and releases it without changing anything.
type probes struct {
	mu     sync.Mutex
	done   waits
	since  map[*loop]time.Time // of waits in progress
	cancel context.CancelFunc
	group  sync.WaitGroup
}

// A loop is one of the readers or writers.
type loop struct {
	db      *Database
	queries []string // one after the other
	wait    func(w *waits) *time.Duration
	reader  bool // at a reader endpoint, where failures count
}

// startProbes reads and writes until stop is called.
func startProbes(ctx context.Context, db *Database, readers []*Database, all []probed) (*probes, error) {
	ctx, cancel := context.WithCancel(ctx)
	p := &probes{since: map[*loop]time.Time{}, cancel: cancel}
	for _, one := range all {
		name := one.table.String()
		if one.table.Schema == "" {
			name = db.table(one.table.Name).String()
		}
		read := []string{"/* noren ddl probe */ SELECT 1 FROM " + name + " LIMIT 1"}
		loops := []*loop{{db: db, queries: read, wait: func(w *waits) *time.Duration { return &w.Read }}}
		if one.writes {
			loops = append(loops, &loop{db: db, queries: db.writing(ctx, one.table, name), wait: func(w *waits) *time.Duration { return &w.Write }})
		}
		for _, reader := range readers {
			loops = append(loops, &loop{db: reader, queries: read, reader: true, wait: func(w *waits) *time.Duration { return &w.ReaderRead }})
		}
		for _, l := range loops {
			conn, err := l.session(ctx)
			if err != nil && !l.reader {
				p.stop()
				return nil, err
			}
			p.group.Go(func() { p.run(ctx, l, conn) })
		}
	}
	return p, nil
}

// writing returns queries that lock the first row of a table, and the last.
func (d *Database) writing(ctx context.Context, t sqltext.Table, name string) []string {
	key, why, err := d.PrimaryKey(ctx, t)
	if why != nil || err != nil {
		return []string{"/* noren ddl probe */ SELECT 1 FROM " + name + " LIMIT 1 FOR UPDATE"}
	}
	var all []string
	for _, direction := range []string{"", " DESC"} {
		var order []string
		for _, k := range key {
			order = append(order, sqltext.Quote(k.Name)+direction)
		}
		all = append(all, "/* noren ddl probe */ SELECT 1 FROM "+name+" ORDER BY "+strings.Join(order, ", ")+" LIMIT 1 FOR UPDATE")
	}
	return all
}

func (l *loop) session(ctx context.Context) (*sql.Conn, error) {
	conn, err := l.db.session(ctx, 600)
	if err != nil {
		return nil, err
	}
	// A writer that waits for a row holds the table, so it must not wait long.
	if _, err := conn.ExecContext(ctx, "SET SESSION innodb_lock_wait_timeout = 1"); err != nil {
		end(conn)
		return nil, err
	}
	return conn, nil
}

func (p *probes) run(ctx context.Context, l *loop, conn *sql.Conn) {
	defer func() {
		if conn != nil {
			end(conn)
		}
	}()
	for i := 0; ctx.Err() == nil; i++ {
		if conn == nil { // its reader was lost
			conn, _ = l.session(ctx)
		}
		p.begin(l)
		failed := conn == nil
		if conn != nil {
			rows, err := conn.QueryContext(ctx, l.queries[i%len(l.queries)])
			if err == nil {
				err = rows.Close()
			}
			failed = err != nil && ctx.Err() == nil && (l.reader || code(err) == 0)
			if err != nil && code(err) == 0 {
				end(conn)
				conn = nil
			}
			if code(err) == codeLockWait {
				continue
			}
			if err != nil && (code(err) == codeTableDenied || code(err) == codeColumnDenied) {
				p.end(l, false)
				return // the user may not
			}
		}
		p.end(l, failed)
		if failed && !l.reader && conn == nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(probeEvery):
		}
	}
}

func (p *probes) begin(l *loop) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, waits := p.since[l]; !waits { // it still waits for a row where the server gave up once
		p.since[l] = time.Now()
	}
}

func (p *probes) end(l *loop, failed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if failed && l.reader {
		p.done.ReaderErrors++
	}
	if !failed {
		worst := l.wait(&p.done)
		*worst = max(*worst, time.Since(p.since[l]))
	}
	delete(p.since, l)
}

// waits returns the longest waits so far, including those in progress.
func (p *probes) waits() waits {
	if p == nil {
		return waits{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.done
	for l, since := range p.since {
		worst := l.wait(&w)
		*worst = max(*worst, time.Since(since))
	}
	return w
}

func (p *probes) stop() {
	if p == nil {
		return
	}
	p.cancel()
	p.group.Wait()
}
