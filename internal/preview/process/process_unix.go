//go:build unix

package process

import (
	"os"
	"syscall"
)

// Kill ends a program that [Start] started, and what it started itself.
func Kill(p *os.Process) {
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL) // it may already be gone
}
