package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

const (
	firstID  = "0b0f5b2e-0000-4000-8000-000000000001"
	secondID = "0b0f5b2e-0000-4000-8000-000000000002"
	key      = "0b0f5b2e-0000-4000-8000-0000000000aa"
)

func reportOf(id, title string) string {
	return `{"id":"` + id + `","template":"cable-fault","title":"` + title + `","text":"wet","writtenAt":"2026-11-20T10:00:00.1234+09:00"}`
}

func TestReports(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db database) {
		s := serveAPI(t, db)
		field := s.login("field")
		manager := s.login("manager")
		send := field.as("Idempotency-Key", key)

		status, header, body := send.send("POST", "/api/reports", reportOf(firstID, "Pump 3 ポンプ 🔧"))
		if status != 201 || header.Get("Location") != "/api/reports/"+firstID {
			t.Fatalf("got %d %v %s, want 201 and where it is", status, header, body)
		}
		for _, want := range []string{`"title":"Pump 3 ポンプ 🔧"`, `"writtenAt":"2026-11-20T01:00:00.123Z"`, `"author":"field"`} {
			if !strings.Contains(body, want) {
				t.Errorf("got %s, want %s", body, want)
			}
		}
		// The answer was lost, so the report is sent once more, with the key and
		// without.
		for _, again := range []site{send, field} {
			if status, _, got := again.send("POST", "/api/reports", reportOf(firstID, "Pump 3 ポンプ 🔧")); status != 200 || got != body {
				t.Errorf("sent again: got %d %s, want 200 and the first answer %s", status, got, body)
			}
		}
		send.want(409, `"code":"report-differs"`, "POST", "/api/reports", reportOf(firstID, "Pump 4"))
		manager.want(409, `"code":"report-differs"`, "POST", "/api/reports", reportOf(firstID, "Pump 3 ポンプ 🔧"))
		send.want(422, `"code":"idempotency-key-reused"`, "POST", "/api/reports", reportOf(secondID, "Pump 3"))
		manager.as("Idempotency-Key", key).want(201, "", "POST", "/api/reports", reportOf(secondID, "Of another user"))

		field.want(200, `"Pump 3 ポンプ 🔧"`, "GET", "/api/reports/"+firstID, "")
		manager.want(200, `"Pump 3 ポンプ 🔧"`, "GET", "/api/reports/"+firstID, "")
		field.want(404, "", "GET", "/api/reports/"+secondID, "")
		field.want(404, "", "GET", "/api/reports/none", "")
		manager.want(200, secondID, "GET", "/api/reports", "")
		if _, _, list := field.send("GET", "/api/reports", ""); strings.Contains(list, secondID) || !strings.Contains(list, firstID) {
			t.Errorf("got %s, want the reports of field alone", list)
		}
	})
}

func TestPriorityOfAReport(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db database) {
		s := serveAPI(t, db).login("field")
		urgent := strings.Replace(reportOf(firstID, "Pump 3"), "{", `{"priority":"high",`, 1)
		s.want(201, `"priority":"high"`, "POST", "/api/reports", urgent)
		s.want(201, `"priority":"normal"`, "POST", "/api/reports", reportOf(secondID, "Pump 4"))
		s.want(422, `priority is \"dire\": want low, normal or high`, "POST", "/api/reports", strings.Replace(urgent, "high", "dire", 1))
		// A task of the previous release stored it, and its answer was lost.
		if _, err := s.db.writer.Exec("UPDATE reports SET priority = NULL WHERE id = ?", firstID); err != nil {
			t.Fatal(err)
		}
		s.want(200, `"priority":"normal"`, "POST", "/api/reports", urgent)
	})
}

func TestSentTwiceAtOnce(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db database) {
		s := serveAPI(t, db).login("field").as("Idempotency-Key", key)
		var mu sync.Mutex
		statuses := map[int]int{}
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				status, _, _ := s.send("POST", "/api/reports", reportOf(firstID, "Pump 3"))
				mu.Lock()
				defer mu.Unlock()
				statuses[status]++
			})
		}
		group.Wait()
		if statuses[201] != 1 || statuses[200] != 9 {
			t.Errorf("got statuses %v, want 201 once and 200 otherwise", statuses)
		}
	})
}

