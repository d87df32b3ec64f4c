package preview

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/function/announcement"
	"github.com/noren-cdk/noren/internal/preview/account"
	"github.com/noren-cdk/noren/internal/preview/edge"
	"github.com/noren-cdk/noren/maintenance"
)

// announced is /maintenance.json as its function keeps it, in a folder of its
// own.
type announced struct {
	dir    string
	bucket string // the logical id of the bucket
}

// announces reports whether the template has a function that keeps
// /maintenance.json in a bucket, and starts the document.
func (p *Preview) announces(bucket string) bool {
	resources, err := p.resources(p.sources[0], announcement.ResourceType, "AWS::Lambda::Function")
	if err != nil {
		return false // an unreadable template has been refused
	}
	var what *maintenance.Announcement
	kept := false
	for _, r := range resources {
		if r.Type == announcement.ResourceType {
			a, err := announcement.Decode(r.Properties)
			if err != nil {
				p.note("%s: it announces nothing: %v", r.LogicalID, err)
			}
			what = &a
			continue
		}
		id, _, _ := cfn.Attribute(variables(r)[announcement.BucketVariable])
		kept = kept || id == bucket
	}
	if what == nil || !kept {
		return false
	}
	dir, err := os.MkdirTemp("", "noren-announced-")
	if err != nil {
		p.note("%s is not served: %v", maintenance.StatusPath, err)
		return false
	}
	p.closers = append(p.closers, func() { os.RemoveAll(dir) })
	p.announced = &announced{dir, bucket}
	err = p.announced.write(announcement.New().Announced(*what, ""))
	if err == nil {
		err = p.announced.turned(p.Mode(), time.Now(), p.until(p.Mode()))
	}
	if err != nil {
		p.note("%s is not served: %v", maintenance.StatusPath, err)
	}
	return true
}

// folder returns the folder of the document, with the headers of the object.
func (a *announced) folder() edge.Folder {
	return edge.Folder{Dir: a.dir, Header: http.Header{"Content-Type": {announcement.ContentType}, "Cache-Control": {announcement.CacheControl}}}
}

// file returns the path of the document.
func (a *announced) file() string {
	return filepath.Join(a.dir, filepath.Base(maintenance.StatusPath))
}

// object returns the document as an object of the account of a night.
func (a *announced) object() map[string]string {
	if a == nil {
		return nil
	}
	return map[string]string{account.BucketName(a.bucket) + maintenance.StatusPath: a.file()}
}

// turned writes the mode that the product was turned to. It ignores a mode that
// the construct does not have, since clients do not know it.
func (a *announced) turned(mode string, at, until time.Time) error {
	if a == nil {
		return nil
	}
	text, err := os.ReadFile(a.file()) // the function of a night also writes it
	if err != nil {
		return fmt.Errorf("%s: %w", maintenance.StatusPath, err)
	}
	var d announcement.Document
	if err := json.Unmarshal(text, &d); err != nil {
		return fmt.Errorf("%s: %w", maintenance.StatusPath, err)
	}
	if to := maintenance.Mode(mode); to.Valid() {
		if to != d.Mode {
			d = d.Turned(to, at, until)
		}
		d.UpdatedAt = at.UTC().Truncate(time.Second)
	}
	return a.write(d)
}

// write replaces the document atomically, since it may be read at any moment.
func (a *announced) write(d announcement.Document) error {
	text, err := announcement.Encode(d)
	if err != nil {
		return err
	}
	next := filepath.Join(a.dir, "next")
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return fmt.Errorf("%s: %w", maintenance.StatusPath, err)
	}
	return os.Rename(next, a.file())
}

// until returns the end that clients are told in a mode, zero if there is none.
func (p *Preview) until(mode string) time.Time {
	for _, t := range p.sources {
		if t.mode != mode {
			continue
		}
		functions, err := p.resources(t, "AWS::Lambda::Function")
		if err != nil {
			return time.Time{}
		}
		for _, f := range functions {
			if until, err := time.Parse(time.RFC3339, variables(f)[maintenance.UntilVariable]); err == nil {
				return until
			}
		}
	}
	return time.Time{}
}

// variables returns the environment variables of a function.
func variables(function cfn.Resource) map[string]string {
	texts := map[string]string{}
	environment, _ := function.Properties["Environment"].(map[string]any)
	all, _ := environment["Variables"].(map[string]any)
	for name, value := range all {
		texts[name], _ = value.(string)
	}
	return texts
}
