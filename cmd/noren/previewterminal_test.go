//go:build preview && linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestPreviewInATerminal checks that keys flip, and that the terminal is restored
// and nothing is left behind, however the preview ends.
func TestPreviewInATerminal(t *testing.T) {
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(app.Close)
	binary := filepath.Join(t.TempDir(), "noren")
	if out, err := osexec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, end := range map[string]func(*os.Process, *os.File) error{
		"q":       func(_ *os.Process, keyboard *os.File) error { return press(keyboard, "q") },
		"Ctrl-C":  func(_ *os.Process, keyboard *os.File) error { return press(keyboard, "\x03") },
		"SIGTERM": func(p *os.Process, _ *os.File) error { return p.Signal(syscall.SIGTERM) },
		"SIGHUP":  func(p *os.Process, _ *os.File) error { return p.Signal(syscall.SIGHUP) },
		"SIGKILL": func(p *os.Process, _ *os.File) error { return p.Kill() },
	} {
		t.Run(name, func(t *testing.T) {
			keyboard, terminal := openTerminal(t)
			before := settings(t, terminal)
			command := osexec.Command(binary, "preview", "--app", app.URL,
				"--template", flips+"open.json", "--template", flips+"closed.json", "--api-port", "0", "--control-port", "0", "--site-port", "0")
			command.Stdin, command.Stdout, command.Stderr = terminal, terminal, terminal
			command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			screen := bufio.NewReader(keyboard)
			control := read(t, screen, "  control  ")
			read(t, screen, "o open")
			if got := settings(t, terminal); got.Lflag == before.Lflag {
				t.Error("the terminal still waits for Enter")
			}
			if err := press(keyboard, "c"); err != nil {
				t.Fatal(err)
			}
			read(t, screen, "closed")
			if err := end(command.Process, keyboard); err != nil {
				t.Fatal(err)
			}
			err := command.Wait()
			if name != "SIGKILL" {
				if err != nil {
					t.Errorf("it ends with %v", err)
				}
				if got := settings(t, terminal); *got != *before {
					t.Error("the terminal is not as it was")
				}
			}
			address, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(control), "http://"), " ")
			for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
				c, err := net.Dial("tcp", address)
				if err != nil {
					break // the preview no longer listens there
				}
				c.Close()
				if time.Now().After(deadline) {
					t.Fatalf("%s still answers", address)
				}
			}
		})
	}
}

func press(keyboard *os.File, key string) error {
	_, err := keyboard.WriteString(key)
	return err
}

// read reads the screen up to a line with a text, and returns what follows the
// text on that line.
func read(t *testing.T, screen *bufio.Reader, text string) string {
	t.Helper()
	var all strings.Builder
	for {
		line, err := screen.ReadString('\n')
		if err != nil {
			t.Fatalf("no %q on the screen: %v\n%s", text, err, all.String())
		}
		all.WriteString(line)
		if _, rest, ok := strings.Cut(line, text); ok {
			return rest
		}
	}
}

// openTerminal makes a terminal: what is written to keyboard is typed, and what
// is read from it is on the screen.
func openTerminal(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keyboard.Close() })
	if err := keyboard.SetReadDeadline(time.Now().Add(3 * time.Minute)); err != nil { // in case the screen never shows it
		t.Fatal(err)
	}
	raw, err := keyboard.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var number int
	var unlocked, named error
	err = raw.Control(func(fd uintptr) {
		unlocked = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0)
		number, named = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
	})
	if err := errors.Join(err, unlocked, named); err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return keyboard, terminal
}

func settings(t *testing.T, terminal *os.File) *unix.Termios {
	t.Helper()
	s, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
