//go:build !unix

package lambdaruntime

import (
	"io/fs"
	"os"
	"syscall"
)

func groupOfItsOwn() *syscall.SysProcAttr { return nil }

func killGroup(process *os.Process) { _ = process.Kill() }

func isExecutable(fs.FileInfo) bool { return true }

// residentMB is not known here.
func residentMB(int) int { return 0 }
