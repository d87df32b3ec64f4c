//go:build mysql

package copy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/ddl"
)

func TestLeft(t *testing.T) {
	for _, test := range []struct {
		rest, done int64
		seconds    float64
		want       string
	}{
		{0, 0, 0, "0"}, {0, 5, 2, "0"}, {100, 50, 2, "4"}, {100, 0, 2, "not known"}, {100, -5, 2, "not known"}, {100, 5, 0, "not known"},
	} {
		got := "not known"
		if after := left(test.rest, test.done, test.seconds); after != nil {
			got = fmt.Sprint(*after)
		}
		if got != test.want {
			t.Errorf("%+v: got %s", test, got)
		}
	}
}

// TestStatus_Estimates checks that a copy that cannot apply what it receives gets
// no closer, and that it catches up afterwards.
func TestStatus_Estimates(t *testing.T) {
	onEveryPair(t, func(t *testing.T, s *sides) {
		original, copied := s.both(t, "estimated", "CREATE TABLE a (id INT PRIMARY KEY AUTO_INCREMENT, body VARCHAR(100))", "CREATE TABLE b (id INT PRIMARY KEY)")
		state := &State{Migration: "0007", UUID: copied.UUID}
		if err := begin(t.Context(), original, state); err != nil {
			t.Fatal(err)
		}
		state.Phase = Following
		state.Comparison = &Comparison{Began: "2026-01-01", Tables: []TableResult{{Table: "b", Done: true, Rows: 500, Seconds: 5}}}
		if err := state.save(t.Context(), original); err != nil {
			t.Fatal(err)
		}
		applied(t, original, copied)
		hold := session(t, s.pair.To, "estimated", "LOCK TABLES a WRITE")
		from := session(t, s.pair.From, "estimated")
		var values []string
		for range 1000 {
			values = append(values, "('a body')")
		}
		execute(t, from, "INSERT INTO a (body) VALUES "+strings.Join(values, ", "), "ANALYZE TABLE a")
		status, err := Look(t.Context(), original, copied, nil)
		if err != nil || status.Behind == nil || *status.Behind < 1000 || status.CatchUp != nil {
			t.Errorf("it cannot apply anything: got %+v, %v", status, err)
		}
		if status.All < 1400 || status.Compared != 500 || status.Compare == nil || *status.Compare < 8 || *status.Compare > 15 {
			t.Errorf("500 rows took 5 s, about 1000 are left: got %+v", status)
		}
		ddl.End(hold)
		applied(t, original, copied)
		if status, err = Look(t.Context(), original, copied, nil); err != nil || status.Behind == nil || *status.Behind != 0 || status.CatchUp == nil || *status.CatchUp != 0 {
			t.Errorf("it has applied everything: got %+v, %v", status, err)
		}
	})
}
