package copy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A kind is a parsed type: "decimal(10,2) unsigned".
type kind struct {
	name     string
	length   []int
	values   []string // of an ENUM or a SET
	unsigned bool
}

func kindOf(c ddl.Column) kind {
	k := kind{name: c.Data}
	rest := strings.TrimPrefix(c.Type, c.Data)
	if k.name == "enum" || k.name == "set" {
		k.values = members(rest)
		return k
	}
	if list, after, ok := strings.Cut(strings.TrimPrefix(rest, "("), ")"); ok && strings.HasPrefix(rest, "(") {
		for part := range strings.SplitSeq(list, ",") {
			n, _ := strconv.Atoi(strings.TrimSpace(part))
			k.length = append(k.length, n)
		}
		rest = after
	}
	k.unsigned = strings.Contains(rest, "unsigned")
	return k
}

// members returns the values in ('a','it”s').
func members(list string) []string {
	var all []string
	for _, quoted := range quotedText.FindAllString(list, -1) {
		all = append(all, quoted[1:len(quoted)-1])
	}
	return all
}

// wideners are families of types, of which later ones hold the values of earlier
// ones.
var wideners = [][]string{
	{"tinyint", "smallint", "mediumint", "int", "bigint"},
	{"tinytext", "text", "mediumtext", "longtext"},
	{"tinyblob", "blob", "mediumblob", "longblob"},
}

// types judges a column that keeps its place.
func (j *judge) types(before, after ddl.Column) {
	name := sqltext.Quote(after.Name)
	if before.Generated != after.Generated {
		j.find(after.Name, Unknown, "%s is generated otherwise than on the original, which was not measured", name)
		return
	}
	if before.Generated == "" {
		j.null(before, after)
	}
	b, a := kindOf(before), kindOf(after)
	if j.charset(before, after, b, a) {
		return
	}
	switch {
	case b.name != a.name:
		j.otherType(before, after, b, a)
	case b.name == "enum" || b.name == "set":
		j.members(after, b, a)
	case slices.Contains(wideners[0], b.name):
		j.sign(before, after, b, a)
	case slices.Contains([]string{"char", "varchar", "binary", "varbinary"}, b.name):
		j.longer(before, after, b, a)
	case before.Type == after.Type:
	default:
		j.find(after.Name, Stops, "%s is %s and was %s: replication converts only to a wider type of the same family", name, after.Type, before.Type)
	}
}

// null judges NULLs that arrive in a column that does not allow them.
func (j *judge) null(before, after ddl.Column) {
	if before.Nullable && !after.Nullable {
		f := j.find(after.Name, Silent, "%s takes no NULL on the copy: one that arrives becomes the default, and no error says so", sqltext.Quote(after.Name))
		f.Rows = sqltext.Quote(before.Name) + " IS NULL"
	}
}

// charset judges text in another character set: the bytes arrive unchanged.
func (j *judge) charset(before, after ddl.Column, b, a kind) (done bool) {
	if before.Charset == after.Charset || before.Charset == "" || after.Charset == "" {
		return false
	}
	subset := map[string][]string{"ascii": {"latin1", "utf8", "utf8mb3", "utf8mb4"}, "utf8": {"utf8mb3", "utf8mb4"}, "utf8mb3": {"utf8", "utf8mb4"}}
	if slices.Contains(subset[before.Charset], after.Charset) {
		return false
	}
	if octets(before, b) > octets(after, a) {
		j.find(after.Name, Stops, "%s is %s and was %s: the shorter type stops replication, and its bytes would arrive as they are", sqltext.Quote(after.Name), after.Charset, before.Charset)
	} else {
		j.find(after.Name, Silent, "%s is %s and was %s: the bytes arrive as they are, and mean other characters", sqltext.Quote(after.Name), after.Charset, before.Charset)
	}
	return true
}

// octets returns the maximum number of bytes of a CHAR or VARCHAR, 0 for other
// types.
func octets(c ddl.Column, k kind) int {
	if len(k.length) == 0 || c.Charset == "" {
		return 0
	}
	width := map[string]int{"utf8mb4": 4, "utf8mb3": 3, "utf8": 3, "utf16": 4, "utf32": 4, "ucs2": 2, "utf16le": 4, "gb18030": 4, "gbk": 2, "sjis": 2, "cp932": 2, "ujis": 3, "eucjpms": 3, "euckr": 2, "gb2312": 2, "big5": 2}[c.Charset]
	return k.length[0] * max(width, 1)
}

