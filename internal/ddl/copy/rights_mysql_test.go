//go:build mysql

package copy

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/testing/mysqld"
)

// granted returns the GRANTs on a page of the documentation, for a user and a
// schema.
func granted(t *testing.T, page, user, schema string) []string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/" + page)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range regexp.MustCompile(`(?m)^    (GRANT .* TO )\.\.\.$`).FindAllStringSubmatch(string(text), -1) {
		all = append(all, strings.ReplaceAll(m[1], "`fieldreports`", "`"+schema+"`")+user)
	}
	return all
}

// openAs logs in as a user without a password.
func openAs(t *testing.T, process *mysqld.Process, user, schema string) *ddl.Database {
	t.Helper()
	config, err := mysql.ParseDSN(process.DSN)
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.DBName = user, schema
	db, err := ddl.OpenDatabase(context.Background(), config)
	if err != nil {
		t.Fatalf("as %s: %v", user, err)
	}
	t.Cleanup(db.Close)
	return db
}

// TestRights_OfTheDocumentation checks that the users in the documentation, one
// who plans and one who does everything else, can use all the verbs, and that
// without any one of the rights nothing is begun.
func TestRights_OfTheDocumentation(t *testing.T) {
	t.Parallel()
	for _, program := range mysqld.Programs() {
		t.Run(program.Name, func(t *testing.T) {
			pair, err := mysqld.NewPair(program, "--event-scheduler=ON")
			if err != nil {
				t.Fatal(err)
			}
			defer pair.Stop()
			plans := granted(t, "schema-changes.md", "planner@'%'", "rights")
			copies := granted(t, "schema-copy.md", "starter@'%'", "rights")
			if len(plans) != 5 || len(copies) != 2 {
				t.Fatalf("the documentation has %d and %d GRANTs, want 5 and 2", len(plans), len(copies))
			}
			definitions := append([]string{"CREATE TABLE visits (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, body VARCHAR(100))", "INSERT INTO visits VALUES (1, 'one'), (2, 'two')",
				"CREATE USER planner@'%'", "CREATE USER starter@'%'"}, plans[:4]...)
			definitions = append(append(definitions, granted(t, "schema-changes.md", "starter@'%'", "rights")...), copies...)
			if program.MariaDB() {
				definitions = append(definitions, "GRANT SLAVE MONITOR ON *.* TO starter@'%'")
			}
			s := &sides{program: program, pair: pair}
			s.fresh(t, "rights", definitions...)
			s.holdsRights(t)
		})
	}
}

func (s *sides) holdsRights(t *testing.T) {
	ctx := t.Context()
	original, copied, planner := openAs(t, s.pair.Original, "starter", "rights"), openAs(t, s.pair.Copy, "starter", "rights"), openAs(t, s.pair.Original, "planner", "rights")
	e := twoServers{s.pair.Original.DSN, s.pair.Copy.DSN, filepath.Join(t.TempDir(), "endpoint")}
	start := func() error {
		_, err := Start(ctx, original, widened, StartOptions{Engine: e, Planner: planner, Report: func(string) {}, Run: func(ddl.Event) {},
			Open: func(context.Context, string) (*ddl.Database, error) {
				return openAs(t, s.pair.Copy, "starter", "rights"), nil
			}})
		return err
	}
	refused := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	client, reads := "REPLICATION CLIENT", "SELECT on `performance_schema`.*"
	if s.program.MariaDB() {
		client, reads = "BINLOG MONITOR", ""
	}
	root := session(t, s.pair.From, "rights", "SET sql_log_bin = 0")
	for _, test := range []struct{ privilege, on, want string }{
		{"LOCK TABLES", "rights.*", "lacks LOCK TABLES on `rights`.*"},
		{client, "*.*", "lacks " + client + " on *.*"},
		{"SELECT", "performance_schema.*", reads},
		{"UPDATE", "rights.*", "lacks UPDATE on `rights`.*"},
		{"ALTER", "rights.*", "lacks ALTER on `rights`.*"}, // for the migration
	} {
		if test.want == "" {
			continue
		}
		execute(t, root, "REVOKE "+test.privilege+" ON "+test.on+" FROM starter@'%'")
		refused(start(), test.want)
		if state, err := Read(ctx, original); state != nil || err != nil {
			t.Fatalf("without %s it has begun: %v, %v", test.privilege, state, err)
		}
		execute(t, root, "GRANT "+test.privilege+" ON "+test.on+" TO starter@'%'")
	}
	s.convert(t, "ALL_LOSSY,ALL_NON_LOSSY")
	refused(start(), "ALL_LOSSY shortens values without an error; set ALL_NON_LOSSY alone")
	s.convert(t, "")
	refused(start(), "set it to ALL_NON_LOSSY in its cluster parameter group")
	if s.program.MariaDB() {
		execute(t, s.pair.To, "STOP SLAVE", "SET GLOBAL slave_type_conversions = 'ALL_NON_LOSSY'", "START SLAVE")
	} else {
		execute(t, s.pair.To, "SET GLOBAL replica_type_conversions = 'ALL_NON_LOSSY'")
	}
	refused(start(), "events may run at the copy, and this user, who lacks EVENT on *.*, does not see them")
	execute(t, s.pair.To, "SET GLOBAL event_scheduler = OFF")
	if err := start(); err != nil {
		t.Fatalf("start: %v", err)
	}
	execute(t, s.pair.From, "DELETE FROM rights.noren_copy") // by someone
	if err := start(); err != nil {
		t.Fatalf("start, after the row of the journal was deleted: %v", err)
	}
	if c, err := CompareCopy(ctx, original, copied, CompareOptions{Load: 1}, false); err != nil || !c.Equal() {
		t.Fatalf("compare: %+v, %v", c, err)
	}
	if status, err := Look(ctx, original, copied, nil); err != nil || status.Replication == nil || !status.Replication.Well() {
		t.Fatalf("status: %+v, %v", status, err)
	}
	if s.program.MariaDB() {
		return // the engine of these tests only knows MySQL
	}
	if err := os.WriteFile(e.endpoint, []byte(e.original), 0o600); err != nil {
		t.Fatal(err)
	}
	state, err := Switch(ctx, original, copied, SwitchOptions{Engine: e, Report: func(string) {}, Closed: func(context.Context) error { return nil },
		Quiet: ddl.QuietOptions{For: 300 * time.Millisecond}, LogIn: func(context.Context, string) error { return nil },
		Reopen: func(context.Context) (*ddl.Database, error) { return openAs(t, s.pair.Copy, "starter", "rights"), nil }})
	if err != nil || state.Phase != Switched {
		t.Fatalf("switch: %+v, %v", state, err)
	}
	if state, err = Finish(ctx, copied, e, func(string) {}); err != nil || state.Phase != Finished {
		t.Fatalf("finish: %+v, %v", state, err)
	}
}
