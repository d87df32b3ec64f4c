package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/term"
)

// TestDDLRefusesBadInput checks that bad input is a one-line error before any
// login.
func TestDDLRefusesBadInput(t *testing.T) {
	for _, name := range []string{"DB_DSN", "DB_HOST", "DB_NAME", "DB_USER", "DB_SECRET_ARN", "AWS_REGION", "PLAN_DB_DSN", "PLAN_DB_USER", "REHEARSE_DB_DSN", "REHEARSE_DB_HOST"} {
		t.Setenv(name, "")
	}
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	change := write("change.sql", "ALTER TABLE reports ADD c INT;")
	other := write("other.json", "{}")
	broken := write("broken.json", "{")
	for _, test := range []struct {
		args string
		want string
	}{
		{"plan", "want one FILE.sql or folder, got 0 arguments"},
		{"plan a b", "want one FILE.sql or folder, got 2 arguments"},
		{"plan nowhere.sql", "reading the migration: stat nowhere.sql"},
		{"plan " + change, "no database: give --dsn (or DB_DSN), or set DB_HOST"},
		{"plan --dsn root:hunter2@tcp(127.0.0.1:1)/s " + change, "connecting to 127.0.0.1:1"},
		{"plan --dsn root:hunter2@nonsense " + change, "reading the DSN"},
		{"run --without-rehearsal --dsn root:hunter2@tcp(127.0.0.1:1)/s " + change, "connecting to 127.0.0.1:1"},
		{"plan --free-local-storage much " + change, "want a size like 512MiB, 20GiB or 1.5TiB"},
		{"plan --free-local-storage -1GiB " + change, "want a size like 512MiB, 20GiB or 1.5TiB"},
		{"plan --window soon " + change, "invalid argument"},
		{"plan --rehearsal nowhere.json " + change, "reading the rehearsal: open nowhere.json"},
		{"run --rehearsal " + other + " " + change, "is not a rehearsal"},
		{"run --rehearsal " + broken + " " + change, "reading the rehearsal"},
		{"run - --without-rehearsal", "give --name"},
		{"rehearse " + change, "no database: give --dsn (or REHEARSE_DB_DSN), or set REHEARSE_DB_HOST"},
		{"rehearse --plan " + other + " " + change, "is not a plan"},
		{"run --direction sideways --without-rehearsal " + change, "no database"},
		{"run --name x " + folder, "--name is for one file"},
		{"run " + change + " " + change, "want one FILE.sql or folder, got 2 arguments"},
		{"run --check", "want one FILE.sql or folder, got 0 arguments"},
		{"run --check --name x " + change + " " + change, "--name is for one file"},
		{"run --check --rehearsal x.json " + change + " " + change, "--rehearsal is for one file: of several each has NAME.rehearsal.json beside it"},
		{"run --check " + change + " nowhere.sql", "reading the migration: stat nowhere.sql"},
		{"copy plan " + folder, "is a folder: a copy is made for one file"},
		{"copy start -", "a copy is made for one file that has a name"},
		{"copy start " + change, "the cluster is not known: give --cluster, or --copy-dsn"},
		{"copy status --every 1ms", "--every 1ms: want 1s or longer"},
		{"copy compare", "logging in to the original: no database"},
		{"copy finish", "nobody to ask: standard input is not a terminal; --yes does not ask"},
		{"copy abandon --copy-dsn root@tcp(127.0.0.1:1)/s", "nobody to ask: standard input is not a terminal; --yes does not ask"},
		{"copy finish --yes --copy-dsn root@tcp(127.0.0.1:1)/s", "no database"},
		{"plan " + t.TempDir(), "there is no .sql file in the folder"},
		{"plan --direction down " + folder, "a folder has no way back"},
		{"resolve --as maybe " + change, `--as is "maybe": want done or not-done`},
	} {
		var stdout, stderr bytes.Buffer
		code := exec(context.Background(), append([]string{"ddl"}, strings.Fields(test.args)...), strings.NewReader(""), &stdout, &stderr)
		if want := map[bool]int{true: exitStopped, false: 1}[strings.HasPrefix(test.args, "run --without-rehearsal --dsn")]; code != want || !strings.Contains(stderr.String(), test.want) || stdout.Len() > 0 {
			t.Errorf("%s: got %d, %q, %q, want 1 and %q", test.args, code, stdout.String(), stderr.String(), test.want)
		}
		if strings.Contains(stderr.String(), "hunter2") {
			t.Errorf("%s: the error holds the password: %s", test.args, stderr.String())
		}
	}
}

