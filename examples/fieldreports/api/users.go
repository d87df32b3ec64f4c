package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// The roles of users. A manager sees all reports.
const (
	managerRole = "manager"
	fieldRole   = "field"
)

// examplePassword is the password of both example users. They are created on
// demand, and never on AWS.
const (
	examplePassword = "example"
	exampleHash     = "$2a$12$6wGUU6XRaWOHlQ/6LMoIZubMmc2mCh9ZYWJedpf76z.Cht0tel9bW"
)

var examples = []person{{"manager", managerRole, exampleHash}, {"field", fieldRole, exampleHash}}

// A person is a user as passed to migrate: NAME:ROLE:HASH.
type person struct {
	name, role, hash string
}

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{0,63}$`)

func parsePerson(text string) (person, error) {
	parts := strings.SplitN(text, ":", 3)
	if len(parts) != 3 {
		return person{}, errors.New("want NAME:ROLE:HASH")
	}
	l := person{parts[0], parts[1], parts[2]}
	if !nameForm.MatchString(l.name) {
		return person{}, fmt.Errorf("the name is %q: want up to 64 of a-z, 0-9 and ._@-", l.name)
	}
	if l.role != managerRole && l.role != fieldRole {
		return person{}, fmt.Errorf("the role is %q: want %s or %s", l.role, managerRole, fieldRole)
	}
	if err := validHash(l.hash); err != nil {
		return person{}, err
	}
	return l, nil
}

// password reads a password from a line of stdin and prints its hash, so that a
// password never has to leave its owner's machine.
func password(_ context.Context, args []string, _ func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("fieldreports password", flag.ContinueOnError)
	flags.SetOutput(stderr)
	if err := parse(flags, args); err != nil {
		return err
	}
	line, err := bufio.NewReader(stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the password: %w", err)
	}
	line = strings.TrimRight(line, "\r\n")
	hashed, err := hashPassword(line)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, hashed)
	return nil
}

// user creates a user, or changes a user's role or password. A new password ends
// the sessions of the old one.
func (m *migration) user(ctx context.Context, l person) error {
	var id int64
	var role, hash string
	err := m.conn.QueryRowContext(ctx, "SELECT id, role, password_hash FROM users WHERE name = ?", l.name).Scan(&id, &role, &hash)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		fmt.Fprintf(m.stdout, "-- making the %s %q\n", l.role, l.name)
		_, err = m.conn.ExecContext(ctx, "INSERT INTO users (name, role, password_hash) VALUES (?, ?, ?)", l.name, l.role, l.hash)
	case err == nil && (role != l.role || hash != l.hash):
		fmt.Fprintf(m.stdout, "-- changing the %s %q\n", l.role, l.name)
		_, err = m.conn.ExecContext(ctx, "UPDATE users SET role = ?, password_hash = ? WHERE id = ?", l.role, l.hash, id)
		if err == nil && hash != l.hash {
			_, err = m.conn.ExecContext(ctx, "DELETE FROM sessions WHERE user_id = ?", id)
		}
	}
	if err != nil {
		return fmt.Errorf("making the user %q: %w", l.name, err)
	}
	return nil
}

// removeUser locks a user out: it removes the password and every session.
// What they have written stays theirs.
func (m *migration) removeUser(ctx context.Context, name string) error {
	var id int64
	err := m.conn.QueryRowContext(ctx, "SELECT id FROM users WHERE name = ?", name).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("removing the user %q: there is none", name)
	}
	if err == nil {
		_, err = m.conn.ExecContext(ctx, "UPDATE users SET password_hash = '' WHERE id = ?", id)
	}
	if err == nil {
		_, err = m.conn.ExecContext(ctx, "DELETE FROM sessions WHERE user_id = ?", id)
	}
	if err != nil {
		return fmt.Errorf("removing the user %q: %w", name, err)
	}
	fmt.Fprintf(m.stdout, "-- %q is removed: no password, no session\n", name)
	return nil
}

// examples creates the example users that are missing.
func (m *migration) examples(ctx context.Context) error {
	for _, example := range examples {
		var there bool
		if err := m.conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM users WHERE name = ?", example.name).Scan(&there); err != nil {
			return fmt.Errorf("looking for the user %q: %w", example.name, err)
		}
		if there {
			continue
		}
		if err := m.user(ctx, example); err != nil {
			return err
		}
	}
	return nil
}
