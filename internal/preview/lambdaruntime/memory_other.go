//go:build !linux

package lambdaruntime

// residentMB returns 0, since the memory is not known on this system.
func residentMB(int) int { return 0 }
