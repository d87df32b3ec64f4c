package process

import (
	"os"
	"os/exec"
	"syscall"
)

// Confine makes a program see a folder as the root of all files, and run as a
// user, given by number, that is not root. Nothing outside the folder exists for
// it. If this process is not root, the kernel must allow unprivileged user
// namespaces.
func Confine(cmd *exec.Cmd, root string, user int) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Chroot = root
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(user), Gid: uint32(user)}
		return nil
	}
	cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
	cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: user, HostID: os.Getuid(), Size: 1}}
	cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: user, HostID: os.Getgid(), Size: 1}}
	return nil
}
