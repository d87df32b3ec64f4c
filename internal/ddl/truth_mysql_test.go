//go:build mysql

package ddl

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A kind is a kind of table on which all operations are tried.
type kind struct {
	name  string
	first string // after plainTable
	old   bool   // created when another row format was the default
}

var kinds = []kind{
	{name: "plain"},
	{name: "generated columns", first: generatedColumns},
	{name: "old row format", old: true},
	{name: "foreign keys", first: "ALTER TABLE reports ADD KEY (site_id), ADD CONSTRAINT of_site FOREIGN KEY (site_id) REFERENCES sites (id); CREATE TABLE visits (id INT PRIMARY KEY, report_id INT, CONSTRAINT of_report FOREIGN KEY (report_id) REFERENCES reports (id))"},
	{name: "partitions", first: byHash},
}

// truthRows is the number of rows of a table: copying them takes long enough to
// tell who waits.
const truthRows = 16_000

// A wait counts if it is longer than tooQuick, and than a share of the time that
// it took to fill the table, which is about that of a copy. What a statement does
// to definitions takes less, even on a loaded machine.
const (
	tooQuick = 40 * time.Millisecond
	ofFill   = 3
)

// attempts is how often a cell is tried until the plan is right, each time with
// twice as many rows, so that a wait for a copy takes longer. MySQL 9.7 makes
// reads wait for about 110 ms at the end of a rebuild, however long the table is,
// which is most of the time that a short one takes.
const attempts = 5

// A cell is one operation on one kind of table.
type cell struct {
	op             operation
	kind           kind
	verdict, truth string
}

// optimistic reports whether others wait although the plan says that they go on;
// strict is the opposite.
func (c cell) optimistic() bool {
	return c.truth == "reads wait" && c.verdict != "reads wait" || c.truth == "writes wait" && c.verdict == "goes on" || c.truth == "refused" && c.verdict != "refused"
}

func (c cell) strict() bool { return c.verdict != c.truth && !c.optimistic() }

