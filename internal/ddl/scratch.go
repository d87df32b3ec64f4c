package ddl

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// ScratchSchema is the only schema to which planning writes. The user needs
// CREATE, ALTER, DROP, INDEX, REFERENCES, SELECT and INSERT on it.
const ScratchSchema = "noren_scratch"

// A scratch is a run's part of the scratch schema: the tables whose names begin
// with its prefix. A server lock named like the prefix says that the run is
// alive; tables without such a lock are leftovers of a killed run.
type scratch struct {
	db     *Database
	conn   *sql.Conn // works in the scratch schema
	prefix string
	shadows
}

var scratchTable = regexp.MustCompile(`^n[0-9a-f]{6}_`)

// openScratch prepares the schema for the shadows of a run, and removes the
// leftovers of killed runs.
func openScratch(ctx context.Context, db *Database) (*scratch, error) {
	conn, err := db.session(ctx, 20)
	if err != nil {
		return nil, err
	}
	id := make([]byte, 3)
	rand.Read(id)
	s := &scratch{db: db, conn: conn, prefix: fmt.Sprintf("n%x_", id), shadows: newShadows()}
	if err := s.begin(ctx); err != nil {
		_ = s.close(ctx) // the first error says more
		return nil, fmt.Errorf("preparing the scratch schema %s: %w", ScratchSchema, err)
	}
	return s, nil
}

func (s *scratch) begin(ctx context.Context) error {
	if err := s.lock(ctx, s.prefix); err != nil {
		return err
	}
	return s.alone(ctx, func() error {
		var charset, collation string
		err := s.conn.QueryRowContext(ctx, "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata WHERE schema_name = ?",
			s.db.Schema).Scan(&charset, &collation)
		if err != nil {
			return err
		}
		s.charset = fmt.Sprintf("CHARACTER SET %s COLLATE %s", charset, collation)
		if err := s.exec(ctx, "CREATE DATABASE IF NOT EXISTS "+ScratchSchema+" "+s.charset); err != nil {
			return err
		}
		if err := s.exec(ctx, "USE "+ScratchSchema); err != nil {
			return err
		}
		// This table keeps the schema from being removed before the first shadow
		// exists.
		if err := s.exec(ctx, "CREATE TABLE "+s.prefix+"run (since TIMESTAMP NOT NULL PRIMARY KEY)"); err != nil {
			return err
		}
		return s.sweep(ctx)
	})
}

// close removes the run's tables, and the schema if no other run uses it.
func (s *scratch) close(ctx context.Context) error {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if s.conn.PingContext(ctx) != nil { // a cancelled statement has closed the session
		again, err := s.db.session(ctx, 10)
		if err != nil {
			return fmt.Errorf("removing the shadows from %s, which the next run will do: %w", ScratchSchema, err)
		}
		end(s.conn)
		s.conn = again
	}
	defer func() { end(s.conn) }()
	if err := s.drop(ctx, s.prefix); err != nil {
		return fmt.Errorf("removing the shadows from %s: %w", ScratchSchema, err)
	}
	return s.alone(ctx, func() error {
		tables, err := s.tables(ctx)
		if err != nil || len(tables) > 0 {
			return err
		}
		return s.exec(ctx, "DROP DATABASE IF EXISTS "+ScratchSchema)
	})
}

// alone runs f while no other run creates, sweeps or removes the scratch schema.
func (s *scratch) alone(ctx context.Context, f func() error) error {
	if err := s.lock(ctx, ScratchSchema); err != nil {
		return err
	}
	err := f()
	_, released := s.conn.ExecContext(ctx, "DO RELEASE_LOCK(?)", ScratchSchema)
	return errors.Join(err, released)
}

func (s *scratch) lock(ctx context.Context, name string) error {
	var got sql.NullBool
	if err := s.conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, 30)", name).Scan(&got); err != nil {
		return err
	}
	if !got.Bool {
		return fmt.Errorf("another run has held the lock %q for 30 seconds: try again", name)
	}
	return nil
}

// sweep removes the tables of runs that have ended.
func (s *scratch) sweep(ctx context.Context) error {
	tables, err := s.tables(ctx)
	if err != nil {
		return err
	}
	seen := map[string]bool{s.prefix: true}
	for _, name := range tables {
		prefix := scratchTable.FindString(name)
		if prefix == "" || seen[prefix] {
			continue
		}
		seen[prefix] = true
		var dead sql.NullBool
		if err := s.conn.QueryRowContext(ctx, "SELECT IS_FREE_LOCK(?)", prefix).Scan(&dead); err != nil {
			return err
		}
		if dead.Bool {
			if err := s.drop(ctx, prefix); err != nil {
				return err
			}
		}
	}
	return nil
}

// drop drops the tables with a prefix.
func (s *scratch) drop(ctx context.Context, prefix string) error {
	tables, err := s.tables(ctx)
	if err != nil {
		return err
	}
	if err := s.exec(ctx, "SET foreign_key_checks = 0"); err != nil {
		return err
	}
	for _, name := range tables {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		place := sqltext.Quote(ScratchSchema) + "." + sqltext.Quote(name)
		err := s.exec(ctx, "DROP TABLE IF EXISTS "+place)
		if err == nil {
			err = s.exec(ctx, "DROP VIEW IF EXISTS "+place) // DROP TABLE leaves views alone
		}
		if err != nil && code(err) != codeNotView {
			return err
		}
	}
	return s.exec(ctx, "SET foreign_key_checks = DEFAULT")
}

func (s *scratch) tables(ctx context.Context) ([]string, error) {
	return collect[string](ctx, s.conn, "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", ScratchSchema)
}

func (s *scratch) exec(ctx context.Context, statement string) error {
	_, err := s.conn.ExecContext(ctx, statement)
	return err
}
