package gobuild

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Folder returns a folder of the cache that contains the program under a name,
// and files beside it by path. It is not removed, since CDK may read it long
// after a synthesis (cdk --no-staging).
func (o Output) Folder(name string, files map[string][]byte) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", name)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%q %d\n", path, len(files[path]))
		h.Write(files[path])
	}
	entry := filepath.Dir(o.Binary)
	folder := filepath.Join(entry, fmt.Sprintf("folder-%x", h.Sum(nil)[:16]))
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	tmp, err := os.MkdirTemp(entry, "writing-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp) // after the rename it no longer exists
	for path, content := range files {
		file := filepath.Join(tmp, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return "", err
		}
	}
	if err := linkOrCopy(o.Binary, filepath.Join(tmp, name)); err != nil {
		return "", err
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return "", err
	}
	if err := os.Rename(tmp, folder); err != nil {
		if _, there := os.Stat(folder); there != nil { // otherwise another process was faster, with the same bytes
			return "", err
		}
	}
	return folder, nil
}

// linkOrCopy gives a program another name. It copies the program where a file can
// have only one name.
func linkOrCopy(program, name string) error {
	if os.Link(program, name) == nil {
		return nil
	}
	from, err := os.Open(program)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fs.FileMode(0o755))
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	if cerr := to.Close(); err == nil {
		err = cerr
	}
	return err
}
