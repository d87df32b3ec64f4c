//go:build mysql

package copy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/ddl"
)

// onCopy writes only to the copy.
func (s *sides) onCopy(t *testing.T, schema string, statements ...string) {
	t.Helper()
	conn := session(t, s.pair.To, schema, "SET sql_log_bin = 0")
	execute(t, conn, statements...)
	ddl.End(conn)
}

// TestCompare_NamesWhatDiffers checks that a difference is found wherever it is,
// and reported with table, range and columns.
func TestCompare_NamesWhatDiffers(t *testing.T) {
	onEveryPair(t, func(t *testing.T, s *sides) {
		original, copied := s.both(t, "differing",
			"CREATE TABLE numbers (id BIGINT UNSIGNED PRIMARY KEY, a INT, b VARCHAR(20), c DECIMAL(10,2), d DOUBLE, e DATETIME(3), f BLOB, g BIT(4))",
			"CREATE TABLE names (name VARCHAR(40) PRIMARY KEY, a INT)",
			"CREATE TABLE two (x INT, y INT, a INT, PRIMARY KEY (x, y))",
			"CREATE TABLE keyless (a INT, b TEXT)",
			"CREATE TABLE nothing (id INT PRIMARY KEY)")
		from := session(t, s.pair.From, "differing")
		var numbers, names, two, keyless []string
		for i := range 3000 {
			numbers = append(numbers, fmt.Sprintf("(%d, %d, 'é%d', %d.5, %d / 3, '2026-01-02 03:04:05.678', X'00FF', 5)", i*7, i, i, i, i))
			names, two, keyless = append(names, fmt.Sprintf("('name%05d', %d)", i, i)), append(two, fmt.Sprintf("(%d, %d, %d)", i/10, i%10, i)), append(keyless, fmt.Sprintf("(%d, NULL)", i%5))
		}
		numbers = append(numbers, "(18446744073709551615, NULL, NULL, NULL, NULL, NULL, NULL, NULL)")
		execute(t, from, "INSERT INTO numbers VALUES "+strings.Join(numbers, ", "), "INSERT INTO names VALUES "+strings.Join(names, ", "),
			"INSERT INTO two VALUES "+strings.Join(two, ", "), "INSERT INTO keyless VALUES "+strings.Join(keyless, ", "))
		applied(t, original, copied)
		compare := func(tables ...string) []TableResult {
			t.Helper()
			results, err := Compare(t.Context(), original, copied, CompareOptions{Load: 1, Tables: tables})
			if err != nil {
				t.Fatal(err)
			}
			return results
		}
		for _, r := range compare() {
			if !r.Equal() {
				t.Errorf("%s: %v before anything differs", r.Table, r.Found)
			}
		}
		for _, test := range []struct {
			table, sql, back string
			columns          []string
			rows             int64 // additional rows of the original
		}{
			{"numbers", "UPDATE numbers SET a = a + 1 WHERE id = 7000", "UPDATE numbers SET a = a - 1 WHERE id = 7000", []string{"a"}, 0},
			{"numbers", "UPDATE numbers SET a = 1 WHERE id = 18446744073709551615", "UPDATE numbers SET a = NULL WHERE id = 18446744073709551615", []string{"a"}, 0},
			{"numbers", "UPDATE numbers SET d = d + 0.001, g = 6 WHERE id = 0", "UPDATE numbers SET d = 0, g = 5 WHERE id = 0", []string{"d", "g"}, 0},
			{"numbers", "UPDATE numbers SET a = NULL, b = '' WHERE id IN (700, 1400)", "UPDATE numbers SET a = id / 7, b = CONCAT('é', ROUND(id / 7)) WHERE id IN (700, 1400)", []string{"a", "b"}, 0},
			{"numbers", "INSERT INTO numbers (id) VALUES (3)", "DELETE FROM numbers WHERE id = 3", nil, -1},
			{"names", "DELETE FROM names WHERE name = 'name02999'", "INSERT INTO names VALUES ('name02999', 2999)", nil, 1},
			{"names", "INSERT INTO names VALUES ('zzz', 1)", "DELETE FROM names WHERE name = 'zzz'", nil, -1},
			{"two", "UPDATE two SET a = -1 WHERE x = 299 AND y = 9", "UPDATE two SET a = 2999 WHERE x = 299 AND y = 9", []string{"a"}, 0},
			{"keyless", "UPDATE keyless SET b = '' WHERE a = 4", "UPDATE keyless SET b = NULL WHERE a = 4", []string{"b"}, 0},
			{"nothing", "INSERT INTO nothing VALUES (1)", "DELETE FROM nothing", nil, -1},
		} {
			s.onCopy(t, "differing", test.sql)
			for _, r := range compare(test.table) {
				switch {
				case r.Equal():
					t.Errorf("%s: not found", test.sql)
				default:
					d := r.Found[0]
					if d.Original-d.Copied != test.rows || test.columns != nil && !slices.Equal(d.Columns, test.columns) || d.Original > 2*smallSpan && test.table != "keyless" {
						t.Errorf("%s: %s", test.sql, d.Text(r.Table))
					}
				}
			}
			s.onCopy(t, "differing", test.back)
		}
		for _, r := range compare() {
			if !r.Equal() {
				t.Errorf("%s: %v after all is as it was", r.Table, r.Found)
			}
		}
	})
}

