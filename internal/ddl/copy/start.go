package copy

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// An Engine makes the copy, and makes it replace the original. Each of its calls
// may be repeated, and continues where an earlier one was interrupted.
type Engine interface {
	// Ready fails if it is known that the copy cannot be made with the type
	// conversions that it needs.
	Ready(ctx context.Context, name, conversions string) error

	// Make makes the copy, waits until it replicates, and returns its host.
	Make(ctx context.Context, name string, report func(string)) (host string, err error)

	// Switch makes the copy replace the original. ErrNotSwitched means that the
	// original is in use as before.
	Switch(ctx context.Context, name string, timeout time.Duration, report func(string)) error

	// Finish removes what linked the two, and returns the name of the original,
	// which stays.
	Finish(ctx context.Context, name string, report func(string)) (old string, err error)

	// Abandon removes the copy.
	Abandon(ctx context.Context, name string, report func(string)) error
}

// ErrNotSwitched says that after a switch the original is in use as before.
var ErrNotSwitched = errors.New("the original is as it was")

// ErrGone says that nothing links the copy to the original any more, so that no
// switch will ever happen.
var ErrGone = errors.New("nothing links the copy to the original any more")

// StartOptions configure Start.
type StartOptions struct {
	Engine Engine

	// Planner is the original with the login of the user who plans. Default: the
	// login of the user who starts.
	Planner *ddl.Database

	// Open logs in to the copy.
	Open func(ctx context.Context, host string) (*ddl.Database, error)

	// Report receives what happens, and Run what the migration does.
	Report func(string)
	Run    ddl.Report
}

// reached is called at every point at which a verb may be interrupted.
var reached = func(point string) {}

// Start makes a copy, or continues with the one that was begun, and runs the
// migration there.
func Start(ctx context.Context, original *ddl.Database, m sqltext.Migration, o StartOptions) (*State, error) {
	release, err := alone(ctx, original)
	if err != nil {
		return nil, err
	}
	defer release()
	s, err := begun(ctx, original, m, o)
	if err != nil {
		return nil, err
	}
	reached("begun")
	if s.Phase == Making {
		if s.Host, err = o.Engine.Make(ctx, s.Deployment, o.Report); err != nil {
			return s, fmt.Errorf("making the copy: %w", err)
		}
		reached("made")
	}
	if s.Phase != Making && s.Phase != Changing {
		o.Report("the copy is changed already, and is " + string(s.Phase))
		return s, nil
	}
	copied, err := o.Open(ctx, s.Host)
	if err != nil {
		return s, fmt.Errorf("logging in to the copy: %w", err)
	}
	defer copied.Close()
	if err := s.prepare(ctx, original, copied, o); err != nil {
		return s, err
	}
	reached("changing")
	options := ddl.RunOptions{OnCopy: true, Report: o.Run}
	options.Writes, options.Policy = ddl.Stopped, ddl.Any
	if _, err := ddl.Run(ctx, copied, m, options); err != nil {
		return s, fmt.Errorf("changing the copy: %w", err)
	}
	reached("changed")
	s.Phase = Following
	return s, s.save(ctx, original)
}

// begun reads the copy that was begun, or begins one if the plan allows it.
func begun(ctx context.Context, original *ddl.Database, m sqltext.Migration, o StartOptions) (*State, error) {
	s, err := Read(ctx, original)
	if err != nil {
		return nil, err
	}
	if s != nil && s.Phase != Finished && s.Phase != Abandoned {
		if s.Migration != m.Key() {
			return nil, fmt.Errorf("a copy for %q is %s: finish or abandon it first", s.Migration, s.Phase)
		}
		if s.Hash != m.Hash() {
			return nil, fmt.Errorf("the copy was begun with other content of %q (SHA-256 %.12s..., now %.12s...): put the file back, or abandon the copy", s.Migration, s.Hash, m.Hash())
		}
		return s, nil
	}
	planning, options := o.Planner, ddl.PlanOptions{}
	if planning == nil {
		planning, options.ScratchServer = original, true
	}
	plan, err := MakePlan(ctx, planning, m, options)
	if err != nil {
		return nil, err
	}
	if err := plan.Rights(ctx, original); err != nil {
		return nil, err
	}
	if !plan.Allowed() {
		why := append(slices.Clone(plan.Problems), "noren ddl copy plan says why")
		return nil, fmt.Errorf("%s is not allowed on a copy: %s", m.Name, strings.Join(why, "; "))
	}
	if err := o.Engine.Ready(ctx, plan.Deployment, plan.Conversions); err != nil {
		return nil, err
	}
	s = &State{Migration: m.Key(), Hash: m.Hash(), Deployment: plan.Deployment, Conversions: plan.Conversions, Changes: plan.Changes}
	return s, begin(ctx, original, s)
}

