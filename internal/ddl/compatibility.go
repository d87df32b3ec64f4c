package ddl

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// Change is a statement's effect on the version of the application that runs
// before it.
type Change string

// Expand adds something that this version does not know and need not know;
// Contract removes or forbids something that it may use; Neither changes nothing
// that it sees.
const (
	Expand   Change = "expand"
	Contract Change = "contract"
	Neither  Change = "neither"
)

// A compatibility is a change, with what the earlier version runs into.
type compatibility struct {
	expands, contracts bool
	meets              []string
}

func (c *compatibility) expand(format string, args ...any) {
	c.expands = true
	c.meets = append(c.meets, fmt.Sprintf(format, args...))
}

func (c *compatibility) contract(format string, args ...any) {
	c.contracts = true
	c.meets = append(c.meets, fmt.Sprintf(format, args...))
}

func (c *compatibility) change() Change {
	switch {
	case c.contracts:
		return Contract
	case c.expands:
		return Expand
	}
	return Neither
}

// compare judges a statement on tables by its result on the server: the columns
// and the definition before and after.
func compare(st sqltext.Statement, a answer, before, after []Column) *compatibility {
	c := &compatibility{}
	if len(st.Loses) > 0 && st.Kind != sqltext.AlterTable {
		c.contract("rows are lost: %s", strings.Join(st.Loses, ", "))
	}
	for _, loss := range st.Loses {
		if st.Kind == sqltext.AlterTable && !strings.HasPrefix(loss, "DROP COLUMN") {
			c.contract("rows are lost: %s", loss)
		}
	}
	switch {
	case st.Kind == sqltext.CreateTable && !c.contracts:
		c.expand("it does not know the table")
		return c
	case st.Kind == sqltext.RenameTable || st.Kind == sqltext.AlterTable && len(st.Changed()) > 1 && !st.Exchanges:
		c.contract("the table has another name, and every statement on the old one fails")
		return c
	case st.Kind != sqltext.AlterTable && st.Kind != sqltext.CreateIndex && st.Kind != sqltext.DropIndex:
		return c
	}
	added := c.columns(st, before, after)
	for name := range a.before {
		c.constraints(lines(a.before[name]), lines(a.after[name]), added)
	}
	return c
}

// columns compares the columns, and returns the new ones.
func (c *compatibility) columns(st sqltext.Statement, before, after []Column) (added []Column) {
	find := func(all []Column, name string) int {
		return slices.IndexFunc(all, func(c Column) bool { return strings.EqualFold(c.Name, name) })
	}
	last, moved := -1, false
	for _, b := range before {
		name := sqltext.Quote(b.Name)
		i := find(after, b.Name)
		if i < 0 {
			c.contract("its statements that name %s fail", name)
			continue
		}
		if st.TakesName(b.Name) {
			c.contract("%s is another column, without the values that it knows", name)
			continue
		}
		moved, last = moved || i < last, i
		if after[i].hidden && !b.hidden {
			c.contract("SELECT * no longer has %s", name)
		}
		if b.hidden && !after[i].hidden {
			c.expand("SELECT * has %s, too, and an INSERT without a list of columns fails", name)
		}
		switch now := after[i]; {
		case b.Nullable && !now.Nullable:
			c.contract("an INSERT without %s, or with NULL, fails", name)
		case b.Type != now.Type && wider(b.Type, now.Type):
			c.expand("it may read values of %s that %s does not hold, once a newer version writes them", name, b.Type)
		case b.Type != now.Type || b.rest() != now.rest():
			c.contract("%s is %s and was %s: it may write values that no longer fit, and compare others", name, strings.TrimSpace(now.Type+" "+now.rest()), strings.TrimSpace(b.Type+" "+b.rest()))
		case !b.Nullable && now.Nullable:
			c.expand("it may read NULL in %s, once a newer version writes it", name)
		case b.filled && !now.filled:
			c.contract("an INSERT without %s fails", name)
		case b.Default != now.Default || b.null != now.null || b.OnUpdate != now.OnUpdate:
			c.contract("where it does not name %s the value is another than it was", name)
		}
	}
	if moved {
		c.contract("an INSERT without a list of columns writes into others, since their order changes")
	}
	shown := false
	for _, now := range after {
		if find(before, now.Name) >= 0 {
			continue
		}
		added = append(added, now)
		name := sqltext.Quote(now.Name)
		if now.filled {
			c.expand("an INSERT that does not name %s goes on", name)
		} else {
			c.contract("an INSERT without %s fails, since it is NOT NULL and has no default", name)
		}
		shown = shown || !now.hidden
	}
	if shown {
		c.meets = append(c.meets, "SELECT * has one column more, and an INSERT without a list of columns fails")
	}
	return added
}

// constraints compares the lines of definitions that describe keys.
func (c *compatibility) constraints(before, after []string, added []Column) {
	in := func(all []string, line string) bool {
		return slices.ContainsFunc(all, func(other string) bool { return unnamed(other) == unnamed(line) })
	}
	for _, line := range after {
		if restricts(line) && !in(before, line) && !spares(line, added) {
			c.contract("its writes fail that break %s", line)
		}
		if check := columnCheck(line); check != "" && !slices.ContainsFunc(before, func(b string) bool { return columnCheck(b) == check }) {
			c.contract("its writes fail that break %s", line)
		}
	}
	for _, line := range before {
		if !restricts(line) || in(after, line) || c.contracts {
			continue
		}
		switch {
		case strings.HasPrefix(line, "UNIQUE KEY "), strings.HasPrefix(line, "PRIMARY KEY "):
			c.contract("its INSERT ... ON DUPLICATE KEY UPDATE, INSERT IGNORE and REPLACE add rows where %s found one", line)
		case cascading.MatchString(line):
			c.contract("what it deletes or updates of the parent stays in the rows that %s changed, too", line)
		default:
			c.expand("it may meet rows that %s kept out", line)
		}
	}
}

