package preview

import "syscall"

// ownGroup makes a process the head of a group, which a Ctrl-C in the terminal
// does not reach, and lets it die with the thread that started it.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

func endGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) } // gone already is as well
