package ddl

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// heavyRows is how many rows a transaction may have written to be ended: to
// take them back takes as long again, with the lock held.
const heavyRows = 1000

// A holder is a session that holds the lock a statement waits for.
type holder struct {
	id       int64
	user     string
	host     string
	idle     bool
	seconds  int64 // in its present state
	written  int64 // rows
	explicit bool  // LOCK TABLES or HANDLER: the lock is not that of a transaction
}

// String is the holder for a message.
func (h holder) String() string {
	does := "running a statement"
	if h.idle {
		does = "idle in a transaction"
	}
	if h.idle && h.explicit {
		does = "idle with LOCK TABLES or a HANDLER"
	}
	return fmt.Sprintf("session %d (%s@%s), %s for %d s, %d rows written", h.id, h.user, h.host, does, h.seconds, h.written)
}

// spared is why the holder must not be ended; "" if it may.
func (h holder) spared() string {
	switch {
	case !h.idle:
		return "it is not idle"
	case h.explicit:
		return "it holds the lock on purpose"
	case h.written > heavyRows:
		return fmt.Sprintf("it has written %d rows, more than %d, which the server would have to take back", h.written, heavyRows)
	}
	return ""
}

// seesLocks says whether the server shows who holds which metadata lock.
func (d *Database) seesLocks(ctx context.Context) bool {
	var on int
	err := d.pool.QueryRowContext(ctx, `SELECT COUNT(*) FROM performance_schema.setup_instruments WHERE name = 'wait/lock/metadata/sql/mdl' AND enabled = 'YES'`).Scan(&on)
	if err != nil || on == 0 {
		return false
	}
	_, err = d.pool.ExecContext(ctx, "SELECT 1 FROM performance_schema.metadata_locks LIMIT 1")
	return err == nil
}

// holders are the sessions that hold the very lock that session id waits for.
// What LOCK TABLES and HANDLER hold looks like a transaction's in
// metadata_locks; but between two statements a transaction has no table locked
// in the storage engine, and LOCK TABLES belongs to no transaction.
func (d *Database) holders(ctx context.Context, q queryer, id int64) ([]holder, error) {
	rows, err := q.QueryContext(ctx, `SELECT DISTINCT t.processlist_id, COALESCE(t.processlist_user, ''), COALESCE(t.processlist_host, ''), t.processlist_command = 'Sleep',
			COALESCE(t.processlist_time, 0), COALESCE(x.trx_rows_modified, 0),
			MAX(l.lock_duration = 'EXPLICIT' OR x.trx_id IS NULL OR EXISTS (SELECT 1 FROM performance_schema.table_handles h
				WHERE h.owner_thread_id = l.owner_thread_id AND h.object_schema = l.object_schema AND h.object_name = l.object_name AND h.external_lock IS NOT NULL))
		FROM performance_schema.metadata_locks p
		JOIN performance_schema.threads me ON me.thread_id = p.owner_thread_id AND me.processlist_id = ?
		JOIN performance_schema.metadata_locks l ON l.object_type = 'TABLE' AND l.object_schema = p.object_schema AND l.object_name = p.object_name
			AND l.lock_status = 'GRANTED' AND l.owner_thread_id <> p.owner_thread_id
		JOIN performance_schema.threads t ON t.thread_id = l.owner_thread_id
		LEFT JOIN information_schema.innodb_trx x ON x.trx_mysql_thread_id = t.processlist_id
		WHERE p.lock_status = 'PENDING' AND p.object_type = 'TABLE' AND t.processlist_id IS NOT NULL
		GROUP BY 1, 2, 3, 4, 5, 6`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []holder
	for rows.Next() {
		var h holder
		if err := rows.Scan(&h.id, &h.user, &h.host, &h.idle, &h.seconds, &h.written, &h.explicit); err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, rows.Err()
}

// endSession ends another's session.
func endSession(ctx context.Context, q queryer, id int64) error {
	_, err := q.ExecContext(ctx, fmt.Sprintf("KILL %d", id))
	switch code(err) {
	case 0:
		return err
	case codeUnknownThread:
		return nil // it has ended by itself
	}
	if _, rds := q.ExecContext(ctx, fmt.Sprintf("CALL mysql.rds_kill(%d)", id)); rds == nil {
		return nil
	}
	return fmt.Errorf("not allowed to end session %d: %s (on Aurora the user needs EXECUTE on mysql.rds_kill, elsewhere CONNECTION_ADMIN)", id, reason(err))
}

// An eviction decides which holders to end, while a statement waits.
type eviction struct {
	idle   map[int64]time.Time // since when a holder has been seen idle, without a break
	tried  map[int64]bool
	spared map[int64]string
}

func newEviction() *eviction {
	return &eviction{idle: map[int64]time.Time{}, tried: map[int64]bool{}, spared: map[int64]string{}}
}

// due are the holders that have been idle for patience and may be ended.
func (e *eviction) due(holders []holder, patience time.Duration) []holder {
	var all []holder
	now := time.Now()
	seen := map[int64]time.Time{}
	for _, h := range holders {
		if why := h.spared(); why != "" {
			e.spared[h.id] = fmt.Sprintf("%v: not ended, because %s", h, why)
			continue
		}
		since, known := e.idle[h.id]
		if !known {
			since = now
		}
		seen[h.id] = since
		if now.Sub(since) >= patience && !e.tried[h.id] {
			e.tried[h.id] = true
			all = append(all, h)
		}
	}
	e.idle = seen
	return all
}

// list is holders as text, one after the other.
func list(holders []holder) string {
	var all []string
	for _, h := range holders {
		all = append(all, h.String())
	}
	return strings.Join(all, "; ")
}