// deploymentName returns a name for RDS: letters, digits and single hyphens.
func deploymentName(schema string, m sqltext.Migration) string {
	var name strings.Builder
	for _, c := range "noren-" + m.Key() {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			name.WriteRune(c)
		case !strings.HasSuffix(name.String(), "-"):
			name.WriteByte('-')
		}
	}
	text := strings.TrimRight(name.String()[:min(name.Len(), 45)], "-")
	return fmt.Sprintf("%s-%.5x", text, sha256.Sum256([]byte(schema+"\x00"+m.Hash())))
}

// prepare checks that the copy is the right one and accepts the change.
func (s *State) prepare(ctx context.Context, original, copied *ddl.Database, o StartOptions) error {
	if err := s.arrived(ctx, original, copied, time.Minute); err != nil && (s.Phase != Changing || !errors.Is(err, ErrBehind)) {
		return err
	}
	if err := takesWrites(ctx, copied); err != nil {
		return err
	}
	if err := s.converts(ctx, copied); err != nil {
		return err
	}
	if err := noEvents(ctx, copied); err != nil {
		return err
	}
	s.UUID, s.Phase = copied.UUID, Changing
	return s.save(ctx, original)
}

// takesWrites checks that the copy accepts writes from this user.
func takesWrites(ctx context.Context, copied *ddl.Database) error {
	table := sqltext.Table{Schema: copied.Schema, Name: "noren_may_write"}.String()
	for _, statement := range []string{"CREATE TABLE IF NOT EXISTS " + table + " (id INT PRIMARY KEY)", "DROP TABLE " + table} {
		if _, err := copied.Pool().ExecContext(ctx, statement); err != nil {
			row, unread := oneRow(ctx, copied.Pool(), "SELECT @@read_only AS read_only, @@innodb_read_only AS reader")
			switch {
			case unread == nil && row["reader"] == "1":
				return fmt.Errorf("%s is a reader of the copy: name its writer: %w", copied.Addr, err)
			case unread == nil && row["read_only"] != "0":
				return fmt.Errorf("the copy takes no writes (read_only): CALL mysql.rds_set_read_only(0) there as the master user, and start again: %w", err)
			}
			return fmt.Errorf("the copy does not take the change: %w", err)
		}
	}
	return nil
}

// converts makes sure that the copy accepts wider types, and never narrower ones.
func (s *State) converts(ctx context.Context, copied *ddl.Database) error {
	name := conversionsVariable(copied.Server)
	row, err := oneRow(ctx, copied.Pool(), "SELECT @@"+name+" AS value")
	if err != nil {
		return fmt.Errorf("reading %s of the copy: %w", name, err)
	}
	value := strings.ToUpper(row["value"])
	if strings.Contains(strings.ReplaceAll(value, "ALL_NON_LOSSY", ""), "ALL_LOSSY") {
		return fmt.Errorf("%s of the copy is %s: ALL_LOSSY shortens values without an error; set ALL_NON_LOSSY alone", name, value)
	}
	if s.Conversions == "" || strings.Contains(value, s.Conversions) {
		return nil
	}
	statements := []string{"SET GLOBAL " + name + " = '" + s.Conversions + "'"}
	if copied.Server.Flavor == "MariaDB" { // it accepts this while it does not replicate
		statements = []string{"STOP SLAVE", statements[0], "START SLAVE"}
	}
	for _, statement := range statements {
		if _, err := copied.Pool().ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s of the copy is %q: set it to %s in its cluster parameter group, where that is defined, and deploy, which takes no restart; then start again: %w", name, value, s.Conversions, err)
		}
	}
	return nil
}
