//go:build unix && !linux

package process

import "syscall"

func attributes(given *syscall.SysProcAttr) *syscall.SysProcAttr {
	if given == nil {
		given = &syscall.SysProcAttr{}
	}
	given.Setpgid = true
	return given
}
