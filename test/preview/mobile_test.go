//go:build preview

package preview

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	phones = 20
	desks  = 3

	// longestWait is the maximum Retry-After in this test.
	longestWait = time.Second
)

// chaosLength returns how long the chaos lasts: NOREN_CHAOS, such as 10m.
// Default: one minute.
func chaosLength(t *testing.T) time.Duration {
	text := cmp.Or(os.Getenv("NOREN_CHAOS"), "1m")
	length, err := time.ParseDuration(text)
	if err != nil || length < time.Minute {
		t.Fatalf("NOREN_CHAOS is %q: want a duration of at least 1m", text)
	}
	return length
}

// TestTwentyPhonesAndThreeBrowsersLoseNothing lets twenty crews write reports in
// the field, and three managers in browsers, while the mode flips every few
// seconds, the planned end moves, the API is killed and replaced, apps are killed
// and pages are reloaded. It ends with a reopening a day before the planned end.
// Then the last report must arrive within the maximum wait plus a minute, the
// database must hold every report once, under its author, nobody may be logged
// out, and every read that the allowlist permits must have succeeded, except
// those that were in flight or sent while there was no API.
func TestTwentyPhonesAndThreeBrowsersLoseNothing(t *testing.T) {
	chaos := chaosLength(t)
	record, err := os.Create(filepath.Join(t.ArtifactDir(), "record.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer record.Close()
	note := func(format string, args ...any) {
		fmt.Fprintln(record, time.Now().UTC().Format("15:04:05.000"), fmt.Sprintf(format, args...))
	}

	bin := compile(t)
	db := startDatabase(t)
	run(t, bin.api, "migrate", "--example", "--dsn", db.dsn)
	api := &service{bin: bin.api, args: []string{"--dsn", db.dsn}, note: note}
	api.start(t)
	now := time.Now()
	product := startProduct(t, api.address, fmt.Sprint(longestWait.Seconds()), now.Add(-time.Hour), now.Add(chaos/2), now.Add(24*time.Hour))
	crews := make([]*crew, phones)
	for i := range crews {
		crews[i] = &crew{bin: bin.mobile, address: product.API, folder: filepath.Join(t.TempDir(), fmt.Sprintf("crew%02d", i+1))}
		crews[i].logIn(t, "700ms")
	}
	writers := openDesks(t, product.Site, chaos+5*time.Minute)

	flips := map[string]int{}
	var killedAPIs, replacedAPIs, killedPhones int
	ctx, cancel := context.WithTimeout(t.Context(), chaos)
	defer cancel()
	every(ctx, 2500*time.Millisecond, func(n int) {
		mode := []string{"closed", "open", "read-only", "closed until 0", "closed until 2", "open", "closed until 1", "read-only", "open"}[n%9]
		if err := product.Flip(mode); err != nil {
			t.Error(err)
		}
		note("mode %s", mode)
		flips[mode]++
	})
	every(ctx, 7*time.Second, func(n int) {
		if n%3 == 2 { // like a deployment
			api.stop(t)
			replacedAPIs++
		} else {
			api.kill(t)
			killedAPIs++
		}
		time.Sleep(time.Second)
		api.start(t)
	})
	every(ctx, 600*time.Millisecond, func(int) {
		one := crews[rand.IntN(len(crews))]
		note("killing %s", filepath.Base(one.folder))
		one.kill(t)
		one.start(t, "700ms")
		killedPhones++
	})
	for _, d := range writers {
		everyDone.Go(func() { d.write(ctx) })
	}
	<-ctx.Done()
	everyDone.Wait()

	note("the end: no more is written")
	if err := product.Flip("closed until 2"); err != nil {
		t.Fatal(err)
	}
	for _, c := range crews {
		c.kill(t)
		c.start(t, "0")
	}
	time.Sleep(3 * longestWait) // everybody has been told to wait
	if err := product.Flip("open"); err != nil {
		t.Fatal(err)
	}
	opened := time.Now()
	for ; ; time.Sleep(100 * time.Millisecond) {
		left := 0
		for _, c := range crews {
			left += len(c.files(t, "queue"))
		}
		for _, d := range writers {
			left += d.waiting()
		}
		if left == 0 {
			t.Logf("the last report arrived %v after an early reopening", time.Since(opened).Round(100*time.Millisecond))
			break
		}
		if time.Since(opened) > longestWait+time.Minute {
			t.Fatalf("%d reports are still waiting, more than the cap and a minute after reopening", left)
		}
	}
	for _, c := range crews {
		c.kill(t)
	}

	l := newLedger(crews, api.absences)
	t.Logf("mode: %v; API: %d times killed, %d replaced; apps: %d times killed", flips, killedAPIs, replacedAPIs, killedPhones)
	l.checkReports(t, db.pool)
	checkDesks(t, db.pool, writers)
	l.checkSessions(t, api.address)
	l.checkReads(t, note)
	for _, a := range api.absences {
		note("no API from %s for %v", a.from.UTC().Format("15:04:05.000"), a.to.Sub(a.from).Round(time.Millisecond))
	}
	t.Logf("times of flips, kills and failed reads: %s", record.Name())
	if len(flips) != 6 || killedAPIs < 2 || replacedAPIs < 1 || killedPhones < phones {
		t.Error("there was too little chaos to show anything")
	}
}

// checkReports compares the reports of the crews with the stored ones.
func (l *ledger) checkReports(t *testing.T, db *sql.DB) {
	t.Helper()
	rows, err := db.Query("SELECT reports.id, title FROM reports JOIN users ON users.id = reports.user_id WHERE users.name = 'field' ORDER BY seq")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	stored, titles := map[string]int{}, map[string]int{}
	last := map[string]int{} // number of the newest report by crew
	late := 0
	for rows.Next() {
		var id, title string
		if err := rows.Scan(&id, &title); err != nil {
			t.Fatal(err)
		}
		stored[id]++
		titles[title]++
		name, rest, _ := strings.Cut(title, ", report ")
		var number int
		_, _ = fmt.Sscan(rest, &number)
		if number <= last[name] {
			// A report that keeps failing lets others go first, so that it blocks
			// none.
			late++
			t.Logf("%s: report %d arrived after %d", name, number, last[name])
		}
		last[name] = max(last[name], number)
	}
	if most := len(stored) / 100; late > most {
		t.Errorf("%d of %d reports arrived after a later one, want at most %d", late, len(stored), most)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	lost, unsaid := 0, 0
	for id := range l.written {
		if stored[id] == 0 {
			lost++
			t.Errorf("report %s was written, and is not stored", id)
		}
	}
	for id, times := range stored {
		if !l.written[id] {
			unsaid++ // killed between the two
			if !l.kept[id] {
				t.Errorf("report %s is stored, and no crew has it", id)
			}
		}
		if times != 1 {
			t.Errorf("report %s is stored %d times", id, times)
		}
	}
	for title, times := range titles {
		if times != 1 {
			t.Errorf("%q is stored %d times", title, times)
		}
	}
	if len(l.kept) != len(stored) {
		t.Errorf("the crews have sent %d reports and %d are stored", len(l.kept), len(stored))
	}
	if l.aside > 0 {
		t.Errorf("%d reports were refused for good", l.aside)
	}
	t.Logf("reports: %d written (%d of them by an app killed before it could say so), %d stored, %d lost, %d stored twice; uploads: %d refused by maintenance, %d failed, %d stored already by an attempt whose answer was lost",
		len(l.written)+unsaid, unsaid, len(stored), lost, len(titles)-len(stored), l.refused, l.failed, l.again)
	if len(stored) < phones*10 || l.refused == 0 {
		t.Error("too little was written or refused to show anything")
	}
}

// checkSessions checks that every crew still has the session with which it began.
func (l *ledger) checkSessions(t *testing.T, api string) {
	t.Helper()
	good := 0
	for _, c := range l.crews {
		token, err := os.ReadFile(filepath.Join(c.folder, "users", "field", "session"))
		if err != nil {
			t.Error(err)
			continue
		}
		if status := get(t, api+"/api/session", string(token)); status != 200 {
			t.Errorf("%s: its session is answered %d", filepath.Base(c.folder), status)
			continue
		}
		good++
	}
	if l.loggedOut > 0 {
		t.Errorf("%d requests were told that their session is not known", l.loggedOut)
	}
	if l.logins > phones {
		t.Errorf("%d logins, want %d: one an app", l.logins, phones)
	}
	t.Logf("sessions: %d of %d good at the end, %d logins, %d logged out", good, phones, l.logins, l.loggedOut)
}

// checkReads checks every read of the clients, all of which the allowlist
// permits. A read that failed must have been in flight or sent while there was no
// API.
func (l *ledger) checkReads(t *testing.T, note func(string, ...any)) {
	t.Helper()
	excused, wrong := 0, 0
	for _, r := range l.reads {
		if r.status == 200 || r.status == 304 {
			continue
		}
		note("read failed: %s %s from %s to %s: %d %s", r.crew, r.path, r.begun.UTC().Format("15:04:05.000"), r.ended.UTC().Format("15:04:05.000"), r.status, r.problem)
		if l.absent(r.begun, r.ended) {
			excused++
			continue
		}
		wrong++
		t.Errorf("%s: GET %s at %s took %v and failed with the API there: %d %s",
			r.crew, r.path, r.begun.UTC().Format("15:04:05.000"), r.ended.Sub(r.begun), r.status, r.problem)
	}
	t.Logf("reads: %d, of which %d failed while there was no API and %d otherwise", len(l.reads), excused, wrong)
	if len(l.reads) < phones*20 {
		t.Error("too little was read to show anything")
	}
}
