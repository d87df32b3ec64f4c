package ddl

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// heavyRows is the number of rows up to which a transaction that has written may
// be ended: rolling them back takes as long again, with the lock held.
const heavyRows = 1000

// A holder holds the lock that a statement waits for, or would wait for.
type holder struct {
	id       int64 // of the session; 0 for a prepared XA transaction without a session
	user     string
	host     string
	idle     bool
	seconds  int64  // in its present state
	written  int64  // rows
	explicit bool   // LOCK TABLES or HANDLER: the lock does not belong to a transaction
	kind     string // TABLE, or a wider lock: GLOBAL, BACKUP LOCK, BACKUP
	mode     string
	on       sqltext.Table
}

// String describes the holder for a message, with what to do where that is not
// obvious.
func (h holder) String() string {
	if h.id == 0 {
		return fmt.Sprintf("a prepared XA transaction that no session has, on %s: XA RECOVER lists it, XA COMMIT or XA ROLLBACK ends it", h.on)
	}
	does := "running a statement"
	switch {
	case h.kind == "GLOBAL", strings.HasPrefix(h.mode, "BACKUP_FTWRL"):
		return fmt.Sprintf("session %d (%s@%s) with FLUSH TABLES WITH READ LOCK: UNLOCK TABLES there, or end it", h.id, h.user, h.host)
	case h.kind == "BACKUP LOCK":
		return fmt.Sprintf("session %d (%s@%s) with LOCK INSTANCE FOR BACKUP: let the backup end, or UNLOCK INSTANCE there", h.id, h.user, h.host)
	case h.kind == "BACKUP":
		return fmt.Sprintf("session %d (%s@%s) with BACKUP STAGE: let the backup end, or BACKUP STAGE END there", h.id, h.user, h.host)
	case h.idle && h.explicit:
		does = "idle with LOCK TABLES or a HANDLER"
	case h.idle:
		does = "idle in a transaction"
	}
	return fmt.Sprintf("session %d (%s@%s), %s for %d s, %d rows written, on %s", h.id, h.user, h.host, does, h.seconds, h.written, h.on)
}

// spared says why the holder must not be ended; "" if it may be.
func (h holder) spared() string {
	switch {
	case h.id == 0:
		return "no session has it"
	case h.kind != "TABLE":
		return "it holds the lock on purpose"
	case !h.idle:
		return "it is not idle"
	case h.explicit:
		return "it holds the lock on purpose"
	case h.written > heavyRows:
		return fmt.Sprintf("it has written %d rows, more than %d, which the server would have to take back", h.written, heavyRows)
	}
	return ""
}

// seesLocks reports whether the server shows who holds which metadata lock.
func (d *Database) seesLocks(ctx context.Context) bool {
	var on int
	err := d.pool.QueryRowContext(ctx, `SELECT COUNT(*) FROM performance_schema.setup_instruments WHERE name = 'wait/lock/metadata/sql/mdl' AND enabled = 'YES'`).Scan(&on)
	if err != nil || on == 0 {
		return false
	}
	_, err = d.pool.ExecContext(ctx, "SELECT 1 FROM performance_schema.metadata_locks LIMIT 1")
	return err == nil
}

// stopping is the condition for the locks that stop a schema change. Every
// statement takes locks of some of these types.
const stopping = `(l.object_type NOT IN ('GLOBAL', 'BACKUP LOCK', 'BACKUP', 'SCHEMA', 'COMMIT')
	OR l.object_type IN ('GLOBAL', 'BACKUP LOCK', 'SCHEMA') AND l.lock_type NOT LIKE 'INTENTION%'
	OR l.object_type = 'BACKUP' AND l.lock_type NOT LIKE '%DML' AND l.lock_type NOT IN ('BACKUP_DDL', 'BACKUP_ALTER_COPY', 'BACKUP_COMMIT', 'BACKUP_START'))`

// holders returns the holders of the lock that session id waits for.
func (d *Database) holders(ctx context.Context, q queryer, id int64) ([]holder, error) {
	return d.locks(ctx, q, `JOIN performance_schema.metadata_locks p ON p.lock_status = 'PENDING' AND l.object_type = p.object_type AND l.object_schema <=> p.object_schema
			AND l.object_name <=> p.object_name AND l.owner_thread_id <> p.owner_thread_id
		JOIN performance_schema.threads me ON me.thread_id = p.owner_thread_id AND me.processlist_id = ?`, "TRUE", id)
}

