package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestQueueSurvivesKill9 kills the app again and again while it writes. Every
// report that it said was written must be there afterwards, none twice and none
// in part.
func TestQueueSurvivesKill9(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	said := map[string]bool{}
	for round := range 8 {
		command := exec.CommandContext(t.Context(), os.Args[0], "--folder", folder, "--every", "1us", "--json", "--api", "http://127.0.0.1:1")
		command.Env = append(os.Environ(), "FIELDREPORTS_TEST_MOBILE=1")
		stdout, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		var killer *time.Timer // after the first report, somewhere in a later one
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			var line struct{ Msg, ID string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "written" {
				said[line.ID] = true
				if killer == nil {
					killer = time.AfterFunc(time.Duration(10+30*round)*time.Millisecond, func() { _ = command.Process.Kill() })
				}
			}
		}
		_ = command.Wait()
	}

	q, err := openQueue(filepath.Join(folder, "queue"), filepath.Join(folder, "reports"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for n, i := range q.items {
		if there[i.ID] || i.Number != n+1 {
			t.Errorf("item %d is number %d, seen before: %v", n+1, i.Number, there[i.ID])
		}
		there[i.ID] = true
	}
	for id := range said {
		if !there[id] {
			t.Errorf("%s was said to be written, and is lost", id)
		}
	}
	t.Logf("%d reports said to be written, %d in the queue", len(said), len(there))
	if len(said) == 0 {
		t.Error("nothing was written at all")
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "queue", "*"+unfinished)); len(left) > 0 {
		t.Errorf("unfinished files are left: %v", left)
	}
}

func TestDamagedFilesOfTheQueue(t *testing.T) {
	folder := t.TempDir()
	queueFolder := filepath.Join(folder, "queue")
	log := &bytes.Buffer{}
	read := func() *queue {
		q, err := openQueue(queueFolder, filepath.Join(folder, "reports"), slog.New(slog.NewTextHandler(log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	q := read()
	for n := range 3 {
		if err := q.add(written(n + 1)); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range map[string]string{
		"000000002.json":                    `{"number":2,"id":"`, // torn by the disk
		"000000004.json.123" + unfinished:   `{"number":4`,
		"000000005.json":                    "",
		"000000006.json":                    `{"number":6,"id":"a b","key":"k","method":"POST","path":"/api/reports","body":{}}`,
		"000000007.json":                    `{"number":7,"id":"a","key":"k\n","method":"POST","path":"/api/reports","body":{}}`,
		"000000008.json":                    `{"number":8,"id":"a","key":"k","method":"POST","path":"http://elsewhere","body":{}}`,
		"9.json":                            `{"number":9,"id":"a","key":"k","method":"POST","path":"/api/reports","body":{}}`,
		"9223372036854775807.json":          `{"number":9223372036854775807,"id":"a","key":"k","method":"POST","path":"/","body":{}}`,
		"99999999999999999999.json":         `{}`,
		"something else of the phone's.txt": "hello",
	} {
		if err := os.WriteFile(filepath.Join(queueFolder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("nowhere", filepath.Join(queueFolder, "000000010.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(queueFolder, "000000011.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	// An item that was put aside before is not overwritten.
	if err := os.WriteFile(filepath.Join(folder, "queue-refused", "000000002.json"), []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	q = read()
	if left, _ := os.ReadDir(queueFolder); len(left) != 2 {
		t.Errorf("%d files are left in the queue, want two", len(left))
	}
	var numbers []int
	for _, i := range q.items {
		numbers = append(numbers, i.Number)
	}
	if len(numbers) != 2 || numbers[0] != 1 || numbers[1] != 3 {
		t.Errorf("got items %v, want 1 and 3", numbers)
	}
	if q.next() != 12 {
		t.Errorf("the next number is %d, want 12: one that was never used", q.next())
	}
	if got := contents(t, folder); !strings.Contains(got, "/queue-refused/000000002.json: kept") || !strings.Contains(got, `/queue-refused/000000002.json.1: {"number":2`) || strings.Contains(got, unfinished) {
		t.Errorf("got\n%swant what is damaged put aside, and no unfinished files", got)
	}
	if got := strings.Count(log.String(), "damaged"); got != 11 {
		t.Errorf("got %d damaged files in the log, want 11:\n%s", got, log)
	}
}

func TestNumbersGoOnAfterAllIsSent(t *testing.T) {
	folder := t.TempDir()
	q, err := openQueue(filepath.Join(folder, "queue"), filepath.Join(folder, "reports"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	report := written(7)
	if err := q.add(report); err != nil {
		t.Fatal(err)
	}
	if err := q.done(report, false); err != nil {
		t.Fatal(err)
	}
	if q, err = openQueue(q.folder, q.sent, slog.New(slog.DiscardHandler)); err != nil || q.next() != 8 || q.len("") != 0 {
		t.Errorf("got next %d of %d items (%v), want 8 of none", q.next(), q.len(""), err)
	}
}