// TestReadMigrations_OrdersAFolder checks that a folder is run in the order of
// the numbers, without the down migrations.
func TestReadMigrations_OrdersAFolder(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"10_b.sql", "9_a.sql", "00011_c.up.sql", "00011_c.down.sql", "R__views.sql", "V1.10__x.sql", "V1.9__x.sql", "U1.9__x.sql", "20240101_init/migration.sql", "notes.txt"} {
		path := filepath.Join(folder, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("SELECT 1"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	files, isFolder, err := readMigrations(nil, folder, "up")
	if err != nil || !isFolder {
		t.Fatal(err, isFolder)
	}
	var got []string
	for _, f := range files {
		got = append(got, f.Name)
	}
	want := "9_a.sql 10_b.sql 00011_c.up.sql 20240101_init/migration.sql V1.9__x.sql V1.10__x.sql R__views.sql"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}

// A file has its own name, and that of the folder where tools make one for each.
func TestReadMigrations_NamesAFile(t *testing.T) {
	folder := t.TempDir()
	for path, want := range map[string]string{"1_x.sql": "1_x.sql", "a/1_x.up.sql": "1_x.up.sql", "2024_x/up.sql": "2024_x/up.sql", "2024_x/down.sql": "2024_x/down.sql", "m/2024_y/migration.sql": "2024_y/migration.sql"} {
		path = filepath.Join(folder, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("SELECT 1"), 0o644)); err != nil {
			t.Fatal(err)
		}
		files, _, err := readMigrations(nil, path, "up")
		if err != nil || files[0].Name != want {
			t.Errorf("%s: got %+v, %v, want the name %s", path, files, err, want)
		}
	}
}

func TestBytesFlag(t *testing.T) {
	for text, want := range map[string]int64{"20GiB": 20 << 30, "1.5TiB": 3 << 39, "512 MiB": 512 << 20, "100B": 100, "7": 7} {
		var b bytesFlag
		if err := b.Set(text); err != nil || int64(b) != want {
			t.Errorf("%s: got %d, %v, want %d", text, b, err, want)
		}
	}
	for _, text := range []string{"", "0", "GiB", "NaN", "1e99TiB", "20GB", "-1"} {
		var b bytesFlag
		if err := b.Set(text); err == nil {
			t.Errorf("%q: got %d, want an error", text, b)
		}
	}
}

func TestWritePlan(t *testing.T) {
	var out bytes.Buffer
	writePlan(term.Terminal{Writer: &out}, &ddl.Plan{
		Server: ddl.Server{Flavor: "Aurora MySQL", Version: "8.0.42", Aurora: "3.10.0"}, Schema: "fieldreports", Writes: ddl.Live,
		Steps: []*ddl.Step{
			{Number: 1, SQL: "ALTER TABLE reports\n  ADD c INT", Rung: ddl.Rung{Algorithm: "INSTANT"}, Reads: true, Writes: true, Change: ddl.Expand, VersionBefore: []string{"SELECT * has one column more"}},
			{Number: 2, SQL: "ALTER TABLE reports MODIFY visits BIGINT", Rung: ddl.Rung{Algorithm: "COPY", Lock: "SHARED"}, Rebuild: true, Reads: true,
				Refusals: []ddl.Refusal{{Rung: ddl.Rung{Algorithm: "INPLACE", Lock: "NONE"}, Reason: "Because."}, {Rung: ddl.Rung{Algorithm: "INPLACE", Lock: "SHARED"}, Reason: "Because."}},
				Problems: []string{"writes to reports would stop"}, Change: ddl.Contract, VersionBefore: []string{"it may write values that no longer fit"},
				Tied: []ddl.Tied{{Table: "sites", By: "a foreign key of `reports` refers to it"}, {Table: "visits", By: "its foreign key refers to `reports`", Writes: true}}},
			{Number: 3, SQL: "ALTER TABLE nowhere FORCE", Problems: []string{"the server refuses it: there is no table"}},
		},
		Advice: "do it at night",
	})
	const want = `Aurora MySQL 3.10.0 (MySQL 8.0.42), schema fieldreports, writes live
   STATEMENT                                 HOW          REBUILD  READS  WRITES  CHANGE    VERDICT
1  ALTER TABLE reports ADD c INT             INSTANT      no       go on  go on   expand    ok
2  ALTER TABLE reports MODIFY visits BIGINT  COPY/SHARED  yes      go on  WAIT    contract  NOT ALLOWED
   not allowed: writes to reports would stop
   not INPLACE/NONE, INPLACE/SHARED: Because
   also locked: sites, since a foreign key of ` + "`reports`" + ` refers to it, and writes to it WAIT
   also locked: visits, since its foreign key refers to ` + "`reports`" + `
   the version before: it may write values that no longer fit
3  ALTER TABLE nowhere FORCE                 -            no       -      -       -         NOT ALLOWED
   not allowed: the server refuses it: there is no table
Another way: do it at night.
NOT ALLOWED with writes live: statement 2, 3 of 3.
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestEventText(t *testing.T) {
	e := ddl.Event{Number: 2, Of: 3, How: "INPLACE/NONE", SQL: "ALTER TABLE reports FORCE", Phase: ddl.PhaseWork, Text: "a text", Seconds: 12.34, Rehearsed: 61, WorstRead: 0.0421}
	for kind, want := range map[ddl.EventKind]string{
		ddl.EventStart:    "2/3 ALTER TABLE reports FORCE  INPLACE/NONE",
		ddl.EventSkipped:  "2/3 ALTER TABLE reports FORCE  done before",
		ddl.EventProgress: "2/3 working, 12.3s of 1m1s rehearsed, worst read 42ms",
		ddl.EventWithdrew: "2/3 a text; trying again",
		ddl.EventKilled:   "2/3 a text",
		ddl.EventNote:     "2/3 note: a text",
		ddl.EventDone:     "2/3 done, 12.3s of 1m1s rehearsed, worst read 42ms",
		ddl.EventStopped:  "2/3 stopped after 12.3s",
		ddl.EventFailed:   "2/3 FAILED after 12.3s",
	} {
		e.Kind = kind
		if got := eventText(e, 100); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestProgressWithoutATerminal checks that without a terminal there is one line
// of progress a second, and no animation.
func TestProgressWithoutATerminal(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		var out bytes.Buffer
		cmd := &cobra.Command{}
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		p := newProgress(cmd, asJSON)
		p.every = time.Hour
		p.report(ddl.Event{Kind: ddl.EventStart, Number: 1, Of: 1, SQL: "ALTER TABLE reports FORCE"})
		for range 100 {
			p.report(ddl.Event{Kind: ddl.EventProgress, Number: 1, Of: 1, Phase: ddl.PhaseWork})
		}
		p.report(ddl.Event{Kind: ddl.EventDone, Number: 1, Of: 1})
		p.end()
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 2 || strings.ContainsAny(out.String(), "\r\x1b") {
			t.Errorf("JSON %v: got %q", asJSON, out.String())
		}
		for _, line := range lines {
			if asJSON != json.Valid([]byte(line)) {
				t.Errorf("JSON %v: got %q", asJSON, line)
			}
		}
	}
}

func TestProgressOnATerminal(t *testing.T) {
	var out bytes.Buffer
	p := &progress{out: &out, width: 60}
	p.report(ddl.Event{Kind: ddl.EventProgress, Number: 1, Of: 1, Phase: ddl.PhaseWork, Seconds: 5, Rehearsed: 10})
	p.report(ddl.Event{Kind: ddl.EventProgress, Number: 1, Of: 1, Phase: ddl.PhaseEnd, Seconds: 30, Rehearsed: 10})
	p.report(ddl.Event{Kind: ddl.EventDone, Number: 1, Of: 1, Seconds: 31})
	p.end()
	want := "\r\x1b[K[██████████··········] 1/1 working, 5s of 10s rehearsed, w…" +
		"\r\x1b[K[████████████████████] 1/1 waiting for the lock to finish,…" +
		"\r\x1b[K1/1 done, 31s, worst read 0s\n"
	if got := out.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestResultText(t *testing.T) {
	for want, r := range map[string]*ddl.Result{
		"nothing left to do: 3 statements done before":                                                     {Skipped: 3},
		"done: 1 statement in 1.5s; the longest a reader waited: 40ms, a writer: 0s":                       {Steps: make([]ddl.RehearsedStep, 1), Seconds: 1.5, WorstRead: 0.04},
		"done: 2 statements in 2m5s; the longest a reader waited: 500ms, a writer: 0s; 1 were done before": {Steps: make([]ddl.RehearsedStep, 2), Skipped: 1, Seconds: 125, WorstRead: 0.5},
	} {
		if got := resultText(r); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestWithCode(t *testing.T) {
	var exit *exitError
	for _, err := range []error{fmt.Errorf("no lock; %w", ddl.ErrStopped), fmt.Errorf("lost; %w", ddl.ErrRepeat), fmt.Errorf("connecting: %w", &net.OpError{Op: "dial", Err: errors.New("connection refused")})} {
		if err := withCode(err); !errors.As(err, &exit) || exit.code != exitStopped {
			t.Errorf("got %v, want code %d", err, exitStopped)
		}
	}
	for _, err := range []error{errors.New("refused"), fmt.Errorf("connecting: %w", &net.DNSError{Err: "no such host", Name: "nowhere"})} {
		if err := withCode(err); errors.As(err, &exit) {
			t.Errorf("%v: got code %d, want 1", err, exit.code)
		}
	}
}
