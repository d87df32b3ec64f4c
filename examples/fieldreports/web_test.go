// Package fieldreports_test checks the files of Field Reports that no compiler
// reads: the site and the contents of the image.
package fieldreports_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestImageLeavesTheEmbeddedDatabaseOut checks that the image is built without
// the embedded database, which is most of the binary.
func TestImageLeavesTheEmbeddedDatabaseOut(t *testing.T) {
	dockerfile, err := os.ReadFile("api/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(dockerfile), "go build -tags image ") {
		t.Error("api/Dockerfile does not build with -tags image")
	}
	packages, err := exec.Command("go", "list", "-deps", "-tags", "image", "./api").Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(packages), "go-mysql-server") {
		t.Error("with -tags image the API is linked with go-mysql-server")
	}
}

// TestSiteHoldsToItsPolicy checks that the site works with
// Content-Security-Policy: default-src 'self', and its page on every path:
// nothing inline, nothing from elsewhere, no relative path.
func TestSiteHoldsToItsPolicy(t *testing.T) {
	site := os.DirFS("web")
	page, err := fs.ReadFile(site, "index.html")
	if err != nil {
		t.Fatal(err)
	}
	forbidden := map[string]*regexp.Regexp{
		"inline script":   regexp.MustCompile(`(?is)<script(?:\s[^>]*)?>\s*[^<\s]`),
		"inline style":    regexp.MustCompile(`(?i)<style|\sstyle\s*=`),
		"inline handler":  regexp.MustCompile(`(?i)\son[a-z]+\s*=`),
		"javascript: URL": regexp.MustCompile(`(?i)javascript:`),
		"data: URL":       regexp.MustCompile(`(?i)["'(]data:`),
	}
	for what, pattern := range forbidden {
		if found := pattern.Find(page); found != nil {
			t.Errorf("index.html: %s: %q", what, found)
		}
	}

	var referenced []string
	for _, match := range regexp.MustCompile(`(?i)\s(?:src|href)\s*=\s*"([^"]*)"`).FindAllSubmatch(page, -1) {
		reference := string(match[1])
		if strings.HasPrefix(reference, "#") { // a place on the page
			continue
		}
		if !strings.HasPrefix(reference, "/") || strings.HasPrefix(reference, "//") {
			t.Errorf("index.html: %q: want a path from the root", reference)
			continue
		}
		referenced = append(referenced, path.Clean(reference[1:]))
	}
	err = fs.WalkDir(site, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if name != "index.html" && !slices.Contains(referenced, name) {
			t.Errorf("%s: is uploaded, and nothing uses it", name)
		}
		content, err := fs.ReadFile(site, name)
		external := regexp.MustCompile(`(?i)(https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\s"')]*`)
		for _, found := range external.FindAllString(string(content), -1) {
			if found != "http://www.w3.org/2000/svg" {
				t.Errorf("%s: refers to %q elsewhere", name, found)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range referenced {
		if _, err := fs.Stat(site, name); err != nil {
			t.Errorf("index.html: %v", err)
		}
	}
}
