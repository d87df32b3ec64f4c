//go:build mysql

package ddl

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"
)

// TestQuiet checks that the activity of an application that was not stopped is
// seen, and that reads do not count.
func TestQuiet(t *testing.T) {
	onEveryServerAtOnce(t, func(t *testing.T, s *testServer) {
		db := s.open(t, "quiet")
		root := s.pool(t, "quiet")
		execute(t, root, "CREATE TABLE reports (id INT PRIMARY KEY AUTO_INCREMENT, title TEXT)", "CREATE TABLE sessions (id INT PRIMARY KEY AUTO_INCREMENT, title TEXT)",
			"DROP USER IF EXISTS quietapp@localhost", "CREATE USER quietapp@localhost", "GRANT ALL ON quiet.* TO quietapp@localhost")
		config := s.config(t, "quiet")
		config.User, config.Passwd = "quietapp", ""
		pool, err := sql.Open("mysql", config.FormatDSN())
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		for _, test := range []struct {
			name string
			do   []string // in a session of the application
			then string   // while quiet looks
			o    QuietOptions
			want string // empty if quiet
		}{
			{"nothing", nil, "", QuietOptions{}, ""},
			{"reads", nil, "SELECT COUNT(*) FROM reports", QuietOptions{}, ""},
			{"a write", nil, "INSERT INTO reports (title) VALUES ('x')", QuietOptions{}, "1 rows"},
			{"a write to a table that is still written", nil, "INSERT INTO sessions (title) VALUES ('x')", QuietOptions{StillWritten: []string{"sessions"}}, ""},
			{"a write to another table", nil, "INSERT INTO reports (title) VALUES ('x')", QuietOptions{StillWritten: []string{"sessions"}}, "1 rows"},
			{"a transaction that has written", []string{"BEGIN", "INSERT INTO reports (title) VALUES ('x')"}, "", QuietOptions{}, "has written in a transaction that is open"},
			{"a transaction that reads, open for long", []string{"BEGIN", "SELECT COUNT(*) FROM reports"}, "", QuietOptions{}, "holds a transaction"},
			{"a transaction of someone else", []string{"BEGIN", "SELECT COUNT(*) FROM reports"}, "", QuietOptions{Users: []string{"other"}}, ""},
			{"a transaction of the application", []string{"BEGIN", "SELECT COUNT(*) FROM reports"}, "", QuietOptions{Users: []string{"quietapp"}}, "holds a transaction"},
		} {
			t.Run(test.name, func(t *testing.T) {
				app, err := pool.Conn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer end(app)
				execute(t, app, test.do...)
				if test.then != "" {
					go func() {
						time.Sleep(500 * time.Millisecond)
						_, _ = app.ExecContext(context.Background(), test.then)
					}()
				}
				test.o.For = 2500 * time.Millisecond
				got, err := Quiet(t.Context(), db, test.o)
				said := strings.Join(got.Sessions, "; ")
				if got.Written > 0 {
					said += itoa(got.Written) + " rows"
				}
				if err != nil || got.Quiet() != (test.want == "") || !strings.Contains(said, test.want) {
					t.Errorf("got %+v, %v; want %q", got, err, test.want)
				}
			})
		}
	})
}
