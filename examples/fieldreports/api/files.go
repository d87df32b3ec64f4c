package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"time"
)

// content is what crews need without a network, such as the drawings of the
// templates. A product with more of it would keep it in S3.
//
//go:embed files
var content embed.FS

func (a api) getFile(w http.ResponseWriter, r *http.Request, _ user) {
	name := path.Join("files", path.Clean("/"+r.PathValue("path")))
	file, err := fs.ReadFile(content, name)
	if err != nil { // a folder, too
		notFound(w, r)
		return
	}
	header := w.Header()
	header.Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(file)))
	header.Set("Cache-Control", "private, no-cache") // stored, and revalidated each time
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	header.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(file))
}
