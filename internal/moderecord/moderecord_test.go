package moderecord

import (
	"errors"
	"strings"
	"testing"
	"time"
)

var (
	monday  = time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	tuesday = monday.AddDate(0, 0, 1)
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	tokyo := time.FixedZone("", 9*60*60)
	record := New(Open, monday).TurnTo(Closed, tuesday.In(tokyo).Add(time.Millisecond), monday.In(tokyo))
	got, err := Decode(record.Encode())
	if err != nil || got != record {
		t.Errorf("got %+v, %v; want %+v", got, err, record)
	}
	const want = `{"version":1,"mode":"true","since":"2026-11-24T01:00:00Z","until":"2026-11-23T01:00:00Z","previous":{"mode":"false","since":"2026-11-23T01:00:00Z"}}`
	if record.Encode() != want {
		t.Errorf("written as\n%s, want\n%s", record.Encode(), want)
	}
	attribution := Attribution{monday, "arn:aws:sts::111111111111:assumed-role/deploy/ko"}
	if got, err := DecodeAttribution(attribution.Encode()); err != nil || got != attribution {
		t.Errorf("got %+v, %v; want %+v", got, err, attribution)
	}
	if got := New(Closed, monday).Encode(); strings.Contains(got, "until") || strings.Contains(got, "previous") {
		t.Errorf("what is not known is written: %s", got)
	}
}

func TestNothingIsRecordedYet(t *testing.T) {
	if _, err := Decode(Placeholder); !errors.Is(err, ErrNone) {
		t.Errorf("record: %v", err)
	}
	if _, err := DecodeAttribution(Placeholder); !errors.Is(err, ErrNone) {
		t.Errorf("attribution: %v", err)
	}
}

func TestALaterReleaseMayAddFields(t *testing.T) {
	r, err := Decode(`{"version":1,"mode":"read-only","since":"2026-11-23T01:00:00Z","ticket":7}`)
	if err != nil || r.Mode != ReadOnly || !r.Since.Equal(monday) {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestWhatIsNoRecord(t *testing.T) {
	for value, want := range map[string]string{
		"":                `"" is not what noren writes`,
		"closed":          `"closed" is not what noren writes`,
		`[]`:              "is not what noren writes",
		`{"mode":"true"}`: "it has version 0, want 1: another release of noren wrote it",
		`{"version":2}`:   "it has version 2, want 1",
		`{"version":1}`:   `mode "" since "0001-01-01T00:00:00Z": want true, false or read-only, and a time`,
		`{"version":1,"mode":"on","since":"2026-11-23T01:00:00Z"}`: `mode "on" since`,
		`{"version":1,"mode":"true","since":"yesterday"}`:          "is not what noren writes",
		`{"version":1,"mode":"true"}`:                              `mode "true" since "0001`,
	} {
		if _, err := Decode(value); err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, ErrNone) {
			t.Errorf("%s: got %v, want %s", value, err, want)
		}
	}
	if _, err := DecodeAttribution(`{"version":1,"since":"2026-11-23T01:00:00Z"}`); err == nil || !strings.Contains(err.Error(), `by "": want a time and somebody`) {
		t.Errorf("got %v", err)
	}
}

func TestSinceIsWhenTheModeWasTurnedTo(t *testing.T) {
	closed := New(Open, monday).TurnTo(Closed, tuesday, time.Time{})
	later := tuesday.Add(time.Hour)
	for _, test := range []struct {
		name string
		got  Record
		want Turn
	}{
		{"a turn", closed, Turn{Closed, tuesday}},
		{"a second deploy in the same mode", closed.TurnTo(Closed, later, later), Turn{Closed, tuesday}},
		{"the next mode", closed.TurnTo(ReadOnly, later, time.Time{}), Turn{ReadOnly, later}},
		{"a rollback", closed.RollBackTo(Open, later, time.Time{}), Turn{Open, monday}},
		{"a rollback of a deploy that turned nothing", closed.RollBackTo(Closed, later, time.Time{}), Turn{Closed, tuesday}},
		{"a rollback to what is not known", New(Open, monday).RollBackTo(Closed, later, time.Time{}), Turn{Closed, later}},
		{"a turn of nothing", Record{}.TurnTo(Closed, later, time.Time{}), Turn{Closed, later}},
	} {
		if test.got.Turn != test.want {
			t.Errorf("%s: got %+v, want %+v", test.name, test.got.Turn, test.want)
		}
	}
	if got := closed.TurnTo(Closed, later, later).Until; !got.Equal(later) {
		t.Errorf("until %v, want %v", got, later)
	}
}

func TestAnAttributionIsOfOneTurn(t *testing.T) {
	record := New(Closed, monday)
	if got := record.By(Attribution{monday.In(time.FixedZone("", 3600)), "ko"}); got != "ko" {
		t.Errorf("got %q", got)
	}
	if got := record.By(Attribution{tuesday, "ko"}) + (Record{}).By(Attribution{}) + record.By(Attribution{}); got != "" {
		t.Errorf("got %q, want nobody", got)
	}
}

func TestWhatOpens(t *testing.T) {
	for _, test := range []struct {
		from, to Mode
		want     bool
	}{
		{Closed, Open, true}, {Closed, ReadOnly, true}, {ReadOnly, Open, true},
		{Open, Closed, false}, {Open, ReadOnly, false}, {ReadOnly, Closed, false},
		{Open, Open, false}, {ReadOnly, ReadOnly, false}, {Closed, Closed, false},
	} {
		if got := test.to.Opens(test.from); got != test.want {
			t.Errorf("from %s to %s opens: %v", test.from, test.to, got)
		}
	}
}
