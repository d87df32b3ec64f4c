package diff

import (
	"path"
	"slices"
	"strings"
)

// statement is a statement of a policy, with its values formatted for display.
type statement struct {
	sid, effect                                                             string
	principals, notPrincipals, actions, notActions, resources, notResources []string
	condition                                                               string // as JSON; "" if there is none
	when                                                                    string // the condition of the template under which it exists
	other                                                                   string // any other elements, and unreadable ones
}

func readStatement(object map[string]any, when string) statement {
	s := statement{when: when}
	rest := map[string]any{}
	for key, value := range object {
		switch key {
		case "Sid":
			s.sid = show(value)
		case "Effect":
			s.effect = show(value)
		case "Principal":
			s.principals = principalsOf(value)
		case "NotPrincipal":
			s.notPrincipals = principalsOf(value)
		case "Action":
			s.actions = listOf(value)
		case "NotAction":
			s.notActions = listOf(value)
		case "Resource":
			s.resources = listOf(value)
		case "NotResource":
			s.notResources = listOf(value)
		case "Condition":
			s.condition = readably(value)
		default:
			rest[key] = value
		}
	}
	if len(rest) > 0 || s.effect == "" {
		s.other = readably(rest)
	}
	return s
}

// callers returns the statement that a permission of a Lambda function adds to
// the function's policy.
func callers(properties map[string]any) statement {
	s := statement{effect: "Allow"}
	rest := map[string]any{}
	for key, value := range properties {
		switch key {
		case "Principal":
			s.principals = listOf(value)
			if strings.HasSuffix(s.principals[0], ".amazonaws.com") {
				s.principals[0] = "Service " + s.principals[0]
			}
		case "Action":
			s.actions = listOf(value)
		case "FunctionName":
			s.resources = listOf(value)
		default:
			rest[key] = value
		}
	}
	if len(rest) > 0 {
		s.condition = readably(rest)
	}
	return s
}

// listOf returns the values of an element that may be a single value or a list,
// sorted.
func listOf(value any) []string {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	texts := make([]string, len(list))
	for i, entry := range list {
		texts[i] = readably(entry)
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// principalsOf returns the principals of an element, each with its kind.
func principalsOf(value any) []string {
	kinds, ok := value.(map[string]any)
	if !ok || isReference(kinds) {
		return listOf(value)
	}
	var all []string
	for _, kind := range sortedIDs(kinds) {
		for _, name := range listOf(kinds[kind]) {
			all = append(all, kind+" "+name)
		}
	}
	return all
}

// readably returns a value on one line, with references in it shown by what they
// name.
func readably(value any) string {
	switch v := value.(type) {
	case map[string]any:
		if text, ok := showReference(v); ok {
			if _, joined := v["Fn::Join"]; joined || strings.Contains(text, "${") {
				return text
			}
			return "${" + text + "}"
		}
	case string:
		return v
	}
	return exactly(short(value))
}

// short returns a value in which references are texts.
func short(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if _, ok := showReference(v); ok {
			return readably(v)
		}
		object := map[string]any{}
		for key, inner := range v {
			object[key] = short(inner)
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i, inner := range v {
			list[i] = short(inner)
		}
		return list
	}
	return value
}

func (s statement) String() string {
	var b strings.Builder
	add := func(before string, values []string) {
		if len(values) > 0 {
			b.WriteString(before + strings.Join(values, ", "))
		}
	}
	b.WriteString(s.effect)
	add(" ", s.principals)
	add(" everyone but ", s.notPrincipals)
	if s.principals != nil || s.notPrincipals != nil {
		b.WriteString(":")
	}
	add(" ", s.actions)
	add(" everything but ", s.notActions)
	add(" on ", s.resources)
	add(" on everything but ", s.notResources)
	if s.condition != "" {
		b.WriteString(" if " + s.condition)
	}
	if s.other != "" {
		b.WriteString(" " + s.other)
	}
	if s.when != "" {
		b.WriteString(" (when " + s.when + ")")
	}
	if s.sid != "" {
		b.WriteString(" [" + s.sid + "]")
	}
	return strings.TrimSpace(b.String())
}

// covers reports whether a statement certainly matches everything that another
// does.
func (s statement) covers(other statement) bool {
	return (s.when == "" || s.when == other.when) && s.other == other.other && (s.condition == "" || s.condition == other.condition) &&
		slices.Equal(s.notPrincipals, other.notPrincipals) && slices.Equal(s.notActions, other.notActions) && slices.Equal(s.notResources, other.notResources) &&
		coversAll(s.principals, other.principals) && coversAll(s.actions, other.actions) && coversAll(s.resources, other.resources)
}

// coversAll reports whether every value is matched by some pattern.
func coversAll(patterns, values []string) bool {
	if len(patterns) == 0 || len(values) == 0 {
		return len(patterns) == len(values)
	}
	for _, value := range values {
		if !slices.ContainsFunc(patterns, func(pattern string) bool { return pattern == value || matchesAll(pattern, value) }) {
			return false
		}
	}
	return true
}

// matchesAll reports whether a pattern, in which * is any text, matches a value.
func matchesAll(pattern, value string) bool {
	if pattern == "AWS *" || pattern == "*" {
		return true
	}
	pattern = strings.NewReplacer(`\`, `\\`, "[", `\[`, "/", "\x00").Replace(pattern)
	ok, err := path.Match(pattern, strings.ReplaceAll(value, "/", "\x00"))
	return err == nil && ok
}

func joinName(name, key string) string {
	if name == "" {
		return key
	}
	return name + "." + key
}
