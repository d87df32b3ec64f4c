//go:build !unix

package process

import (
	"os"
	"syscall"
)

func attributes(given *syscall.SysProcAttr) *syscall.SysProcAttr { return given }

// Kill ends a program that [Start] started.
func Kill(p *os.Process) { _ = p.Kill() }
