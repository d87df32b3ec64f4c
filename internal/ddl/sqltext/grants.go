package sqltext

import (
	"slices"
	"strings"
)

// A Grant is a line of SHOW GRANTS.
type Grant struct {
	// Privileges are upper case, without their columns.
	Privileges []string

	// Schema is a pattern, or "*". Object is a table or routine, or "*".
	Schema, Object string

	// Routine says that Object is a routine.
	Routine bool

	// Roles are granted instead of privileges. They are quoted as the server
	// requires.
	Roles []string
}

// ParseGrant parses a line of SHOW GRANTS, and reports whether it succeeded.
func ParseGrant(line string) (Grant, bool) {
	p := &parser{words: words(line), s: Statement{SQL: line}}
	var g Grant
	if !p.take("GRANT") {
		return g, false
	}
	if first := p.peek(); first.kind != word || p.ahead(1).is("@", "TO") {
		return p.roles()
	}
	for p.err == nil && !p.sees("ON") {
		var privilege []string
		for p.err == nil && p.peek().kind == word && !p.sees("ON") {
			privilege = append(privilege, strings.ToUpper(p.peek().text))
			p.at++
		}
		if p.take("(") {
			for p.err == nil && !p.take(")") {
				if p.at >= len(p.words) {
					return g, false
				}
				p.at++
			}
		}
		if len(privilege) == 0 {
			return g, false
		}
		g.Privileges = append(g.Privileges, strings.Join(privilege, " "))
		if !p.take(",") && !p.sees("ON") {
			return g, false
		}
	}
	p.need("ON")
	g.Routine = p.takeAny("FUNCTION", "PROCEDURE", "PACKAGE")
	if g.Routine {
		p.take("BODY")
	}
	p.take("TABLE")
	if slices.Contains(g.Privileges, "PROXY") {
		g.Schema, g.Object = "*", "*"
		return g, true
	}
	part := func() string {
		if p.take("*") {
			return "*"
		}
		name, ok := p.peek().name()
		if !ok {
			p.unknown()
		}
		p.at++
		return name
	}
	g.Schema = part()
	p.need(".")
	g.Object = part()
	if p.err != nil || !p.sees("TO") {
		return g, false
	}
	for ; p.at < len(p.words); p.at++ {
		if p.sees("WITH", "GRANT", "OPTION") {
			g.Privileges = append(g.Privileges, "GRANT OPTION")
		}
	}
	return g, true
}

// roles reads `r`@`%`, ... TO.
func (p *parser) roles() (Grant, bool) {
	var g Grant
	for p.err == nil {
		name, ok := p.peek().name()
		if t := p.peek(); t.kind == quoted {
			name, ok = strings.Trim(t.text, `'"`), true
		}
		if !ok {
			return g, false
		}
		p.at++
		role := Quote(name)
		if p.take("@") {
			host, ok := p.peek().name()
			if t := p.peek(); t.kind == quoted {
				host, ok = strings.Trim(t.text, `'"`), true
			}
			if !ok {
				return g, false
			}
			p.at++
			role += "@" + Quote(host)
		}
		g.Roles = append(g.Roles, role)
		if !p.take(",") {
			break
		}
	}
	return g, p.sees("TO")
}

// MatchesSchema reports whether the schema pattern of a grant, in which _ and %
// are wildcards unless they are escaped, matches a name.
func MatchesSchema(pattern, name string) bool {
	if pattern == "" {
		return name == ""
	}
	switch c := pattern[0]; {
	case c == '%':
		for i := 0; i <= len(name); i++ {
			if MatchesSchema(pattern[1:], name[i:]) {
				return true
			}
		}
		return false
	case name == "":
		return false
	case c == '\\' && len(pattern) > 1:
		return pattern[1] == name[0] && MatchesSchema(pattern[2:], name[1:])
	default:
		return (c == '_' || c == name[0]) && MatchesSchema(pattern[1:], name[1:])
	}
}
