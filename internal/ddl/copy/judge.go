package copy

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// Verdict is what replication does with a change that only the copy has.
type Verdict string

// The verdicts. If one column stops replication, no row of the table arrives, so
// Stops outweighs what would happen to the other columns.
const (
	// Survives: the rows arrive unchanged.
	Survives Verdict = "survives"

	// NonLossy: the rows arrive if the copy's type conversions include
	// ALL_NON_LOSSY, otherwise replication stops.
	NonLossy Verdict = "with ALL_NON_LOSSY"

	// Stops: the first row that arrives stops replication.
	Stops Verdict = "stops"

	// Unknown: it has not been measured.
	Unknown Verdict = "unknown"

	// Silent: replication goes on, and the copy gets other data.
	Silent Verdict = "silently wrong"
)

var worse = []Verdict{Survives, NonLossy, Silent, Unknown, Stops}

// A Finding is what replication does with one part of a change.
type Finding struct {
	Table   string  `json:"table"`
	Column  string  `json:"column,omitempty"`
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason"`

	// Rows is a condition, unless it is empty: the verdict applies to tables that
	// have such rows. Without such rows, the change survives.
	Rows string `json:"rows,omitempty"`
}

// Refused reports whether the change must not be made on a copy whose type
// conversions are ALL_NON_LOSSY.
func (f Finding) Refused() bool { return f.Verdict != Survives && f.Verdict != NonLossy }

// Worst returns the worst of the verdicts, or Survives if there are none.
func Worst(findings []Finding) Verdict {
	worst := Survives
	for _, f := range findings {
		if slices.Index(worse, f.Verdict) > slices.Index(worse, worst) {
			worst = f.Verdict
		}
	}
	return worst
}

// Judge says what row-based replication does with a table that is changed only on
// the copy. It allows only what was measured; anything else is Unknown.
func Judge(server ddl.Server, c ddl.TableChange) []Finding {
	j := &judge{table: c.Name}
	for _, statement := range c.Statements {
		j.find("", Stops, "rows that the copy no longer has, or has under another name, stop replication as soon as the original changes one: %s", statement)
	}
	if len(c.Before) == 0 {
		return j.findings // a new table: nothing arrives
	}
	if len(c.After) == 0 {
		j.find("", Stops, "the copy does not have the table any more")
		return j.findings
	}
	j.columns(c)
	for _, key := range without(c.WritesBefore, c.WritesAfter) {
		j.find("", Silent, "the copy no longer has the foreign key %s: what it deletes or changes on the original is not in the binary log, so that the copy keeps those rows, and no error says so", key)
	}
	for _, key := range without(c.WritesAfter, c.WritesBefore) {
		j.find("", Silent, "only the copy has the foreign key %s: it deletes or changes rows there that the original keeps, and no error says so", key)
	}
	if server.Flavor == "MariaDB" {
		for _, name := range c.KeyAfter {
			if c.Origins[name] == "" {
				j.find(name, Stops, "the primary key of the copy has %s, which the original does not have: MariaDB finds no row by it", sqltext.Quote(name))
			}
		}
	}
	return j.findings
}

// without returns the values of all that others lacks, with their multiplicity.
func without(all, others []string) []string {
	others = slices.Clone(others)
	var left []string
	for _, one := range all {
		if i := slices.Index(others, one); i >= 0 {
			others = slices.Delete(others, i, i+1)
		} else {
			left = append(left, one)
		}
	}
	return left
}

type judge struct {
	table    string
	findings []Finding
}

func (j *judge) find(column string, v Verdict, format string, args ...any) *Finding {
	j.findings = append(j.findings, Finding{Table: j.table, Column: column, Verdict: v, Reason: fmt.Sprintf(format, args...)})
	return &j.findings[len(j.findings)-1]
}

// columns compares column by column, in the order in which values arrive.
func (j *judge) columns(c ddl.TableChange) {
	var shifted *Finding
	for i, before := range c.Before {
		if i >= len(c.After) { // dropped, or what has moved into another's place
			continue
		}
		after := c.After[i]
		if strings.EqualFold(c.Origins[after.Name], before.Name) {
			j.types(before, after)
			continue
		}
		// From here on, every column may be in another's place; report what
		// decides.
		v, how := Stops, "whose types differ, so that replication stops"
		if j.fits(before, after) {
			v, how = Silent, "and no error says so"
		}
		if shifted == nil {
			shifted = j.find(after.Name, v, "")
		} else if v != Stops || shifted.Verdict == Stops {
			continue
		}
		shifted.Column, shifted.Verdict = after.Name, v
		shifted.Reason = fmt.Sprintf("column %d is %s on the original and %s on the copy: rows arrive by position, so that values of %s go into %s, %s", i+1,
			sqltext.Quote(before.Name), sqltext.Quote(after.Name), sqltext.Quote(before.Name), sqltext.Quote(after.Name), how)
	}
	for _, after := range c.After[min(len(c.Before), len(c.After)):] {
		j.added(after, c.Origins[after.Name])
	}
}

// fits reports whether a column accepts the values of another without an error.
func (j *judge) fits(before, after ddl.Column) bool {
	before.Generated, after.Generated = "", ""
	probe := &judge{}
	probe.types(before, after)
	worst := Worst(probe.findings)
	return worst == Survives || worst == NonLossy || worst == Silent
}

var quotedText = regexp.MustCompile(`'(?:[^'\\]|''|\\.)*'`)

// calculated reports whether a default is an expression over other columns.
func calculated(c ddl.Column) bool {
	return strings.Contains(quotedText.ReplaceAllString(strings.ReplaceAll(c.Default, `\'`, "'"), ""), "`")
}

// added judges an additional column at the end, for which no value arrives.
func (j *judge) added(after ddl.Column, origin string) {
	name := sqltext.Quote(after.Name)
	switch {
	case origin != "":
		// Its former place was found to be another column's.
	case calculated(after):
		j.find(after.Name, Silent, "the default of %s, %s, is calculated from other columns, which does not happen for rows that arrive: they get something else", name, after.Default)
	case after.OnUpdate:
		j.find(after.Name, Silent, "%s is set ON UPDATE, which does not happen for rows that arrive: the time stays that of the insert", name)
	}
}

// Ask asks the original whether it has rows that a finding depends on. Without
// such rows the change survives, as long as none are added: Compare would find
// what happened to them.
func Ask(ctx context.Context, original *ddl.Database, findings []Finding) ([]Finding, error) {
	findings = slices.Clone(findings)
	for i, f := range findings {
		if f.Rows == "" {
			continue
		}
		table := sqltext.Table{Schema: original.Schema, Name: f.Table}
		row, err := oneRow(ctx, original.Pool(), "SELECT 1 FROM "+table.String()+" WHERE "+f.Rows+" LIMIT 1")
		if err != nil {
			return nil, fmt.Errorf("looking for rows of %s with %s: %w", table, f.Rows, err)
		}
		if row == nil {
			findings[i].Verdict = Survives
			findings[i].Reason += "; there is no row with " + f.Rows + " now: keep it so until the switch, compare looks again"
		} else {
			findings[i].Reason += "; there are rows with " + f.Rows
		}
	}
	return findings, nil
}
