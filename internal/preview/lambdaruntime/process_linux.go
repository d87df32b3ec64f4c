package lambdaruntime

import (
	"fmt"
	"os"
	"syscall"
)

// groupOfItsOwn makes a process the head of a group, so that what it starts
// can be ended with it, and lets it die with the thread that started it.
func groupOfItsOwn() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// residentMB is the memory a process uses, or 0 if it is gone.
func residentMB(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, resident int
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return 0
	}
	return resident * os.Getpagesize() >> 20
}
