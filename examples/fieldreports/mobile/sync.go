package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// keepSynced keeps a copy of what the user needs offline. What cannot be read
// now stays as it was.
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

func (a *app) syncOnce(ctx context.Context) error {
	list, err := a.read(ctx, "/api/templates", "templates.json")
	if err != nil {
		return err
	}
	var all struct {
		Templates []struct{ ID, Drawing string }
	}
	if err := json.Unmarshal(list, &all); err != nil {
		return failure{err}
	}
	for _, template := range all.Templates {
		if _, err := a.read(ctx, "/api/templates/"+template.ID, filepath.Join("templates", template.ID+".json")); err != nil {
			return err
		}
		file := strings.TrimPrefix(template.Drawing, "/api/files/")
		if !filepath.IsLocal(file) || file == template.Drawing {
			continue
		}
		if _, err := a.read(ctx, template.Drawing, filepath.Join("files", file)); err != nil {
			return err
		}
	}
	_, err = a.read(ctx, "/api/reports", "reports.json")
	return err
}

// read reads a resource, and keeps it as file in the app's folder. What has not
// changed is not sent again.
func (a *app) read(ctx context.Context, path, file string) ([]byte, error) {
	file = filepath.Join(a.folder, "offline", file)
	kept, err := os.ReadFile(file)
	tag := []byte{}
	if err == nil {
		tag, _ = os.ReadFile(file + ".etag")
	}
	begun := time.Now()
	got, err := a.do(ctx, request{method: "GET", path: path, tag: string(tag)})
	a.logRead(path, begun, got, err)
	if err != nil {
		return nil, err
	}
	if got.status == 304 {
		return kept, nil
	}
	if filepath.Ext(file) == ".json" && !json.Valid(got.body) {
		return nil, failure{fmt.Errorf("%s: the answer is no JSON: is there a login page in front of the network?", path)}
	}
	if err := save(file, got.body); err != nil {
		return nil, err
	}
	if got.tag != "" {
		return got.body, save(file+".etag", []byte(got.tag))
	}
	return got.body, nil
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
