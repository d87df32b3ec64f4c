//go:build preview

package preview

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A crew is an app in the field: a process, and the output of all its runs.
type crew struct {
	bin, address, folder string

	command *exec.Cmd
	said    sync.WaitGroup
	mu      sync.Mutex
	lines   []line
}

// A line is a line of the app's output.
type line struct {
	Time                       time.Time
	Msg, ID, Path, What, Error string
	Status                     int
	Begun                      time.Time
}

// start starts the app. If every is "0" it writes nothing new.
func (c *crew) start(t *testing.T, every string) {
	c.command = exec.Command(c.bin, "--api", c.address, "--folder", c.folder, "--every", every, "--sync", "1s", "--json")
	c.command.Stderr = os.Stderr
	stdout, err := c.command.StdoutPipe()
	if err != nil {
		t.Error(err)
		return
	}
	if err := c.command.Start(); err != nil {
		t.Error(err)
		return
	}
	c.said.Go(func() { c.listen(stdout) })
}

// logIn starts the app and waits until it has a session. Checking a password
// takes a processor, and twenty at once take longer on a busy machine than an app
// waits.
func (c *crew) logIn(t *testing.T, every string) {
	t.Helper()
	c.start(t, every)
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		for _, pattern := range []string{"session", "users/*/session"} {
			if found, err := filepath.Glob(filepath.Join(c.folder, pattern)); err != nil || len(found) > 0 {
				return
			}
		}
		if time.Since(begun) > time.Minute {
			t.Fatalf("%s has not logged in within a minute", filepath.Base(c.folder))
		}
	}
}

// listen reads the app's output until the app is dead. What it wrote by then is
// in the pipe.
func (c *crew) listen(stdout io.Reader) {
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		var l line
		if json.Unmarshal(lines.Bytes(), &l) == nil {
			c.mu.Lock()
			c.lines = append(c.lines, l)
			c.mu.Unlock()
		}
	}
}

// kill kills the app, like a phone whose battery is empty.
func (c *crew) kill(t *testing.T) {
	if err := c.command.Process.Signal(syscall.SIGKILL); err != nil {
		t.Errorf("%s ended by itself: %v", filepath.Base(c.folder), err)
	}
	c.said.Wait()
	_ = c.command.Wait()
}

// files returns the files in a folder of the app.
func (c *crew) files(t *testing.T, folder string) []string {
	found, err := filepath.Glob(filepath.Join(c.folder, folder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A ledger has the output of all crews and the files in their folders.
type ledger struct {
	crews    []*crew
	absences []absence

	written           map[string]bool // ids of reports that were reported as written
	kept              map[string]bool // ids of reports that are on disk as sent
	aside             int             // reports finally refused
	refused, failed   int             // uploads
	again             int             // uploads of reports that were already stored
	logins, loggedOut int
	reads             []read
}

type read struct {
	crew, path, problem string
	status              int
	begun, ended        time.Time
}

func newLedger(crews []*crew, absences []absence) *ledger {
	l := &ledger{crews: crews, absences: absences, written: map[string]bool{}, kept: map[string]bool{}}
	for _, c := range crews {
		for _, said := range c.lines {
			l.add(filepath.Base(c.folder), said)
		}
		for folder, count := range map[string]func(id string){
			"reports":       func(id string) { l.kept[id] = true },
			"queue-refused": func(string) { l.aside++ },
		} {
			files, _ := filepath.Glob(filepath.Join(c.folder, folder, "*.json"))
			for _, file := range files {
				var item struct{ ID string }
				if content, err := os.ReadFile(file); err == nil && json.Unmarshal(content, &item) == nil {
					count(item.ID)
				}
			}
		}
	}
	return l
}

func (l *ledger) add(crew string, said line) {
	switch said.Msg {
	case "written":
		l.written[said.ID] = true
	case "sent":
		if said.Status == 200 {
			l.again++
		}
	case "not sent":
		l.failed++
	case "maintenance":
		if said.What == "upload" {
			l.refused++
		}
	case "logged in":
		l.logins++
	case "session refused":
		l.loggedOut++
	case "read":
		l.reads = append(l.reads, read{crew, said.Path, said.Error, said.Status, said.Begun, said.Time})
	}
}

// absent reports whether the API was absent at any time between begun and ended.
func (l *ledger) absent(begun, ended time.Time) bool {
	for _, a := range l.absences {
		if begun.Before(a.to) && ended.After(a.from) {
			return true
		}
	}
	return false
}
