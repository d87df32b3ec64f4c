//go:build preview

package preview

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/preview"
)

const (
	example   = "../../examples/fieldreports"
	migration = example + "/api/schema/0003_report_priority.sql"
	expand    = example + "/schemachanges/0001_report_priority.sql"
	contract  = example + "/schemachanges/0002_report_priority_required.sql"

	tables = 50_000 // rows of reports at the start
	tasks  = 2
)

// releaseAnswers returns the minimum number of answers that the steady load
// counts.
func releaseAnswers(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("NOREN_RELEASE_ANSWERS"))
	if err != nil || n < 1000 {
		t.Fatalf("NOREN_RELEASE_ANSWERS is %q: want 1000 or more; make release-test sets it", os.Getenv("NOREN_RELEASE_ANSWERS"))
	}
	return n
}

// TestReleaseWithoutAStop checks that a release with a schema change needs no
// stop: the change that expands while the old version serves, the new version in
// its place, and the old version once more, with every answer as it should be.
// The change that contracts is made during maintenance, while reads are answered
// as usual. The old version is the commit before the one that added the
// migration.
func TestReleaseWithoutAStop(t *testing.T) {
	answers := releaseAnswers(t)
	before, after := compileBefore(t), compile(t)
	noren := filepath.Join(t.TempDir(), "noren")
	run(t, "go", "build", "-C", "../..", "-o", noren, "./cmd/noren")
	note := func(format string, args ...any) {
		t.Log(time.Now().UTC().Format("15:04:05.000"), fmt.Sprintf(format, args...))
	}

	db := startDatabase(t)
	fill(t, db, before, "fieldreports")
	rehearsals := rehearse(t, db, noren, before, after)

	old, fresh := serviceOf(before, db, note), serviceOf(after, db, note)
	old[0].start(t)
	product := startProduct(t, old[0].address, "1")
	old[1].start(t)
	register(t, product, old[1])
	crews := make([]*crew, phones)
	for i := range crews {
		crews[i] = &crew{bin: before.mobile, address: product.API, folder: filepath.Join(t.TempDir(), fmt.Sprintf("crew%02d", i+1))}
		crews[i].logIn(t, "700ms")
	}
	load := startLoad(t, product)
	load.until(t, answers*1/8)

	// A release that is deployed before its schema change replaces nothing.
	early := serviceOf(after, db, note)[0]
	early.start(t)
	if err := product.Register(early.address); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Second)
	if product.InService(early.address) {
		t.Error("a task of the new version is in service without its schema change")
	}
	if err := product.Deregister(early.address); err != nil {
		t.Fatal(err)
	}
	early.stop(t)

	note("the schema change that expands")
	run(t, noren, "ddl", "run", "--dsn", db.dsn, "--policy", "additive", "--rehearsal", rehearsals.expand, expand)
	output, err := exec.CommandContext(t.Context(), noren, "ddl", "run", "--dsn", db.dsn, "--policy", "additive", "--rehearsal", rehearsals.contract, contract).CombinedOutput()
	if err == nil || !strings.Contains(string(output), "contract") {
		t.Errorf("--policy additive on the change that contracts: got %v, want it refused\n%s", err, output)
	}
	load.until(t, answers*2/8)
	note("rolling to the new version")
	roll(t, product, old, fresh)
	load.until(t, answers*3/8)
	note("rolling back")
	back := serviceOf(before, db, note)
	roll(t, product, fresh, back)
	load.until(t, answers*4/8)
	note("rolling to the new version again")
	fresh = serviceOf(after, db, note)
	roll(t, product, back, fresh)
	load.until(t, answers*5/8)

	note("the schema change that contracts, closed")
	load.close(t)
	time.Sleep(time.Second) // for requests in flight
	run(t, noren, "ddl", "run", "--dsn", db.dsn, "--writes", "stopped", "--still-written", "sessions,users", "--rehearsal", rehearsals.contract, contract)
	load.until(t, answers*6/8)
	load.open(t)
	note("open")
	load.until(t, answers)

	load.end(t)
	for _, c := range crews {
		c.kill(t)
	}
	load.check(t, db.pool)
	checkCrews(t, newLedger(crews, nil))
	var nullable string
	if err := db.pool.QueryRow("SELECT is_nullable FROM information_schema.columns WHERE table_schema = 'fieldreports' AND table_name = 'reports' AND column_name = 'priority'").Scan(&nullable); err != nil || nullable != "NO" {
		t.Errorf("the priority may be NULL: %q, %v, want the second change made", nullable, err)
	}
}

