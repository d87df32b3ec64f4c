package ddl

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// alone refuses a server in a cluster of servers that all accept writes: there, a
// schema change stops or breaks the others, and nothing that noren knows about
// one server holds.
func (d *Database) alone(ctx context.Context) error {
	wsrep, err := variable(ctx, d.pool, "wsrep_on")
	if err != nil {
		return err
	}
	provider, err := variable(ctx, d.pool, "wsrep_provider")
	if err != nil {
		return err
	}
	if wsrep == "ON" && provider != "" && provider != "none" {
		return fmt.Errorf("%s is a node of a Galera cluster (wsrep_on): there every schema change stops all nodes as long as it takes (TOI), or leaves them with different tables (RSU), and a lock budget of one node protects none of the others; use the cluster's own way, such as pt-online-schema-change", d.Addr)
	}
	members, err := collect[string](ctx, d.pool, "SELECT member_host FROM performance_schema.replication_group_members WHERE member_state IN ('ONLINE', 'RECOVERING')")
	switch code(err) {
	case codeUnknownTable, codeTableDenied, codeSchemaDenied:
		return nil // MariaDB has none
	}
	if err != nil {
		return fmt.Errorf("looking for a replication group: %w", err)
	}
	if len(members) > 0 {
		return fmt.Errorf("%s is a member of Group Replication (%s): there a schema change beside writes on another member breaks the group, and members that apply it stop the others by flow control; use the group's own way", d.Addr, strings.Join(members, ", "))
	}
	return nil
}

// replicas returns the number of sessions that read the binary log.
func (d *Database) replicas(ctx context.Context) (int, error) {
	all, err := collect[int](ctx, d.pool, "SELECT COUNT(*) FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'")
	if err != nil || len(all) == 0 {
		return 0, err
	}
	return all[0], nil
}

// lag returns how far a replica is behind, and whether it replicates at all.
func (d *Database) lag(ctx context.Context) (time.Duration, bool, error) {
	show := "SHOW REPLICA STATUS"
	if d.Server.Flavor != "MariaDB" && !atLeast(d.Server.Version, 8, 0, 22) {
		show = "SHOW SLAVE STATUS"
	}
	rows, err := d.pool.QueryContext(ctx, show)
	if err != nil {
		return 0, false, fmt.Errorf("asking %s how far it is behind: %w", d.Addr, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil || !rows.Next() {
		return 0, false, err
	}
	values := make([]any, len(columns))
	var seconds *int64
	for i, name := range columns {
		values[i] = new(any)
		if name == "Seconds_Behind_Source" || name == "Seconds_Behind_Master" {
			values[i] = &seconds
		}
	}
	if err := rows.Scan(values...); err != nil || seconds == nil {
		return 0, false, err
	}
	return time.Duration(*seconds) * time.Second, true, rows.Err()
}

// keepUp waits until no replica is further behind than a run allows.
func (c *conductor) keepUp(ctx context.Context) error {
	if c.maxLag == 0 {
		return nil
	}
	began := time.Now()
	for told := false; ; {
		behind := ""
		for _, replica := range c.replicas {
			lag, replicates, err := replica.lag(ctx)
			switch {
			case ctx.Err() != nil:
				return interrupted()
			case err != nil:
				return err
			case !replicates:
				behind = fmt.Sprintf("%s does not replicate", replica.Addr)
			case lag > c.maxLag:
				behind = fmt.Sprintf("%s is %v behind", replica.Addr, lag)
			}
		}
		if behind == "" {
			return nil
		}
		if time.Since(began) > c.guard.budgets.Wait {
			return fmt.Errorf("the replica %s, after %v, and %v is the most: %w", behind, c.guard.budgets.Wait, c.maxLag, ErrRepeat)
		}
		if !told {
			told = true
			c.note(fmt.Sprintf("waiting for the replicas: %s, and %v is the most", behind, c.maxLag))
		}
		if err := sleep(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
}
