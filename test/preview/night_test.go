//go:build preview

package preview

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/preview"
	"github.com/noren-cdk/noren/internal/preview/states"
	"github.com/noren-cdk/noren/internal/testing/mysqld"
	"github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

// nightly returns the templates of dev with a window in them, whose changes are
// in a folder.
func nightly(t *testing.T, w window.Window) []preview.Template {
	t.Helper()
	var all []preview.Template
	for _, mode := range []string{"open", "read-only", "closed"} {
		file := template(t, filepath.Join("..", "..", "cdk.out", "dev", mode), "1", "")
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var read map[string]any
		if err := json.Unmarshal(content, &read); err != nil {
			t.Fatal(err)
		}
		resources := read["Resources"].(map[string]any)
		d := window.Deployed{Window: w, Switch: "Maintenance", Function: "WindowFunction", Planned: "Planned", Schedule: "Schedule"}
		arn := "arn:aws:lambda:us-east-1:000000000000:function:WindowFunction"
		resources["Schedule"] = map[string]any{"Type": "AWS::SSM::MaintenanceWindow", "Properties": map[string]any{"Name": "night"}}
		resources["Planned"] = map[string]any{"Type": "AWS::SSM::Parameter", "Properties": map[string]any{"Name": "/planned", "Value": "none", "Type": "String"}}
		resources["WindowFunction"] = map[string]any{"Type": "AWS::Lambda::Function", "Properties": map[string]any{
			"Runtime": "provided.al2023", "Code": map[string]any{"S3Key": "none"},
			"Environment": map[string]any{"Variables": map[string]any{
				"WINDOW_STACK": "fieldreports-dev", "WINDOW_SWITCH": "Maintenance", "WINDOW_ROLE": "arn:aws:iam::000000000000:role/Turning",
				"WINDOW_TOPIC": "arn:aws:sns:us-east-1:000000000000:Alarms", "WINDOW_PLANNED": "/planned", "WINDOW_OPTIONS": "--env dev",
				"WINDOW_URL":    map[string]any{"Fn::Join": []any{"", []any{"https://", map[string]any{"Fn::GetAtt": []any{"Distribution830FAC52", "DomainName"}}}}},
				"WINDOW_COOKIE": "maintenance-bypass", "WINDOW_SECRET": map[string]any{"Ref": "MaintenanceBypassSecret14C09BE32"},
			}},
		}}
		resources["Night"] = map[string]any{"Type": "AWS::StepFunctions::StateMachine", "Metadata": map[string]any{window.MetadataKey: d.Metadata()}, "Properties": map[string]any{
			"DefinitionString": w.Definition(window.Resources{Function: arn, Cluster: "arn:aws:ecs:us-east-1:000000000000:cluster/c", Task: "t", Role: "r", SecurityGroup: "g", Container: "noren", Subnets: []string{"s"}, Stack: "fieldreports-dev", Switch: "Maintenance"}),
		}}
		content, err = json.Marshal(read)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
		all = append(all, preview.Template{Mode: mode, File: file})
	}
	return all
}

// aWindow returns a window that begins tomorrow.
func aWindow(changes ...string) window.Window {
	start := time.Now().Add(24 * time.Hour).Truncate(time.Minute)
	w := window.Window{
		Start: start, End: start.Add(2 * time.Hour), Mode: maintenance.Closed, Ask: true,
		Verify: []window.Request{{Method: "GET", Path: "/api/health", Status: 200}, {Method: "GET", Path: "/api/templates", Status: 401}},
	}
	for _, name := range changes {
		w.Changes = append(w.Changes, window.Change{Name: name})
	}
	return w
}