// TestTruth compares the verdicts of plan with what a reader and a writer of the
// table experience. It tries NOREN_TRUTH_CELLS cells of each server, a number or
// all, by default 24, and writes them to the file NOREN_TRUTH_RESULT, if that is
// set.
func TestTruth(t *testing.T) {
	result, cells := os.Getenv("NOREN_TRUTH_RESULT"), 24
	total := len(operations) * len(kinds)
	switch text := os.Getenv("NOREN_TRUTH_CELLS"); text {
	case "":
	case "all":
		cells = total
	default:
		var err error
		if cells, err = strconv.Atoi(text); err != nil || cells < 1 || cells > total {
			t.Fatalf("NOREN_TRUTH_CELLS is %q: want all, or 1 to %d", text, total)
		}
	}
	var mu sync.Mutex
	found := map[string][]cell{}
	onEveryServerAtOnce(t, func(t *testing.T, s *testServer) {
		var all []cell
		for j, op := range operations {
			for i := range kinds {
				if (j*len(kinds)+i)%(total/cells) == 0 {
					all = append(all, cell{op: op, kind: kinds[(i+j)%len(kinds)]})
				}
			}
		}
		if len(all) < cells {
			t.Errorf("only %d cells are tried, want %d", len(all), cells)
		}
		truth := newTruth(t, s)
		for i := range all {
			// A loaded machine also makes others wait, but not every time: what
			// goes on once can go on.
			for double := range attempts {
				if truth.try(t, &all[i], double); !all[i].optimistic() && !all[i].strict() {
					break
				}
			}
			if c := all[i]; c.optimistic() {
				t.Errorf("%s, %s: planned that it %s, and %s", c.kind.name, c.op.sql, c.verdict, c.truth)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		found[s.name] = all
	})
	if result != "" {
		t.Cleanup(func() {
			if err := os.WriteFile(result, []byte(truthText(found)), 0o644); err != nil {
				t.Error(err)
			}
		})
	}
}

type truth struct {
	db   *Database
	root *sql.DB
	fill time.Duration // how long it took to fill the table
}

func newTruth(t *testing.T, s *testServer) *truth {
	schema := "ddl_truth"
	tr := &truth{db: s.open(t, schema), root: s.pool(t, schema)}
	execute(t, tr.root, "CREATE TABLE filler (id INT AUTO_INCREMENT PRIMARY KEY, site_id INT, title VARCHAR(50), body TEXT, visits INT, made DATE)",
		`INSERT INTO filler (site_id, title, body, visits, made) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
			SELECT 1 + i % 3, CONCAT('title ', i), REPEAT('what the field saw ', 12), i, DATE '2010-01-01' + INTERVAL i DAY FROM n`)
	for n := 1000; n < truthRows; n *= 2 {
		execute(t, tr.root, "INSERT INTO filler (site_id, title, body, visits, made) SELECT site_id, title, body, visits, made FROM filler")
	}
	return tr
}

// try plans an operation, then executes it while others read and write. A wait of
// writes that is too short to be noticed counts if the server confirms it by
// refusing LOCK=NONE.
func (tr *truth) try(t *testing.T, c *cell, double int) {
	if !tr.prepare(t, c, double) {
		c.verdict, c.truth = "refused", "refused"
		return
	}
	plan, err := planText(t.Context(), tr.db, c.op.sql, PlanOptions{Writes: Stopped, Policy: Any})
	if err != nil {
		c.verdict = "unreadable"
		t.Errorf("%s: %v", c.op.sql, err)
		return
	}
	switch step := plan.Steps[0]; {
	case len(step.Problems) > 0 && !step.raises:
		c.verdict = "refused"
	case !step.Reads:
		c.verdict = "reads wait"
	case !step.Writes:
		c.verdict = "writes wait"
	default:
		c.verdict = "goes on"
	}
	c.truth = tr.feel(c.op.sql)
	if c.verdict == "writes wait" && c.truth == "goes on" && tr.prepare(t, c, 0) {
		if _, err := tr.root.Exec(c.op.sql + ", LOCK=NONE"); code(err) == codeNotSupported || code(err) == codeNotSupportedBy {
			c.truth = "writes wait"
		}
	}
}

// prepare creates the table on which an operation is tried, and fills it with the
// rows of the filler, doubled so often. It returns false for a kind of table that
// lacks what the operation changes.
func (tr *truth) prepare(t *testing.T, c *cell, double int) bool {
	execute(t, tr.root, "DROP TABLE IF EXISTS visits", "DROP TABLE IF EXISTS reports, old_reports", "DROP TABLE IF EXISTS sites", "CREATE TABLE sites (id INT NOT NULL PRIMARY KEY, name VARCHAR(50))",
		"INSERT INTO sites VALUES (1, 'north'), (2, 'south'), (3, 'east')")
	if c.kind.old {
		execute(t, tr.root, "SET GLOBAL innodb_default_row_format = compact")
	}
	execute(t, tr.root, plainTable)
	if c.kind.old {
		execute(t, tr.root, "SET GLOBAL innodb_default_row_format = dynamic")
	}
	for _, statement := range slices.Concat(statements(t, c.kind.first), statements(t, c.op.first)) {
		if _, err := tr.root.Exec(statement); err != nil {
			return false
		}
	}
	place, point := "", ""
	if strings.Contains(c.op.first, "place POINT") {
		place, point = ", place", ", POINT(1, 1)"
	}
	began := time.Now()
	for range 1 << double {
		execute(t, tr.root, "INSERT INTO reports (site_id, title, body, visits, made"+place+") SELECT site_id, title, body, visits, made"+point+" FROM filler")
	}
	tr.fill = time.Since(began)
	return true
}

// feel executes a statement and returns who waited for it.
func (tr *truth) feel(statement string) string {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	felt := func(query string) *[][2]time.Time {
		var all [][2]time.Time
		group.Go(func() {
			conn, err := tr.root.Conn(ctx)
			if err != nil {
				return
			}
			defer conn.Close()
			for ctx.Err() == nil {
				began := time.Now()
				rows, err := conn.QueryContext(context.Background(), query)
				if err == nil {
					rows.Close()
				}
				all = append(all, [2]time.Time{began, time.Now()})
				time.Sleep(time.Millisecond)
			}
		})
		return &all
	}
	reads := felt("SELECT id FROM reports WHERE id = 7")
	writes := felt("UPDATE reports SET site_id = 4 - site_id WHERE id = 7")
	time.Sleep(10 * time.Millisecond)
	began := time.Now()
	_, err := tr.root.Exec(statement)
	ended := time.Now()
	cancel()
	group.Wait()
	if err != nil {
		return "refused"
	}
	took := ended.Sub(began)
	waited := func(all [][2]time.Time) bool {
		var worst time.Duration
		for _, one := range all {
			from, to := one[0], one[1]
			if from.Before(began) {
				from = began
			}
			if to.After(ended) {
				to = ended
			}
			worst = max(worst, to.Sub(from))
		}
		return worst > tooQuick && worst > tr.fill/ofFill && worst > took*6/10
	}
	switch {
	case waited(*reads):
		return "reads wait"
	case waited(*writes):
		return "writes wait"
	}
	return "goes on"
}

// truthText returns the table of docs/ddl-truth.md.
func truthText(found map[string][]cell) string {
	var out strings.Builder
	fmt.Fprintf(&out, "# The verdicts of noren ddl plan, and the truth\n\n%s. Written by `make ddl-truth`.\n\n", time.Now().UTC().Format("2006-01-02"))
	tried := 0
	for _, all := range found {
		tried += len(all)
	}
	fmt.Fprintf(&out, "%d of %d cells were tried: %d operations on five kinds of tables and %d servers. Each was planned, then executed\nas it is written, among a reader and a writer. They waited if one read, or one write, took more than 60 %% of the\ntime of the statement, and more than a third of what it took to fill the table.\n",
		tried, len(operations)*len(kinds)*len(found), len(operations), len(found))
	fmt.Fprint(&out, "A verdict is too optimistic if it says that reads or writes go on, and they waited, or that the server takes the\nstatement, and it does not; too strict is the opposite. What differs is tried up to five times, each time\nwith twice as many rows.\nA wait of writes that is too short to be felt counts if the server says that there is one: it refuses LOCK=NONE then.\n\n")
	fmt.Fprint(&out, "| server | table | cells | equal | of these refused by the server | too optimistic | too strict | unreadable |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		for _, k := range kinds {
			var cells, equal, refused, optimistic, strict, unreadable int
			for _, c := range found[name] {
				if c.kind.name != k.name {
					continue
				}
				cells++
				switch {
				case c.verdict == "unreadable":
					unreadable++
				case c.optimistic():
					optimistic++
				case c.strict():
					strict++
				default:
					equal++
				}
				if c.truth == "refused" {
					refused++
				}
				if c.verdict != c.truth {
					wrong = append(wrong, fmt.Sprintf("| %s | %s | `%s` | %s | %s |", name, k.name, c.op.sql, c.verdict, c.truth))
				}
			}
			fmt.Fprintf(&out, "| %s | %s | %d | %d | %d | %d | %d | %d |\n", name, k.name, cells, equal, refused, optimistic, strict, unreadable)
		}
	}
	if len(wrong) > 0 {
		fmt.Fprintf(&out, "\nWhat differs:\n\n| server | table | statement | planned | was |\n| --- | --- | --- | --- | --- |\n%s\n", strings.Join(wrong, "\n"))
	}
	return out.String()
}
