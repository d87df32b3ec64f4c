//go:build mysql

package copy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/ddl"
)

// takenBack is an engine that rolls every switch back, and counts them.
type takenBack struct {
	twoServers
	asked int
}

func (e *takenBack) Switch(context.Context, string, time.Duration, func(string)) error {
	e.asked++
	return fmt.Errorf("it took too long: %w", ErrNotSwitched)
}

// TestSwitch_Refuses checks that a switch is not begun unless everything holds;
// the original is then unchanged, and the copy still follows.
func TestSwitch_Refuses(t *testing.T) {
	onEveryPair(t, func(t *testing.T, s *sides) {
		original, copied := s.both(t, "refusing", "CREATE TABLE visits (id INT PRIMARY KEY, body VARCHAR(100))", "CREATE TABLE kept (id INT PRIMARY KEY, visit INT, FOREIGN KEY (visit) REFERENCES visits (id) ON DELETE CASCADE)", "INSERT INTO visits VALUES (1, 'one')", "DROP USER IF EXISTS visitor@'%'", "CREATE USER visitor@'%'", "GRANT SELECT, INSERT, UPDATE, DELETE ON refusing.* TO visitor@'%'", "GRANT PROCESS ON *.* TO visitor@'%'")
		following(t, original, copied)
		visitor := openAs(t, s.pair.Original, "visitor", "refusing")
		compared := func() {
			t.Helper()
			applied(t, original, copied)
			if c, err := CompareCopy(t.Context(), original, copied, CompareOptions{Load: 1}, true); err != nil || !c.Equal() {
				t.Fatalf("got %+v, %v", c, err)
			}
		}
		nothing := func() func() { return func() {} }
		tests := []struct {
			name    string
			arrange func() (undo func())
			change  func(*SwitchOptions)
			want    string
			asked   int // how often the engine was called
		}{
			{"not compared", nothing, func(*SwitchOptions) {}, "there is no comparison of all tables that found them equal", 0},
			{"taken back, with nothing in the way", func() func() { compared(); return func() {} }, func(*SwitchOptions) {}, "it took too long: the original is as it was", 1},
			{"not closed", nothing, func(o *SwitchOptions) {
				o.Closed = func(context.Context) error { return errors.New("the product is open") }
			}, "not switched, the original is as it was: the product is open", 0},
			{"not closed, and live: it is not asked", nothing, func(o *SwitchOptions) {
				o.Live, o.Closed = true, func(context.Context) error { return errors.New("the product is open") }
			}, "it took too long", 1},
			{"a transaction that has written", func() func() {
				tx, err := visitor.Pool().Begin()
				if err != nil {
					t.Fatal(err)
				}
				if _, err := tx.Exec("INSERT INTO visits VALUES (2, 'two')"); err != nil {
					t.Fatal(err)
				}
				return func() { _ = tx.Rollback() }
			}, func(*SwitchOptions) {}, "(visitor@localhost) has written in a transaction that is open", 0},
			{"rows that are written", func() func() {
				stop, stopped := make(chan struct{}), make(chan struct{})
				go func() {
					defer close(stopped)
					for n := 0; ; n++ {
						select {
						case <-stop:
							return
						case <-time.After(20 * time.Millisecond):
							_, _ = visitor.Pool().Exec("UPDATE visits SET body = ? WHERE id = 1", n)
						}
					}
				}()
				return func() { close(stop); <-stopped }
			}, func(*SwitchOptions) {}, "the database is not quiet", 0},
			{"nobody is logged in to the copy", nothing, nil, "nobody has logged in to the copy", 0},
			{"a user who cannot log in", nothing, func(o *SwitchOptions) {
				o.LogIn = func(context.Context, string) error { return errors.New("as app: denied") }
			}, "logging in to the copy as those who will need it: as app: denied", 0},
			{"other rows on the copy in a table that was written since", func() func() {
				execute(t, visitor.Pool(), "UPDATE visits SET body = 'now' WHERE id = 1")
				applied(t, original, copied)
				s.onCopy(t, "refusing", "UPDATE visits SET body = 'other' WHERE id = 1")
				return func() { s.onCopy(t, "refusing", "UPDATE visits SET body = 'now' WHERE id = 1"); compared() }
			}, func(*SwitchOptions) {}, "the copy differs: `visits` differs", 0},
			{"other rows on the copy in a table that nobody has written on the original", func() func() {
				s.onCopy(t, "refusing", "INSERT INTO kept VALUES (7, NULL)")
				return func() { s.onCopy(t, "refusing", "DELETE FROM kept"); compared() }
			}, func(*SwitchOptions) {}, "the copy differs: `kept` differs", 0},
			{"a table that was emptied on the copy", func() func() {
				execute(t, visitor.Pool(), "INSERT INTO kept VALUES (8, NULL)")
				compared()
				s.onCopy(t, "refusing", "TRUNCATE kept")
				return func() { // as if the copy found no row to delete
					s.onCopy(t, "refusing", "INSERT INTO kept VALUES (8, NULL)")
					execute(t, visitor.Pool(), "DELETE FROM kept")
					compared()
				}
			}, func(*SwitchOptions) {}, "the copy differs: `kept` differs", 0},
			{"rows that a foreign key deletes on the original, and not on the copy", func() func() {
				execute(t, visitor.Pool(), "INSERT INTO visits VALUES (5, 'five')", "INSERT INTO kept VALUES (5, 5)")
				s.onCopy(t, "refusing", "ALTER TABLE kept DROP FOREIGN KEY kept_ibfk_1")
				compared()
				execute(t, visitor.Pool(), "DELETE FROM visits WHERE id = 5")
				return func() {
					s.onCopy(t, "refusing", "DELETE FROM kept", "ALTER TABLE kept ADD CONSTRAINT kept_ibfk_1 FOREIGN KEY (visit) REFERENCES visits (id) ON DELETE CASCADE")
					compared()
				}
			}, func(*SwitchOptions) {}, map[bool]string{false: "it took too long", true: "the copy differs: `kept` differs"}[s.program.MariaDB()], map[bool]int{false: 1}[s.program.MariaDB()]},
			{"opened while it was compared", nothing, func(o *SwitchOptions) {
				asked := 0
				o.Closed = func(context.Context) error {
					if asked++; asked > 1 {
						return errors.New("the product is open")
					}
					return nil
				}
			}, "not switched, the original is as it was: the product is open", 0},
			{"written after it was compared", nothing, func(o *SwitchOptions) {
				o.LogIn = func(context.Context, string) error {
					execute(t, visitor.Pool(), "UPDATE visits SET body = CONCAT(body, '.') WHERE id = 1")
					return nil
				}
			}, "visits was written after it was compared: run switch again", 0},
			{"another server than the copy that was changed", func() func() {
				now, err := Read(t.Context(), original)
				if err != nil {
					t.Fatal(err)
				}
				now.UUID = "another"
				if err := now.save(t.Context(), original); err != nil {
					t.Fatal(err)
				}
				return func() {
					now.UUID = copied.UUID
					if err := now.save(t.Context(), original); err != nil {
						t.Fatal(err)
					}
				}
			}, func(*SwitchOptions) {}, "is a different server (" + copied.UUID + ") from the copy that was changed (another)", 0},
			{"replication that has stopped", func() func() {
				s.onCopy(t, "refusing", "INSERT INTO visits VALUES (9, 'here first')")
				execute(t, visitor.Pool(), "INSERT INTO visits VALUES (9, 'nine')")
				applied(t, original, copied)
				return func() { // an operator has fixed it
					s.onCopy(t, "refusing", "DELETE FROM visits WHERE id = 9")
					start := "START REPLICA"
					if s.program.MariaDB() {
						start = "START SLAVE"
					}
					execute(t, s.pair.To, start)
					applied(t, original, copied)
				}
			}, func(*SwitchOptions) {}, "replication has stopped: error 1062", 0},
		}
		if !s.program.MariaDB() { // it does not remember its errors
			tests = append(tests, tests[1])
			tests[len(tests)-1].name, tests[len(tests)-1].arrange = "an error since the comparison, put right", nothing
			tests[len(tests)-1].want, tests[len(tests)-1].asked = "after the comparison began: compare again", 0
		}
		again := tests[1]
		again.name = "compared again"
		for _, test := range append(tests, again) {
			e := &takenBack{}
			o := SwitchOptions{Engine: e, Report: func(string) {}, Closed: func(context.Context) error { return nil }, Quiet: ddl.QuietOptions{For: 400 * time.Millisecond},
				Compare: CompareOptions{Load: 1}, LogIn: func(context.Context, string) error { return nil }}
			to := copied
			if test.change == nil {
				to = nil
			} else {
				test.change(&o)
			}
			undo := test.arrange()
			_, err := Switch(t.Context(), original, to, o)
			undo()
			if err == nil || !strings.Contains(err.Error(), test.want) || e.asked != test.asked {
				t.Errorf("%s: got %v, RDS was asked %d times; want %q, %d", test.name, err, e.asked, test.want, test.asked)
			}
			if err != nil && !strings.Contains(err.Error(), "the original is as it was") {
				t.Errorf("%s: %v does not say what became of the original", test.name, err)
			}
			if now, err := Read(t.Context(), original); err != nil || now.Phase != Following {
				t.Errorf("%s: the copy is %+v, %v", test.name, now, err)
			}
		}
	})
}

