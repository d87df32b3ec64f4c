// Package ddl changes the schema of a MySQL database while an application keeps
// reading it, or reading and writing.
//
// It has no built-in table of what locks what. Plan asks the server itself, by
// running every statement on an empty shadow of its table; Rehearse measures the
// plan on a full-size clone; Run executes it under two lock budgets, with a
// journal from which it resumes after a crash.
package ddl

import "github.com/noren-cdk/noren/internal/ddl/sqltext"

// Kind is what a statement does.
type Kind = sqltext.Kind

// Rung is an ALGORITHM and a LOCK.
type Rung = sqltext.Rung
