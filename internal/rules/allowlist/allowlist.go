// Package allowlist compiles the requests that maintenance lets through, written
// as http.ServeMux patterns, to the conditions of ALB listener rules that let
// through exactly what a ServeMux with the same patterns would serve.
package allowlist

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
)

// pattern is a line of the allowlist: an http.ServeMux pattern with a method
// and without a host.
type pattern struct {
	index  int    // in the allowlist
	text   string // as written
	method string
	path   string
}

// parsePattern splits a line of the allowlist. It does not check whether ServeMux
// and ALB accept it.
func parsePattern(text string) (pattern, error) {
	method, path, ok := strings.Cut(text, " ")
	path = strings.TrimLeft(path, " \t")
	switch {
	case !ok || method == "" || strings.Contains(method, "/"):
		return pattern{}, fmt.Errorf("a method is required, as in %q", "GET /api/templates/{id}")
	case !strings.HasPrefix(path, "/"):
		return pattern{}, errors.New("the path must start with a slash; a host belongs in Hosts")
	}
	return pattern{text: text, method: method, path: path}, nil
}

// methods returns the request methods that the pattern matches: GET includes
// HEAD, as in ServeMux.
func (p pattern) methods() alb.Methods {
	if p.method == http.MethodGet {
		return alb.Methods{http.MethodGet, http.MethodHead}
	}
	return alb.Methods{p.method}
}

// segments returns the parts of the path between its slashes. The last one is
// empty if the path ends with a slash.
func (p pattern) segments() []string { return strings.Split(p.path[1:], "/") }

// isWildcard reports whether a segment is {name}, {name...} or {$}.
func isWildcard(segment string) bool { return strings.HasPrefix(segment, "{") }

// isMulti reports whether a segment, the last of a path, matches everything
// below.
func isMulti(segment string) bool { return segment == "" || strings.HasSuffix(segment, "...}") }

// value compiles the path to the value of an ALB path condition that matches
// exactly what ServeMux would route: a literal or, if regex is true, a regular
// expression. ALB's own * matches slashes, so it can replace {path...}, but not
// {id}.
func (p pattern) value() (value string, regex bool) {
	segments := p.segments()
	last := segments[len(segments)-1]
	front := segments[:len(segments)-1]
	if last == "{$}" {
		last = ""
	} else if isMulti(last) {
		last = "*"
	}
	if !slices.ContainsFunc(append(front[:len(front):len(front)], last), isWildcard) {
		return "/" + strings.Join(append(front[:len(front):len(front)], last), "/"), false
	}
	var b strings.Builder
	b.WriteByte('^')
	for _, segment := range front {
		b.WriteByte('/')
		b.WriteString(segmentRegex(segment))
	}
	b.WriteByte('/')
	if last == "*" {
		b.WriteString(".*")
	} else {
		b.WriteString(segmentRegex(last))
	}
	b.WriteByte('$')
	return b.String(), true
}

func segmentRegex(segment string) string {
	if isWildcard(segment) {
		return "[^/]+"
	}
	return regexp.QuoteMeta(segment)
}

// pathCondition returns the path condition for the given values.
func pathCondition(regex bool, values []string) alb.Condition {
	if regex {
		return alb.PathRegexes(values)
	}
	return alb.PathPatterns(values)
}

// Error is a pattern that cannot be compiled.
type Error struct {
	Index   int    // of the pattern in the allowlist
	Pattern string // as written
	Err     error  // what is wrong with it
}

func (e *Error) Error() string { return fmt.Sprintf("allow[%d] %q: %v", e.Index, e.Pattern, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// Compile turns the patterns into rules, each a list of conditions: a method, a
// path and then the fixed ones. A rule is filled in the order of the patterns, so
// that appending a pattern changes a single rule or adds one. Within a group of
// equal methods and kind (literal or regular expression), there are never more
// rules than ceil(patterns / free values). Fixed conditions that leave no room
// for a path are split, and there is a rule for each part. The error joins an
// *Error for every pattern that ServeMux or ALB would refuse.
func Compile(allow []string, fixed []alb.Condition) ([][]alb.Condition, error) {
	patterns, errs := parse(allow)
	c := compiler{fixed: fixed, open: map[group][]*draft{}}
	for _, p := range patterns {
		if err := c.add(p); err != nil {
			errs = append(errs, &Error{p.index, p.text, err})
		}
	}
	if errs != nil {
		slices.SortStableFunc(errs, func(a, b *Error) int { return a.Index - b.Index })
		all := make([]error, len(errs))
		for i, err := range errs {
			all[i] = err
		}
		return nil, errors.Join(all...)
	}
	var rules [][]alb.Condition
	for _, d := range c.drafts {
		for _, part := range d.fixed {
			rules = append(rules, append([]alb.Condition{d.methods, pathCondition(d.regex, d.paths)}, part...))
		}
	}
	return rules, nil
}

// compiler fills rules with patterns.
type compiler struct {
	fixed  []alb.Condition // that every rule has
	drafts []*draft
	open   map[group][]*draft // those with room for another value
}

// group is what the patterns of a rule share.
type group struct {
	method string
	regex  bool
}

// draft is a rule that is being filled, once for each part of the fixed
// conditions.
type draft struct {
	methods   alb.Methods
	regex     bool
	paths     []string
	wildcards int
	fixed     [][]alb.Condition
	room      int // for paths
	wild      int // how many wildcards still fit
}

// add puts the pattern into the first rule of its group that has room, or into a
// new one.
func (c *compiler) add(p pattern) error {
	value, regex := p.value()
	if err := checkPath(p, value, regex); err != nil {
		return err
	}
	_, wildcards := alb.Count(pathCondition(regex, []string{value}))
	g := group{p.method, regex}
	i := slices.IndexFunc(c.open[g], func(d *draft) bool { return d.wildcards+wildcards <= d.wild })
	if i < 0 {
		d := c.draft(p, regex, wildcards)
		if d == nil {
			return fmt.Errorf("its %d methods and one value each of Hosts and Clients leave no room for the path: ALB allows %d condition values and %d wildcards in a rule",
				len(p.methods()), alb.MaxConditionValues, alb.MaxWildcards)
		}
		c.drafts = append(c.drafts, d)
		c.open[g] = append(c.open[g], d)
		i = len(c.open[g]) - 1
	}
	d := c.open[g][i]
	d.paths = append(d.paths, value)
	d.wildcards += wildcards
	if len(d.paths) == d.room {
		c.open[g] = slices.Delete(c.open[g], i, i+1)
	}
	return nil
}

// draft returns an empty rule with room for the path of a pattern, or nil if
// there can be none.
func (c *compiler) draft(p pattern, regex bool, wildcards int) *draft {
	d := &draft{methods: p.methods(), regex: regex, wild: alb.MaxWildcards}
	most := alb.MaxConditionValues - len(d.methods)
	if d.fixed = alb.Fit(c.fixed, most-1, alb.MaxWildcards-wildcards); d.fixed == nil {
		return nil
	}
	used := 0
	for _, part := range d.fixed {
		values, wild := 0, 0
		for _, condition := range part {
			v, w := alb.Count(condition)
			values, wild = values+v, wild+w
		}
		used, d.wild = max(used, values), min(d.wild, alb.MaxWildcards-wild)
	}
	d.room = most - used
	return d
}
