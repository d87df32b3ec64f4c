package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestSaveIsWholeOrNothing checks that a reader of a file that is being saved
// sees all of the old content or all of the new, as does an app that is started
// after a kill.
func TestSaveIsWholeOrNothing(t *testing.T) {
	name := filepath.Join(t.TempDir(), "folder", "file")
	contents := [][]byte{bytes.Repeat([]byte("a"), 1<<20), bytes.Repeat([]byte("b"), 1<<19)}
	if err := save(name, contents[0]); err != nil {
		t.Fatal(err)
	}
	saved := make(chan error, 1)
	go func() {
		for i := range 30 {
			if err := save(name, contents[i%2]); err != nil {
				saved <- err
				return
			}
			time.Sleep(time.Millisecond)
		}
		saved <- nil
	}()
	for looks := 0; ; looks++ {
		select {
		case err := <-saved:
			if err != nil || looks == 0 {
				t.Errorf("looked %d times; saving: %v", looks, err)
			}
			return
		default:
		}
		got, err := os.ReadFile(name)
		if err != nil || !bytes.Equal(got, contents[0]) && !bytes.Equal(got, contents[1]) {
			t.Fatalf("got %d bytes (%v), want the old content or the new", len(got), err)
		}
	}
}

func TestSaveLeavesNothingBehind(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "file"), 0o700); err != nil { // cannot be replaced
		t.Fatal(err)
	}
	if err := save(filepath.Join(folder, "file"), []byte("x")); err == nil {
		t.Error("saved over a folder")
	}
	if left, _ := os.ReadDir(folder); len(left) != 1 {
		t.Errorf("%d entries are left, want the folder alone", len(left))
	}
}
