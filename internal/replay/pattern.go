package replay

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules/allowlist"
)

// patternOf returns a rule's path as a line of the allowlist, or in ALB's form if
// no line compiles to it.
func patternOf(rule *alb.Rule, path string, regex bool) string {
	methods := rule.Methods()
	if methods == nil {
		methods = []string{"any method"}
	}
	raw := strings.Join(methods, ", ") + " " + path
	method := methods[0]
	if len(methods) == 2 && slices.Contains(methods, "GET") && slices.Contains(methods, "HEAD") {
		method = "GET"
	} else if len(methods) > 1 {
		return raw
	}
	line := method + " " + muxPath(path, regex)
	compiled, err := allowlist.Compile([]string{line}, nil)
	if err != nil || len(compiled) != 1 {
		return raw
	}
	for _, c := range compiled[0] {
		values := alb.Values(c)
		if alb.Field(c) == "path-pattern" && len(values) == 1 && values[0].Text == path && values[0].Regex == regex {
			return line
		}
	}
	return raw
}

var quoted = regexp.MustCompile(`\\([\\.+*?()|\[\]{}^$])`)

// muxPath returns a path condition in the syntax of ServeMux.
func muxPath(path string, regex bool) string {
	if regex {
		path = strings.TrimSuffix(strings.TrimPrefix(path, "^"), "$")
		path, multi := strings.CutSuffix(path, "/.*")
		segments := strings.Split(strings.ReplaceAll(path, "[^/]+", id), "/")
		for i, s := range segments {
			segments[i] = quoted.ReplaceAllString(s, "$1")
		}
		path = numbered(strings.Join(segments, "/"))
		if multi {
			return path + "/{path...}"
		}
		return exact(path)
	}
	if front, ok := strings.CutSuffix(path, "/*"); ok {
		if front == "" {
			return "/"
		}
		return front + "/{path...}"
	}
	return exact(path)
}

// exact keeps a path that ends with a slash from matching everything below it.
func exact(path string) string {
	if strings.HasSuffix(path, "/") {
		return path + "{$}"
	}
	return path
}

// numbered gives the ids in a path different names, as ServeMux requires.
func numbered(path string) string {
	parts := strings.Split(path, id)
	var b strings.Builder
	for i, part := range parts {
		switch i {
		case 0:
		case 1:
			b.WriteString(id)
		default:
			b.WriteString("{id" + strconv.Itoa(i) + "}")
		}
		b.WriteString(part)
	}
	return b.String()
}
