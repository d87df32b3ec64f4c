//go:build !linux && !darwin

package ddl

// freeSpace returns 0, since the free space is not known on this system.
func freeSpace(addr, folder string) int64 { return 0 }
