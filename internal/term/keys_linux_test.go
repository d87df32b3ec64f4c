package term

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain is also the program that TestKeys_Close starts in a terminal: it reads
// a key, closes, and reads a line.
func TestMain(m *testing.M) {
	if os.Getenv("NOREN_TERM_TEST") == "" {
		os.Exit(m.Run())
	}
	keys, err := ReadKeys(os.Stdin)
	fmt.Println("ready:", err, keys.Terminal())
	fmt.Printf("key: %c\n", <-keys.Pressed)
	keys.Close()
	keys.Close()
	fmt.Println("closed")
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	fmt.Printf("line: %q %v\n", line, err)
}

// TestKeys_Close checks that keys typed after Close go to whatever reads the
// terminal next.
func TestKeys_Close(t *testing.T) {
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer keyboard.Close()
	if err := keyboard.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	raw, err := keyboard.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var number int
	if err := raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	}); err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "NOREN_TERM_TEST=1")
	command.Stdin, command.Stdout, command.Stderr = terminal, terminal, terminal
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = command.Process.Kill() }()
	screen := bufio.NewReader(keyboard)
	for _, step := range []struct{ wait, typed string }{
		{"ready: <nil> true", "a"}, {"key: a", ""}, {"closed", "b c\n"}, {`line: "b c\n" <nil>`, ""},
	} {
		for {
			line, err := screen.ReadString('\n')
			if err != nil {
				t.Fatalf("no %q on the screen: %v", step.wait, err)
			}
			if strings.Contains(line, step.wait) {
				break
			}
			if strings.HasPrefix(line, "line:") {
				t.Fatalf("got %q, want %q", line, step.wait)
			}
		}
		if _, err := keyboard.WriteString(step.typed); err != nil {
			t.Fatal(err)
		}
	}
	if err := command.Wait(); err != nil {
		t.Error(err)
	}
}
