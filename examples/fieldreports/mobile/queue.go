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
	Number int             `json:"number"` // the order in which they were written
	ID     string          `json:"id"`
	Key    string          `json:"key"` // Idempotency-Key
	Method string          `json:"method"`
	Path   string          `json:"path"`
	Body   json.RawMessage `json:"body"`
}

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
			if f == folder && !entry.IsDir() {
				if err := q.read(entry.Name(), log); err != nil {
					return nil, err
				}
			}
		}
	}
	slices.SortFunc(q.items, func(a, b item) int { return a.Number - b.Number })
	return q, nil
}

// read takes a file into the queue. One that was never finished was never said
// to be written, and goes; one that cannot be read is put aside and stays.
func (q *queue) read(name string, log *slog.Logger) error {
	path := filepath.Join(q.folder, name)
	if strings.HasSuffix(name, unfinished) {
		return os.Remove(path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var i item
	if err := json.Unmarshal(content, &i); err != nil || i.Number != number(name) || i.Method == "" {
		log.Error("a file of the queue is damaged, and put aside", "file", name)
		return move(path, filepath.Join(q.aside(), name))
	}
	q.items = append(q.items, i)
	return nil
}

// number is that of the item in a file, 0 if the name is none of an item's.
func number(name string) int {
	n, _ := strconv.Atoi(strings.TrimSuffix(name, ".json"))
	return n
}

func (i item) file() string { return fmt.Sprintf("%09d.json", i.Number) }

// aside is where an item goes that the service has refused for good.
func (q *queue) aside() string { return q.folder + "-refused" }

// next is the number of the next item.
func (q *queue) next() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.last + 1
}

// add puts an item at the end. When it returns the item is safe.
func (q *queue) add(i item) error {
	content, err := json.Marshal(i)
	if err != nil {
		return err
	}
	if err := save(filepath.Join(q.folder, i.file()), content); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items, q.last = append(q.items, i), max(q.last, i.Number)
	return nil
}

// oldest is the item to send next. It stays where it is.
func (q *queue) oldest() (item, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return item{}, false
	}
	return q.items[0], true
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items)
}

// done moves an item to what was sent, or puts it aside.
func (q *queue) done(i item, refused bool) error {
	to := q.sent
	if refused {
		to = q.aside()
	}
	if err := move(filepath.Join(q.folder, i.file()), filepath.Join(to, i.file())); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items = slices.DeleteFunc(q.items, func(other item) bool { return other.Number == i.Number })
	return nil
}
