//go:build unix

package lambdaruntime

import (
	"io/fs"
	"os"
	"syscall"
)

// killGroup ends a process and what it started.
func killGroup(process *os.Process) {
	_ = syscall.Kill(-process.Pid, syscall.SIGKILL) // gone already is as well
}

func isExecutable(info fs.FileInfo) bool { return info.Mode()&0o111 != 0 }
