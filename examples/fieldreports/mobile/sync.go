package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// keepSynced keeps a copy of what the user needs offline. What cannot be read now
// stays as it was.
func (a *app) keepSynced(ctx context.Context) {
	for ctx.Err() == nil {
		if a.waits["sync"].pass(ctx) != nil {
			return
		}
		err := a.syncOnce(ctx)
		if err != nil && ctx.Err() == nil && !a.noticed("sync", err) {
			a.log.Warn("not synced", "error", err.Error())
		}
		sleep(ctx, a.sync)
	}
}

// templateID matches the allowed ids of templates: an id becomes a file name.
var templateID = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

// syncOnce reads everything once. A failure does not stop the rest from being
// read, unless it is maintenance.
func (a *app) syncOnce(ctx context.Context) error {
	list, err := a.read(ctx, "/api/templates", "templates.json")
	if err != nil {
		return err
	}
	var all struct {
		Templates []struct{ ID, Drawing string }
	}
	if err := json.Unmarshal(list, &all); err != nil {
		return failure{error: err}
	}
	files := map[string]string{"/api/reports": "reports.json"} // by path
	var errs []error
	for _, template := range all.Templates {
		if !templateID.MatchString(template.ID) {
			errs = append(errs, fmt.Errorf("the id of a template is %q: want small letters, digits and -", template.ID))
			continue
		}
		files["/api/templates/"+template.ID] = filepath.Join("templates", template.ID+".json")
		file, ok := strings.CutPrefix(template.Drawing, "/api/files/")
		if !ok || !filepath.IsLocal(file) || strings.ContainsAny(file, "\\%?#") {
			errs = append(errs, fmt.Errorf("the drawing of the template %q is %q: want a path below /api/files/", template.ID, template.Drawing))
			continue
		}
		files[template.Drawing] = filepath.Join("files", file)
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		_, err := a.read(ctx, path, files[path])
		if errors.As(err, new(maintenance)) || ctx.Err() != nil {
			return err
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// read reads a resource, and stores it as file among what the user needs offline.
// If it has not changed, it is not sent again.
func (a *app) read(ctx context.Context, path, file string) ([]byte, error) {
	file = filepath.Join(userFolder(a.folder, a.name), "offline", file)
	kept, tag := readKept(file)
	begun := time.Now()
	got, err := a.do(ctx, request{method: "GET", path: path, tag: tag})
	a.logRead(path, begun, got, err)
	if err != nil {
		return nil, err
	}
	if got.status == 304 {
		return kept, nil
	}
	if filepath.Ext(file) == ".json" && !json.Valid(got.body) {
		return nil, failure{error: fmt.Errorf("%s: the answer is not JSON: is there a login page in front of the network?", path)}
	}
	if err := save(file, got.body); err != nil {
		return nil, err
	}
	if !isToken(got.tag) {
		return got.body, nil
	}
	return got.body, save(file+".etag", []byte(got.tag+" "+digest(got.body)))
}

// readKept reads a stored file and its ETag. A file that is damaged, or does not
// match its tag, has no tag, so that it is read again.
func readKept(file string) (content []byte, tag string) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, ""
	}
	text, err := os.ReadFile(file + ".etag")
	tag, sum, _ := strings.Cut(string(text), " ")
	if err != nil || sum != digest(content) || !isToken(tag) {
		return content, ""
	}
	return content, tag
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func (a *app) logRead(path string, begun time.Time, got answer, err error) {
	status, problem := got.status, ""
	if err != nil {
		problem = err.Error()
		if errors.As(err, new(maintenance)) {
			status = 503
		}
	}
	a.log.Debug("read", "path", path, "begun", begun, "status", status, "error", problem)
}
