package ddl

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// Writes says whether the application's writes go on during the change.
type Writes string

// Live means that everybody writes; Stopped means maintenance.
const (
	Live    Writes = "live"
	Stopped Writes = "stopped"
)

// Policy is what a migration may do beyond not disturbing anyone.
type Policy string

// Any allows everything. Additive allows what a release without any stop may
// do: expand, by what the version before can ignore.
const (
	Any      Policy = "any"
	Additive Policy = "additive"
)

// A Step is a statement with its verdict.
type Step struct {
	// Number counts the statements of the file from 1; Line is its line.
	Number int `json:"number"`
	Line   int `json:"line"`

	// SQL is the statement as the file has it.
	SQL  string `json:"sql"`
	Kind Kind   `json:"kind"`

	// Tables are the tables that it changes.
	Tables []string `json:"tables,omitempty"`

	// Rung is how it is to be executed; zero where there is no choice.
	Rung

	// Rebuild is whether the table is rewritten.
	Rebuild bool `json:"rebuild"`

	// Refusals are the better ways that the server refused.
	Refusals []Refusal `json:"refusals,omitempty"`

	// Reads and Writes say whether these go on meanwhile, except for short locks.
	Reads  bool `json:"reads"`
	Writes bool `json:"writes"`

	// Portions says that rows are changed in portions of the primary key.
	Portions bool `json:"portions,omitempty"`

	// Tied are other tables that it locks.
	Tied []Tied `json:"tied,omitempty"`

	// Change is what it is to the version of the application before, and
	// VersionBefore what that version meets.
	Change        Change   `json:"change,omitempty"`
	VersionBefore []string `json:"versionBefore,omitempty"`

	// Judged is what the tables were judged for.
	Judged Writes `json:"judged"`

	// Rows and Bytes are the first table's size by the server's statistics.
	Rows  int64 `json:"rows,omitempty"`
	Bytes int64 `json:"bytes,omitempty"`

	// Problems are why the statement is not allowed. Notes are to be read.
	Problems []string `json:"problems,omitempty"`
	Notes    []string `json:"notes,omitempty"`

	before, after map[string]string
	portioned     *portions // how it is taken in portions; nil if it is not
	position      position  // where an earlier run has left it
	touched       []string  // tables of a statement on rows
	recounts      []string  // those of them of which it changes how many rows they have
	unread        bool      // which tables a statement on rows names could not be read
	assigns       []string  // variables like @name to which a statement on rows gives values
	shared        bool      // without a Lock, writes wait all the same
	parsed        sqltext.Statement
	waits         []string // those of Problems that are only about who waits
	raises        bool     // refused whatever the verdict: the schema needs another way of changing
	done          bool     // by an earlier run
	begun         bool     // by an earlier run, which has done portions of it
}

// Allowed says whether the statement may be executed.
func (s *Step) Allowed() bool { return len(s.Problems) == 0 }

func (s *Step) problem(format string, args ...any) {
	s.Problems = append(s.Problems, fmt.Sprintf(format, args...))
}

// waiting is a problem that is only about who waits.
func (s *Step) waiting(format string, args ...any) {
	s.raises = true
	s.problem(format, args...)
	s.waits = append(s.waits, s.Problems[len(s.Problems)-1])
}

// Elsewhere are the problems that the statement has on a copy, too, where nobody
// waits.
func (s *Step) Elsewhere() []string {
	return slices.DeleteFunc(slices.Clone(s.Problems), func(p string) bool { return slices.Contains(s.waits, p) })
}

func (s *Step) note(format string, args ...any) {
	s.Notes = append(s.Notes, fmt.Sprintf(format, args...))
}

// judge weighs the answer of the server. A fresh table is nobody's yet.
func (s *Step) judge(a answer, fresh bool) {
	s.Rung, s.Rebuild, s.Refusals = a.rung, a.rebuild, a.refusals
	s.before, s.after, s.shared = a.before, a.after, a.shared
	switch {
	case fresh:
		s.Reads, s.Writes = true, true
		s.note("the migration itself makes the table: nobody waits for it")
	case !a.accepted && a.loose != Rung{}:
		s.problem("it asks for %s, which the server refuses for this change: without it the server does %s", s.parsed.Pinned(), a.loose)
	case !a.accepted:
		s.waiting("reads would stop: the server accepts none of %s", tried(a, s.parsed))
	case s.Lock == "SHARED" || a.shared:
		s.Reads = true
		if s.Judged == Live {
			s.waiting("writes to %s would stop", strings.Join(s.Tables, ", "))
		}
	default:
		s.Reads, s.Writes = true, true
	}
	if loses := s.parsed.Loses; len(loses) > 0 {
		s.note("rows are lost: %s; no released app may still read them", strings.Join(loses, ", "))
	}
	if s.Kind == sqltext.RenameTable {
		s.note("from then on the old name is an error for whoever still reads it")
	}
}

func tried(a answer, st sqltext.Statement) string {
	if len(a.refusals) == 0 {
		return "what its own ALGORITHM and LOCK leave open"
	}
	var all []string
	for _, r := range a.refusals {
		all = append(all, r.String())
	}
	return strings.Join(all, ", ")
}

// judgedFor is what tables are to be judged for.
func (o PlanOptions) judgedFor(tables []string) Writes {
	if o.Writes == Live || o.Policy == Additive || slices.ContainsFunc(tables, func(t string) bool { return slices.Contains(o.StillWritten, t) }) {
		return Live
	}
	return Stopped
}

// Fires reports whether the statement is about a trigger or an event.
func (s *Step) Fires() bool {
	return s.parsed.Object.Type == "TRIGGER" || s.parsed.Object.Type == "EVENT"
}

// Restricts are the keys, checks and foreign keys that the statement adds, which
// keep rows out.
func (s *Step) Restricts() []string {
	var all []string
	for name := range s.before {
		if s.before[name] == "" || s.after[name] == "" {
			continue
		}
		before := lines(s.before[name])
		for _, line := range lines(s.after[name]) {
			if restricts(line) && !strings.HasPrefix(line, "PRIMARY") && !slices.Contains(before, line) {
				all = append(all, line)
			}
		}
	}
	return all
}

// refusalElsewhere is why the plan must not be executed on a copy.
func (p *Plan) refusalElsewhere() error {
	var errs []error
	for _, s := range p.Steps {
		for _, problem := range s.Elsewhere() {
			errs = append(errs, fmt.Errorf("statement %d (line %d): %s", s.Number, s.Line, problem))
		}
	}
	return errors.Join(errs...)
}
