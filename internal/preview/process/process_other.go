//go:build !unix

package process

import (
	"os"
	"syscall"
)

func attributes() *syscall.SysProcAttr { return nil }

// Kill ends a program that [Start] started.
func Kill(p *os.Process) { _ = p.Kill() }
