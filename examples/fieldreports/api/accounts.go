package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// scratch is the schema in which noren tries out statements.
const scratch = "noren_scratch"

// schemaStatement returns the statement that creates the schema. It names the
// character set because MySQL and MariaDB have different defaults.
func schemaStatement(schema string) string {
	return "CREATE DATABASE IF NOT EXISTS " + quote(schema) + " CHARACTER SET utf8mb4"
}

// The accounts are the database users that log in with IAM tokens.
type accounts struct {
	api          string // reads and writes rows
	schemaChange string // changes tables as well
	schemaPlan   string // reads, and tries out changes in the scratch schema
}

// accountsFrom reads the names of the users from the environment.
func accountsFrom(getenv func(string) string) (accounts, error) {
	a := accounts{
		api:          cmp.Or(getenv("DB_API_USER"), "api"),
		schemaChange: cmp.Or(getenv("DB_SCHEMACHANGE_USER"), "schemachange"),
		schemaPlan:   cmp.Or(getenv("DB_SCHEMAPLAN_USER"), "schemaplan"),
	}
	if err := cmp.Or(validUser("DB_API_USER", a.api), validUser("DB_SCHEMACHANGE_USER", a.schemaChange), validUser("DB_SCHEMAPLAN_USER", a.schemaPlan)); err != nil {
		return accounts{}, err
	}
	switch {
	case a.api == a.schemaChange:
		return accounts{}, fmt.Errorf("DB_API_USER and DB_SCHEMACHANGE_USER are both %q: want two users, or the API could change tables", a.api)
	case a.schemaPlan == a.api, a.schemaPlan == a.schemaChange:
		return accounts{}, fmt.Errorf("DB_SCHEMAPLAN_USER is %q, as another user is: want one of its own, or a plan could write", a.schemaPlan)
	}
	return a, nil
}

// statements returns the statements that create the accounts and grant their
// privileges on schema. When they run again they change nothing, except that they
// require TLS again.
//
// Patterns says whether the server reads _ and % in the schema of a GRANT as
// wildcards. It does not if partial_revokes is on, as in Aurora MySQL 3: an
// escaped name would then grant nothing.
func (a accounts) statements(schema string, patterns bool) []string {
	scratchSchema := scratch
	if patterns {
		schema = strings.ReplaceAll(schema, "_", `\_`)
		scratchSchema = strings.ReplaceAll(scratch, "_", `\_`)
	}
	const (
		rows   = "SELECT, INSERT, UPDATE, DELETE"
		tables = rows + ", CREATE, ALTER, DROP, INDEX, REFERENCES"
		views  = ", CREATE VIEW, SHOW VIEW"
	)
	looking := []grant{
		{"PROCESS", "*"}, // who holds a lock, and the progress of an ALTER
		{"SELECT", quote("performance_schema")},
	}
	return slices.Concat(
		account(a.api,
			grant{rows, quote(schema)},
		),
		account(a.schemaChange, append([]grant{
			// Without TRIGGER it would not see the triggers that a change breaks.
			// LOCK TABLES is for comparing a copy.
			{tables + ", TRIGGER, LOCK TABLES", quote(schema)},
			{tables + views, quote(scratchSchema)},
			{"REPLICATION CLIENT", "*"}, // the state of a copy's replication
		}, looking...)...),
		account(a.schemaPlan, append([]grant{
			{"SELECT, SHOW VIEW", quote(schema)},
			{tables + views, quote(scratchSchema)},
		}, looking...)...),
	)
}

// A grant is a set of privileges on everything in a schema, or everywhere: "*".
type grant struct {
	privileges string
	schema     string // quoted
}

// account creates a user who logs in with an IAM token, only over TLS. The name
// has passed validUser.
func account(name string, grants ...grant) []string {
	user := "'" + name + "'@'%'"
	statements := []string{
		"CREATE USER IF NOT EXISTS " + user + " IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL",
		"ALTER USER " + user + " REQUIRE SSL",
	}
	for _, g := range grants {
		statements = append(statements, fmt.Sprintf("GRANT %s ON %s.* TO %s", g.privileges, g.schema, user))
	}
	return statements
}

// quote quotes name as an SQL identifier.
func quote(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}
