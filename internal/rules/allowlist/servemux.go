package allowlist

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
)

// parse reads the patterns and reports every one that is not a pattern with a
// method, that ServeMux rejects, or that would make ServeMux redirect what
// another pattern allows.
func parse(allow []string) (patterns []pattern, errs []*Error) {
	mux := http.NewServeMux()
	trees := subtrees{}
	for i, text := range allow {
		p, err := parsePattern(text)
		p.index = i
		if err == nil {
			err = register(mux, p)
		}
		if err == nil {
			patterns = append(patterns, p)
			trees.add(p)
		} else {
			errs = append(errs, &Error{i, text, err})
		}
	}
	for _, p := range patterns {
		if other, ok := trees.covering(p); ok {
			errs = append(errs, &Error{p.index, p.text, fmt.Errorf("already allowed by %q; remove it: with both, net/http would redirect the path without its last slash instead of serving it", other.text)})
		}
	}
	return patterns, errs
}

// registration matches the part about Go source lines in a panic of ServeMux.
var registration = regexp.MustCompile(` \(registered at [^)]*\)`)

// register adds the pattern to mux and returns ServeMux's objection, if any.
func register(mux *http.ServeMux, p pattern) (err error) {
	defer func() {
		if r := recover(); r != nil {
			text := registration.ReplaceAllString(fmt.Sprint(r), "")
			err = fmt.Errorf("not a pattern for these: %s", strings.Join(strings.Fields(text), " "))
		}
	}()
	mux.HandleFunc(p.method+" "+p.path, func(http.ResponseWriter, *http.Request) {})
	return nil
}

// checkPath reports characters and lengths of the path that ALB refuses.
func checkPath(p pattern, value string, regex bool) error {
	var literal []string
	for _, segment := range p.segments() {
		if isWildcard(segment) {
			continue
		}
		if strings.ContainsAny(segment, "*?") {
			return fmt.Errorf("%q holds a wildcard of ALB, which cannot be escaped in a path", segment)
		}
		literal = append(literal, segment)
	}
	// ALB does not document which characters a regular expression may have, so
	// the literal parts keep to those of a path pattern.
	for _, condition := range []alb.Condition{
		p.methods(),
		alb.PathPatterns{"/" + strings.Join(literal, "/")},
		pathCondition(regex, []string{value}),
	} {
		for _, problem := range (alb.Rule{Priority: 1, Conditions: []alb.Condition{condition}}).Check() {
			if problem.Severity == alb.Error {
				return errors.New(problem.Message)
			}
		}
	}
	return nil
}

// subtrees holds the patterns that match everything below a path, by method and
// by the path's segments. It answers the question that decides whether ServeMux
// redirects /a to /a/: whether a pattern for /a/ is inside another pattern's
// subtree.
type subtrees map[string]*subtree

type subtree struct {
	children map[string]*subtree // by literal segment, "" for a wildcard
	root     *pattern            // the pattern that matches everything below
}

func (t subtrees) add(p pattern) {
	segments := p.segments()
	if !isMulti(segments[len(segments)-1]) {
		return
	}
	for _, method := range p.methods() {
		node := t[method]
		if node == nil {
			node = &subtree{}
			t[method] = node
		}
		for _, segment := range segments[:len(segments)-1] {
			if isWildcard(segment) {
				segment = ""
			}
			child := node.children[segment]
			if child == nil {
				child = &subtree{}
				if node.children == nil {
					node.children = map[string]*subtree{}
				}
				node.children[segment] = child
			}
			node = child
		}
		node.root = &p
	}
}

// covering returns another pattern whose subtree holds the root of p, if p ends
// with a slash.
func (t subtrees) covering(p pattern) (pattern, bool) {
	segments := p.segments()
	last := segments[len(segments)-1]
	if !isMulti(last) && last != "{$}" {
		return pattern{}, false
	}
	for _, method := range p.methods() {
		if other := t[method].covering(segments[:len(segments)-1]); other != nil {
			return *other, true
		}
	}
	return pattern{}, false
}

// covering returns the pattern of a subtree that begins above the path of these
// segments.
func (n *subtree) covering(segments []string) *pattern {
	if n == nil || len(segments) == 0 {
		return nil
	}
	if n.root != nil {
		return n.root
	}
	if other := n.children[""].covering(segments[1:]); other != nil {
		return other
	}
	if isWildcard(segments[0]) {
		return nil
	}
	return n.children[segments[0]].covering(segments[1:])
}