func TestReportPages(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db database) {
		s := serveAPI(t, db).login("field")
		const all = 2*pageSize + 1
		for i := range all {
			s.want(201, "", "POST", "/api/reports", reportOf(fmt.Sprintf("0b0f5b2e-0000-4000-8000-%012d", i), fmt.Sprint("Report ", i)))
		}
		var titles []string
		pages := 0
		for path := "/api/reports"; path != ""; pages++ {
			_, _, body := s.send("GET", path, "")
			var page struct {
				Reports []report
				Next    string
			}
			if err := json.Unmarshal([]byte(body), &page); err != nil {
				t.Fatalf("got %s: %v", body, err)
			}
			for _, r := range page.Reports {
				titles = append(titles, r.Title)
			}
			path = page.Next
		}
		if pages != 3 || len(titles) != all {
			t.Fatalf("got %d reports on %d pages, want %d on 3", len(titles), pages, all)
		}
		for i, title := range titles {
			if want := fmt.Sprint("Report ", all-1-i); title != want {
				t.Fatalf("report %d is %q, want %q: the newest first", i, title, want)
			}
		}
		s.want(400, `"code":"bad-before"`, "GET", "/api/reports?before=-1", "")
	})
}

func TestReportsRefused(t *testing.T) {
	db, err := startEmbedded(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := serveAPI(t, db).login("field")
	good := reportOf(firstID, "Pump 3")
	for _, test := range []struct{ from, to, want string }{
		{firstID, "1", `id is \"1\"`},
		{firstID, strings.ToUpper(firstID), "in small letters"},
		{"cable-fault", "../x", "template is"},
		{"Pump 3", " ", "title has 1 characters"},
		{"Pump 3", strings.Repeat("é", 201), "title has 201 characters: want 1 to 200"},
		{"wet", strings.Repeat("é", 10001), "text has 10001 characters"},
		{`,"writtenAt":"2026-11-20T10:00:00.1234+09:00"`, "", "writtenAt is missing"},
		{`"title":"Pump 3","text":"wet"`, `"title":""`, "title has 0 characters"},
	} {
		s.want(422, test.want, "POST", "/api/reports", strings.Replace(good, test.from, test.to, 1))
	}
	s.want(400, "bad-json", "POST", "/api/reports", strings.Replace(good, "2026-11-20T", "yesterday ", 1))
	s.want(413, "at most 131072 bytes", "POST", "/api/reports", strings.Replace(good, "wet", strings.Repeat("x", maxBody), 1))
	s.as("Idempotency-Key", "1").want(400, `Idempotency-Key is \"1\": want a UUID`, "POST", "/api/reports", good)
	s.want(201, "", "POST", "/api/reports", strings.Replace(strings.Replace(good, "Pump 3", strings.Repeat("é", 200), 1), "wet", strings.Repeat("é", 10000), 1))
}

func TestTemplatesAndFiles(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db database) {
		s := serveAPI(t, db).login("field")
		_, _, body := s.send("GET", "/api/templates", "")
		var list struct {
			Templates []struct {
				ID, Name, Drawing string
				Checks            []string
			}
		}
		if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Templates) != 3 {
			t.Fatalf("got %s (%v), want three templates", body, err)
		}
		for _, one := range list.Templates {
			s.want(200, `"name":"`+one.Name+`"`, "GET", "/api/templates/"+one.ID, "")
			if len(one.Checks) < 3 {
				t.Errorf("%s has checks %v", one.ID, one.Checks)
			}
			status, header, svg := s.send("GET", one.Drawing, "")
			if status != 200 || header.Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(svg, "<svg") {
				t.Errorf("%s: got %d %v", one.Drawing, status, header)
			}
			if status, _, _ := s.as("If-None-Match", header.Get("ETag")).send("GET", one.Drawing, ""); status != http.StatusNotModified {
				t.Errorf("%s: got %d for what is known, want 304", one.Drawing, status)
			}
		}
		s.want(404, "", "GET", "/api/templates/none", "")
		for _, path := range []string{"", "drawings", "drawings/", "none.svg", "..%2f..%2fmain.go", "drawings/..%2f..%2ffiles.go"} {
			s.want(404, `"code":"not-found"`, "GET", "/api/files/"+path, "")
		}
	})
}