func played(t *testing.T, p *preview.Preview, c preview.NightConfig) *preview.Night {
	t.Helper()
	n, err := p.StartNight(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

func reportOf(t *testing.T, n *preview.Night) string {
	t.Helper()
	var text bytes.Buffer
	n.Report().Write(&text)
	return text.String()
}

// TestNight checks that a night without schema changes asks a person, opens, and
// loses no report.
func TestNight(t *testing.T) {
	p, err := preview.Start(t.Context(), preview.Config{
		Templates: nightly(t, aWindow()), Mode: "open", Example: filepath.Join("..", "..", "examples", "fieldreports"), Quick: true, Verbose: testing.Verbose(),
	}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	n := played(t, p, preview.NightConfig{Phones: 2, Every: 200 * time.Millisecond, Yes: true})
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	status, err := n.Run(ctx)
	if err != nil || status != states.Succeeded {
		t.Fatalf("%s, %v\n%s", status, err, reportOf(t, n))
	}
	if err := n.Settle(ctx); err != nil {
		t.Error(err)
	}
	t.Log("\n" + reportOf(t, n))
	r := n.Report()
	if r.Mode != "open" || r.Reports.Written == 0 || r.Reports.Arrived != r.Reports.Written || r.Reports.Queued == 0 {
		t.Errorf("%s, %+v", r.Mode, r.Reports)
	}
	for _, c := range r.Requests {
		if c.Refused == 0 || c.Failed > 0 {
			t.Errorf("%+v", c)
		}
	}
	if len(r.Mails) != 2 {
		t.Errorf("mails: %q", r.Mails)
	}
	shownInDocs(t, reportOf(t, n))
}

// TestNightThatEndsLate checks that a night that lasts longer than planned stays
// closed until a person has answered: the planned end neither opens the product
// nor holds back a report.
func TestNightThatEndsLate(t *testing.T) {
	w := aWindow()
	noren := filepath.Join(t.TempDir(), "noren")
	run(t, "go", "build", "-o", noren, "../../cmd/noren")
	w.Start, w.End = time.Now().Add(-time.Hour), time.Now().Add(45*time.Second)
	p, err := preview.Start(t.Context(), preview.Config{
		Templates: nightly(t, w), Mode: "open", Example: filepath.Join("..", "..", "examples", "fieldreports"), Quick: true, Verbose: testing.Verbose(),
	}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	n := played(t, p, preview.NightConfig{Phones: 2, Every: 200 * time.Millisecond})
	ctx, stop := context.WithTimeout(t.Context(), 4*time.Minute)
	defer stop()
	ended := make(chan states.Status, 1)
	go func() {
		status, err := n.Run(ctx)
		if err != nil {
			t.Error(err)
		}
		ended <- status
	}()
	for !slices.ContainsFunc(n.Timeline(), func(p window.Progress) bool { return p.Stage == window.Asking }) {
		select {
		case status := <-ended:
			t.Fatalf("it ended before it asked: %s\n%s", status, reportOf(t, n))
		case <-time.After(100 * time.Millisecond):
		}
	}
	time.Sleep(time.Until(w.End.Add(2 * time.Second)))
	if p.Mode() != "closed" {
		t.Errorf("after the planned end the product is %s", p.Mode())
	}
	status := inAccount(t, n, noren, "window", "status")
	out, err := status.Output()
	if want := "the product is still closed; to do: Ask, Open, OpenEverywhere, Report; type: noren window approve --stack fieldreports-dev --region us-east-1\n"; err != nil || !strings.Contains(string(out), "past its planned end, ") || !strings.Contains(string(out), want) {
		t.Errorf("noren window status: %v\n%swant %s", err, out, want)
	}
	if err := n.Approve(); err != nil {
		t.Fatal(err)
	}
	if status := <-ended; status != states.Succeeded {
		t.Fatalf("%s\n%s", status, reportOf(t, n))
	}
	if err := n.Settle(ctx); err != nil {
		t.Error(err)
	}
	if r := n.Report(); r.Mode != "open" || r.Reports.Queued == 0 || r.Reports.Arrived != r.Reports.Written {
		t.Errorf("%s, %+v", r.Mode, r.Reports)
	}
}

var update = flag.Bool("update", false, "write the report of the night into docs/preview.md")

// shownInDocs compares docs/preview.md with a report: the times in it are those
// of another night, the steps are the same.
func shownInDocs(t *testing.T, report string) {
	t.Helper()
	file := filepath.Join("..", "..", "docs", "preview.md")
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "-update -->\n```text\n", "```\n<!-- end of night -->"
	before, rest, found := strings.Cut(string(page), begin)
	shown, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no place for the report", file)
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(report, "127.0.0.1:8080")+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, want := stepsIn(report), stepsIn(shown); !slices.Equal(got, want) {
		t.Errorf("the steps are %q, %s shows %q: run this test with -update", got, file, want)
	}
}

// stepsIn returns the names and stages of the steps in a report.
func stepsIn(report string) []string {
	var steps []string
	for _, m := range regexp.MustCompile(`(?m)^  (\S+) +(done|failed|comes) `).FindAllStringSubmatch(report, -1) {
		steps = append(steps, m[1]+" "+m[2])
	}
	return steps
}

// TestNightThatFails checks a night whose schema change fails: it stays closed
// and says so, continues from there, opens, and every report of twenty apps and
// three browsers is stored once. Every function is killed at its first call for a
// step. Either kind of server makes the schema change.
func TestNightThatFails(t *testing.T) {
	for _, name := range []string{"MariaDB", "MySQL"} {
		t.Run(name, func(t *testing.T) { nightThatFails(t, programOf(t, name)) })
	}
}

func nightThatFails(t *testing.T, program mysqld.Program) {
	r := rehearsedOn(t, program)
	noren, db, changes, before := r.noren, r.db, r.changes, r.rows
	p, err := preview.Start(t.Context(), preview.Config{
		Templates: nightly(t, aWindow(change)), Mode: "open", Example: filepath.Join("..", "..", "examples", "fieldreports"), DSN: db.dsn, Quick: true, Verbose: testing.Verbose(),
	}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	killed := map[string]bool{}
	n := played(t, p, preview.NightConfig{
		Phones: phones, Every: time.Second, Yes: true, Changes: changes, Noren: []string{noren}, Fail: "Change " + change,
		Kill: func(state string) bool {
			first := !killed[state]
			killed[state] = true
			return first && state != window.Ask
		},
	})
	ctx, stop := context.WithTimeout(t.Context(), 6*time.Minute)
	defer stop()
	writers := openDesks(t, p.Site, 8*time.Minute)
	writing, stopWriting := context.WithCancel(ctx)
	defer stopWriting()
	var atDesks sync.WaitGroup
	for _, d := range writers {
		atDesks.Go(func() { d.write(writing) })
	}
	if status, err := n.Run(ctx); err != nil || status != states.Failed {
		t.Fatalf("%s, %v\n%s", status, err, reportOf(t, n))
	}
	if p.Mode() != "closed" {
		t.Errorf("after a failure the product is %s", p.Mode())
	}
	refused, err := http.Post(p.API+"/api/reports", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(refused.Body)
	refused.Body.Close()
	if err != nil || refused.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "Field Reports (dev) is down for maintenance.") {
		t.Errorf("a write is answered %d %s, %v", refused.StatusCode, body, err)
	}
	if r := n.Report(); len(r.Mails) != 1 || !strings.Contains(r.Mails[0], "Change "+change) || !strings.Contains(r.Mails[0], "closed") {
		t.Errorf("mails: %q", r.Mails)
	}

	// Someone opens the product, and continues the execution in the console,
	// which does not ask.
	turn := func(verb string) {
		if out, err := inAccount(t, n, noren, verb, "--yes").CombinedOutput(); err != nil {
			t.Fatalf("noren %s: %v\n%s", verb, err, out)
		}
	}
	urgency := func() int {
		columns, _ := r.changed(t)
		return columns
	}
	turn("open")
	if status, err := n.Retry(ctx); err != nil || status != states.Failed || urgency() != 0 {
		t.Fatalf("beside users the change runs: %s, %v, %d columns\n%s", status, err, urgency(), reportOf(t, n))
	}
	if text := reportOf(t, n); !strings.Contains(strings.Join(strings.Fields(text), " "), "the product is open, and not closed as this needs it") {
		t.Errorf("the report does not say why:\n%s", text)
	}
	turn("close")

	if status, err := n.Retry(ctx); err != nil || status != states.Succeeded {
		t.Fatalf("%s, %v\n%s", status, err, reportOf(t, n))
	}
	if err := n.Settle(ctx); err != nil {
		t.Error(err)
	}
	stopWriting()
	atDesks.Wait()
	for _, d := range writers {
		for d.waiting() > 0 {
			if ctx.Err() != nil {
				t.Fatalf("%s still has reports to send", d.name)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	checkDesks(t, db.pool, writers)
	t.Log("\n" + reportOf(t, n))
	said := n.Report()
	columns := urgency()
	var stored, distinct int
	if err := db.pool.QueryRow("SELECT COUNT(*) - ?, COUNT(DISTINCT id) - ? FROM fieldreports.reports WHERE title NOT LIKE 'desk %'", before, before).Scan(&stored, &distinct); err != nil {
		t.Fatal(err)
	}
	if said.Mode != "open" || columns != 1 || said.Reports.Written == 0 || stored != said.Reports.Written || distinct != stored || said.Reports.Queued == 0 {
		t.Errorf("%s, %d columns, %d reports stored, %d of them different, %+v", said.Mode, columns, stored, distinct, said.Reports)
	}
}

// inAccount returns a noren command that uses the account of a night.
func inAccount(t *testing.T, n *preview.Night, noren string, args ...string) *exec.Cmd {
	t.Helper()
	command := norenCommand(t, noren, append(args, "--stack", "fieldreports-dev", "--region", "us-east-1")...)
	command.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+n.AccountURL(), "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=preview", "AWS_SECRET_ACCESS_KEY=preview")
	return command
}

// rowsOf returns the number of reports before the night: NOREN_NIGHT_ROWS, by
// default 20,000.
func rowsOf() int {
	if rows, err := strconv.Atoi(os.Getenv("NOREN_NIGHT_ROWS")); err == nil {
		return rows
	}
	return 20_000
}

// fillReports stores reports from earlier years.
func fillReports(t *testing.T, db server, schema string, rows int) {
	t.Helper()
	for begin := 0; begin < rows; begin += 10_000 {
		_, err := db.pool.Exec("INSERT INTO "+schema+".reports (id, user_id, template, title, text, written_at, received_at) "+
			"SELECT UUID(), (SELECT id FROM "+schema+".users WHERE name = 'field'), 'site-handover', CONCAT('old ', a.n + b.n + c.n + d.n), REPEAT('x', 200), NOW(), NOW() "+
			"FROM "+digits(1)+" a, "+digits(10)+" b, "+digits(100)+" c, "+digits(1000)+" d WHERE a.n + b.n + c.n + d.n < ?", rows-begin)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// digits returns a table of the ten digits, each multiplied by times.
func digits(times int) string {
	var all []string
	for n := range 10 {
		all = append(all, "SELECT "+strconv.Itoa(n*times)+" AS n")
	}
	return "(" + strings.Join(all, " UNION ALL ") + ")"
}
