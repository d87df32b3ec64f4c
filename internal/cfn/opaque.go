package cfn

import (
	"iter"
	"strings"
)

// A text may contain parts that are known only after a deploy:
//
//	{{resolve:secretsmanager:...}}  a CloudFormation dynamic reference
//	{{ref:Name}}                    an intrinsic function that cannot be resolved here
//	{{secret:Name}}                 the same, of a parameter that must not be shown
//	${Token[...]}                   the same, before CDK writes the template
//
// Such a part may be any text. It is never printed as a value: [Display] shows
// its name.
const (
	openResolve = "{{resolve:"
	openRef     = "{{ref:"
	openSecret  = "{{secret:"
	openToken   = "${Token["
)

// Opaque returns a part of a text that is known only after a deploy; name says
// what it is, such as a parameter.
func Opaque(name string) string { return openRef + plain.Replace(name) + "}}" }

// OpaqueSecret returns a part of a text that is a secret; name is its name.
func OpaqueSecret(name string) string { return openSecret + plain.Replace(name) + "}}" }

// Import returns the text of the import of an export.
func Import(export string) string { return Opaque("import " + Display(export)) }

// plain keeps braces out of names, so that a part ends where it should.
var plain = strings.NewReplacer("${", "", "{", "", "}", "")

// IsOpaque reports whether part of value is known only after a deploy.
func IsOpaque(value string) bool {
	start, _ := nextOpaque(value)
	return start >= 0
}

// nextOpaque returns where the first opaque part of s starts and ends, or -1.
func nextOpaque(s string) (start, end int) {
	for i := strings.IndexAny(s, "{$"); i >= 0 && i < len(s); i++ {
		rest := s[i:]
		switch {
		case strings.HasPrefix(rest, openResolve), strings.HasPrefix(rest, openRef), strings.HasPrefix(rest, openSecret):
			return i, i + braces(rest)
		case strings.HasPrefix(rest, openToken):
			if end := strings.Index(rest, "]}"); end >= 0 {
				return i, i + end + len("]}")
			}
			return i, len(s)
		}
	}
	return -1, -1
}

// braces returns the length of the {{...}} that s starts with, including nested
// ones. An unclosed one extends to the end of s.
func braces(s string) int {
	depth := 0
	for i := 0; i+1 < len(s); i++ {
		switch s[i : i+2] {
		case "{{":
			depth++
			i++
		case "}}":
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// Parts returns the parts of s in order, and whether each is opaque. Literal
// parts may be empty.
func Parts(s string) iter.Seq2[string, bool] {
	return func(yield func(string, bool) bool) {
		for {
			start, end := nextOpaque(s)
			if start < 0 {
				yield(s, false)
				return
			}
			if !yield(s[:start], false) || !yield(s[start:end], true) {
				return
			}
			s = s[end:]
		}
	}
}

// Replace returns s with its opaque parts replaced.
func Replace(s string, part func(string) string) string {
	if !IsOpaque(s) {
		return s
	}
	var b strings.Builder
	for text, opaque := range Parts(s) {
		if opaque {
			text = part(text)
		}
		b.WriteString(text)
	}
	return b.String()
}

// IsSecret reports whether part of s is a secret.
func IsSecret(s string) bool {
	for _, open := range []string{openSecret, openResolve + "secretsmanager:", openResolve + "ssm-secure:"} {
		if strings.Contains(s, open) {
			return true
		}
	}
	return false
}

// Display returns value for display: a secret as <secret NAME>, other parts known
// only after a deploy as ${NAME}.
func Display(value string) string { return Replace(value, displayOpaque) }

func displayOpaque(part string) string {
	if name, ok := strings.CutPrefix(part, openRef); ok {
		return "${" + strings.TrimSuffix(name, "}}") + "}"
	}
	if name, ok := strings.CutPrefix(part, openSecret); ok {
		return "<secret " + strings.TrimSuffix(name, "}}") + ">"
	}
	reference, ok := strings.CutPrefix(part, openResolve)
	if !ok {
		return "${Token}"
	}
	service, id, _ := strings.Cut(strings.TrimSuffix(reference, "}}"), ":")
	id, _, _ = strings.Cut(id, ":SecretString")
	id = plain.Replace(Display(id))
	if IsSecret(part) {
		return "<secret " + id + ">"
	}
	return "${" + service + ":" + id + "}"
}
