package responder

import (
	"io"
	"sync"
	"time"
)

// logger writes one JSON object a line.
type logger struct {
	w io.Writer

	mu   sync.Mutex
	said map[string]time.Time
}

func (l *logger) write(line any) {
	_, _ = io.WriteString(l.w, encode(line)+"\n") // there is nowhere to report to
}

// problem logs that something is wrong, unless the same thing was wrong less
// than ten seconds ago: what is wrong with all requests would otherwise cost
// more than the answers.
func (l *logger) problem(now time.Time, message string, err string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if last, ok := l.said[message]; ok && now.Sub(last) < flushEvery {
		return
	}
	if l.said == nil {
		l.said = map[string]time.Time{}
	}
	l.said[message] = now
	l.write(problemLine{now, "ERROR", message, err})
}

type problemLine struct {
	Time    time.Time `json:"time"`
	Level   string    `json:"level"`
	Message string    `json:"message"`
	Error   string    `json:"error"`
}