// cascading matches a foreign key that writes rows when its parent is written.
var cascading = regexp.MustCompile(` ON (DELETE|UPDATE) (CASCADE|SET NULL|SET DEFAULT)`)

// unnamed returns a line of a definition without the name of the key or
// constraint, which no statement on rows uses.
func unnamed(line string) string {
	return named.ReplaceAllString(line, "$1 ")
}

var named = regexp.MustCompile("^(UNIQUE KEY|CONSTRAINT) `(?:[^`]|``)+` ")

// restricts reports whether a line of a definition can reject rows.
func restricts(line string) bool {
	return strings.HasPrefix(line, "UNIQUE KEY ") || strings.HasPrefix(line, "PRIMARY KEY ") || strings.HasPrefix(line, "CONSTRAINT ") || strings.HasPrefix(line, "CHECK ")
}

// spares reports whether a key or a foreign key certainly rejects no row from an
// INSERT that does not name the new columns: it includes new columns, one of
// which is then NULL.
func spares(line string, added []Column) bool {
	_, list, ok := strings.Cut(line, "(")
	list, _, _ = strings.Cut(list, ")")
	if !ok || strings.HasPrefix(line, "PRIMARY") || strings.Contains(line, "CHECK") {
		return false
	}
	null := false
	for part := range strings.SplitSeq(list, ",") {
		name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(part), "`"), "`")
		i := slices.IndexFunc(added, func(c Column) bool { return c.Name == name })
		if i < 0 {
			return false
		}
		null = null || added[i].null
	}
	return null
}

// columnCheck returns the column and the check in the line of a column, as
// MariaDB prints it; "" if it has none. The check of a JSON column is part of its
// type.
func columnCheck(line string) string {
	column, check, ok := strings.Cut(line, " CHECK (")
	if !ok || !strings.HasPrefix(line, "`") {
		return ""
	}
	name, _, _ := strings.Cut(column, " ")
	if check == "json_valid("+name+"))" {
		return ""
	}
	return name + check
}

// families are lists of types, each of which holds all values of those before it.
var families = [][]string{
	{"tinyint", "smallint", "mediumint", "int", "bigint"},
	{"tinytext", "text", "mediumtext", "longtext"},
	{"tinyblob", "blob", "mediumblob", "longblob"},
	{"varchar", "text", "mediumtext", "longtext"},
}

// wider reports whether a type holds all values of another type of its family.
func wider(before, after string) bool {
	nameOf := func(kind string) (name, length, rest string) {
		name, rest, found := strings.Cut(kind, "(")
		if !found {
			name, rest, _ = strings.Cut(kind, " ")
			return name, "", strings.TrimSpace(rest)
		}
		i := strings.LastIndex(rest, ")")
		return name, rest[:i], strings.TrimSpace(rest[i+1:])
	}
	b, bl, br := nameOf(before)
	a, al, ar := nameOf(after)
	if br != ar { // one is unsigned
		return false
	}
	if b == a {
		switch b {
		case "enum", "set":
			return strings.HasPrefix(al, bl+",")
		case "char", "varchar", "binary", "varbinary":
			return len(bl) < len(al) || len(bl) == len(al) && bl <= al
		}
		return strings.HasSuffix(b, "int") // for integers, the length is a display width
	}
	return slices.ContainsFunc(families, func(f []string) bool {
		i, j := slices.Index(f, b), slices.Index(f, a)
		return i >= 0 && i < j
	})
}

// lines returns the lines of a definition.
func lines(definition string) []string {
	var all []string
	for line := range strings.Lines(settled(definition)) {
		all = append(all, strings.TrimSuffix(strings.TrimSpace(line), ","))
	}
	return all
}

// programs judges a statement on a view, a trigger or a routine.
func (p *planner) programs(st sqltext.Statement) *compatibility {
	c := &compatibility{}
	o := st.Object
	there := slices.ContainsFunc(p.known, func(d *dependent) bool { return d.Type == o.Type && d.Table == p.scratch.home(o.Table) })
	switch {
	case o.Verb == "DROP":
		c.contract("what uses the %s fails", o)
	case o.Type == "TRIGGER":
		c.contract("what it writes to %s fires the trigger", o.On)
	case o.Type == "EVENT":
	case o.Verb == "ALTER" || there || st.Replaces:
		c.contract("the %s does something else", o)
	default:
		c.expand("it does not know the %s", o)
	}
	return c
}

// weigh records the judgement of a statement, and refuses it if the policy does.
func (p *planner) weigh(step *Step, c *compatibility) {
	step.Change, step.VersionBefore = c.change(), c.meets
	if p.options.Policy == Additive && step.Change != Expand {
		why := strings.Join(c.meets, "; ")
		if why == "" {
			why = string(step.Kind)
		}
		step.problem("a release without a stop may only expand, and this is %s: %s", step.Change, why)
	}
}
