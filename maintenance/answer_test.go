package maintenance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadMessage checks that a message is read unchanged or not at all.
func TestReadMessage(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return "@" + path
	}
	for _, test := range []struct {
		name, typed, want string
		err               string // empty: none
	}{
		{"a text", "Back at four.", "Back at four.", ""},
		{"nothing", "", "", ""},
		{"a text with newlines", "Back\nat four.\n", "Back\nat four.\n", ""},
		{"a text that begins with an @", "@@team is on it", "@team is on it", ""},
		{"an @ within", "Ask ops@example.com", "Ask ops@example.com", ""},
		{"a file of several lines", file("lines", "Wir sind\n\num vier zurück.\n"), "Wir sind\n\num vier zurück.", ""},
		{"a file as Windows writes it", file("crlf", "a\r\nb\r\n"), "a\nb", ""},
		{"a file without a newline at its end", file("bare", "a"), "a", ""},
		{"a file that ends in two", file("two", "a\n\n"), "a\n", ""},
		{"an empty file", file("empty", ""), "", "has no text"},
		{"a file of one newline", file("newline", "\n"), "", "has no text"},
		{"no such file", "@" + filepath.Join(dir, "absent"), "", "reading the message: open "},
		{"a folder", "@" + dir, "", "reading the message: "},
		{"an @ alone", "@", "", "reading the message: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ReadMessage(test.typed)
			if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("got %q, %v, want %q, %s", got, err, test.want, test.err)
			}
		})
	}
}
