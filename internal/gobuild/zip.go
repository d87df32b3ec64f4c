package gobuild

import (
	"archive/zip"
	"compress/flate"
	"io"
	"os"
	"time"
)

// writeZip packs the binary into an archive that depends on its bytes alone:
// no time of today, no owner, one compression level.
func writeZip(name, binary string) (err error) {
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
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	header.SetMode(0o755)
	entry, err := archive.CreateHeader(header)
	if err != nil {
		return err
	}
	if err := copyFile(entry, binary); err != nil {
		return err
	}
	return archive.Close()
}
