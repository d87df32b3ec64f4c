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
	restore func()        // nil if it is not a terminal
	closing chan struct{} // closed by Close
	closed  chan struct{} // closed when no key is read any more
}

// ReadKeys begins to read keys, if stdin is a terminal: without waiting for
// Enter, and without showing them.
func ReadKeys(stdin io.Reader) (*Keys, error) {
	k := &Keys{Pressed: make(chan byte), closing: make(chan struct{}), closed: make(chan struct{})}
	file, ok := stdin.(*os.File)
	if !ok {
		return k, nil
	}
	var err error
	if k.restore, err = takeKeys(file); err != nil || k.restore == nil {
		return k, err
	}
	go k.read(file)
	return k, nil
}

// read waits for a key before it reads, so that none is taken from whoever reads
// the terminal after Close.
func (k *Keys) read(file *os.File) {
	defer close(k.closed)
	buffer := make([]byte, 1)
	for {
		pressed, err := awaitKey(file)
		select {
		case <-k.closing:
			return
		default:
		}
		if err != nil {
			return
		}
		if !pressed {
			continue
		}
		if n, err := file.Read(buffer); err != nil || n == 0 {
			return
		}
		select {
		case k.Pressed <- buffer[0]:
		case <-k.closing:
			return
		}
	}
}

// Terminal reports whether keys can be pressed at all.
func (k *Keys) Terminal() bool { return k.restore != nil }

// Close ends the reading and gives the terminal back as it was. Closing it twice
// is harmless.
func (k *Keys) Close() {
	if k.restore == nil {
		return
	}
	select {
	case <-k.closing:
	default:
		close(k.closing)
		<-k.closed
		k.restore()
	}
}