// checkCrews fails the test for any answer to an app that is not an expected one.
func checkCrews(t *testing.T, l *ledger) {
	t.Helper()
	wrong := 0
	for _, r := range l.reads {
		if r.status != 200 && r.status != 304 && r.status != 0 { // 0: the app was killed meanwhile
			wrong++
			t.Errorf("%s: GET %s at %s: %d %s", r.crew, r.path, r.begun.UTC().Format("15:04:05.000"), r.status, r.problem)
		}
	}
	if l.failed > 0 || l.aside > 0 || l.loggedOut > 0 || l.again > 0 {
		t.Errorf("apps: %d uploads failed, %d were refused for good, %d were answered before and sent again, %d sessions were refused; want none of it", l.failed, l.aside, l.again, l.loggedOut)
	}
	t.Logf("%d apps: %d reads, %d of them abnormal; %d reports sent, %d uploads refused by the maintenance, %d failed", len(l.crews), len(l.reads), wrong, len(l.kept), l.refused, l.failed)
	if len(l.reads) < phones*10 || len(l.kept) < phones*5 || l.refused == 0 {
		t.Error("too little was read, sent or refused to show anything")
	}
}

// compileBefore builds the programs of the version before the migration.
func compileBefore(t *testing.T) binaries {
	t.Helper()
	commit := commitBefore(t)
	tree := filepath.Join(t.TempDir(), "before")
	git(t, "worktree", "add", "--quiet", "--detach", tree, commit)
	t.Cleanup(func() {
		_ = exec.Command("git", "worktree", "remove", "--force", tree).Run() // the test's context has ended
	})
	folder := t.TempDir()
	b := binaries{filepath.Join(folder, "fieldreports"), filepath.Join(folder, "mobile")}
	module := filepath.Join(tree, "examples", "fieldreports")
	run(t, "go", "build", "-C", module, "-tags", "image", "-o", b.api, "./api")
	run(t, "go", "build", "-C", module, "-o", b.mobile, "./mobile")
	t.Logf("the version before is %s", commit)
	return b
}

// commitBefore returns the parent of the commit that added the migration.
func commitBefore(t *testing.T) string {
	t.Helper()
	shallow := git(t, "rev-parse", "--is-shallow-repository") == "true"
	added, _, _ := strings.Cut(git(t, "log", "--diff-filter=A", "--format=%H", "--", migration), "\n")
	parent := ""
	if added != "" {
		output, _ := exec.CommandContext(t.Context(), "git", "rev-parse", "--verify", "--quiet", added+"^").Output()
		parent = strings.TrimSpace(string(output))
	}
	switch {
	case parent == "" && shallow:
		t.Fatal("this is a shallow clone, and the version before the migration is not in it: git fetch --unshallow (in a workflow, fetch-depth: 0)")
	case added == "":
		t.Fatalf("no commit has added %s: commit it", filepath.Base(migration))
	case parent == "":
		t.Fatalf("%s is in the first commit: there is no version before", filepath.Base(migration))
	}
	return parent
}

func git(t *testing.T, args ...string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return strings.TrimSpace(string(output))
}

