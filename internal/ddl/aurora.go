package ddl

import (
	"context"
	"fmt"
)

// localStorage estimates the local storage of an Aurora instance in bytes, where
// its sort files go: twice the memory, three quarters of which is the buffer
// pool.
func localStorage(bufferPool int64) int64 { return bufferPool / 3 * 4 * 2 }

// An instance is what plan knows about the instance besides its server.
type instance struct {
	readers bool  // whether there are readers; true if unknown
	local   int64 // bytes of free local storage; 0 if unknown
}

// readInstance looks at an Aurora instance. free is its free local storage, 0 if
// the caller does not know.
func (d *Database) readInstance(ctx context.Context, free int64) instance {
	i := instance{readers: true, local: free}
	if d.Server.Aurora == "" {
		return i
	}
	var readers int
	err := d.pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.replica_host_status WHERE session_id <> 'MASTER_SESSION_ID'").Scan(&readers)
	if err == nil {
		i.readers = readers > 0
	}
	var pool int64
	if i.local == 0 && d.pool.QueryRowContext(ctx, "SELECT @@innodb_buffer_pool_size").Scan(&pool) == nil {
		i.local = localStorage(pool)
	}
	return i
}

// A trap is something that goes wrong with a statement on Aurora although the
// server accepts it.
type trap struct {
	text    string
	reads   bool // it stops reads, on the readers
	copying bool // COPY avoids it
}

// traps returns the traps of executing a statement with a rung on a table with a
// size in bytes.
func (s Server) traps(r Rung, bytes int64, i instance) []trap {
	if s.Aurora == "" {
		return nil
	}
	var all []trap
	if i.readers {
		all = append(all, trap{"Aurora interrupts the connections of its readers that use the table, whatever the LOCK: their reads must be tried again, or go to the writer meanwhile", false, false})
	}
	switch {
	case r.Algorithm != "INPLACE" || !i.readers:
	case !atLeast(s.Aurora, 3, 4, 2):
		all = append(all, trap{"up to Aurora 3.04.1 the readers do not see the table during an INPLACE change", true, true})
	default:
		all = append(all, trap{"a reader of Aurora that has not read the table since its last INPLACE change may not find it after this one: read it on every reader between two statements, as run does with --reader", false, true})
	}
	if r.Algorithm == "INPLACE" && i.local > 0 && bytes > i.local/2 {
		all = append(all, trap{fmt.Sprintf("INPLACE sorts on the instance's local storage, of which about %s may be free, and the table has %s", Bytes(i.local), Bytes(bytes)), false, true})
	}
	if r.Algorithm != "" && r.Algorithm != "INSTANT" && i.readers && !atLeast(s.Aurora, 3, 7) {
		all = append(all, trap{"before Aurora 3.07 a reader may restart when it reads a table that is being altered", false, false})
	}
	return all
}

// Bytes formats n for people: 1.5 GiB.
func Bytes(n int64) string {
	units := []string{"KiB", "MiB", "GiB", "TiB"}
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, unit := float64(n)/1024, 0
	for f >= 1024 && unit < len(units)-1 {
		f, unit = f/1024, unit+1
	}
	return fmt.Sprintf("%.1f %s", f, units[unit])
}