func (j *judge) otherType(before, after ddl.Column, b, a kind) {
	name := sqltext.Quote(after.Name)
	for _, family := range wideners {
		from, to := slices.Index(family, b.name), slices.Index(family, a.name)
		if from < 0 || to < 0 {
			continue
		}
		if to < from {
			j.find(after.Name, Stops, "%s is %s and was %s, which holds more", name, after.Type, before.Type)
			return
		}
		j.find(after.Name, NonLossy, "%s is %s and was %s", name, after.Type, before.Type)
		j.sign(before, after, b, a)
		return
	}
	if b.name == "varchar" && strings.HasSuffix(a.name, "text") || b.name == "varbinary" && strings.HasSuffix(a.name, "blob") {
		if octets(before, b) > textRoom[a.name] || before.Charset == "" && b.length[0] > textRoom[a.name] {
			j.find(after.Name, Stops, "%s is %s, which holds less than %s", name, after.Type, before.Type)
		} else {
			j.find(after.Name, NonLossy, "%s is %s and was %s", name, after.Type, before.Type)
		}
		return
	}
	j.find(after.Name, Stops, "%s is %s and was %s: replication does not convert between these", name, after.Type, before.Type)
}

var textRoom = map[string]int{
	"tinytext": 1<<8 - 1, "text": 1<<16 - 1, "mediumtext": 1<<24 - 1, "longtext": 1<<32 - 1,
	"tinyblob": 1<<8 - 1, "blob": 1<<16 - 1, "mediumblob": 1<<24 - 1, "longblob": 1<<32 - 1,
}

// sign judges integers whose signedness differs: the bytes arrive unchanged. A
// wider type reads them as signed, whatever its own signedness is.
func (j *judge) sign(before, after ddl.Column, b, a kind) {
	column, name := sqltext.Quote(before.Name), sqltext.Quote(after.Name)
	limit := map[string]string{"tinyint": "127", "smallint": "32767", "mediumint": "8388607", "int": "2147483647", "bigint": "9223372036854775807"}[b.name]
	switch {
	case b.unsigned && (!a.unsigned || b.name != a.name):
		f := j.find(after.Name, Silent, "%s is %s and was %s: values over %s arrive as negative numbers, or as the largest ones, and no error says so", name, after.Type, before.Type, limit)
		f.Rows = column + " > " + limit
	case !b.unsigned && a.unsigned:
		f := j.find(after.Name, Silent, "%s is unsigned on the copy: -1 arrives as the largest number, and no error says so", name)
		f.Rows = column + " < 0"
	}
}

// members judges an ENUM or a SET, whose values arrive as numbers.
func (j *judge) members(after ddl.Column, b, a kind) {
	name := sqltext.Quote(after.Name)
	switch {
	case len(a.values) < len(b.values) || !slices.Equal(a.values[:len(b.values)], b.values):
		j.find(after.Name, Silent, "the values of %s have other places on the copy: they arrive as numbers, and become other values, and no error says so; add values at the end", name)
	case width(a) != width(b):
		j.find(after.Name, Unknown, "%s needs more bytes for a value on the copy, which was not measured", name)
	}
}

// width returns the number of bytes of a value of an ENUM or a SET.
func width(k kind) int {
	switch n := len(k.values); {
	case k.name == "set":
		return (n + 7) / 8
	case n > 255:
		return 2
	}
	return 1
}

func (j *judge) longer(before, after ddl.Column, b, a kind) {
	name := sqltext.Quote(after.Name)
	switch was, now := max(octets(before, b), b.length[0]), max(octets(after, a), a.length[0]); {
	case now < was || a.length[0] < b.length[0]:
		j.find(after.Name, Stops, "%s is %s and was %s, which holds more", name, after.Type, before.Type)
	case now > was:
		j.find(after.Name, NonLossy, "%s is %s and was %s, in at most %d bytes instead of %d", name, after.Type, before.Type, now, was)
	}
}
