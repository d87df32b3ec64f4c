package ddl

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// The shadows are what a scratch knows about the tables that its shadows
// represent.
type shadows struct {
	charset string                   // of the real schema, as clauses
	names   map[sqltext.Table]string // the shadow of a table, whether it exists or not
	real    map[string]sqltext.Table // the table of a shadow
	copied  map[sqltext.Table]bool   // tables that were looked for and, if they exist, copied
	loaded  map[sqltext.Table]bool   // tables copied together with the tables around them
	long    map[string]string        // constraints whose names are too long for a prefix
	pasts   map[sqltext.Table]past   // of the real table, as the statements so far have left it
}

func newShadows() shadows {
	return shadows{
		names: map[sqltext.Table]string{}, real: map[string]sqltext.Table{},
		copied: map[sqltext.Table]bool{}, loaded: map[sqltext.Table]bool{}, long: map[string]string{}, pasts: map[sqltext.Table]past{},
	}
}

// plainName reports whether a name needs no quotes.
func plainName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// home returns t without its schema if that is the migration's own.
func (s *scratch) home(t sqltext.Table) sqltext.Table {
	if t.Schema == s.db.Schema {
		t.Schema = ""
	}
	return t
}

// shadow returns the name of t's shadow. It is the prefix followed by t's own
// name where possible, since servers derive the names of constraints from it.
func (s *scratch) shadow(t sqltext.Table) string {
	name, ok := s.names[t]
	if !ok {
		name = s.prefix + t.Name
		if t.Schema != "" || len(name) > 64-len("_ibfk_100") || !plainName(t.Name) {
			name = fmt.Sprintf("%s%x", s.prefix, sha256.Sum256([]byte(t.String())))[:40]
		}
		s.names[t], s.real[name] = name, t
	}
	return name
}