// fill creates a schema as the old version knows it, with a table that has grown.
func fill(t *testing.T, db server, bin binaries, schema string) string {
	t.Helper()
	dsn := strings.TrimSuffix(db.dsn, "fieldreports") + schema
	run(t, bin.api, "migrate", "--example", "--dsn", dsn)
	pool, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	_, err = pool.Exec(`INSERT INTO reports (id, user_id, template, title, text, written_at, received_at)
		SELECT UUID(), users.id, 'cable-fault', 'Seed', REPEAT('wet ', 50), NOW(3), NOW(3) FROM users, seq_1_to_` + strconv.Itoa(tables) + ` WHERE users.name = 'manager'`)
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

type rehearsed struct{ expand, contract string }

// rehearse rehearses both changes on copies. With --with, it checks that the old
// version runs on the copy after the first change and no longer after the second,
// and that the new version does.
func rehearse(t *testing.T, db server, noren string, before, after binaries) rehearsed {
	t.Helper()
	folder := t.TempDir()
	script := filepath.Join(folder, "smoke.sh")
	const text = `#!/bin/sh
# smoke.sh API MOBILE PORT: an app sends three reports to the API on the copy.
"$1" serve --bind 127.0.0.1 --port "$3" --dsn "$DB_DSN" 2>/dev/null &
server=$!
trap 'kill $server' EXIT
timeout 15 "$2" --api "http://127.0.0.1:$3" --folder "$(mktemp -d)" --reports 3 --every 50ms >/dev/null
`
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	with := func(bin binaries) string {
		_, port, _ := strings.Cut(strings.TrimPrefix(freeAddress(t), "http://"), ":")
		return strings.Join([]string{script, bin.api, bin.mobile, port}, " ")
	}
	copyOf := func(schema string) string {
		dsn := fill(t, db, before, schema)
		if _, err := db.pool.Exec("CREATE TABLE `" + schema + "`.noren_clone (id INT PRIMARY KEY)"); err != nil {
			t.Fatal(err)
		}
		return dsn
	}
	r := rehearsed{filepath.Join(folder, "expand.json"), filepath.Join(folder, "contract.json")}
	stopped := []string{"--writes", "stopped", "--still-written", "sessions,users"}
	one := copyOf("copy_one")
	run(t, noren, "ddl", "rehearse", "--dsn", one, "--policy", "additive", "--with", with(before), "--out", r.expand, expand)
	output, err := exec.CommandContext(t.Context(), noren, append([]string{"ddl", "rehearse", "--dsn", one, "--with", with(before), "--out", filepath.Join(folder, "failed.json"), contract}, stopped...)...).CombinedOutput()
	if err == nil || !strings.Contains(string(output), "the rehearsal failed at --with") {
		t.Errorf("the version before on the schema after the change that contracts: got %v, want it refused\n%s", err, output)
	}
	two := copyOf("copy_two")
	run(t, noren, "ddl", "rehearse", "--dsn", two, "--policy", "additive", "--out", filepath.Join(folder, "again.json"), expand)
	run(t, noren, append([]string{"ddl", "rehearse", "--dsn", two, "--with", with(after), "--out", r.contract, contract}, stopped...)...)
	return r
}

// serviceOf returns tasks of a version that are not yet started.
func serviceOf(bin binaries, db server, note func(string, ...any)) (all []*service) {
	for range tasks {
		all = append(all, &service{bin: bin.api, args: []string{"--dsn", db.dsn}, note: note})
	}
	return all
}

// register waits until the load balancer sends requests to a task.
func register(t *testing.T, product *preview.Preview, task *service) {
	t.Helper()
	if err := product.Register(task.address); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); !product.InService(task.address); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a task is not in service after a minute")
		}
	}
}

// roll replaces tasks as ECS does with at least 100 % healthy and at most 200 %:
// it adds the new ones first, then removes the old ones, which end once their
// requests are answered.
func roll(t *testing.T, product *preview.Preview, from, to []*service) {
	t.Helper()
	for _, task := range to {
		task.start(t)
		register(t, product, task)
	}
	for _, task := range from {
		if err := product.Deregister(task.address); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Second) // on AWS this is the deregistration delay
	for _, task := range from {
		task.stop(t)
	}
}
