package ddl

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

// CloneMarker is a table that marks its schema as a clone. Whoever makes the
// clone creates it.
const CloneMarker = "noren_clone"

// An Identity says which server holds the real schema.
type Identity struct {
	Addr   string `json:"addr"`
	UUID   string `json:"uuid"`
	Schema string `json:"schema"`
}

// Identity returns the identity of this server.
func (d *Database) Identity() Identity { return Identity{d.Addr, d.UUID, d.Schema} }

// ReadIdentity reads the server on which a plan was made from a file that noren
// ddl plan wrote.
func ReadIdentity(name string) (Identity, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return Identity{}, fmt.Errorf("reading the plan: %w", err)
	}
	var i Identity
	if err := json.Unmarshal(text, &i); err != nil || i.UUID == "" || i.Addr == "" {
		return Identity{}, fmt.Errorf("%q is not a plan: want what noren ddl plan --out writes", name)
	}
	return i, nil
}

// quietFor is how long a clone must not be written before a rehearsal.
const quietFor = 2 * time.Second

// provenCopy refuses to rehearse unless something proves that the schema is a
// copy: a marker in it, or a server other than that of the real schema. In any
// case, nothing may write to it.
func (d *Database) provenCopy(ctx context.Context, real []Identity) error {
	marked, err := collect[int](ctx, d.pool, "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?", d.Schema, CloneMarker)
	if err != nil {
		return fmt.Errorf("looking for the marker of a clone: %w", err)
	}
	for _, i := range real {
		switch {
		case i == d.Identity():
			return fmt.Errorf("this is the real schema, by the plan or the login for production (%s): rehearse on a clone", i.Addr)
		case len(marked) > 0:
		case i.UUID == "" || d.UUID == "" || strings.EqualFold(i.UUID, d.UUID):
			return fmt.Errorf("this server calls itself %q, as that of the real schema does (%s): rehearse on a clone, or mark this one: %s", d.UUID, i.Addr, d.howToMark())
		case i.Addr == d.Addr:
			return fmt.Errorf("%s is where the real schema is, too: rehearse on a clone, or mark this one: %s", d.Addr, d.howToMark())
		}
	}
	if len(marked) == 0 && len(real) == 0 {
		return fmt.Errorf("nothing proves that %q at %s is a copy: give --plan, what noren ddl plan --out wrote of the real one, or mark the copy: %s", d.Schema, d.Addr, d.howToMark())
	}
	return d.quiet(ctx)
}

func (d *Database) howToMark() string {
	return fmt.Sprintf("CREATE TABLE %s (id INT PRIMARY KEY)", d.table(CloneMarker))
}

// quiet refuses a schema that anyone writes to. noren itself writes nothing
// meanwhile.
func (d *Database) quiet(ctx context.Context) error {
	count, exact := d.schemaWrites(ctx)
	began, err := count(ctx, d.pool)
	if err != nil {
		return fmt.Errorf("counting what is written: %w", err)
	}
	for until := time.Now().Add(quietFor); time.Now().Before(until); {
		if err := sleep(ctx, 150*time.Millisecond); err != nil { // InnoDB caches its list for 100 ms
			return err
		}
		writers, err := collect[string](ctx, d.pool, `SELECT CONCAT('session ', t.trx_mysql_thread_id, COALESCE(CONCAT(' (', p.user, '@', p.host, ')'), ''))
			FROM information_schema.innodb_trx t LEFT JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
			WHERE t.trx_rows_modified > 0 AND t.trx_mysql_thread_id > 0`)
		if err != nil {
			return fmt.Errorf("looking for who writes: %w", err)
		}
		now, err := count(ctx, d.pool)
		if err != nil {
			return fmt.Errorf("counting what is written: %w", err)
		}
		switch {
		case len(writers) > 0:
			return fmt.Errorf("%s writes here: rehearse on a clone, never on the real schema", strings.Join(writers, ", "))
		case now != began && exact:
			return fmt.Errorf("%d rows of %q were written within %v, and not by noren: rehearse on a clone, never on the real schema", now-began, d.Schema, quietFor)
		case now != began:
			return fmt.Errorf("%d rows were written on this server within %v, and the performance schema is off, so that nobody can tell where: rehearse on a clone to which nobody writes", now-began, quietFor)
		}
	}
	return nil
}

// schemaWrites returns a function that counts the rows written to all tables of
// the schema or, if the performance schema is off, of the server.
func (d *Database) schemaWrites(ctx context.Context) (count func(context.Context, queryer) (int64, error), exact bool) {
	return d.counter(ctx, true, "object_schema = ?", d.Schema)
}
