package allowlist

import (
	"fmt"
	"slices"
	"strings"
)

// methods are the methods that clients send: those of RFC 9110, PATCH, and those
// of WebDAV.
var methods = []string{
	"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "QUERY",
	"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH", "LINK", "UNLINK", "PURGE",
}

// Notes returns notes about valid patterns that probably do not match what their
// author has in mind, because they use the syntax of another router.
func Notes(allow []string) []string {
	var notes []string
	patterns, _ := parse(allow)
	for _, p := range patterns {
		note := func(format string, args ...any) {
			notes = append(notes, fmt.Sprintf("allow[%d] %q: ", p.index, p.text)+fmt.Sprintf(format, args...))
		}
		if !slices.Contains(methods, p.method) {
			note("%s is the name of one method, which hardly any client sends; several methods are several patterns", p.method)
		}
		for _, segment := range p.segments() {
			name := strings.TrimFunc(segment, func(r rune) bool { return strings.ContainsRune(":<>[]()", r) })
			switch {
			case isWildcard(segment) || name == "" || name == segment:
			case strings.HasPrefix(segment, ":"), strings.HasPrefix(segment, "<"), strings.HasPrefix(segment, "["), strings.HasPrefix(segment, "("):
				note("%q is matched literally; any segment is {%s}", segment, name)
			}
		}
	}
	return notes
}
