package responder

import (
	"io"
	"sync"
	"time"
)

// logger writes one JSON object per line.
type logger struct {
	w       io.Writer
	writing sync.Mutex
	said    sync.Map // from a problem's message to the time when it was last logged
}

func (l *logger) write(line any) {
	l.writing.Lock()
	defer l.writing.Unlock()
	_, _ = io.WriteString(l.w, encode(line)+"\n") // there is nowhere to report the error to
}

// problem logs a problem, unless the same one was logged less than ten seconds
// ago: a problem with all requests would otherwise cost more than the answers.
func (l *logger) problem(now time.Time, message, err string) {
	if last, ok := l.said.Load(message); ok && now.Sub(last.(time.Time)) < flushEvery {
		return
	}
	l.said.Store(message, now)
	l.write(problemLine{now, "ERROR", message, err})
}

type problemLine struct {
	Time    time.Time `json:"time"`
	Level   string    `json:"level"`
	Message string    `json:"message"`
	Error   string    `json:"error"`
}
