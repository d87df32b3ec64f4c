package copy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/ddl"
)

// A Position is a position in the binary log of the original.
type Position struct {
	File string `json:"file"`
	At   int64  `json:"at"`
}

func (p Position) String() string { return fmt.Sprintf("%s:%d", p.File, p.At) }

// ErrBehind is in every error about a copy that has not caught up.
var ErrBehind = errors.New("the copy has not caught up")

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// position returns the end of a server's binary log.
func position(ctx context.Context, db *ddl.Database, q queryer) (Position, error) {
	show := "SHOW MASTER STATUS"
	if db.Server.Flavor != "MariaDB" && db.Server.AtLeast(8, 2) {
		show = "SHOW BINARY LOG STATUS"
	}
	row, err := oneRow(ctx, q, show)
	if err != nil {
		return Position{}, fmt.Errorf("asking %s where its binary log ends: %w", db.Addr, err)
	}
	if row == nil {
		return Position{}, fmt.Errorf("%s writes no binary log: set binlog_format to ROW in its cluster parameter group, and restart it", db.Addr)
	}
	var p Position
	_, err = fmt.Sscan(row["Position"], &p.At)
	p.File = row["File"]
	return p, err
}

// reaches waits until a copy has applied everything up to a position. It does not
// wait if nothing arrives at the copy any more.
func reaches(ctx context.Context, db *ddl.Database, q queryer, p Position, wait time.Duration) error {
	function := "MASTER_POS_WAIT"
	if db.Server.Flavor != "MariaDB" && db.Server.AtLeast(8, 0, 26) {
		function = "SOURCE_POS_WAIT"
	}
	for until := time.Now().Add(wait); ; {
		seconds := max(min(time.Until(until), between), time.Millisecond).Seconds()
		if db.Server.Flavor == "MariaDB" { // for which less than a second means no limit
			seconds = max(1, math.Round(seconds))
		}
		var events sql.NullInt64
		if err := q.QueryRowContext(ctx, "SELECT "+function+"(?, ?, ?)", p.File, p.At, seconds).Scan(&events); err != nil {
			return fmt.Errorf("waiting for %s to reach %s: %w", db.Addr, p, err)
		}
		if events.Valid && events.Int64 >= 0 {
			return nil
		}
		r, err := ReadReplication(ctx, db)
		switch {
		case err != nil:
			return err
		case !events.Valid && r.Well(): // it was being started
			return fmt.Errorf("%s did not apply what arrived: %w", db.Addr, ErrBehind)
		case !events.Valid || r.ended:
			return fmt.Errorf("%s: %s", db.Addr, r.Trouble())
		case time.Now().Before(until):
		case !r.Well():
			return fmt.Errorf("%s is not at %s after %v: %s: %w", db.Addr, p, wait, r.Trouble(), ErrBehind)
		default:
			return fmt.Errorf("%s is not at %s after %v: %w", db.Addr, p, wait, ErrBehind)
		}
	}
}

