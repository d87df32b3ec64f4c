//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package term

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// takeKeys makes a terminal deliver every key at once, including Ctrl-C, so that
// make does not report an interrupt. It returns a function that restores the
// terminal, or nil if file is not a terminal, or not ours: a background process
// that reads from one is stopped.
func takeKeys(file *os.File) (restore func(), err error) {
	fd := int(file.Fd())
	before, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, nil
	}
	if group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err != nil || group != unix.Getpgrp() {
		return nil, nil
	}
	set := *before
	set.Lflag &^= unix.ICANON | unix.ECHO | unix.ISIG
	set.Cc[unix.VMIN], set.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, setTermios, &set); err != nil {
		return nil, err
	}
	return func() { _ = unix.IoctlSetTermios(fd, setTermios, before) }, nil // a terminal that is gone needs nothing
}

// awaitKey waits briefly and reports whether a key can be read.
func awaitKey(file *os.File) (bool, error) {
	wait := []unix.PollFd{{Fd: int32(file.Fd()), Events: unix.POLLIN}}
	n, err := unix.Poll(wait, 50) // in milliseconds
	if errors.Is(err, unix.EINTR) {
		return false, nil
	}
	return n > 0, err
}
