//go:build linux || darwin

package ddl

import (
	"net"
	"path/filepath"
	"syscall"
)

// freeSpace returns the free space of the file system that contains folder, if
// the server at addr is on this machine, and 0 if that is not known.
func freeSpace(addr, folder string) int64 {
	host, _, err := net.SplitHostPort(addr)
	if local := filepath.IsAbs(addr) || err == nil && loopback(host); !local {
		return 0
	}
	var s syscall.Statfs_t
	if syscall.Statfs(folder, &s) != nil {
		return 0
	}
	return int64(s.Bavail) * int64(s.Bsize) //nolint:unconvert // 32 bits on darwin
}
