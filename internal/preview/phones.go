package preview

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/noren-cdk/noren/internal/preview/process"
)

// phone is a process with the example's mobile app in the field.
type phone struct {
	bin, api, folder string

	command *exec.Cmd
	ended   chan struct{}

	mu      sync.Mutex
	written map[string]bool // ids of reports
	sent    map[string]bool
	refused int // uploads refused by maintenance
	reads   int
	failed  int // reads
	longest time.Duration
}

// startPhones compiles the example's mobile app, and starts some.
func (n *Night) startPhones(ctx context.Context) error {
	if n.config.Phones == 0 {
		return nil
	}
	if n.p.config.Example == "" {
		n.p.note("no mobile app writes: it belongs to the example")
		return nil
	}
	folder, err := os.MkdirTemp("", "noren-phones-")
	if err != nil {
		return err
	}
	n.p.closers = append(n.p.closers, func() { os.RemoveAll(folder) })
	bin := filepath.Join(folder, "mobile")
	build := exec.CommandContext(ctx, "go", "build", "-o", bin, "./mobile")
	build.Dir = n.p.config.Example
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("the example's mobile app: go build: %w\n%s", err, bytes.TrimSpace(out))
	}
	for i := range n.config.Phones {
		c := &phone{
			bin: bin, api: n.p.API, folder: filepath.Join(folder, fmt.Sprintf("crew%02d", i+1)),
			written: map[string]bool{}, sent: map[string]bool{},
		}
		n.phones = append(n.phones, c)
		if err := c.start(n.config.Every); err != nil {
			return fmt.Errorf("the example's mobile app: %w", err)
		}
	}
	return nil
}

// start starts the app. If every is 0, it writes nothing new.
func (c *phone) start(every time.Duration) error {
	command := exec.Command(c.bin, "--api", c.api, "--folder", c.folder, "--every", every.String(), "--sync", "1s", "--json")
	stdout, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := process.Start(command); err != nil {
		return err
	}
	c.command, c.ended = command, make(chan struct{})
	go func() {
		c.listen(stdout)
		_ = command.Wait() // it was told to end
		close(c.ended)
	}()
	return nil
}

// listen reads the app's output until the app has ended.
func (c *phone) listen(stdout io.Reader) {
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		var l struct {
			Time, Begun   time.Time
			Msg, ID, What string
			Status        int
		}
		if json.Unmarshal(lines.Bytes(), &l) != nil {
			continue
		}
		c.mu.Lock()
		switch l.Msg {
		case "written":
			c.written[l.ID] = true
		case "sent":
			c.sent[l.ID] = true
		case "maintenance":
			if l.What == "upload" {
				c.refused++
			}
		case "read":
			c.reads++
			if l.Status != 200 && l.Status != 304 {
				c.failed++
			}
			c.longest = max(c.longest, l.Time.Sub(l.Begun))
		}
		c.mu.Unlock()
	}
}

// end ends the app, and waits until it has.
func (c *phone) end() {
	if c.command == nil {
		return
	}
	_ = c.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(5 * time.Second):
		process.Kill(c.command.Process)
		<-c.ended
	}
	c.command = nil
}

// waiting returns the reports in the queues of all apps.
func (n *Night) waiting() int {
	waiting := 0
	for _, c := range n.phones {
		files, err := filepath.Glob(filepath.Join(c.folder, "queue", "*.json"))
		if err == nil {
			waiting += len(files)
		}
	}
	return waiting
}

// Settle stops the apps from writing, and waits until all reports have arrived,
// or until ctx ends.
func (n *Night) Settle(ctx context.Context) error {
	for _, c := range n.phones {
		c.end()
		if err := c.start(0); err != nil {
			return err
		}
	}
	for n.waiting() > 0 {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d reports have not arrived", n.waiting())
		case <-time.After(50 * time.Millisecond):
		}
	}
	for _, c := range n.phones {
		c.end()
	}
	return nil
}
