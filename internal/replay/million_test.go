package replay

import (
	"fmt"
	"runtime"
	"testing"
)

// TestReplay_AMillionLines replays a log with known totals, and checks every one
// of them exactly, in bounded memory.
func TestReplay_AMillionLines(t *testing.T) {
	const lines = 1_000_000
	traffic := newTraffic()
	r := newReplay(t, Config{Assume: assumptions, Since: traffic.start})
	if err := r.Read(t.Context(), "log", traffic.log(lines)); err != nil {
		t.Fatal(err)
	}
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	if memory.HeapAlloc > 100<<20 {
		t.Errorf("%d bytes are in use after %d lines", memory.HeapAlloc, lines)
	}
	report := r.Report()
	if got := report.Lines; got.Lines != lines || got.Entries != lines || got.Malformed != 0 {
		t.Errorf("got %+v", got)
	}
	if report.Lines.NoRequest != traffic.without {
		t.Errorf("%d lines without a request, want %d", report.Lines.NoRequest, traffic.without)
	}
	requests := lines - traffic.without
	want := Counts{Requests: requests, Allowed: traffic.totals[Allowed], Refused: traffic.totals[Refused], Unaffected: traffic.totals[Unaffected]}
	if report.Requests != want {
		t.Errorf("got %+v, want %+v", report.Requests, want)
	}
	got := map[string]int64{}
	for _, e := range report.Endpoints {
		addFates(got, e.Method+" "+e.Path, e.Counts)
	}
	for _, c := range report.Clients {
		addFates(got, c.Family, c.Counts)
	}
	for key, n := range traffic.by {
		if got[key] != n {
			t.Errorf("%s: got %d, want %d", key, got[key], n)
		}
	}
	if len(got) != len(traffic.by) {
		t.Errorf("got %d endpoints and clients by fate, want %d: %v", len(got), len(traffic.by), got)
	}
	if check := report.SelfCheck.CheckCounts; check != (CheckCounts{Compared: requests, Agreed: requests}) {
		t.Errorf("the recorded rules: got %+v, want all %d to agree", check, requests)
	}
}

func addFates(counts map[string]int64, name string, c Counts) {
	for fate, n := range map[Fate]int64{Allowed: c.Allowed, Refused: c.Refused, Depends: c.Depends, Unaffected: c.Unaffected} {
		if n > 0 {
			counts[fmt.Sprint(name, " ", fate)] += n
		}
	}
}