// oneRow returns the first row of a query by column name, or nil if there is
// none.
func oneRow(ctx context.Context, q queryer, query string, args ...any) (map[string]string, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil || !rows.Next() {
		return nil, errors.Join(err, rows.Err())
	}
	values := make([]sql.NullString, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	row := map[string]string{}
	for i, name := range columns {
		row[name] = values[i].String
	}
	return row, rows.Err()
}

// A Replication is how a copy follows the original.
type Replication struct {
	// Receives and Applies say whether rows arrive, and whether they are applied.
	Receives bool `json:"receives"`
	Applies  bool `json:"applies"`

	// Lag is how far behind the copy is, in seconds; nil if that is not known.
	Lag *int64 `json:"lagSeconds"`

	// Position is the position in the original's binary log up to which the copy
	// has applied it.
	Position Position `json:"position"`

	// Receiving and Applying are the errors, from the worker that had it; Code is
	// the code of the second.
	Receiving string `json:"receivingError,omitempty"`
	Applying  string `json:"applyingError,omitempty"`
	Code      int    `json:"applyingCode,omitempty"`

	// ErrorAt is the time of the last error of applying, by the copy's clock.
	ErrorAt string `json:"errorAt,omitempty"`

	ended bool // nothing tries to receive
}

// ReadReplication asks a copy for the state of replication.
func ReadReplication(ctx context.Context, db *ddl.Database) (Replication, error) {
	show, old := "SHOW REPLICA STATUS", false
	if db.Server.Flavor == "MariaDB" || !db.Server.AtLeast(8, 0, 22) {
		show, old = "SHOW SLAVE STATUS", true
	}
	row, err := oneRow(ctx, db.Pool(), show)
	if err != nil {
		return Replication{}, fmt.Errorf("asking %s how it replicates: %w", db.Addr, err)
	}
	if row == nil {
		return Replication{}, fmt.Errorf("%s replicates from no server: it is not a copy", db.Addr)
	}
	name := func(now, before string) string {
		if old {
			return row[before]
		}
		return row[now]
	}
	r := Replication{
		Receives: name("Replica_IO_Running", "Slave_IO_Running") == "Yes", Applies: name("Replica_SQL_Running", "Slave_SQL_Running") == "Yes",
		Receiving: row["Last_IO_Error"], Applying: row["Last_SQL_Error"], ErrorAt: row["Last_SQL_Error_Timestamp"],
	}
	r.ended = name("Replica_IO_Running", "Slave_IO_Running") == "No"
	if lag := name("Seconds_Behind_Source", "Seconds_Behind_Master"); lag != "" {
		var n int64
		if _, err := fmt.Sscan(lag, &n); err == nil {
			r.Lag = &n
		}
	}
	r.Position.File = name("Relay_Source_Log_File", "Relay_Master_Log_File")
	_, _ = fmt.Sscan(name("Exec_Source_Log_Pos", "Exec_Master_Log_Pos"), &r.Position.At)
	_, _ = fmt.Sscan(row["Last_SQL_Errno"], &r.Code)
	if db.Server.Flavor == "MariaDB" || r.Applying == "" {
		return r, nil
	}
	// The coordinator only says that a worker has failed. A worker whose
	// transaction came later then has error 3030
	// (ER_REPLICA_WORKER_STOPPED_PREVIOUS_THD_ERROR): it waited for the one that
	// failed, and does not say why.
	worker, err := oneRow(ctx, db.Pool(), `SELECT last_error_number AS n, last_error_message AS text, last_error_timestamp AS at
		FROM performance_schema.replication_applier_status_by_worker WHERE last_error_number <> 0 ORDER BY last_error_number = 3030, last_error_timestamp DESC LIMIT 1`)
	if err == nil && worker != nil {
		r.Applying, r.ErrorAt = worker["text"], worker["at"]
		_, _ = fmt.Sscan(worker["n"], &r.Code)
	}
	return r, nil
}

// Well reports whether rows arrive and are applied.
func (r Replication) Well() bool { return r.Receives && r.Applies }

// Trouble says what is wrong, and what to do.
func (r Replication) Trouble() string {
	switch {
	case r.Applying != "":
		return fmt.Sprintf("replication has stopped: error %d: %s. %s", r.Code, strings.TrimSuffix(r.Applying, "."), remedy(r.Code))
	case r.Receiving != "":
		return "nothing arrives: " + r.Receiving
	case !r.Applies:
		return "what arrives is not applied: START REPLICA on the copy (CALL mysql.rds_start_replication on RDS)"
	case !r.Receives:
		return "nothing arrives: START REPLICA on the copy (CALL mysql.rds_start_replication on RDS)"
	}
	return "none"
}

// remedy says what to do after an error of applying.
func remedy(code int) string {
	const again = ", then START REPLICA (CALL mysql.rds_start_replication on RDS): nothing is skipped"
	switch code {
	case 13146, 1677:
		return "A column has another type than on the original: set replica_type_conversions (slave_type_conversions) to ALL_NON_LOSSY if it is wider, never ALL_LOSSY, or undo the change of the copy" + again
	case 1062:
		return "A row breaks a unique key that only the copy has: remove the duplicate on the original, or drop the key on the copy" + again
	case 3819, 4025:
		return "A row breaks a check that only the copy has: correct it on the original, or drop the check on the copy" + again
	case 1146:
		return "The copy does not have the table: give it its name back" + again
	case 1060, 1061, 1050, 1091:
		return "The same schema change has come from the original: undo that of the copy" + again
	case 1610:
		return "The types do not fit, and no conversion is done between them: undo the change of the copy" + again
	case 1032:
		return "A row that was changed on the original is not on the copy, so that the copy is not to be trusted: noren ddl copy abandon, and begin again"
	}
	return "Undo the change of the copy that is in the way" + again + "; or noren ddl copy abandon"
}
