//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package term

import (
	"errors"
	"os"
)

// takeKeys does nothing on this system: the control page has the switch.
func takeKeys(*os.File) (restore func(), err error) { return nil, nil }

func awaitKey(*os.File) (bool, error) { return false, errors.ErrUnsupported }
