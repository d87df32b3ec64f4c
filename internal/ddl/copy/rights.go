package copy

import (
	"context"
	"fmt"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl"
)

// needs returns the privileges that the user who starts, compares and switches
// needs on the original and on the copy, which has the original's users.
func needs(server ddl.Server) []ddl.Need {
	all := []ddl.Need{
		{Privileges: []string{"SELECT", "INSERT", "UPDATE", "CREATE", "DROP", "LOCK TABLES"}},
		{Privileges: []string{"PROCESS", "REPLICATION CLIENT"}, Schema: "*"},
		{Privileges: []string{"SELECT"}, Schema: "performance_schema"},
	}
	if server.Flavor == "MariaDB" { // it shows REPLICATION CLIENT as its parts
		all = append(all[:1], ddl.Need{Privileges: []string{"PROCESS", "BINLOG MONITOR", "SLAVE MONITOR"}, Schema: "*"})
	}
	return all
}

// Rights adds the rights that the user who will start the copy lacks, before
// anything is begun.
func (p *Plan) Rights(ctx context.Context, starter *ddl.Database) error {
	lacks, err := starter.Lacks(ctx, append(needs(starter.Server), p.needs...)...)
	if err != nil {
		return fmt.Errorf("reading the grants of the user who starts the copy: %w", err)
	}
	if len(lacks) > 0 {
		p.problem("the user who starts the copy lacks %s", strings.Join(lacks, ", "))
	}
	return nil
}

// noEvents fails unless it is known that no event runs on the copy.
func noEvents(ctx context.Context, copied *ddl.Database) error {
	row, err := oneRow(ctx, copied.Pool(), `SELECT @@event_scheduler AS scheduler,
		(SELECT COUNT(*) FROM information_schema.events WHERE status = 'ENABLED') AS events,
		(SELECT MIN(CONCAT(event_schema, '.', event_name)) FROM information_schema.events WHERE status = 'ENABLED') AS one`)
	if err != nil {
		return fmt.Errorf("looking for events: %w", err)
	}
	const off = "set event_scheduler to OFF in its cluster parameter group until the switch"
	switch {
	case row["scheduler"] != "ON":
		return nil
	case row["events"] != "0":
		return fmt.Errorf("events run at the copy, as %s does, and would write there: %s", row["one"], off)
	}
	lacks, err := copied.Lacks(ctx, ddl.Need{Privileges: []string{"EVENT"}, Schema: "*"})
	if err != nil {
		return fmt.Errorf("reading the grants of the user at the copy: %w", err)
	}
	if len(lacks) > 0 {
		return fmt.Errorf("events may run at the copy, and this user, who lacks %s, does not see them: %s", lacks[0], off)
	}
	return nil
}
