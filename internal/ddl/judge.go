package ddl

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// Writes says whether the application writes during the change.
type Writes string

// Live means that everyone writes; Stopped means maintenance.
const (
	Live    Writes = "live"
	Stopped Writes = "stopped"
)

// Policy says what a migration may do besides not disturbing anyone.
type Policy string

// Any allows everything. Additive allows what a release without any downtime may
// do: only changes that the previous version can ignore.
const (
	Any      Policy = "any"
	Additive Policy = "additive"
)

// A Step is a statement with its verdict.
type Step struct {
	// Number counts the statements of the file, starting at 1; Line is its line.
	Number int `json:"number"`
	Line   int `json:"line"`

	// SQL is the statement as written in the file.
	SQL  string `json:"sql"`
	Kind Kind   `json:"kind"`

	// Tables are the tables that it changes.
	Tables []string `json:"tables,omitempty"`

	// Rung is how it will be executed; zero if there is no choice.
	Rung

	// Rebuild reports whether the table is rewritten.
	Rebuild bool `json:"rebuild"`

	// Refusals are the better ways that the server refused.
	Refusals []Refusal `json:"refusals,omitempty"`

	// Reads and Writes report whether reads and writes go on meanwhile, except
	// for short locks.
	Reads  bool `json:"reads"`
	Writes bool `json:"writes"`

	// Portions says that rows are changed in portions of the primary key.
	Portions bool `json:"portions,omitempty"`

	// Tied are other tables that it locks.
	Tied []Tied `json:"tied,omitempty"`

	// Change is its effect on the previous version of the application, and
	// VersionBefore what that version runs into.
	Change        Change   `json:"change,omitempty"`
	VersionBefore []string `json:"versionBefore,omitempty"`

	// Judged is what the tables were judged for.
	Judged Writes `json:"judged"`

	// Rows and Bytes are the size of the first table according to the server's
	// statistics.
	Rows  int64 `json:"rows,omitempty"`
	Bytes int64 `json:"bytes,omitempty"`

	// Problems say why the statement is not allowed. Notes are for the reader.
	Problems []string `json:"problems,omitempty"`
	Notes    []string `json:"notes,omitempty"`

	before, after map[string]string
	portioned     *portions // how it is divided into portions; nil if it is not
	position      position  // where an earlier run has stopped
	touched       []string  // tables of a statement on rows
	recounts      []string  // those of them of which it changes how many rows they have
	unread        bool      // which tables a statement on rows names could not be read
	assigns       []string  // variables like @name to which a statement on rows gives values
	shared        bool      // without a Lock, writes wait all the same
	parsed        sqltext.Statement
	waits         []string // the Problems that are only about who waits
	raises        bool     // refused whatever the verdict: the schema needs another way of changing
	done          bool     // by an earlier run
	begun         bool     // by an earlier run, which has done portions of it
}

// Allowed reports whether the statement may be executed.
func (s *Step) Allowed() bool { return len(s.Problems) == 0 }

func (s *Step) problem(format string, args ...any) {
	s.Problems = append(s.Problems, fmt.Sprintf(format, args...))
}

// waiting adds a problem that is only about who waits.
func (s *Step) waiting(format string, args ...any) {
	s.raises = true
	s.problem(format, args...)
	s.waits = append(s.waits, s.Problems[len(s.Problems)-1])
}

// Elsewhere returns the problems that the statement would also have on a copy,
// where no one waits.
func (s *Step) Elsewhere() []string {
	return slices.DeleteFunc(slices.Clone(s.Problems), func(p string) bool { return slices.Contains(s.waits, p) })
}

func (s *Step) note(format string, args ...any) {
	s.Notes = append(s.Notes, fmt.Sprintf(format, args...))
}

// judge weighs the server's answer. A fresh table is not used by anyone yet.
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

// judgedFor returns what tables are judged for.
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

// Restricts returns the keys, checks and foreign keys that the statement adds and
// that can reject rows.
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

// refusalElsewhere says why the plan must not be executed on a copy.
func (p *Plan) refusalElsewhere() error {
	var errs []error
	for _, s := range p.Steps {
		for _, problem := range s.Elsewhere() {
			errs = append(errs, fmt.Errorf("statement %d (line %d): %s", s.Number, s.Line, problem))
		}
	}
	return errors.Join(errs...)
}
