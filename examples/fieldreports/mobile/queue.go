package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// An item is a write that the service has not confirmed yet, with everything
// that has to stay the same in every attempt.
type item struct {
	Number  int             `json:"number"` // the order in which they were written
	User    string          `json:"user"`   // who wrote it, "" before there were names
	ID      string          `json:"id"`
	Key     string          `json:"key"` // Idempotency-Key
	Method  string          `json:"method"`
	Path    string          `json:"path"`
	Body    json.RawMessage `json:"body"`
	Clocked bool            `json:"clocked"` // its time is the service's, not the phone's
}

// largestNumber is the last that fits into the name of a file.
const largestNumber = 999_999_999

// A queue is a folder with a file for each item, named so that they sort in the
// order of writing. A file leaves it in one way: to the folder of what was sent,
// or of what was refused, where the user still has it.
type queue struct {
	folder, sent string
	mu           sync.Mutex
	items        []item // oldest first
	last         int    // number of the newest there ever was
}

// openQueue reads the queue as the last process has left it, however it ended.
func openQueue(folder, sent string, log *slog.Logger) (*queue, error) {
	q := &queue{folder: folder, sent: sent}
	for _, f := range []string{folder, sent, q.aside()} {
		if err := os.MkdirAll(f, 0o700); err != nil {
			return nil, err
		}
		names, err := os.ReadDir(f)
		if err != nil {
			return nil, err
		}
		for _, entry := range names {
			q.last = max(q.last, number(entry.Name()))
			if f == folder {
				q.read(entry.Name(), log)
			}
		}
	}
	slices.SortFunc(q.items, func(a, b item) int { return a.Number - b.Number })
	return q, nil
}

// read takes a file into the queue. One that was never finished was never said
// to be written, and goes; one that cannot be read is put aside and stays.
func (q *queue) read(name string, log *slog.Logger) {
	path := filepath.Join(q.folder, name)
	if strings.HasSuffix(name, unfinished) {
		_ = os.Remove(path)
		return
	}
	content, err := os.ReadFile(path)
	var i item
	if err == nil {
		err = json.Unmarshal(content, &i)
	}
	if err == nil && i.file() == name && i.sound() {
		q.items = append(q.items, i)
		return
	}
	log.Error("a file of the queue is damaged, and put aside", "file", name, "error", err)
	if err := moveAside(path, filepath.Join(q.aside(), name)); err != nil {
		log.Error("a damaged file cannot be put aside", "file", name, "error", err)
	}
}

// sound says whether an item can be sent as it is.
func (i item) sound() bool {
	return i.Number > 0 && i.Number <= largestNumber && i.Method != "" && strings.HasPrefix(i.Path, "/") &&
		isToken(i.ID) && isToken(i.Key) && len(i.Body) > 0
}

// number returns that of the item in a file, 0 if an item's file has another
// form.
func number(name string) int {
	n, err := strconv.Atoi(strings.TrimSuffix(name, ".json"))
	if err != nil || n < 0 || n > largestNumber {
		return 0
	}
	return n
}

func (i item) file() string { return fmt.Sprintf("%09d.json", i.Number) }

// aside returns where an item goes that the service has refused for good.
func (q *queue) aside() string { return q.folder + "-refused" }

// next returns the number of the next item.
func (q *queue) next() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.last + 1
}

// add puts an item at the end. When it returns the item is safe.
func (q *queue) add(i item) error {
	if err := q.write(i); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items, q.last = append(q.items, i), max(q.last, i.Number)
	return nil
}

// replace changes an item in its place.
func (q *queue) replace(i item) error {
	if err := q.write(i); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for n := range q.items {
		if q.items[n].Number == i.Number {
			q.items[n] = i
		}
	}
	return nil
}

func (q *queue) write(i item) error {
	content, err := json.Marshal(i)
	if err != nil {
		return err
	}
	return save(filepath.Join(q.folder, i.file()), content)
}

// all returns the items, oldest first.
func (q *queue) all() []item {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.items)
}

// len returns how many items wait that user has written.
func (q *queue) len(user string) (n int) {
	for _, i := range q.all() {
		if i.User == user {
			n++
		}
	}
	return n
}

// done moves an item to what was sent, or puts it aside. The item leaves the
// queue even if the disk fails: its file is then sent again after a restart,
// which the service recognises.
func (q *queue) done(i item, refused bool) error {
	q.mu.Lock()
	q.items = slices.DeleteFunc(q.items, func(other item) bool { return other.Number == i.Number })
	q.mu.Unlock()
	to := q.sent
	if refused {
		to = q.aside()
	}
	return moveAside(filepath.Join(q.folder, i.file()), filepath.Join(to, i.file()))
}
