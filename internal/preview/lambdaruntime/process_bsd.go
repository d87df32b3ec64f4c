//go:build unix && !linux

package lambdaruntime

import "syscall"

// groupOfItsOwn makes a process the head of a group, so that what it starts
// can be ended with it. Should this program be killed, the process ends when
// it finds no Runtime API.
func groupOfItsOwn() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// residentMB is not known here.
func residentMB(int) int { return 0 }
