package preview

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// folder returns an asset as a folder.
func (p *Preview) folder(asset string) (string, error) {
	info, err := os.Stat(asset)
	if err != nil || info.IsDir() {
		return asset, err
	}
	return p.unpackAll(asset)
}

// unpackAll unpacks an archive into a new folder, which is removed at the end.
func (p *Preview) unpackAll(name string) (string, error) {
	archive, err := zip.OpenReader(name)
	if err != nil {
		return "", fmt.Errorf("reading %q: %w", name, err)
	}
	defer archive.Close()
	dir, err := os.MkdirTemp("", "noren-preview-")
	if err != nil {
		return "", err
	}
	p.closers = append(p.closers, func() { os.RemoveAll(dir) })
	for _, file := range archive.File {
		path := filepath.Join(dir, filepath.FromSlash(file.Name))
		if file.FileInfo().IsDir() || !isBelow(path, dir) {
			continue
		}
		if err := extract(file, path); err != nil {
			return "", err
		}
	}
	return dir, nil
}

func extract(file *zip.File, name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	from, err := file.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, file.Mode().Perm()|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// isBelow reports whether a path is within a folder.
func isBelow(path, dir string) bool {
	return strings.HasPrefix(path, dir+string(filepath.Separator))
}
