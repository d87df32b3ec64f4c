package live

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

var (
	monday  = time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	tuesday = monday.AddDate(0, 0, 1)
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	tokyo := time.FixedZone("", 9*60*60)
	record := NewRecord(maintenance.Open, monday).TurnTo(maintenance.Closed, tuesday.In(tokyo).Add(time.Millisecond), monday.In(tokyo))
	got, err := DecodeRecord(record.Encode())
	if err != nil || !reflect.DeepEqual(got, record) {
		t.Errorf("got %+v, %v; want %+v", got, err, record)
	}
	const want = `{"version":1,"mode":"closed","since":"2026-11-24T01:00:00Z","until":"2026-11-23T01:00:00Z","previous":{"mode":"open","since":"2026-11-23T01:00:00Z"}}`
	if record.Encode() != want {
		t.Errorf("written as\n%s, want\n%s", record.Encode(), want)
	}
	attribution := Attribution{Since: monday, By: "arn:aws:sts::111111111111:assumed-role/deploy/ko"}
	if got, err := DecodeAttribution(attribution.Encode()); err != nil || got != attribution {
		t.Errorf("got %+v, %v; want %+v", got, err, attribution)
	}
	if got := NewRecord(maintenance.Closed, monday).Encode(); strings.Contains(got, "until") || strings.Contains(got, "previous") {
		t.Errorf("what is not known is written: %s", got)
	}
}

func TestRecord_NothingIsRecordedYet(t *testing.T) {
	if _, err := DecodeRecord(Placeholder); !errors.Is(err, ErrNoRecord) {
		t.Errorf("record: %v", err)
	}
	if _, err := DecodeAttribution(Placeholder); !errors.Is(err, ErrNoRecord) {
		t.Errorf("attribution: %v", err)
	}
}

func TestALaterReleaseMayAddFields(t *testing.T) {
	r, err := DecodeRecord(`{"version":1,"mode":"read-only","since":"2026-11-23T01:00:00Z","ticket":7}`)
	if err != nil || r.Mode != maintenance.ReadOnly || !r.Since.Equal(monday) {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestWhatIsNoRecord(t *testing.T) {
	for value, want := range map[string]string{
		"":                  `"" is not what noren writes`,
		"closed":            `"closed" is not what noren writes`,
		`[]`:                "is not what noren writes",
		`{"mode":"closed"}`: "it has version 0, want 1: another release of noren wrote it",
		`{"version":2}`:     "it has version 2, want 1",
		`{"version":1}`:     `mode "" since "0001-01-01T00:00:00Z": want open, read-only or closed, and a time`,
		`{"version":1,"mode":"on","since":"2026-11-23T01:00:00Z"}`: `mode "on" since`,
		`{"version":1,"mode":"closed","since":"yesterday"}`:        "is not what noren writes",
		`{"version":1,"mode":"closed"}`:                            `mode "closed" since "0001`,
	} {
		if _, err := DecodeRecord(value); err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, ErrNoRecord) {
			t.Errorf("%s: got %v, want %s", value, err, want)
		}
	}
	if _, err := DecodeAttribution(`{"version":1,"since":"2026-11-23T01:00:00Z"}`); err == nil || !strings.Contains(err.Error(), `by "": want a time and a name`) {
		t.Errorf("got %v", err)
	}
}

func TestSinceIsWhenTheModeWasTurnedTo(t *testing.T) {
	closed := NewRecord(maintenance.Open, monday).TurnTo(maintenance.Closed, tuesday, time.Time{})
	later := tuesday.Add(time.Hour)
	for _, test := range []struct {
		name string
		got  Record
		want Turn
	}{
		{"a turn", closed, Turn{maintenance.Closed, tuesday}},
		{"a second deploy in the same mode", closed.TurnTo(maintenance.Closed, later, later), Turn{maintenance.Closed, tuesday}},
		{"the next mode", closed.TurnTo(maintenance.ReadOnly, later, time.Time{}), Turn{maintenance.ReadOnly, later}},
		{"a rollback", closed.RollBackTo(maintenance.Open, later, time.Time{}), Turn{maintenance.Open, monday}},
		{"a rollback of a deploy that turned nothing", closed.RollBackTo(maintenance.Closed, later, time.Time{}), Turn{maintenance.Closed, tuesday}},
		{"a rollback to what is not known", NewRecord(maintenance.Open, monday).RollBackTo(maintenance.Closed, later, time.Time{}), Turn{maintenance.Closed, later}},
		{"a turn of nothing", Record{}.TurnTo(maintenance.Closed, later, time.Time{}), Turn{maintenance.Closed, later}},
	} {
		if test.got.Turn != test.want {
			t.Errorf("%s: got %+v, want %+v", test.name, test.got.Turn, test.want)
		}
	}
	if got := closed.TurnTo(maintenance.Closed, later, later).Until; !got.Equal(later) {
		t.Errorf("until %v, want %v", got, later)
	}
}

// TestRecord_Answer checks that the last events are remembered, and that a change
// that undoes another is recognized.
func TestRecord_Answer(t *testing.T) {
	r := NewRecord(maintenance.Closed, monday)
	for i := range 20 {
		r = r.Answered(Request{ID: strconv.Itoa(i), Refused: i%2 == 0})
	}
	r.Last = Change{From: "a", To: "b", At: monday}
	got, err := DecodeRecord(r.Encode())
	if err != nil || !reflect.DeepEqual(got, r) || len(r.Encode()) > 4096 {
		t.Fatalf("got %+v, %v; want %+v", got, err, r)
	}
	for id, want := range map[string]bool{"18": true, "19": false} {
		if answered, ok := got.Answer(id); !ok || answered.Refused != want {
			t.Errorf("%s: got %+v, %v", id, answered, ok)
		}
	}
	for _, id := range []string{"3", "20", ""} {
		if _, ok := got.Answer(id); ok {
			t.Errorf("%q was answered", id)
		}
	}
	for c, want := range map[Change]bool{{From: "b", To: "a"}: true, {From: "a", To: "b"}: false, {From: "b", To: "c"}: false} {
		if c.Undoes(got.Last) != want || c.Undoes(Change{}) {
			t.Errorf("%+v undoes %+v: %v", c, got.Last, !want)
		}
	}
}

func TestRecord_AttributionIsOfOneTurn(t *testing.T) {
	record := NewRecord(maintenance.Closed, monday)
	if got := record.By(Attribution{Since: monday.In(time.FixedZone("", 3600)), By: "ko"}); got != "ko" {
		t.Errorf("got %q", got)
	}
	if got := record.By(Attribution{Since: tuesday, By: "ko"}) + (Record{}).By(Attribution{}) + record.By(Attribution{}); got != "" {
		t.Errorf("got %q, want nobody", got)
	}
}
