package ddl

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

// The shadows are what a scratch knows of the tables it stands for.
type shadows struct {
	charset  string           // of the real schema, as clauses
	names    map[table]string // the shadow of a table, there or not
	real     map[string]table // the table of a shadow
	copied   map[table]bool   // looked for and, where there, copied
	loaded   map[table]bool   // copied with the tables around it
	versions map[table]int    // row versions that the real table has and the shadow lacks
}

func newShadows() shadows {
	return shadows{
		names: map[table]string{}, real: map[string]table{},
		copied: map[table]bool{}, loaded: map[table]bool{}, versions: map[table]int{},
	}
}

// plainName reports whether a name needs no quotes.
func plainName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// home is t without the schema if that is the migration's own.
func (s *scratch) home(t table) table {
	if t.schema == s.db.Schema {
		t.schema = ""
	}
	return t
}

// shadow is the name of t's shadow. It is the prefix and t's own name where
// that can be, because servers derive the names of constraints from it.
func (s *scratch) shadow(t table) string {
	name, ok := s.names[t]
	if !ok {
		name = s.prefix + t.name
		if t.schema != "" || len(name) > 64 || !plainName(t.name) {
			name = fmt.Sprintf("%s%x", s.prefix, sha256.Sum256([]byte(t.String())))[:40]
		}
		s.names[t], s.real[name] = name, t
	}
	return name
}

// load makes the shadows of t and of the tables that foreign keys tie to it,
// unless they have been made before. A table that does not exist has none.
func (s *scratch) load(ctx context.Context, t table) error {
	t = s.home(t)
	if s.loaded[t] {
		return nil
	}
	s.loaded[t] = true
	definition, err := s.copy(ctx, t)
	if err != nil || definition == "" {
		return err
	}
	neighbours, err := s.children(ctx, t)
	if err != nil {
		return err
	}
	if create, err := parse(definition); err == nil {
		for _, name := range create.tables[1:] {
			neighbours = append(neighbours, s.from(t, name.table))
		}
	}
	for _, n := range neighbours {
		if _, err := s.copy(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// from is the table that a statement about t names as name.
func (s *scratch) from(t, name table) table {
	if name.schema == "" {
		name.schema = t.schema
	}
	return s.home(name)
}

// copy makes an empty copy of t unless one was made before, and returns the
// definition of t, or "" if there is no such table.
func (s *scratch) copy(ctx context.Context, t table) (string, error) {
	schema := cmp.Or(t.schema, s.db.Schema)
	definition, err := showCreate(ctx, s.conn, schema, t.name)
	if err != nil || definition == "" || s.copied[t] {
		s.copied[t] = true
		return definition, err
	}
	s.copied[t] = true
	if s.versions[t], err = s.db.rowVersions(ctx, s.conn, schema, t.name); err != nil {
		return "", err
	}
	return definition, s.create(ctx, t, definition)
}

// create makes the shadow of t from a definition of t, whatever the session's
// mode would say to it.
func (s *scratch) create(ctx context.Context, t table, definition string) error {
	parsed, err := parse(definition)
	if err != nil {
		return fmt.Errorf("reading the definition of %s: %w", t, err)
	}
	if err := s.exec(ctx, "SET @noren_fk = @@foreign_key_checks, @noren_mode = @@sql_mode, foreign_key_checks = 0, sql_mode = ''"); err != nil {
		return err
	}
	_, err = s.conn.ExecContext(ctx, rewrite(definition, s.edits(t, parsed, "")))
	restored := s.exec(ctx, "SET foreign_key_checks = @noren_fk, sql_mode = @noren_mode")
	if err != nil {
		return fmt.Errorf("making an empty shadow of %s: %w", t, s.unmapped(err))
	}
	return restored
}

// edits puts the shadows in the place of the tables that a statement names. at
// is a table of the statement's schema, definition that of its shadow.
func (s *scratch) edits(at table, st statement, definition string) []edit {
	var edits []edit
	for _, name := range st.tables {
		shadow := quote(ScratchSchema) + "." + quote(s.shadow(s.from(at, name.table)))
		edits = append(edits, edit{name.span, shadow})
	}
	for _, c := range st.constraints {
		if s.renames(c, definition) {
			edits = append(edits, edit{c.span, quote(s.prefix + c.name)})
		}
	}
	return edits
}

// renames says whether shadows give the constraint another name: it must be
// unique in the schema, which runs share. Checks of MariaDB need not be.
func (s *scratch) renames(c constraintName, definition string) bool {
	if c.any {
		return strings.Contains(definition, "CONSTRAINT "+quote(s.prefix+c.name)+" ")
	}
	return c.fk || s.db.Server.Flavor != "MariaDB"
}

// children are the tables with foreign keys to t.
func (s *scratch) children(ctx context.Context, t table) ([]table, error) {
	rows, err := s.conn.QueryContext(ctx, `SELECT DISTINCT table_schema, table_name FROM information_schema.key_column_usage
		WHERE referenced_table_schema = ? AND referenced_table_name = ?`, cmp.Or(t.schema, s.db.Schema), t.name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []table
	for rows.Next() {
		var child table
		if err := rows.Scan(&child.schema, &child.name); err != nil {
			return nil, err
		}
		all = append(all, s.home(child))
	}
	return all, rows.Err()
}

// definition is what the definition of t will be, as far as the shadow tells;
// "" if the table will not be there.
func (s *scratch) definition(ctx context.Context, t table) (string, error) {
	text, err := showCreate(ctx, s.conn, ScratchSchema, s.shadow(s.home(t)))
	if err != nil {
		return "", err
	}
	return s.unmap(text), nil
}

// unmap puts the real names back into a text of the server.
func (s *scratch) unmap(text string) string {
	text = strings.ReplaceAll(text, quote(ScratchSchema)+".", "")
	text = strings.ReplaceAll(text, ScratchSchema+".", "")
	for shadow, t := range s.real {
		if shadow != s.prefix+t.name {
			text = strings.ReplaceAll(text, quote(shadow), t.String())
			text = strings.ReplaceAll(text, shadow, t.name)
		}
	}
	return strings.ReplaceAll(text, s.prefix, "")
}

func (s *scratch) unmapped(err error) error {
	if code(err) == 0 {
		return err
	}
	return errors.New(s.unmap(reason(err)))
}
