//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lockFolder makes this process the only user of folder, until the returned file
// is closed or the process ends, however it ends. The lock is on the folder
// itself, so it needs no disk space.
func lockFolder(folder string) (*os.File, error) {
	f, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = fmt.Errorf("the folder %q is in use by another process: want a folder for each", folder)
	case err != nil:
		err = fmt.Errorf("locking the folder %q: %w", folder, err)
	default:
		return f, nil
	}
	_ = f.Close()
	return nil, err
}
