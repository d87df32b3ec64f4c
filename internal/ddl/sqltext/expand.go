package sqltext

import (
	"fmt"
	"strconv"
	"strings"
)

// A Dialect says which conditional comments a server executes, and whether names
// of tables are case-sensitive.
type Dialect struct {
	// MariaDB says that the server is MariaDB. Default: MySQL.
	MariaDB bool

	// Version is 80036 for 8.0.36.
	Version int

	// LowerNames says that names of schemas and tables are lower case, however a
	// statement spells them: lower_case_table_names is 1.
	LowerNames bool
}

// Fold returns the name of a schema or a table as the server stores it.
func (d Dialect) Fold(name string) string {
	if d.LowerNames {
		return strings.ToLower(name)
	}
	return name
}

// Expand returns a statement as the server reads it: without comments, and with
// the text of those conditional comments, /*!80000 ... */, that it executes.
// noren expands what it executes, so that nothing hides in a comment.
func Expand(sql string, d Dialect) (string, error) {
	if strings.ContainsRune(sql, 0) {
		return "", fmt.Errorf("the statement holds a NUL byte")
	}
	var out strings.Builder
	rows := false // whether optimizer hints are kept
	first := true
	for at := 0; at < len(sql); {
		t := nextToken(sql[at:], "")
		if t.open {
			return "", fmt.Errorf("nothing closes %s", opening(t))
		}
		at += len(t.text)
		switch {
		case t.kind == comment && strings.HasPrefix(t.text, "/*+") && rows:
			if strings.Contains(strings.ToUpper(t.text), "SET_VAR") {
				return "", fmt.Errorf("the hint SET_VAR is not for a migration: noren sets the variables of the session")
			}
			out.WriteString(t.text)
		case t.kind == comment:
			out.WriteByte(' ')
		case t.kind == conditional:
			inner := ""
			if text, executed := d.executes(t.text); executed {
				var err error
				if inner, err = Expand(text, d); err != nil {
					return "", err
				}
			}
			out.WriteString(" " + inner + " ")
		default:
			if t.kind == word && first {
				first = false
				rows = t.is("INSERT", "UPDATE", "DELETE", "REPLACE", "WITH")
			}
			out.WriteString(t.text)
		}
	}
	return strings.TrimSpace(out.String()), nil
}

// executes returns the text in a conditional comment, and whether the server
// executes it.
func (d Dialect) executes(text string) (inner string, executed bool) {
	mariaDB := strings.HasPrefix(text, "/*M!")
	inner = text[strings.IndexByte(text, '!')+1:]
	digits := 0
	for digits < len(inner) && digits < 6 && '0' <= inner[digits] && inner[digits] <= '9' {
		digits++
	}
	if digits == 6 && !d.MariaDB && (len(inner) == 6 || inner[6] > ' ') {
		digits = 5 // MySQL requires a space after six
	}
	if digits < 5 {
		digits = 0
	}
	version, _ := strconv.Atoi(inner[:digits])
	inner = strings.TrimSuffix(inner[digits:], "*/")
	switch {
	case mariaDB && !d.MariaDB:
		return "", false
	case d.MariaDB && !mariaDB && version >= 50700 && version <= 99999:
		return "", false // only MySQL executes those
	}
	return inner, version <= d.Version
}