// gone is an engine whose deployment someone else has deleted.
type gone struct{ twoServers }

func (gone) Switch(context.Context, string, time.Duration, func(string)) error { return ErrGone }

// TestSwitch_Gone checks that a switch that was begun, and whose deployment is
// gone, ends according to the endpoint: if it leads to the copy, the switch has
// happened; if it leads to the original, it never will.
func TestSwitch_Gone(t *testing.T) {
	onEveryPair(t, func(t *testing.T, s *sides) {
		original, copied := s.both(t, "going", "CREATE TABLE visits (id INT PRIMARY KEY)")
		following(t, original, copied)
		applied(t, original, copied)
		if c, err := CompareCopy(t.Context(), original, copied, CompareOptions{Load: 1}, true); err != nil || !c.Equal() {
			t.Fatalf("got %+v, %v", c, err)
		}
		now, err := Read(t.Context(), original)
		if err != nil {
			t.Fatal(err)
		}
		now.Phase = Switching
		if err := now.save(t.Context(), original); err != nil {
			t.Fatal(err)
		}
		applied(t, original, copied)
		o := SwitchOptions{Engine: gone{}, Live: true, Report: func(string) {}, Compare: CompareOptions{Load: 1}, LogIn: func(context.Context, string) error { return nil },
			Reopen: func(context.Context) (*ddl.Database, error) { return open(t, s.pair.Copy, "going"), nil }}
		if now, err := Switch(t.Context(), copied, nil, o); err != nil || now.Phase != Switched {
			t.Errorf("the endpoint leads to the copy: got %+v, %v", now, err)
		}
		if now, err := Switch(t.Context(), original, copied, o); !errors.Is(err, ErrGone) || now.Phase != Following {
			t.Errorf("the endpoint leads to the original: got %+v, %v", now, err)
		}
	})
}