// holdersOf returns the holders of locks that a statement that changes tables
// would wait for.
func (d *Database) holdersOf(ctx context.Context, q queryer, tables []sqltext.Table) ([]holder, error) {
	var args []any
	where := "l.object_type <> 'TABLE' AND l.object_type <> 'SCHEMA'"
	for _, t := range tables {
		where += " OR l.object_type = 'TABLE' AND l.object_schema = ? AND l.object_name = ?"
		args = append(args, cmp.Or(t.Schema, d.Schema), t.Name)
	}
	return d.locks(ctx, q, "", "("+where+") AND l.object_type IN ('TABLE', 'GLOBAL', 'BACKUP LOCK', 'BACKUP')", args...)
}

// locks reads who holds locks. What LOCK TABLES and HANDLER hold looks like a
// transaction's lock in metadata_locks; but between two statements a transaction
// has no table locked in the storage engine, and LOCK TABLES belongs to no
// transaction. It leaves out noren's own sessions.
func (d *Database) locks(ctx context.Context, q queryer, join, where string, args ...any) ([]holder, error) {
	rows, err := q.QueryContext(ctx, `SELECT COALESCE(t.processlist_id, 0), COALESCE(t.processlist_user, ''), COALESCE(t.processlist_host, ''), COALESCE(t.processlist_command, 'Sleep') = 'Sleep',
			COALESCE(t.processlist_time, 0), COALESCE(x.trx_rows_modified, 0), l.object_type, l.lock_type, COALESCE(l.object_schema, ''), COALESCE(l.object_name, ''),
			MAX(l.lock_duration = 'EXPLICIT' OR x.trx_id IS NULL OR EXISTS (SELECT 1 FROM performance_schema.table_handles h
				WHERE h.owner_thread_id = l.owner_thread_id AND h.object_schema = l.object_schema AND h.object_name = l.object_name AND h.external_lock IS NOT NULL))
		FROM performance_schema.metadata_locks l `+join+`
		LEFT JOIN performance_schema.threads t ON t.thread_id = l.owner_thread_id
		LEFT JOIN information_schema.innodb_trx x ON x.trx_mysql_thread_id = t.processlist_id
		WHERE l.lock_status = 'GRANTED' AND `+stopping+` AND COALESCE(t.processlist_info, '') NOT LIKE '/* noren ddl %' AND (t.thread_id IS NULL OR t.processlist_id IS NOT NULL) AND `+where+`
		GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []holder
	for rows.Next() {
		var h holder
		if err := rows.Scan(&h.id, &h.user, &h.host, &h.idle, &h.seconds, &h.written, &h.kind, &h.mode, &h.on.Schema, &h.on.Name, &h.explicit); err != nil {
			return nil, err
		}
		if h.on.Schema == d.Schema {
			h.on.Schema = ""
		}
		if !slices.ContainsFunc(all, func(o holder) bool { return o.id == h.id && o.kind == h.kind && o.on == h.on }) {
			all = append(all, h)
		}
	}
	return all, rows.Err()
}

// preparedXA describes a transaction that is prepared and has no session, which
// MariaDB does not show among the holders of locks.
func (d *Database) preparedXA(ctx context.Context, q queryer) string {
	all, err := collect[int64](ctx, q, "SELECT trx_rows_modified FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = 0 AND trx_rows_modified > 0")
	if err != nil || len(all) == 0 {
		return ""
	}
	return "a prepared XA transaction that no session has is open: XA RECOVER lists it, XA COMMIT or XA ROLLBACK ends it"
}

// endSession ends another session.
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

// An eviction decides which holders to end while a statement waits.
type eviction struct {
	idle   map[int64]time.Time // since when a holder has been continuously idle
	tried  map[int64]bool
	spared map[int64]string
}

func newEviction() *eviction {
	return &eviction{idle: map[int64]time.Time{}, tried: map[int64]bool{}, spared: map[int64]string{}}
}

// due returns the holders that have been idle for patience and may be ended.
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

// list formats holders as text, one after the other.
func list(holders []holder) string {
	var all []string
	for _, h := range holders {
		all = append(all, h.String())
	}
	return strings.Join(all, "; ")
}