// TestCompare_GoesOn checks that an interrupted comparison continues where it
// was, with concurrent writers, and finds what differs after that place.
func TestCompare_GoesOn(t *testing.T) {
	onEveryPair(t, func(t *testing.T, s *sides) {
		original, copied := s.both(t, "resumed", "CREATE TABLE a (id INT PRIMARY KEY AUTO_INCREMENT, n INT)")
		from := session(t, s.pair.From, "resumed")
		execute(t, from, "INSERT INTO a (n) VALUES (1), (2), (3), (4), (5), (6), (7), (8)")
		for range 10 { // 8192 rows
			execute(t, from, "INSERT INTO a (n) SELECT n FROM a")
		}
		applied(t, original, copied)
		s.onCopy(t, "resumed", "UPDATE a SET n = 0 WHERE id = (SELECT m FROM (SELECT MAX(id) AS m FROM a) AS x)")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			conn := session(t, s.pair.From, "resumed")
			for ctx.Err() == nil {
				_, _ = conn.ExecContext(ctx, "INSERT INTO a (n) VALUES (9)")
				time.Sleep(2 * time.Millisecond)
			}
		}()
		cut := errors.New("cut off")
		first, err := Compare(t.Context(), original, copied, CompareOptions{Load: 1, Report: func(r TableResult) error {
			if !r.Done {
				return cut
			}
			return nil
		}})
		if !errors.Is(err, cut) || len(first) != 1 || len(first[0].At) == 0 || first[0].Rows >= 8192 {
			t.Fatalf("got %v, %+v", err, first)
		}
		second, err := Compare(t.Context(), original, copied, CompareOptions{Load: 1, Done: first})
		if err != nil || len(second[0].Found) == 0 || second[0].Rows < 8192 || second[0].Found[0].Columns[0] != "n" {
			t.Errorf("got %v, %+v", err, second)
		}
	})
}

// TestCompare_BesideCHECKSUM prints how fast a table is compared relative to
// CHECKSUM TABLE on both sides at the same time: in elapsed time, and in CPU time
// of the two servers, which other load on the machine does not change.
func TestCompare_BesideCHECKSUM(t *testing.T) {
	onEveryPair(t, func(t *testing.T, s *sides) {
		original, copied := s.both(t, "ratio", "CREATE TABLE visits (id INT PRIMARY KEY AUTO_INCREMENT, writer INT NOT NULL, n INT NOT NULL, at DATETIME NOT NULL, body VARCHAR(100) NOT NULL, note TEXT)")
		from := session(t, s.pair.From, "ratio")
		execute(t, from, "INSERT INTO visits (writer, n, at, body, note) VALUES (1, 2, '2026-01-02 03:04:05', 'a body of some length, as visits have', 'a note of some length, as visits have it, too')")
		for n := 1; n < 2*rows(); n *= 2 {
			execute(t, from, "INSERT INTO visits (writer, n, at, body, note) SELECT writer + 1, id, at, body, note FROM visits")
		}
		applied(t, original, copied)
		measure := func(do func() error) (clock, processors float64) {
			t.Helper()
			began, before := time.Now(), taken(t, original, copied)
			if err := do(); err != nil {
				t.Fatal(err)
			}
			return time.Since(began).Seconds(), taken(t, original, copied) - before
		}
		var ratios, ofProcessors []float64
		for range 5 {
			theirs, theirTime := measure(func() error {
				_, _, err := bothSides(func(side bool) (string, error) {
					pool := map[bool]*sql.DB{false: original.Pool(), true: copied.Pool()}[side]
					row, err := oneRow(t.Context(), pool, "CHECKSUM TABLE visits")
					return row["Checksum"], err
				})
				return err
			})
			ours, ourTime := measure(func() error {
				results, err := Compare(t.Context(), original, copied, CompareOptions{Load: 1})
				if err == nil && !results[0].Equal() {
					err = fmt.Errorf("%+v", results)
				}
				return err
			})
			ratios, ofProcessors = append(ratios, theirs/ours), append(ofProcessors, theirTime/ourTime)
			t.Logf("CHECKSUM TABLE %.2f s, compare %.2f s: %.2f times as fast; time of the processors %.2f s and %.2f s: %.2f", theirs, ours, theirs/ours, theirTime, ourTime, theirTime/ourTime)
		}
		slices.Sort(ratios)
		slices.Sort(ofProcessors)
		t.Logf("comparing is %.2f to %.2f times as fast as CHECKSUM TABLE, in the median %.2f; by the time of the processors %.2f to %.2f, %.2f", ratios[0], ratios[4], ratios[2], ofProcessors[0], ofProcessors[4], ofProcessors[2])
	})
}

// taken returns the CPU time, in seconds, that two servers have used.
func taken(t *testing.T, servers ...*ddl.Database) (seconds float64) {
	t.Helper()
	for _, db := range servers {
		row, err := oneRow(t.Context(), db.Pool(), "SELECT @@pid_file AS file")
		if err != nil {
			t.Fatal(err)
		}
		pid, err := os.ReadFile(row["file"])
		if err != nil {
			t.Fatal(err)
		}
		threads, err := filepath.Glob("/proc/" + strings.TrimSpace(string(pid)) + "/task/*/schedstat")
		if err != nil || len(threads) == 0 {
			if runtime.GOOS == "linux" {
				t.Fatalf("the server %s has no threads in /proc: %v", pid, err)
			}
			t.Skip("SKIPPED: the time of the processors is in /proc on Linux alone")
		}
		for _, thread := range threads {
			var nanoseconds float64
			text, _ := os.ReadFile(thread) // empty if the thread has ended
			_, _ = fmt.Sscan(string(text), &nanoseconds)
			seconds += nanoseconds / 1e9
		}
	}
	return seconds
}
