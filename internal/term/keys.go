package term

import (
	"io"
	"os"
)

// What a terminal sends for keys without a character.
const (
	CtrlC = 0x03
	CtrlD = 0x04
)

// Keys are the keys pressed in a terminal, one by one.
type Keys struct {
	Pressed chan byte
	restore func()        // nil if it is not a terminal
	closing chan struct{} // closed by Close
	closed  chan struct{} // closed when no more keys are read
}

// ReadKeys begins to read keys if stdin is a terminal, without waiting for Enter
// and without echoing them.
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

// read waits for a key before it reads, so that it takes none from whatever reads
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

// Terminal reports whether keys can be pressed.
func (k *Keys) Terminal() bool { return k.restore != nil }

// Close stops reading and restores the terminal. It can be called twice.
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
