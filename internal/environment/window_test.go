package environment

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
	"github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

// planned is an environment with a window. The cases below replace its lines.
const planned = `stackName: s
region: eu-west-1
network: {cidr: 10.0.0.0/16}
database: {engineVersion: 8.0.mysql_aurora.3.10.3, name: d, minCapacity: 1, maxCapacity: 2}
api: {domain: api.shop.example, certificateArn: "arn:aws:acm:eu-west-1:111111111111:certificate/00000000-0000-0000-0000-000000000000"}
schemaChange: {changes: FOLDER}
maintenance:
  guard: true
  readOnly: true
  until:
  bypass: {header: X-Maintenance-Bypass}
  window:
    start: "2026-12-01T02:00:00"
    end: "2026-12-01T04:00:00"
    zone: Asia/Tokyo
    announce: 72h
    mode: true
    changes: [regions]
    verify:
      - GET /api/health -> 200
    reopen: ask
`

// changes returns a folder of changes in which the rehearsal of regions took so
// many seconds.
func changes(t *testing.T, seconds int) string {
	t.Helper()
	dir := t.TempDir()
	hash := func(text string) string { return sqltext.Migration{Text: text}.Hash() }
	const sql = "CREATE TABLE regions (id INT);\n"
	for name, text := range map[string]string{
		"regions.sql":            sql,
		"regions.rehearsal.json": fmt.Sprintf(`{"name":"regions.sql","hash":%q,"steps":[{"number":1,"seconds":%d.4}]}`, hash(sql), seconds),
		"new.sql":                sql,
		"edited.sql":             "DROP TABLE regions;\n",
		"edited.rehearsal.json":  fmt.Sprintf(`{"hash":%q}`, hash(sql)),
		"failed.sql":             sql,
		"failed.rehearsal.json":  fmt.Sprintf(`{"hash":%q,"failed":"duplicate key"}`, hash(sql)),
		"other.sql":              sql,
		"other.rehearsal.json":   `{"steps":[]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var atNoon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

func TestWindow_IsRead(t *testing.T) {
	folder := changes(t, 840)
	env, warnings, problems := parseEnvironment("env.yaml", []byte(strings.Replace(planned, "FOLDER", folder, 1)), atNoon)
	if len(problems)+len(warnings) > 0 {
		t.Fatal(problems, warnings)
	}
	tokyo := time.FixedZone("JST", 9*60*60)
	want := &window.Window{
		Start: time.Date(2026, 12, 1, 2, 0, 0, 0, tokyo), End: time.Date(2026, 12, 1, 4, 0, 0, 0, tokyo),
		Announce: 72 * time.Hour, Mode: maintenance.Closed, Ask: true,
		Changes: []window.Change{{Name: "regions", Digest: sqltext.Migration{Text: "CREATE TABLE regions (id INT);\n"}.Hash(), Rehearsed: 840 * time.Second}},
		Verify:  []window.Request{{Method: "GET", Path: "/api/health", Status: 200}},
	}
	if diff := cmp.Diff(want, env.Night); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestWindow_Refused(t *testing.T) {
	folder := changes(t, 840)
	start, end, zone := `start: "2026-12-01T02:00:00"`, `end: "2026-12-01T04:00:00"`, "zone: Asia/Tokyo"
	times := func(from, to, in string) []string {
		return []string{start, "start: " + from, end, "end: " + to, zone, "zone: " + in}
	}
	const verify, change = "- GET /api/health -> 200", "changes: [regions]"
	tests := []struct {
		name  string
		edits []string // what is replaced, and by what
		want  []string // LINE:COLUMN: KEY: the beginning or a part of the text
	}{
		{"no start", []string{start, ""}, []string{"12:3: maintenance.window.start: want a local time to the minute"}},
		{"no zone", []string{zone, ""}, []string{`12:3: maintenance.window.zone: want a time zone of the IANA database such as Asia/Tokyo or UTC, got ""`}},
		{"a zone that does not exist", []string{zone, "zone: Asia/Tokio"}, []string{`15:5: maintenance.window.zone: want a time zone of the IANA database such as Asia/Tokyo or UTC, got "Asia/Tokio"`}},
		{"the zone of the machine", []string{zone, "zone: Local"}, []string{"15:5: maintenance.window.zone: want a time zone"}},
		{"a start with an offset", []string{start, "start: 2026-12-01T02:00:00+09:00"}, []string{"13:5: maintenance.window.start: want a local time to the minute"}},
		{"a start with seconds", []string{start, "start: 2026-12-01T02:00:30"}, []string{"13:5: maintenance.window.start: want a local time to the minute"}},
		{"a start with a part of a second", []string{start, "start: 2026-12-01T02:00:00.5"}, []string{"13:5: maintenance.window.start: want a local time to the minute"}},
		{"a date that does not exist", []string{start, "start: 2026-11-31T02:00:00"}, []string{"13:5: maintenance.window.start: want a local time to the minute"}},

		{"in the hour that is skipped", times("2027-03-28T02:30:00", "2027-03-28T04:00:00", "Europe/Berlin"), []string{"13:5: maintenance.window.start: 2027-03-28T02:30:00 does not exist in Europe/Berlin"}},
		{"at the first second that is skipped", times("2027-03-28T02:00:00", "2027-03-28T04:00:00", "Europe/Berlin"), []string{"13:5: maintenance.window.start: 2027-03-28T02:00:00 does not exist in Europe/Berlin"}},
		{"an end in the hour that is skipped", times("2027-03-14T01:30:00", "2027-03-14T02:30:00", "America/New_York"), []string{"14:5: maintenance.window.end: 2027-03-14T02:30:00 does not exist in America/New_York"}},
		{"in the hour that comes twice", times("2027-10-31T02:30:00", "2027-10-31T05:00:00", "Europe/Berlin"), []string{"13:5: maintenance.window.start: 2027-10-31T02:30:00 comes twice in Europe/Berlin, at 2027-10-31T00:30:00Z and 2027-10-31T01:30:00Z"}},
		{"half an hour that comes twice", times("2027-04-04T01:45:00", "2027-04-04T05:00:00", "Australia/Lord_Howe"), []string{"13:5: maintenance.window.start: 2027-04-04T01:45:00 comes twice in Australia/Lord_Howe"}},

		{"an end before the start", []string{end, `end: "2026-12-01T01:00:00"`}, []string{"14:5: maintenance.window.end: want a time after the start"}},
		{"no time at all", []string{end, `end: "2026-12-01T02:00:00"`}, []string{"14:5: maintenance.window.end: want a time after the start"}},
		{"more than a day", []string{end, `end: "2026-12-02T02:01:00"`}, []string{"14:5: maintenance.window.end: want at most 24 hours after the start, got 24h1m0s"}},
		{"a mistyped year", times("2036-12-01T02:00:00", "2036-12-01T04:00:00", "UTC"), []string{"13:5: maintenance.window.start: want a start within a year"}},
		{"announced too long before", []string{"announce: 72h", "announce: 1000h"}, []string{"16:5: maintenance.window.announce: want"}},

		{"an open window", []string{"mode: true", "mode: false"}, []string{"17:5: maintenance.window.mode: want true (closed) or read-only"}},
		{"read-only that is not prepared", []string{"mode: true", "mode: read-only", "readOnly: true", "readOnly: false"}, []string{"17:5: maintenance.window.mode: the listener is not prepared"}},
		{"the guard is off", []string{"guard: true", "guard: false"}, []string{"8:3: maintenance.guard: want true with maintenance.window"}},
		{"another end is told", []string{"until:", "until: 2026-12-01T05:00:00+09:00"}, []string{"14:5: maintenance.window.end: want the time of maintenance.until, 2026-12-01T05:00:00+09:00"}},

		{"a change that does not exist", []string{change, "changes: [regoins]"}, []string{"18:15: maintenance.window.changes[0]: want a file of schemaChange.changes"}},
		{"a change with its ending", []string{change, "changes: [regions.sql]"}, []string{"18:15: maintenance.window.changes[0]: want a file of schemaChange.changes"}},
		{"a change elsewhere", []string{change, "changes: [../regions]"}, []string{"18:15: maintenance.window.changes[0]: want the name of a file"}},
		{"a change twice", []string{change, "changes: [regions, regions]"}, []string{"18:24: maintenance.window.changes[1]: \"regions\" is there twice"}},
		{"without a rehearsal", []string{change, "changes: [regions, new]"}, []string{"18:24: maintenance.window.changes[1]: there is no rehearsal"}},
		{"a rehearsal of another content", []string{change, "changes: [edited]"}, []string{"18:15: maintenance.window.changes[0]: "}},
		{"a rehearsal that failed", []string{change, "changes: [failed]"}, []string{"18:15: maintenance.window.changes[0]: the rehearsal failed: duplicate key"}},
		{"a rehearsal that is something else", []string{change, "changes: [other]"}, []string{"is not a rehearsal"}},
		{"an image that noren cannot look into", []string{"changes: FOLDER", "image: registry.example/changes:1"}, []string{"18:15: maintenance.window.changes[0]: want schemaChange.changes, a folder"}},
		{"changes that take too long", []string{end, `end: "2026-12-01T02:23:00"`}, []string{"18:5: maintenance.window.changes: want changes that took at most 60 % of the window of 23m0s when they were rehearsed, got 14m0s"}},

		{"verify what writes", []string{verify, "- POST /api/reports -> 201"}, []string{"20:9: maintenance.window.verify[0]: want a request that reads"}},
		{"verify without a status", []string{verify, "- GET /api/health"}, []string{"20:9: maintenance.window.verify[0]: want a request that reads"}},
		{"verify a fragment", []string{verify, "- GET /api/health#x -> 200"}, []string{"20:9: maintenance.window.verify[0]: want a path"}},
		{"no bypass", []string{"bypass: {header: X-Maintenance-Bypass}", "bypass:"}, []string{"20:9: maintenance.window.verify[0]: no bypass reaches it: want maintenance.bypass.header or cookie"}},
		{"networks only", []string{"bypass: {header: X-Maintenance-Bypass}", "bypass: {cidrs: [203.0.113.0/28]}"}, []string{"20:9: maintenance.window.verify[0]: no bypass reaches it"}},
		{"what the site does not send on", []string{"domain: api.shop.example, certificateArn: \"arn:aws:acm:eu-west-1:111111111111:certificate/00000000-0000-0000-0000-000000000000\"", "ingressPrefixList: pl-4fa04526", verify, "- GET /health -> 200"}, []string{"20:9: maintenance.window.verify[0]: no bypass reaches it: without api.domain"}},
		{"verified by nothing", []string{"    verify:\n      " + verify + "\n", "", "reopen: ask", "reopen: verified"}, []string{"maintenance.window.reopen: want requests in maintenance.window.verify"}},
		{"reopened by something else", []string{"reopen: ask", "reopen: always"}, []string{"21:5: maintenance.window.reopen: want"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			source := planned
			for i := 0; i < len(test.edits); i += 2 {
				if !strings.Contains(source, test.edits[i]) {
					t.Fatalf("nothing to replace: %s", test.edits[i])
				}
				source = strings.Replace(source, test.edits[i], test.edits[i+1], 1)
			}
			_, _, problems := parseEnvironment("env.yaml", []byte(strings.Replace(source, "FOLDER", folder, 1)), atNoon)
			if len(problems) != len(test.want) {
				t.Fatalf("got %v, want %v", problems, test.want)
			}
			for i, want := range test.want {
				if got := strings.TrimPrefix(problems[i].Error(), "env.yaml:"); !strings.Contains(got, want) {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			}
		})
	}
}

func TestWindow_OfLongestChangesAndHoursThatComeOnce(t *testing.T) {
	tests := []struct {
		name             string
		start, end, zone string
		seconds          int
	}{
		{"60 % to the second", "2026-12-01T02:00:00", "2026-12-01T03:00:00", "UTC", 2160},
		{"over the hour that is skipped", "2027-03-28T01:59:00", "2027-03-28T03:30:00", "Europe/Berlin", 60},
		{"from the minute after it", "2027-03-28T03:00:00", "2027-03-28T04:00:00", "Europe/Berlin", 60},
		{"over the hour that comes twice", "2027-10-31T01:59:00", "2027-10-31T03:00:00", "Europe/Berlin", 60},
		{"a day that has 24 hours", "2026-12-01T02:00:00", "2026-12-02T02:00:00", "UTC", 60},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			source := strings.NewReplacer("2026-12-01T02:00:00", test.start, "2026-12-01T04:00:00", test.end, "Asia/Tokyo", test.zone, "FOLDER", changes(t, test.seconds)).Replace(planned)
			if _, _, problems := parseEnvironment("env.yaml", []byte(source), atNoon); len(problems) > 0 {
				t.Error(problems)
			}
		})
	}
}

// TestWindow_InThePastIsANote checks that a past window stays deployed, so that a
// turn by hand during the night changes only the mode.
func TestWindow_InThePastIsANote(t *testing.T) {
	source := []byte(strings.Replace(planned, "FOLDER", changes(t, 60), 1))
	start := time.Date(2026, 11, 30, 17, 0, 0, 0, time.UTC)
	before, warnings, problems := parseEnvironment("env.yaml", source, start.Add(-time.Second))
	if len(warnings)+len(problems) > 0 {
		t.Fatal(warnings, problems)
	}
	after, warnings, problems := parseEnvironment("env.yaml", source, start.Add(24*time.Hour))
	if len(problems) > 0 || len(warnings) != 1 || !strings.HasPrefix(warnings[0].Error(), "env.yaml:13:5: maintenance.window.start: 2026-12-01T02:00:00+09:00 is past") {
		t.Error(warnings, problems)
	}
	if diff := cmp.Diff(before, after, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("the window depends on the clock:\n%s", diff)
	}
}
