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

// An item is a write that the service has not confirmed yet, with everything that
// must stay the same in every attempt.
type item struct {
	Number  int             `json:"number"` // the order in which they were written
	User    string          `json:"user"`   // the author; "" before users had names
	ID      string          `json:"id"`
	Key     string          `json:"key"` // Idempotency-Key
	Method  string          `json:"method"`
	Path    string          `json:"path"`
	Body    json.RawMessage `json:"body"`
	Clocked bool            `json:"clocked"` // its time is by the service's clock, not the phone's
}

// largestNumber is the last number that fits into a file name.
const largestNumber = 999_999_999

// A queue is a folder with a file for each item, named so that they sort in the
// order of writing. A file leaves it in one way: it is moved to the folder of
// sent items, or to that of refused items, where the user still has it.
type queue struct {
	folder, sent string
	mu           sync.Mutex
	items        []item // oldest first
	last         int    // number of the newest item so far
}

// openQueue reads the queue as the last process left it, however it ended.
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

// read reads a file into the queue. It removes a file that was not finished,
// since the user was never told that it was written, and puts aside a file that
// cannot be read.
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

// sound reports whether an item can be sent as it is.
func (i item) sound() bool {
	return i.Number > 0 && i.Number <= largestNumber && i.Method != "" && strings.HasPrefix(i.Path, "/") &&
		isToken(i.ID) && isToken(i.Key) && len(i.Body) > 0
}

// number returns the number of the item in a file, 0 if the file's name has
// another form.
func number(name string) int {
	n, err := strconv.Atoi(strings.TrimSuffix(name, ".json"))
	if err != nil || n < 0 || n > largestNumber {
		return 0
	}
	return n
}

func (i item) file() string { return fmt.Sprintf("%09d.json", i.Number) }

// aside returns the folder for items that the service has finally refused.
func (q *queue) aside() string { return q.folder + "-refused" }

// next returns the number of the next item.
func (q *queue) next() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.last + 1
}

// add puts an item at the end. When it returns, the item is safe on disk.
func (q *queue) add(i item) error {
	if err := q.write(i); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items, q.last = append(q.items, i), max(q.last, i.Number)
	return nil
}

// replace changes an item in place.
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

// len returns how many items of user are waiting.
func (q *queue) len(user string) (n int) {
	for _, i := range q.all() {
		if i.User == user {
			n++
		}
	}
	return n
}

// done moves an item to the sent items, or puts it aside. The item leaves the
// queue even if the disk fails: its file is then sent again after a restart, and
// the service recognises it.
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