// load makes the shadows of t and of the tables that foreign keys tie to it,
// unless they exist already. A table that does not exist has no shadow.
func (s *scratch) load(ctx context.Context, t sqltext.Table) error {
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
	if create, err := sqltext.ParseDefinition(definition, s.db.Dialect()); err == nil {
		for _, name := range create.Tables[1:] {
			neighbours = append(neighbours, s.from(t, name.Table))
		}
	}
	for _, n := range neighbours {
		if _, err := s.copy(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// from returns the table that a statement about t refers to as name.
func (s *scratch) from(t, name sqltext.Table) sqltext.Table {
	if name.Schema == "" {
		name.Schema = t.Schema
	}
	return s.home(name)
}

// copy makes an empty copy of t unless there is one, and returns the definition
// of t, or "" if the table does not exist.
func (s *scratch) copy(ctx context.Context, t sqltext.Table) (string, error) {
	schema := cmp.Or(t.Schema, s.db.Schema)
	definition, err := showCreate(ctx, s.conn, schema, t.Name)
	if err != nil || definition == "" || s.copied[t] {
		s.copied[t] = true
		return definition, err
	}
	s.copied[t] = true
	if s.pasts[t], err = s.db.pastOf(ctx, schema, t.Name, definition); err != nil {
		return "", err
	}
	return definition, s.create(ctx, t, definition)
}

// create makes the shadow of t from a definition of t, whatever the session's
// sql_mode would object, with the past that t has.
func (s *scratch) create(ctx context.Context, t sqltext.Table, definition string) error {
	parsed, err := sqltext.ParseDefinition(definition, s.db.Dialect())
	if err != nil {
		return fmt.Errorf("reading the definition of %s: %w", t, err)
	}
	past, options := s.pasts[t], ""
	if past.format != "" {
		options = "ROW_FORMAT=" + past.format
	}
	statements := []string{parsed.Shadow(s.edits(t, parsed, ""), options)}
	if past.fulltext {
		shadow := sqltext.Table{Schema: ScratchSchema, Name: s.shadow(t)}
		text, err := s.textColumn(ctx, t)
		if err != nil {
			return err
		}
		if text != "" {
			statements = append(statements, "ALTER TABLE "+shadow.String()+" ADD FULLTEXT noren_past ("+sqltext.Quote(text)+")", "ALTER TABLE "+shadow.String()+" DROP INDEX noren_past")
		}
	}
	err = s.lenient(ctx, func() error {
		for _, statement := range statements {
			if err := s.exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("making an empty shadow of %s: %w", t, s.unmapped(err))
	}
	return nil
}

// lenient runs f in a session that accepts what already exists, whatever the
// present rules for new objects are.
func (s *scratch) lenient(ctx context.Context, f func() error) error {
	if err := s.exec(ctx, "SET @noren_fk = @@foreign_key_checks, @noren_mode = @@sql_mode, foreign_key_checks = 0, sql_mode = ''"); err != nil {
		return err
	}
	restore := "SET foreign_key_checks = @noren_fk, sql_mode = @noren_mode"
	var without []string
	for _, name := range []string{"innodb_strict_mode", "sql_require_primary_key"} {
		value, err := variable(ctx, s.conn, name)
		if err != nil {
			return err
		}
		if value != "ON" {
			continue
		}
		switch err := s.exec(ctx, "SET SESSION "+name+" = 0"); code(err) {
		case codeNoPrivilege:
			without = append(without, name)
		case 0:
			if err != nil {
				return err
			}
			restore += ", " + name + " = 1"
		default:
			return err
		}
	}
	err := f()
	if err != nil && len(without) > 0 && code(err) != 0 {
		err = fmt.Errorf("%w (with %s ON, as this server has it, the table could not be made today; its shadow can, if the user who plans has SESSION_VARIABLES_ADMIN)", err, strings.Join(without, ", "))
	}
	return errors.Join(err, s.exec(ctx, restore))
}

// textColumn returns a column of t that a FULLTEXT index can use; "" if there is
// none.
func (s *scratch) textColumn(ctx context.Context, t sqltext.Table) (string, error) {
	all, err := collect[string](ctx, s.conn, `SELECT column_name FROM information_schema.columns WHERE table_schema = ? AND table_name = ?
		AND data_type IN ('char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext') AND COALESCE(generation_expression, '') = '' ORDER BY ordinal_position LIMIT 1`,
		cmp.Or(t.Schema, s.db.Schema), t.Name)
	if err != nil || len(all) == 0 {
		return "", err
	}
	return all[0], nil
}

// edits returns the edits that replace the tables in a statement by their
// shadows. at is a table of the statement's schema, definition the definition of
// its shadow.
func (s *scratch) edits(at sqltext.Table, st sqltext.Statement, definition string) []sqltext.Edit {
	var edits []sqltext.Edit
	for _, name := range st.Tables {
		shadow := sqltext.Quote(ScratchSchema) + "." + sqltext.Quote(s.shadow(s.from(at, name.Table)))
		edits = append(edits, sqltext.Edit{Span: name.Span, Text: shadow})
	}
	for _, c := range st.Constraints {
		if s.renames(c, definition) {
			edits = append(edits, sqltext.Edit{Span: c.Span, Text: sqltext.Quote(s.constraint(c.Name))})
		}
	}
	return edits
}

// constraint returns the name of a constraint's shadow.
func (s *scratch) constraint(name string) string {
	shadow := s.prefix + name
	if utf8.RuneCountInString(shadow) > 64 {
		shadow = fmt.Sprintf("%s%x", s.prefix, sha256.Sum256([]byte(name)))[:40]
		s.long[shadow] = name
	}
	return shadow
}

// renames reports whether shadows give the constraint another name, because it
// must be unique in the schema, which runs share. MariaDB's checks need not be.
func (s *scratch) renames(c sqltext.Constraint, definition string) bool {
	if c.Any {
		return strings.Contains(definition, "CONSTRAINT "+sqltext.Quote(s.constraint(c.Name))+" ")
	}
	return c.FK || s.db.Server.Flavor != "MariaDB"
}

// children returns the tables with foreign keys to t.
func (s *scratch) children(ctx context.Context, t sqltext.Table) ([]sqltext.Table, error) {
	rows, err := s.conn.QueryContext(ctx, `SELECT DISTINCT table_schema, table_name FROM information_schema.key_column_usage
		WHERE referenced_table_schema = ? AND referenced_table_name = ?`, cmp.Or(t.Schema, s.db.Schema), t.Name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []sqltext.Table
	for rows.Next() {
		var child sqltext.Table
		if err := rows.Scan(&child.Schema, &child.Name); err != nil {
			return nil, err
		}
		all = append(all, s.home(child))
	}
	return all, rows.Err()
}

// definition returns the future definition of t, as far as the shadow tells; ""
// if the table will not exist.
func (s *scratch) definition(ctx context.Context, t sqltext.Table) (string, error) {
	text, err := showCreate(ctx, s.conn, ScratchSchema, s.shadow(s.home(t)))
	if err != nil {
		return "", err
	}
	if format := s.pasts[s.home(t)].format; format != "" {
		text = strings.Replace(text, " ROW_FORMAT="+format, "", 1)
	}
	return s.unmap(text), nil
}

// unmap restores the real names in a text from the server.
func (s *scratch) unmap(text string) string {
	text = strings.ReplaceAll(text, sqltext.Quote(ScratchSchema)+".", "")
	text = strings.ReplaceAll(text, ScratchSchema+".", "")
	for shadow, t := range s.real {
		if shadow != s.prefix+t.Name {
			text = strings.ReplaceAll(text, sqltext.Quote(shadow), t.String())
			text = strings.ReplaceAll(text, shadow, t.Name)
		}
	}
	for shadow, name := range s.long {
		text = strings.ReplaceAll(text, shadow, name)
	}
	return strings.ReplaceAll(text, s.prefix, "")
}

func (s *scratch) unmapped(err error) error {
	if code(err) == 0 {
		return err
	}
	return errors.New(s.unmap(reason(err)))
}
