package ddl

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// reading are the privileges that only let a session read.
var reading = []string{
	"USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES", "PROCESS", "REPLICATION CLIENT", "BINLOG MONITOR", "SLAVE MONITOR", "REPLICA MONITOR", "SHOW_ROUTINE", "SHOW CREATE ROUTINE",
	"SESSION_VARIABLES_ADMIN", // for its own session
}

// readsOnly refuses a user who, according to the server, may write anywhere but
// to the scratch schema: plan executes statements, and what a server does not
// allow cannot happen.
func (d *Database) readsOnly(ctx context.Context) error {
	grants, err := d.grants(ctx)
	if err != nil {
		return fmt.Errorf("reading the grants of the user: %w", err)
	}
	schemas, err := collect[string](ctx, d.pool, "SELECT schema_name FROM information_schema.schemata")
	if err != nil {
		return fmt.Errorf("reading the names of the schemas: %w", err)
	}
	var wide []string
	for _, g := range grants {
		var many []string
		for _, privilege := range g.Privileges {
			if !slices.Contains(reading, privilege) {
				many = append(many, privilege)
			}
		}
		if len(many) > 0 && (g.Routine || !scratchOnly(g.Schema, schemas)) {
			wide = append(wide, fmt.Sprintf("%s on %s.%s", strings.Join(many, ", "), g.Schema, g.Object))
		}
	}
	if len(wide) > 0 {
		slices.Sort(wide)
		return fmt.Errorf("plan needs a user who cannot write, and this one has %s: give --plan-dsn (or PLAN_DB_...) of a user with the grants for plan in docs/schema-changes.md; --scratch-server says that nothing of value lives on this server",
			strings.Join(slices.Compact(wide), "; "))
	}
	return nil
}

// scratchOnly reports whether a grant's schema pattern can match only the scratch
// schema.
func scratchOnly(pattern string, schemas []string) bool {
	if !sqltext.MatchesSchema(pattern, ScratchSchema) || strings.Contains(strings.ReplaceAll(pattern, `\%`, ""), "%") {
		return false
	}
	for _, name := range schemas {
		if !strings.EqualFold(name, ScratchSchema) && sqltext.MatchesSchema(strings.ToLower(pattern), strings.ToLower(name)) {
			return false
		}
	}
	return true
}

// grants returns what the user may do, directly or through any role that it could
// take.
func (d *Database) grants(ctx context.Context) ([]sqltext.Grant, error) {
	conn, err := d.session(ctx, 20) // its roles change
	if err != nil {
		return nil, err
	}
	defer end(conn)
	var all []sqltext.Grant
	var roles []string
	read := func(show string) error {
		lines, err := collect[string](ctx, conn, show)
		if err != nil {
			return err
		}
		for _, line := range lines {
			upper := strings.ToUpper(line)
			if strings.HasPrefix(upper, "REVOKE ") || strings.HasPrefix(upper, "SET DEFAULT ROLE ") {
				continue // it revokes rights, or gives none that are not read below
			}
			g, ok := sqltext.ParseGrant(line)
			if !ok {
				g = sqltext.Grant{Privileges: []string{"a grant that noren cannot read"}, Schema: "?", Object: "?"}
			}
			all = append(all, g)
			for _, role := range g.Roles {
				if !slices.Contains(roles, role) {
					roles = append(roles, role)
				}
			}
		}
		return nil
	}
	if err := read("SHOW GRANTS"); err != nil {
		return nil, err
	}
	if d.Server.Flavor == "MariaDB" {
		if err := read("SHOW GRANTS FOR PUBLIC"); err != nil && code(err) != codeNoGrant && code(err) != codeNoRole && code(err) != codeSyntax {
			return nil, err
		}
		for i := 0; i < len(roles); i++ { // the roles of roles are appended
			if _, err := conn.ExecContext(ctx, "SET ROLE "+roles[i]); code(err) == codeNoRole {
				continue // a role of a role, whose grants were already shown
			} else if err != nil {
				return nil, err
			}
			if err := read("SHOW GRANTS FOR " + roles[i]); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	for known := 0; known < len(roles); {
		known = len(roles)
		if err := read("SHOW GRANTS FOR CURRENT_USER() USING " + strings.Join(roles, ", ")); err != nil {
			return nil, err
		}
	}
	return all, nil
}
