package ddl

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

func TestAtLeast(t *testing.T) {
	for _, test := range []struct {
		version string
		want    []int
		is      bool
	}{
		{"8.0.29", []int{8, 0, 29}, true}, {"8.0.28", []int{8, 0, 29}, false}, {"9.7.4", []int{8, 0, 29}, true}, {"10.11.19", []int{9, 1}, true},
		{"3.04.1", []int{3, 4, 2}, false}, {"3.04.2", []int{3, 4, 2}, true}, {"3.05.0", []int{3, 4, 2}, true}, {"2.12.0", []int{3, 4, 2}, false}, {"", []int{1}, false},
	} {
		if got := atLeast(test.version, test.want...); got != test.is {
			t.Errorf("%s at least %v: got %v", test.version, test.want, got)
		}
	}
}

func TestAuroraTraps(t *testing.T) {
	const gib = 1 << 30
	inplace := Rung{Algorithm: "INPLACE", Lock: "NONE"}
	for _, test := range []struct {
		name   string
		aurora string
		rung   Rung
		bytes  int64
		i      instance
		want   []string
	}{
		{"not Aurora", "", inplace, 100 * gib, instance{true, gib}, nil},
		{"invisible on readers", "3.04.1", inplace, 1, instance{true, 0}, []string{"interrupts", "do not see", "may restart"}},
		{"no readers", "3.04.1", inplace, 1, instance{false, 0}, nil},
		{"INSTANT", "3.04.1", Rung{Algorithm: "INSTANT"}, 1, instance{true, 0}, []string{"interrupts"}},
		{"said to be mended", "3.07.0", inplace, 1, instance{true, 0}, []string{"interrupts", "may not find it"}},
		{"a reader may restart", "3.05.2", sqltext.CopyShared, 1, instance{true, 0}, []string{"interrupts", "may restart"}},
		{"local storage", "3.10.0", inplace, 20 * gib, instance{true, 32 * gib}, []string{"interrupts", "may not find it", "local storage"}},
		{"enough local storage", "3.10.0", inplace, 10 * gib, instance{true, 32 * gib}, []string{"interrupts", "may not find it"}},
	} {
		traps := Server{Flavor: "Aurora MySQL", Aurora: test.aurora}.traps(test.rung, test.bytes, test.i)
		if len(traps) != len(test.want) {
			t.Errorf("%s: got %v, want %q", test.name, traps, test.want)
			continue
		}
		for i, want := range test.want {
			if !strings.Contains(traps[i].text, want) {
				t.Errorf("%s: got %q, want %q", test.name, traps[i].text, want)
			}
		}
	}
}

// TestLocalStorageIsEstimatedFromTheBufferPool checks the example of an
// r6g.large, which has 16 GiB of memory and 32 GiB of local storage.
func TestLocalStorageIsEstimatedFromTheBufferPool(t *testing.T) {
	if got := Bytes(localStorage(12 << 30)); got != "32.0 GiB" {
		t.Errorf("got %s, want 32.0 GiB", got)
	}
}

func TestHoldersThatAreSpared(t *testing.T) {
	for _, test := range []struct {
		h    holder
		want string
	}{
		{holder{id: 1, kind: "TABLE", idle: true}, ""},
		{holder{id: 1, kind: "TABLE", idle: true, written: heavyRows}, ""},
		{holder{id: 1, kind: "TABLE", idle: true, written: heavyRows + 1}, "it has written 1001 rows"},
		{holder{id: 1, kind: "TABLE"}, "it is not idle"},
		{holder{id: 1, kind: "TABLE", idle: true, explicit: true}, "on purpose"},
		{holder{id: 1, kind: "GLOBAL", idle: true}, "on purpose"},
		{holder{kind: "TABLE", idle: true}, "no session has it"},
	} {
		if got := test.h.spared(); !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
			t.Errorf("%v: got %q, want %q", test.h, got, test.want)
		}
	}
}

// TestEvictionWaitsForIdleness checks that a session is ended only after it has
// been idle at every look for a while.
func TestEvictionWaitsForIdleness(t *testing.T) {
	e := newEviction()
	idle, busy := holder{id: 1, kind: "TABLE", idle: true}, holder{id: 1, kind: "TABLE"}
	if due := e.due([]holder{idle}, 1<<40); len(due) > 0 {
		t.Errorf("at first sight: %v", due)
	}
	e.due([]holder{busy}, 0)
	if _, known := e.idle[1]; known {
		t.Error("a busy session still counts as idle")
	}
	if due := e.due([]holder{idle}, 0); len(due) != 1 {
		t.Errorf("got %v, want the session", due)
	}
	if due := e.due([]holder{idle}, 0); len(due) > 0 {
		t.Errorf("a second time: %v", due)
	}
}

func TestOptionsAreValidated(t *testing.T) {
	ok := RunOptions{PlanOptions: PlanOptions{Writes: Live, Policy: Any}, WithoutRehearsal: true}
	m := sqltext.Migration{Name: "x"}
	if err := ok.validate(m); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(o *RunOptions){
		`unknown writes "some": want live or stopped`: func(o *RunOptions) { o.Writes = "some" },
		`unknown policy "mild": want any or additive`: func(o *RunOptions) { o.Policy = "mild" },
		"still-written tables mean something only":    func(o *RunOptions) { o.StillWritten = []string{"a"} },
		"a window is compared with a rehearsal":       func(o *RunOptions) { o.Window = 1 },
		"there is no rehearsal":                       func(o *RunOptions) { o.WithoutRehearsal = false },
		"exclude each other":                          func(o *RunOptions) { o.Rehearsal = &Rehearsal{} },
		"stall must be 100ms to 1h, got 1ms":          func(o *RunOptions) { o.Stall = 1e6 },
		"replicas and a lag in whole seconds belong":  func(o *RunOptions) { o.MaxLag = 1e9 },
		"end-stall must be 100ms to 1h, got -1ns":     func(o *RunOptions) { o.EndStall = -1 },
	} {
		o := ok
		change(&o)
		if err := o.validate(m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// After a failover that turns a writer into a reader in the middle of a run, the
// run may be repeated.
func TestAServerThatIsReadOnlyPasses(t *testing.T) {
	for message, want := range map[string]bool{
		"The MySQL server is running with the --read-only option so it cannot execute this statement":        true,
		"The MySQL server is running with the --super-read-only option so it cannot execute this statement":  true,
		"The MySQL server is running with the --secure-file-priv option so it cannot execute this statement": false,
	} {
		if got := MayRepeat(fmt.Errorf("writing the journal: %w", &mysql.MySQLError{Number: 1290, Message: message})); got != want {
			t.Errorf("%s: got %v, want %v", message, got, want)
		}
	}
}
