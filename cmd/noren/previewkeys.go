package main

import (
	"io"
	"os"
)

const (
	ctrlC = 0x03
	ctrlD = 0x04
)

// keys are those pressed in a terminal, one by one. What is no terminal gives
// none.
type keys struct {
	pressed chan byte
	restore func() // nil if it is no terminal
}

// readKeys begins to read keys, if stdin is a terminal: without waiting for
// Enter, and without showing them.
func readKeys(stdin io.Reader) (*keys, error) {
	k := &keys{pressed: make(chan byte)}
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
			k.pressed <- buffer[0]
		}
	}()
	return k, nil
}

// close gives the terminal back as it was.
func (k *keys) close() {
	if k.restore != nil {
		k.restore()
	}
}
