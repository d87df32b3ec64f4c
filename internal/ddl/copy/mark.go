package copy

import (
	"context"
	"fmt"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl"
)

// A Mark is what a server says about a table, from which it is known later
// whether the table may have been written since.
type Mark struct {
	// Written is how many rows were ever written, and Since when the server began
	// to count. Counted is false if the server does not count per table.
	Written int64 `json:"written"`
	Since   int64 `json:"since"`
	Counted bool  `json:"counted"`

	// Made identifies the table's storage, and when it was last defined: emptying
	// or altering it is not counted. It is empty if the server does not say.
	Made string `json:"made,omitempty"`
}

// same reports whether nothing was written between two marks.
func (m Mark) same(other Mark) bool {
	return m.Counted && other.Counted && m.Written == other.Written && max(m.Since-other.Since, other.Since-m.Since) <= 2 && m.Made != "" && m.Made == other.Made
}

// marked returns the current mark of a table.
func marked(ctx context.Context, db *ddl.Database, table string) (Mark, error) {
	var m Mark
	var err error
	if m.Written, m.Since, m.Counted, err = db.Written(ctx, table); err != nil {
		return m, fmt.Errorf("counting what is written to %s of %s: %w", table, db.Addr, err)
	}
	ids := "innodb_tables"
	if db.Server.Flavor == "MariaDB" {
		ids = "innodb_sys_tables"
	}
	// Names with other characters are encoded there, and not found.
	name := db.Schema + "/" + table
	row, err := oneRow(ctx, db.Pool(), `SELECT (SELECT CAST(create_time AS CHAR) FROM information_schema.tables WHERE table_schema = ? AND table_name = ?) AS defined,
		COUNT(*) AS parts, SUM(table_id) AS ids FROM information_schema.`+ids+` WHERE name = ? OR name LIKE ?`, db.Schema, table, name, strings.ReplaceAll(name, "_", `\_`)+"#p#%")
	if err == nil && row["parts"] != "0" && row["defined"] != "" {
		m.Made = row["defined"] + ", " + row["parts"] + ", " + row["ids"]
	}
	return m, nil
}

// changed returns the compared tables that may have been written since, on either
// side, as far as the servers count.
func changed(ctx context.Context, original, copied *ddl.Database, compared []TableResult) (map[string]bool, error) {
	all := map[string]bool{}
	for _, r := range compared {
		here, err := marked(ctx, original, r.Table)
		if err != nil {
			return nil, err
		}
		there, err := marked(ctx, copied, r.Table)
		if err != nil {
			return nil, err
		}
		all[r.Table] = !r.Original.same(here) || !r.Copied.same(there)
	}
	return all, nil
}

// cascaded adds the tables that a foreign key writes when one of the others is
// written, which the server does not count.
func cascaded(ctx context.Context, db *ddl.Database, changed map[string]bool) error {
	rows, err := db.Pool().QueryContext(ctx, `SELECT table_name, referenced_table_name, unique_constraint_schema = constraint_schema FROM information_schema.referential_constraints
		WHERE constraint_schema = ? AND (update_rule NOT IN ('NO ACTION', 'RESTRICT') OR delete_rule NOT IN ('NO ACTION', 'RESTRICT'))`, db.Schema)
	if err != nil {
		return fmt.Errorf("reading the foreign keys of %s: %w", db.Addr, err)
	}
	defer rows.Close()
	children := map[string][]string{}
	var reach func(table string)
	reach = func(table string) {
		for _, child := range children[table] {
			if !changed[child] {
				changed[child] = true
				reach(child)
			}
		}
	}
	var outside []string
	for rows.Next() {
		var child, parent string
		var within bool
		if err := rows.Scan(&child, &parent, &within); err != nil {
			return err
		}
		if children[parent] = append(children[parent], child); !within {
			outside = append(outside, child)
		}
	}
	for table, is := range changed {
		if is {
			outside = append(outside, table)
		}
	}
	for _, table := range outside {
		changed[table] = true
		reach(table)
	}
	return rows.Err()
}
