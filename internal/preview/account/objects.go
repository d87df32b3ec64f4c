package account

import (
	"crypto/md5"
	"encoding/hex"
	"os"
	"slices"
	"strings"
)

func (a *Account) putObject(q request) (any, error) {
	if strings.Contains(q.header.Get("Content-Encoding"), "aws-chunked") {
		return nil, refuse("NotImplemented", "chunked uploads are not in the preview's account")
	}
	key := strings.TrimPrefix(q.path, "/")
	a.mu.Lock()
	defer a.mu.Unlock()
	was, exists := a.object(key)
	if match := q.header.Get("If-Match"); match != "" && (!exists || match != tag(was)) || q.header.Get("If-None-Match") == "*" && exists {
		return nil, refuse("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	}
	if err := a.store(key, q.body); err != nil {
		return nil, err
	}
	return raw{nil, map[string]string{"ETag": tag(q.body)}}, nil
}

func tag(body []byte) string {
	sum := md5.Sum(body)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func (a *Account) getObject(q request) (any, error) {
	body, ok := a.Object(strings.TrimPrefix(q.path, "/"))
	if !ok {
		return nil, refuse("NoSuchKey", "The specified key does not exist.")
	}
	return raw{body, map[string]string{"ETag": tag(body), "Content-Type": "application/json"}}, nil
}

// Object returns the content of an object, by bucket/key.
func (a *Account) Object(key string) ([]byte, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.object(key)
}

// object is like Object, for callers that hold the lock.
func (a *Account) object(key string) ([]byte, bool) {
	if file := a.config.Files[key]; file != "" {
		body, err := os.ReadFile(file)
		return body, err == nil
	}
	body, ok := a.objects[key]
	return slices.Clone(body), ok
}

// store stores an object. It replaces a file atomically, since the file may be
// read at any moment.
func (a *Account) store(key string, body []byte) error {
	file := a.config.Files[key]
	if file == "" {
		a.objects[key] = body
		return nil
	}
	if err := os.WriteFile(file+".next", body, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".next", file)
}
