package main

import (
	"cmp"
	"fmt"
	"strings"
)

// scratch is the schema in which the schema-change user tries statements out.
// Where the server takes patterns, it may use any schema that begins like it.
const (
	scratch        = "noren_scratch"
	scratchPattern = `noren\_%`
)

// schemaStatement makes the schema. The character set is named because MySQL
// and MariaDB differ in their defaults.
func schemaStatement(schema string) string {
	return "CREATE DATABASE IF NOT EXISTS " + quote(schema) + " CHARACTER SET utf8mb4"
}

// The accounts are the database users that log in with IAM tokens.
type accounts struct {
	api          string // reads and writes rows
	schemaChange string // changes tables too
}

// accountsFrom takes the names of the users from the environment.
func accountsFrom(getenv func(string) string) (accounts, error) {
	a := accounts{
		api:          cmp.Or(getenv("DB_API_USER"), "api"),
		schemaChange: cmp.Or(getenv("DB_SCHEMACHANGE_USER"), "schemachange"),
	}
	if err := cmp.Or(validUser("DB_API_USER", a.api), validUser("DB_SCHEMACHANGE_USER", a.schemaChange)); err != nil {
		return accounts{}, err
	}
	if a.api == a.schemaChange {
		return accounts{}, fmt.Errorf("DB_API_USER and DB_SCHEMACHANGE_USER are both %q: want two users, or the API could change tables", a.api)
	}
	return a, nil
}

// statements make the accounts and say what they may do in schema. Run again
// they change nothing, but require TLS again.
//
// Patterns says whether the server reads _ and % in the schema of a GRANT as
// wildcards. It does not with partial_revokes, which Aurora MySQL 3 has on: an
// escaped name would then grant nothing.
func (a accounts) statements(schema string, patterns bool) []string {
	scratchSchema := scratch
	if patterns {
		schema = strings.ReplaceAll(schema, "_", `\_`)
		scratchSchema = scratchPattern
	}
	const (
		rows   = "SELECT, INSERT, UPDATE, DELETE"
		tables = rows + ", CREATE, ALTER, DROP, INDEX, REFERENCES"
	)
	return append(
		account(a.api,
			grant{rows, quote(schema)},
		),
		account(a.schemaChange,
			grant{tables, quote(schema)},
			grant{tables, quote(scratchSchema)},
			grant{"PROCESS", "*"}, // who holds a lock, and how far an ALTER is
			grant{"SELECT", quote("performance_schema")},
		)...,
	)
}

// A grant is privileges on everything in a schema, or on "*": everywhere.
type grant struct {
	privileges string
	schema     string // quoted
}

// account makes a user who logs in with an IAM token, over TLS alone. The name
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

// quote makes name an identifier of SQL.
func quote(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}
