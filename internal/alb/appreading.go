package alb

import (
	"fmt"
	"slices"
	"strings"
)

// appReading returns a path as some application may read it, and the habits of
// applications that lead to this reading. It is empty if the path has only one
// reading.
//
// Some applications decode a path again, treat a backslash as a slash, drop what
// follows a ; in a segment, merge slashes, and then resolve dots. So a rule that
// allows a subtree may let more through than it says.
func appReading(raw string) (path string, habits []string) {
	note := func(habit string) { habits = append(habits, habit) }
	lowered := strings.ToLower(raw)
	path = raw
	if strings.Contains(lowered, "%25") {
		note("decoding it twice")
		path = decodeOnce(path)
	}
	if strings.Contains(lowered, "%2f") || strings.Contains(lowered, "%252f") {
		note("taking an encoded slash for a slash")
	}
	path = decodeOnce(path)
	if strings.Contains(path, `\`) {
		note("taking a backslash for a slash")
		path = strings.ReplaceAll(path, `\`, "/")
	}
	if strings.Contains(path, ";") {
		note("dropping what follows a ;")
		segments := strings.Split(path, "/")
		for i, segment := range segments {
			segments[i], _, _ = strings.Cut(segment, ";")
		}
		path = strings.Join(segments, "/")
	}
	if strings.Contains(path, "//") {
		note("merging slashes")
		path = mergeSlashes(path)
	}
	if len(habits) == 0 {
		return "", nil
	}
	if resolved, ok := resolveDots(path); ok {
		path = resolved
	} else {
		path = "/" // above the root; some applications clamp it
	}
	return path, habits
}

// Notes returns sentences, without full stops, about what the application may
// make of the path where the deciding rule has a subtree or a wildcard.
func (e Explanation) Notes(r *Request) []string {
	if e.Rule == nil || !slices.ContainsFunc(e.Rule.Conditions, func(c Condition) bool {
		return c.field() == pathField && slices.ContainsFunc(c.values(), func(v Value) bool { return v.Wildcards > 0 || v.Regex })
	}) {
		return nil
	}
	raw, _, _ := strings.Cut(r.Target, "?")
	path, habits := appReading(raw)
	if len(habits) == 0 || path == raw {
		return nil
	}
	return []string{fmt.Sprintf("note: the application may read this path as %s, %s", path, strings.Join(habits, " and "))}
}

// checkSubtree warns about a subtree that lets writes through: it allows whatever
// is below it, and whatever an application reads as being elsewhere.
func (c *checker) checkSubtree(r Rule) {
	writes := slices.DeleteFunc(r.Methods(), func(m string) bool {
		return m == "GET" || m == "HEAD" || m == "OPTIONS"
	})
	if _, forwards := r.Final().(Forward); !forwards || len(writes) == 0 {
		return
	}
	for i, condition := range r.Conditions {
		for _, v := range condition.values() {
			if front, ok := strings.CutSuffix(v.Text, "/*"); ok && front != "" && condition.field() == pathField && !v.Regex {
				c.property = fmt.Sprintf("Conditions[%d]", i)
				c.warnf(v.Text, "the paths themselves", "path pattern %q lets %s through to all below it, and to what an application reads as elsewhere, such as %s/..;/: name the paths",
					v.Text, strings.Join(writes, " and "), front)
			}
		}
	}
}