// TestDatabaseAway checks that the API is not ready without its database, and
// answers everything else with a 503 that is not maintenance.
func TestDatabaseAway(t *testing.T) {
	db, err := databaseFrom("root@tcp(127.0.0.1:1)/fieldreports", environment())
	if err != nil {
		t.Fatal(err)
	}
	s := serveAPI(t, db)
	s.want(503, "not-ready", "GET", "/api/health", "")
	for _, path := range []string{"/api/session", "/api/templates", "/api/reports"} {
		status, header, body := s.as("Authorization", "Bearer x").send("GET", path, "")
		if status != 503 || header.Get("X-Maintenance-Mode") != "" || header.Get("Retry-After") == "" || !strings.Contains(body, `"code":"unavailable"`) {
			t.Errorf("%s: got %d %v %s, want a 503 that is not maintenance", path, status, header, body)
		}
	}
	s.want(503, "unavailable", "POST", "/api/login", `{"name":"field","password":"example"}`)
}

// TestWrongClock checks that a report with an impossible time is stored with its
// time of arrival, and is the same report if it is sent again.
func TestWrongClock(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db database) {
		s := serveAPI(t, db).login("field")
		for i, written := range []string{"1970-01-01T00:10:00Z", "0026-11-20T10:00:00Z", "2999-01-01T00:00:00Z", "9999-12-31T23:59:59Z"} {
			sent := strings.Replace(reportOf(fmt.Sprintf("0b0f5b2e-0000-4000-8000-%012d", i), "Pump"), "2026-11-20T10:00:00.1234+09:00", written, 1)
			for _, want := range []int{201, 200} {
				status, _, body := s.send("POST", "/api/reports", sent)
				var stored report
				if err := json.Unmarshal([]byte(body), &stored); err != nil || status != want || stored.WrittenAt != stored.ReceivedAt {
					t.Errorf("written %s: got %d %s, want %d and the time of arrival", written, status, body, want)
				}
			}
		}
	})
}

// TestReportOfAnother checks that a report is not stored as another user's. A
// queue may outlive its session.
func TestReportOfAnother(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db database) {
		s := serveAPI(t, db)
		report := strings.Replace(reportOf(firstID, "Pump 3"), "{", `{"author":"manager",`, 1)
		s.login("field").want(403, `"code":"other-author"`, "POST", "/api/reports", report)
		s.login("manager").want(201, `"author":"manager"`, "POST", "/api/reports", report)
	})
}

// TestInputIsNeverTheDatabasesFault checks that no input makes the API answer
// that the database failed.
func TestInputIsNeverTheDatabasesFault(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db database) {
		s := serveAPI(t, db)
		odd := []string{"é", "日本語", "🔧", "\\u0000", "a\\u0000b", "\\ud800", "İ", "ﬀ", "' OR 1=1", "%", "", " field", strings.Repeat("x", 300)}
		for _, name := range odd {
			s.want(401, "wrong-password", "POST", "/api/login", `{"name":"`+name+`","password":"`+name+`x"}`)
			s.guesses.pairs, s.guesses.names, s.guesses.sources = map[string]*bucket{}, map[string]*bucket{}, map[string]*bucket{}
		}
		field := s.login("field")
		for _, id := range []string{"é", "日本語", "🔧", "%00", "a%00b", "%ff", "%F0%9F", "..%2f..%2fx", "x'", strings.Repeat("x", 300)} {
			field.want(404, "not-found", "GET", "/api/templates/"+id, "")
			field.want(404, "not-found", "GET", "/api/reports/"+id, "")
			field.want(404, "not-found", "GET", "/api/files/"+id, "")
			s.as("Authorization", "Bearer "+id).want(401, "no-session", "GET", "/api/session", "")
		}
		for i, text := range []string{"é", "日本語", "🔧", "\\u0000", "\\ud800", "ﬀ", "' OR 1=1"} {
			field.want(201, "", "POST", "/api/reports", reportOf(fmt.Sprintf("0b0f5b2e-0000-4000-8000-%012d", i), text))
			field.want(422, "template is", "POST", "/api/reports", strings.Replace(reportOf(secondID, "x"), "cable-fault", text, 1))
			field.want(422, "id is", "POST", "/api/reports", reportOf(text, "x"))
		}
		for _, trailing := range []string{"x", "{}", "]", " null"} {
			field.want(400, "bad-json", "POST", "/api/reports", reportOf(firstID, "Pump")+trailing)
		}
		field.want(400, "bad-before", "GET", "/api/reports?before=9223372036854775808", "")
		field.want(400, "bad-before", "GET", "/api/reports?before=%00", "")
	})
}
