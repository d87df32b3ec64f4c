package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockFolder makes this process the only user of folder, until the returned file
// is closed or the process ends, however it ends.
func lockFolder(folder string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(filepath.Join(folder, "lock"))
	if err != nil {
		return nil, err
	}
	// The share mode is 0: a second process cannot open it.
	handle, err := syscall.CreateFile(name, syscall.GENERIC_WRITE, 0, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	const sharingViolation = syscall.Errno(32)
	if errors.Is(err, sharingViolation) {
		return nil, fmt.Errorf("the folder %q is in use by another process: want a folder for each", folder)
	}
	if err != nil {
		return nil, fmt.Errorf("locking the folder %q: %w", folder, err)
	}
	return os.NewFile(uintptr(handle), "lock"), nil
}
