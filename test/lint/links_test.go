package lint

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pages returns the Markdown files of the tree.
func pages(t *testing.T) map[string]string {
	t.Helper()
	root := repository(t)
	all := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "examples/*/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name, err := filepath.Rel(root, file)
			if err != nil {
				t.Fatal(err)
			}
			all[filepath.ToSlash(name)] = string(text)
		}
	}
	return all
}

var (
	fenced = regexp.MustCompile("(?ms)^\\s*```.*?^\\s*```$")
	link   = regexp.MustCompile(`(?:\]\(|(?:src|srcset|href)=")([^)"\s]+)`)
	title  = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
	mark   = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors returns the fragments that GitHub gives the headings of a page.
func anchors(page string) []string {
	var all []string
	for _, heading := range title.FindAllStringSubmatch(fenced.ReplaceAllString(page, ""), -1) {
		all = append(all, strings.ReplaceAll(strings.ToLower(mark.ReplaceAllString(heading[1], "")), " ", "-"))
	}
	return all
}

func TestLinksLeadSomewhere(t *testing.T) {
	root := repository(t)
	all := pages(t)
	count := 0
	for name, text := range all {
		for _, found := range link.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			count++
			file, anchor, _ := strings.Cut(found[1], "#")
			target := name
			if file != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(name), file))
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s links to %s, which does not exist", name, found[1])
			} else if page, ok := all[target]; anchor != "" && ok && !slices.Contains(anchors(page), anchor) {
				t.Errorf("%s links to %s, a heading that %s does not have: %q", name, found[1], target, anchors(page))
			}
		}
	}
	if count < 50 {
		t.Errorf("found %d links, want at least 50: are the pages read?", count)
	}
}

// TestPagesAreShort limits the length of pages: nobody reads a longer one.
func TestPagesAreShort(t *testing.T) {
	const kilobyte = 1024
	long := []string{"docs/runbook.md", "docs/client-contract.md", "docs/schema-changes.md"}
	for name, text := range pages(t) {
		most := 12 * kilobyte
		switch {
		case name == "README.md":
			most = 9 * kilobyte
		case slices.Contains(long, name) || !strings.HasPrefix(name, "docs/"):
			continue
		}
		if len(text) > most {
			t.Errorf("%s has %d bytes, want at most %d", name, len(text), most)
		}
	}
}
