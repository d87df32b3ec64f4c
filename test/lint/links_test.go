package lint

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var (
	fence   = regexp.MustCompile("(?ms)^ *```.*?^ *```[ \t]*$")
	code    = regexp.MustCompile("`[^`\n]*`")
	link    = regexp.MustCompile(`\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)`)
	source  = regexp.MustCompile(`(?:src|href)="([^"]+)"`)
	heading = regexp.MustCompile(`(?m)^#{1,6}\s+(.+?)\s*#*\s*$`)
	named   = regexp.MustCompile(`<a (?:id|name)="([^"]+)"`)
)

// TestLinks: every link of a Markdown file that leads to a file of the
// repository finds it, and its heading. What is on the network is not asked for.
func TestLinks(t *testing.T) {
	top, err := exec.Command("git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := strings.TrimSpace(string(top))
	files, err := exec.Command("git", "-C", root, "ls-files", "*.md").Output()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, file := range strings.Fields(string(files)) {
		data, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		text := code.ReplaceAllString(fence.ReplaceAllString(string(data), ""), "")
		for _, match := range append(link.FindAllStringSubmatch(text, -1), source.FindAllStringSubmatch(text, -1)...) {
			target := match[1]
			if strings.Contains(target, ":") { // https:, mailto:
				continue
			}
			checked++
			path, anchor, _ := strings.Cut(target, "#")
			place := filepath.Join(root, filepath.Dir(file), filepath.FromSlash(path))
			if path == "" {
				place = filepath.Join(root, file)
			}
			if _, err := os.Stat(place); err != nil {
				t.Errorf("%s: %s: there is no such file", file, target)
				continue
			}
			if anchor != "" && strings.HasSuffix(place, ".md") && !anchors(t, place)[anchor] {
				t.Errorf("%s: %s: there is no such heading", file, target)
			}
		}
	}
	if checked == 0 {
		t.Error("no link was checked")
	}
}

// anchors are the places of a Markdown file that a link can lead to, as GitHub
// names them.
func anchors(t *testing.T, path string) map[string]bool {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := fence.ReplaceAllString(string(data), "")
	found := map[string]bool{}
	for _, match := range heading.FindAllStringSubmatch(text, -1) {
		found[slug(match[1])] = true
	}
	for _, match := range named.FindAllStringSubmatch(text, -1) {
		found[match[1]] = true
	}
	return found
}

// slug is a heading in lower case, spaces as hyphens, without punctuation.
func slug(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}
