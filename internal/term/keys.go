package term

import (
	"io"
	"os"
)

// What a terminal gives for keys that have no character.
const (
	CtrlC = 0x03
	CtrlD = 0x04
)

// Keys are those pressed in a terminal, one by one.
type Keys struct {
	Pressed chan byte
	restore func() // nil if it is not a terminal
}

// ReadKeys begins to read keys, if stdin is a terminal: without waiting for
// Enter, and without showing them.
func ReadKeys(stdin io.Reader) (*Keys, error) {
	k := &Keys{Pressed: make(chan byte)}
	file, ok := stdin.(*os.File)
	if !ok {
		return k, nil
	}
	var err error
	if k.restore, err = takeKeys(file); err != nil || k.restore == nil {
		return k, err
	}
	go func() {
		buffer := make([]byte, 1)
		for {
			if n, err := file.Read(buffer); err != nil || n == 0 {
				return
			}
			k.Pressed <- buffer[0]
		}
	}()
	return k, nil
}

// Terminal reports whether keys can be pressed at all.
func (k *Keys) Terminal() bool { return k.restore != nil }

// Close gives the terminal back as it was.
func (k *Keys) Close() {
	if k.restore != nil {
		k.restore()
	}
}
