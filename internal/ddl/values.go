package ddl

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A change of a column's type may change values without any report by the server:
// even in strict mode it rounds and truncates some, and without strict mode all
// that do not fit. This file reports them. Its knowledge was measured on MySQL
// 9.7 and MariaDB 10.11.

// values adds remarks on the values of a table that a statement changes
// without an error.
func (p *planner) values(ctx context.Context, step *Step, before, after []Column) error {
	mode, err := variable(ctx, p.scratch.conn, "sql_mode")
	if err != nil {
		return err
	}
	strict := strings.Contains(mode, "STRICT_")
	for _, now := range after {
		was, there := origin(step.parsed, now, before)
		if !there || was.Generated != "" || now.Generated != "" {
			continue
		}
		name := sqltext.Quote(now.Name)
		if why := silently(was, now); why != "" {
			step.note("values of %s may change without an error, from %s to %s: %s", name, was.Type, now.Type, why)
		}
		if !strict && narrower(was, now) {
			step.problem("values of %s that do not fit %s are cut or replaced without an error, since the session's sql_mode is not strict: SET sql_mode = 'STRICT_ALL_TABLES' before it, and the server refuses them", name, strings.TrimSpace(now.Type+" "+now.Charset))
		}
	}
	return nil
}

// origin returns the column, before a statement, from which a column has its
// values, and whether there is one.
func origin(st sqltext.Statement, now Column, before []Column) (was Column, there bool) {
	name := now.Name
	if i := slices.IndexFunc(st.RenamedColumns, func(r sqltext.ColumnRename) bool { return strings.EqualFold(r.To, name) }); i >= 0 {
		name = st.RenamedColumns[i].From
	} else if st.TakesName(name) {
		return Column{}, false
	}
	i := slices.IndexFunc(before, func(c Column) bool { return strings.EqualFold(c.Name, name) })
	if i < 0 {
		return Column{}, false
	}
	return before[i], true
}

// familyOf returns the kind of values that a column's type holds.
func familyOf(c Column) string {
	switch c.Data {
	case "tinyint", "smallint", "mediumint", "int", "bigint":
		return "integer"
	case "float", "double":
		return "float"
	case "char", "varchar", "tinytext", "text", "mediumtext", "longtext":
		return "text"
	case "datetime", "timestamp":
		return "moment"
	case "enum", "set":
		return "list"
	}
	return c.Data
}

// silently returns what happens to values without an error, even in strict mode,
// or "" if nothing does.
func silently(was, now Column) string {
	from, to := familyOf(was), familyOf(now)
	timed := []string{"moment", "time"}
	switch {
	case was.Type == now.Type:
		return ""
	case from == "moment" && to == "date":
		return "the time of day is lost"
	case to == "time" && (from == "moment" || from == "date"):
		return "the date is lost"
	case from == "time" && (to == "moment" || to == "date"):
		return "the date is that of the day on which it is executed"
	case slices.Contains(timed, from) && slices.Contains(timed, to) && argument(was, 0) > argument(now, 0):
		return "fractions of seconds are lost"
	case from == "moment" && to == "moment" && was.Data != now.Data:
		return "they are converted by the time_zone of the session"
	case from == "text" && (to == "date" || to == "time"):
		return "what else they say is lost"
	case to == "integer" && (from == "float" || from == "text" || from == "decimal" && argument(was, 1) > 0),
		to == "decimal" && (from == "float" || from == "text" || from == "decimal" && argument(was, 1) > argument(now, 1)):
		return "they are rounded"
	case to == "float" && (from == "decimal" || was.Data == "bigint" || was.Data == "double" || now.Data == "float" && from == "integer" && was.Data != "tinyint" && was.Data != "smallint"):
		return "digits are lost"
	case now.Data == "char" && from == "text" && was.Data != "char":
		return "spaces at the end are lost"
	case was.Data == "float" && now.Data == "double":
		return "they get digits that they did not have"
	case from == "float" && to == "float" && scaled(now) && (!scaled(was) || argument(was, 1) > argument(now, 1)):
		return "they are rounded"
	case was.Data == "float" && to == "text":
		return "digits are lost"
	case now.Data == "binary" && (from == "text" || was.Data == "varbinary" || was.Data == "binary" && argument(was, 0) < argument(now, 0)):
		return "they are filled with zero bytes"
	case from == "list" && slices.Contains([]string{"integer", "decimal", "float"}, to):
		return "they become positions in the list"
	case from == "text" && to == "list":
		return "they take the spelling of the list"
	case !keeps(from, to) || was.Data == "enum" && now.Data == "set" || now.Data == "timestamp" && from != "moment":
		return "they are converted to another kind of value"
	}
	return ""
}

// keeps reports whether values of one family stay what they are in another, if
// they fit there.
func keeps(from, to string) bool {
	switch {
	case from == to:
		return true
	case to == "text":
		return from != "bit"
	case from == "integer" || from == "year":
		return to == "decimal" || to == "float" || to == "integer"
	case from == "date":
		return to == "moment"
	}
	bytes := []string{"text", "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
	return slices.Contains(bytes, from) && slices.Contains(bytes, to)
}

// scaled reports whether a FLOAT or DOUBLE has a number of decimal places.
func scaled(c Column) bool { return strings.Contains(c.Type, ",") }

// narrower reports whether the old column can hold values that the new one
// cannot.
func narrower(was, now Column) bool {
	switch {
	case was.Data != now.Data:
	case slices.Contains([]string{"datetime", "timestamp", "time"}, was.Data):
		return was.Nullable && !now.Nullable || argument(was, 0) > argument(now, 0)
	case was.Data == "decimal":
		return was.Nullable && !now.Nullable || strings.Contains(now.Type, "unsigned") && !strings.Contains(was.Type, "unsigned") || argument(was, 1) > argument(now, 1) || argument(was, 0)-argument(was, 1) > argument(now, 0)-argument(now, 1)
	}
	fits := slices.Contains([]string{"", was.Charset, "utf8mb4"}, now.Charset) || was.Charset == "ascii"
	return was.Nullable && !now.Nullable || was.Type != now.Type && !wider(was.Type, now.Type) || was.Charset != "" && !fits
}

// argument returns the argument at index i in the parentheses of a type, as a
// number, or 0 if there is none.
func argument(c Column, i int) int {
	_, list, _ := strings.Cut(c.Type, "(")
	list, _, _ = strings.Cut(list, ")")
	parts := strings.Split(list, ",")
	if i >= len(parts) {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(parts[i])) // 0 if it is not a number
	return n
}
