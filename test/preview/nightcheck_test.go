//go:build preview

package preview

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/preview"
	"github.com/noren-cdk/noren/internal/preview/states"
	"github.com/noren-cdk/noren/internal/testing/mysqld"
	"github.com/noren-cdk/noren/internal/window"
)

// change is the name of the schema change of a night.
const change = "0001_report_priority"

// rehearsal is what a night with a schema change needs.
type rehearsal struct {
	bin     binaries
	noren   string
	db      server
	changes string // the folder of the change and its rehearsal
	rows    int    // the number of reports before the night
}

// rehearsedOn creates the example's tables on a server, and rehearses a change of
// them on a copy.
func rehearsedOn(t *testing.T, program mysqld.Program) rehearsal {
	t.Helper()
	r := rehearsal{bin: compile(t), noren: filepath.Join(t.TempDir(), "noren"), db: startServer(t, program), changes: t.TempDir(), rows: rowsOf()}
	run(t, "go", "build", "-o", r.noren, "../../cmd/noren")
	content, err := os.ReadFile(filepath.Join("..", "..", "examples", "fieldreports", "schemachanges", change+".sql"))
	if err != nil {
		t.Fatal(err)
	}
	content = bytes.ReplaceAll(content, []byte("priority"), []byte("urgency"))
	file := filepath.Join(r.changes, change+".sql")
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	copied := strings.TrimSuffix(r.db.dsn, "fieldreports") + "copied"
	for _, dsn := range []string{r.db.dsn, copied} {
		run(t, r.bin.api, "migrate", "--example", "--dsn", dsn)
	}
	for _, schema := range []string{"fieldreports", "copied"} {
		fillReports(t, r.db, schema, r.rows)
	}
	if _, err := r.db.pool.Exec("CREATE TABLE copied.noren_clone (made DATETIME)"); err != nil {
		t.Fatal(err)
	}
	run(t, r.noren, "ddl", "rehearse", file, "--dsn", copied, "--writes", "stopped")
	return r
}

// changed counts the two things that a night leaves in the database: the column,
// and the journal.
func (r rehearsal) changed(t *testing.T) (columns, journals int) {
	t.Helper()
	const query = `SELECT (SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'fieldreports' AND table_name = 'reports' AND column_name = 'urgency'),
		(SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'fieldreports' AND table_name = 'noren_journal')`
	if err := r.db.pool.QueryRow(query).Scan(&columns, &journals); err != nil {
		t.Fatal(err)
	}
	return columns, journals
}

// TestNightWhoseRehearsalIsOld checks that a night whose table has grown since
// the rehearsal closes nothing, and says so. Once the table is as it was
// rehearsed, the night continues.
func TestNightWhoseRehearsalIsOld(t *testing.T) {
	for _, name := range []string{"MariaDB", "MySQL"} {
		t.Run(name, func(t *testing.T) { nightWhoseRehearsalIsOld(t, programOf(t, name)) })
	}
}

func nightWhoseRehearsalIsOld(t *testing.T, program mysqld.Program) {
	r := rehearsedOn(t, program)
	fillReports(t, r.db, "fieldreports", r.rows)
	p, err := preview.Start(t.Context(), preview.Config{
		Templates: nightly(t, aWindow(change)), Mode: "open", Example: filepath.Join("..", "..", "examples", "fieldreports"), DSN: r.db.dsn, Quick: true, Verbose: testing.Verbose(),
	}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	var mails []preview.Mail
	n := played(t, p, preview.NightConfig{
		Phones: 2, Every: 200 * time.Millisecond, Yes: true, Changes: r.changes, Noren: []string{r.noren},
		Mailed: func(m preview.Mail) { mails = append(mails, m) },
	})
	ctx, stop := context.WithTimeout(t.Context(), 4*time.Minute)
	defer stop()
	if status, err := n.Run(ctx); err != nil || status != states.Failed {
		t.Fatalf("%s, %v\n%s", status, err, reportOf(t, n))
	}
	said := n.Report()
	for _, c := range said.Requests {
		if c.Refused > 0 || c.Failed > 0 {
			t.Errorf("a product that was not closed has refused: %+v", c)
		}
	}
	if columns, journals := r.changed(t); p.Mode() != "open" || said.Mode != "open" || columns+journals != 0 {
		t.Errorf("the product is %s, with %d columns and %d journals\n%s", p.Mode(), columns, journals, reportOf(t, n))
	}
	for _, s := range said.Steps {
		want := map[string]string{window.Preflight: "done", window.CheckChanges: "failed"}[s.Name]
		if s.Stage != cmp.Or(want, "comes") {
			t.Errorf("%s is %s", s.Name, s.Stage)
		}
		if s.Name == window.CheckChanges && !regexp.MustCompile("`reports` has 4\\d{4} rows, and had 2\\d{4} when it was rehearsed").MatchString(s.Why) {
			t.Errorf("it says %q", s.Why)
		}
	}
	if len(mails) != 1 || mails[0].Subject != "fieldreports-dev: the maintenance ended at CheckChanges, the product is open" || !strings.Contains(mails[0].Message, "It has closed nothing, and changed no schema.") {
		t.Errorf("people got %+v", mails)
	}

	if _, err := r.db.pool.Exec("DELETE FROM reports WHERE title LIKE 'old %' LIMIT ?", r.rows); err != nil {
		t.Fatal(err)
	}
	if status, err := n.Retry(ctx); err != nil || status != states.Succeeded {
		t.Fatalf("%s, %v\n%s", status, err, reportOf(t, n))
	}
	if err := n.Settle(ctx); err != nil {
		t.Error(err)
	}
	t.Log("\n" + reportOf(t, n))
	if columns, _ := r.changed(t); p.Mode() != "open" || columns != 1 {
		t.Errorf("the product is %s, with %d columns", p.Mode(), columns)
	}
}
