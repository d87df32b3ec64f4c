package ddl

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// A deadMan keeps a statement from making others wait after noren is killed or
// cut off. The server itself does this: a session waits for a lock that noren
// holds. When noren's session ends, the lock becomes free, and the waiting
// session ends the statement if it is waiting for a lock. A statement that is
// working continues.
type deadMan struct {
	alive *sql.Conn // holds the lock
	pool  *sql.DB
	id    int64
	done  chan struct{}
}

// deadManRounds is how often the session looks before it ends: half an hour.
const (
	deadManEvery  = 400 * time.Millisecond
	deadManRounds = int(30 * time.Minute / deadManEvery)
)

func (d *Database) startDeadMan(ctx context.Context, worker int64) (*deadMan, error) {
	config := d.config.Clone()
	config.MultiStatements = true
	config.DBName = ""
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	m := &deadMan{pool: sql.OpenDB(connector), done: make(chan struct{})}
	if err := m.start(ctx, d, worker); err != nil {
		m.stop()
		return nil, fmt.Errorf("starting the session that watches over noren: %w", err)
	}
	return m, nil
}

func (m *deadMan) start(ctx context.Context, d *Database, worker int64) error {
	var err error
	closed := m.done
	m.done = nil // nothing runs yet
	if m.alive, err = d.session(ctx, 5); err != nil {
		return err
	}
	lock := fmt.Sprintf("noren_alive_%d", worker)
	var got sql.NullBool
	if err := m.alive.QueryRowContext(ctx, "SELECT GET_LOCK(?, 5)", lock).Scan(&got); err != nil {
		return err
	}
	if !got.Bool {
		return fmt.Errorf("another session holds the lock %q", lock)
	}
	conn, err := m.pool.Conn(ctx)
	if err != nil {
		return err
	}
	if err := conn.QueryRowContext(ctx, "SELECT CONNECTION_ID()").Scan(&m.id); err != nil {
		end(conn)
		return err
	}
	if err := d.steady(ctx, conn, 5); err != nil {
		end(conn)
		return err
	}
	m.done = closed
	go func() {
		defer close(m.done)
		defer end(conn)
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), deadManBatch(lock, worker)) // it ends by being killed
	}()
	return nil
}

// deadManBatch returns what the session executes as one batch, which the server
// continues without noren.
func deadManBatch(lock string, worker int64) string {
	round := fmt.Sprintf(`DO SLEEP(%.1f);SET @n=(SELECT CASE WHEN COUNT(*)=0 THEN CONCAT('KILL ',CONNECTION_ID()) WHEN SUM(state LIKE 'Waiting for%%lock')>0 THEN 'KILL QUERY %d' ELSE 'DO 0' END FROM information_schema.processlist WHERE id=%[2]d AND command<>'Sleep');PREPARE n FROM @n;EXECUTE n;`,
		deadManEvery.Seconds(), worker)
	return fmt.Sprintf("DO GET_LOCK('%s',%d);", lock, longestIdle) + strings.Repeat(round, deadManRounds)
}

// stop ends both sessions.
func (m *deadMan) stop() {
	defer m.pool.Close()
	if m.alive == nil {
		return
	}
	defer end(m.alive)
	if m.done == nil {
		return
	}
	ctx, cancel := afterwards(context.Background())
	defer cancel()
	_, _ = m.alive.ExecContext(ctx, fmt.Sprintf("KILL %d", m.id))
	select {
	case <-m.done:
	case <-ctx.Done():
	}
}
