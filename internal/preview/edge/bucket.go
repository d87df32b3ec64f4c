package edge

import (
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"

	"github.com/noren-cdk/noren/internal/preview/cloudfront"
)

// Bucket is the content of a bucket: folders, the first of which that has a file
// provides it. Files are read at every request.
type Bucket []Folder

// Folder is a folder of files in a bucket.
type Folder struct {
	Dir string

	// Prefix precedes the files' names in the bucket, without a leading slash.
	// Default: none.
	Prefix string

	// Header is the metadata that the files got when they were uploaded, such as
	// Cache-Control.
	Header http.Header
}

// fileVersion is the header that tells the cache a file's version.
const fileVersion = "X-Noren-File"

func (v *visit) readFromBucket(answer *http.Response) bool {
	return answer.Header.Get(fileVersion) != ""
}

// answer answers as S3 does for a request from CloudFront.
func (b Bucket) answer(r *http.Request, origin *cloudfront.Origin, escaped string) *http.Response {
	name, err := url.PathUnescape(origin.Path + escaped)
	if err != nil {
		return refused(r, http.StatusBadRequest, "InvalidURI")
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return refused(r, http.StatusMethodNotAllowed, "MethodNotAllowed")
	}
	key := strings.TrimPrefix(name, "/")
	for _, folder := range b {
		file, info, err := folder.open(key)
		if err == nil {
			return served(r, file, info, key, folder.Header)
		}
	}
	if origin.Lists {
		return refused(r, http.StatusNotFound, "NoSuchKey")
	}
	return refused(r, http.StatusForbidden, "AccessDenied")
}

// open opens the file for a key of the bucket, and nothing outside the folder.
func (f Folder) open(key string) (*os.File, fs.FileInfo, error) {
	inside, ok := strings.CutPrefix(key, f.Prefix)
	inside = strings.TrimPrefix(inside, "/")
	if !ok || !fs.ValidPath(inside) || inside == "." {
		return nil, nil, fs.ErrNotExist
	}
	file, err := os.OpenInRoot(f.Dir, inside)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		_ = file.Close()
		return nil, nil, fs.ErrNotExist
	}
	return file, info, nil
}

// refused returns an error answer of S3.
func refused(r *http.Request, status int, code string) *http.Response {
	body := `<?xml version="1.0" encoding="UTF-8"?>` + "\n<Error><Code>" + code + "</Code></Error>"
	return newResponse(r, status, http.Header{"Content-Type": {"application/xml"}, "Server": {"AmazonS3"}}, []byte(body))
}

// served returns a file, or the requested part of it.
func served(r *http.Request, file *os.File, info fs.FileInfo, key string, uploaded http.Header) *http.Response {
	version := fmt.Sprintf("%x-%x", info.ModTime().UnixNano(), info.Size())
	header := uploaded.Clone()
	if header == nil {
		header = http.Header{}
	}
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", contentType(key))
	}
	header.Set("Etag", `"`+version+`"`)
	header.Set("Server", "AmazonS3")
	header.Set(fileVersion, version)
	read, write := io.Pipe()
	w := &pipeWriter{header: header, body: write, started: make(chan int, 1)}
	go func() {
		defer file.Close()
		http.ServeContent(w, r, key, info.ModTime(), file)
		w.WriteHeader(http.StatusOK) // for an empty file
		_ = write.Close()
	}()
	status := <-w.started
	answer := newResponse(r, status, w.sent, nil)
	answer.Body, answer.ContentLength = read, -1
	answer.Header.Del("Content-Length")
	if length := w.length; length != "" {
		answer.Header.Set("Content-Length", length)
		_, _ = fmt.Sscan(length, &answer.ContentLength)
	}
	return answer
}

// contentType returns the type that an upload would guess from a file's name.
func contentType(key string) string {
	switch extension := path.Ext(key); extension {
	case ".js", ".mjs":
		return "text/javascript"
	case ".map":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	default:
		if guess := mime.TypeByExtension(extension); guess != "" {
			return guess
		}
		return "binary/octet-stream"
	}
}

// pipeWriter makes a response from what a handler writes, while it is written.
type pipeWriter struct {
	header  http.Header
	sent    http.Header // the header when the status was written
	length  string
	body    *io.PipeWriter
	started chan int
	wrote   bool
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(status int) {
	if w.wrote {
		return
	}
	w.wrote = true
	w.sent = w.header.Clone()
	w.length = w.header.Get("Content-Length")
	w.started <- status
}

func (w *pipeWriter) Write(data []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(data)
}
