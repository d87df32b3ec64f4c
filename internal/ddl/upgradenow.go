package ddl

import (
	"context"
	"fmt"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// The length of the history list from which on purging takes minutes, and the age
// of a transaction, in seconds, from which on it is reported.
const (
	longHistory        = 1_000_000
	oldTransaction     = 60
	manyRowsToRollBack = 100_000
)

// upgradeXA finds prepared XA transactions, with which RDS refuses the upgrade.
func upgradeXA(ctx context.Context, d *Database) (UpgradeFinding, error) {
	rows, err := d.pool.QueryContext(ctx, "XA RECOVER")
	if err != nil {
		return UpgradeFinding{}, err
	}
	defer rows.Close()
	var prepared []string
	for rows.Next() {
		var format, global, branch int
		var data []byte
		if err := rows.Scan(&format, &global, &branch, &data); err != nil {
			return UpgradeFinding{}, err
		}
		if len(data) != global+branch {
			return UpgradeFinding{}, fmt.Errorf("XA RECOVER: %d bytes, want %d and %d", len(data), global, branch)
		}
		prepared = append(prepared, fmt.Sprintf("X'%x',X'%x',%d", data[:global], data[global:], format))
	}
	if err := rows.Err(); err != nil {
		return UpgradeFinding{}, err
	}
	return some(prepared, UpgradeBusy, "transactions are prepared and not decided", "end each with XA COMMIT or XA ROLLBACK and its id", "none is prepared")
}

// upgradeDDL finds statements that change definitions, with which RDS refuses the
// upgrade.
func upgradeDDL(ctx context.Context, d *Database) (UpgradeFinding, error) {
	rows, err := d.pool.QueryContext(ctx, "SELECT id, time, info FROM information_schema.processlist WHERE command <> 'Sleep' AND info IS NOT NULL AND id <> CONNECTION_ID()")
	if err != nil {
		return UpgradeFinding{}, err
	}
	defer rows.Close()
	var running []string
	for rows.Next() {
		var id, seconds int64
		var text string
		if err := rows.Scan(&id, &seconds, &text); err != nil {
			return UpgradeFinding{}, err
		}
		if sqltext.Defines(text) {
			running = append(running, fmt.Sprintf("session %d, for %s: %s", id, sinceText(seconds), text))
		}
	}
	if err := rows.Err(); err != nil {
		return UpgradeFinding{}, err
	}
	return some(running, UpgradeBusy, "statements change definitions", "wait until they have ended", "none is running")
}

// upgradeTransactions finds transactions that would be rolled back while the
// server is offline, and those that keep it from purging.
func upgradeTransactions(ctx context.Context, d *Database) (UpgradeFinding, error) {
	rows, err := d.pool.QueryContext(ctx, "SELECT trx_mysql_thread_id, GREATEST(TIMESTAMPDIFF(SECOND, trx_started, NOW()), 0), trx_rows_modified FROM information_schema.innodb_trx WHERE trx_mysql_thread_id <> CONNECTION_ID()")
	if err != nil {
		return UpgradeFinding{}, err
	}
	defer rows.Close()
	var open []string
	var modified int64
	for rows.Next() {
		var id, seconds, rolledBack int64
		if err := rows.Scan(&id, &seconds, &rolledBack); err != nil {
			return UpgradeFinding{}, err
		}
		modified += rolledBack
		if seconds >= oldTransaction || rolledBack > 0 {
			open = append(open, fmt.Sprintf("session %d, for %s, %d rows not committed", id, sinceText(seconds), rolledBack))
		}
	}
	if err := rows.Err(); err != nil {
		return UpgradeFinding{}, err
	}
	level := UpgradeWarning
	if modified >= manyRowsToRollBack {
		level = UpgradeSlow
	}
	return some(open, level, fmt.Sprintf("transactions are open, with %d rows that would be rolled back while the cluster is offline", modified),
		"close the product, and wait until they have ended", "none is long, or has written")
}

// upgradeHistory reads how much InnoDB must purge before the upgrade, while it is
// offline.
func upgradeHistory(ctx context.Context, d *Database) (UpgradeFinding, error) {
	var length int64
	if err := d.pool.QueryRowContext(ctx, "SELECT `count` FROM information_schema.innodb_metrics WHERE name = 'trx_rseg_history_len'").Scan(&length); err != nil {
		return UpgradeFinding{}, err
	}
	if length >= longHistory {
		return UpgradeFinding{Level: UpgradeSlow, Found: fmt.Sprintf("%d changes are to be purged, which happens while the cluster is offline", length), Do: "end long transactions on the writer and the readers, and wait until the list is short"}, nil
	}
	return none("%d changes are to be purged", length)
}
