package gobuild

import (
	"archive/zip"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// writeZip packs the binary, and files beside it, into an archive that depends
// only on their bytes: it has no current time, no owner, and a fixed compression
// level.
func writeZip(name, binary string, files map[string][]byte) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	archive := zip.NewWriter(f)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	entry, err := archive.CreateHeader(zipHeader("bootstrap", 0o755))
	if err != nil {
		return err
	}
	if err := copyFile(entry, binary); err != nil {
		return err
	}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		entry, err := archive.CreateHeader(zipHeader(file, 0o644))
		if err != nil {
			return err
		}
		if _, err := entry.Write(files[file]); err != nil {
			return err
		}
	}
	return archive.Close()
}

func zipHeader(name string, mode os.FileMode) *zip.FileHeader {
	header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	header.SetMode(mode)
	return header
}

// With returns the program in an archive that also contains files, by name.
func (o Output) With(files map[string][]byte) (Output, error) {
	if len(files) == 0 {
		return o, nil
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n", o.Hash)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%q %d\n", name, len(files[name]))
		h.Write(files[name])
	}
	o.Hash = hex.EncodeToString(h.Sum(nil))
	o.Zip = filepath.Join(filepath.Dir(o.Binary), "with-"+o.Hash+".zip")
	if _, err := os.Stat(o.Zip); err == nil {
		return o, nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(o.Binary), "writing-")
	if err != nil {
		return Output{}, err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // after the rename it no longer exists
	if err := errors.Join(tmp.Close(), writeZip(tmp.Name(), o.Binary, files)); err != nil {
		return Output{}, err
	}
	return o, os.Rename(tmp.Name(), o.Zip) // another process writes the same bytes
}
