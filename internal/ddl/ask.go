package ddl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A Refusal is a rung that the server did not accept, and why.
type Refusal struct {
	Rung
	Code   uint16 `json:"code,omitempty"`
	Reason string `json:"reason"`
}

// An answer is the server's answer to a statement.
type answer struct {
	rung     Rung
	accepted bool // with a rung under which reads go on
	shared   bool // without a rung, and writes wait
	rebuild  bool
	refusals []Refusal
	loose    Rung              // the rung it would accept without the author's clauses
	before   map[string]string // definitions of the changed tables; "" if they did not exist
	after    map[string]string
}

// ask tries a statement on the shadows of its tables, rung by rung, and leaves
// them as the statement does. A statementError is an error of the statement
// itself.
func (s *scratch) ask(ctx context.Context, st sqltext.Statement) (answer, error) {
	for _, name := range st.Tables {
		if err := s.load(ctx, name.Table); err != nil {
			return answer{}, err
		}
	}
	var a answer
	var err error
	if a.before, err = s.definitions(ctx, st); err != nil {
		return answer{}, err
	}
	if !st.Kind.Laddered() {
		return s.climb(ctx, st, a, []Rung{{}})
	}
	a, err = s.climb(ctx, st, a, st.Rungs())
	if err != nil || a.accepted || st.Pinned() == "" {
		return a, err
	}
	loose, err := s.again(ctx, st.Loose(), a, st.Loose().Rungs()...)
	a.loose, a.after = loose.rung, loose.after
	return a, err
}

// again tries other rungs, as if the statement had not been tried before.
func (s *scratch) again(ctx context.Context, st sqltext.Statement, a answer, rungs ...Rung) (answer, error) {
	if err := s.restore(ctx, st, a.before); err != nil {
		return answer{}, err
	}
	return s.climb(ctx, st, a, rungs)
}

// climb goes down the rungs until the server accepts one.
func (s *scratch) climb(ctx context.Context, st sqltext.Statement, a answer, rungs []Rung) (answer, error) {
	ids, err := s.ids(ctx, st)
	if err != nil {
		return answer{}, err
	}
	a.accepted = false
	for i, rung := range rungs {
		if rung.Algorithm == "COPY" {
			if err := s.renewed(ctx, st); err != nil {
				return answer{}, err
			}
		}
		if err := s.try(ctx, st, rung, a.before); err != nil {
			switch code(err) {
			case 0, codeLockWait, codeDeadlock:
				return answer{}, err // not the server's verdict on the statement
			}
			a.refusals = append(a.refusals, Refusal{rung, code(err), s.unmap(reason(err))})
			continue
		}
		full, err := s.tooManyVersions(ctx, st, rung)
		if err != nil {
			return answer{}, err
		}
		if now, err := s.ids(ctx, st); err != nil {
			return answer{}, err
		} else if rung.Algorithm == "INSTANT" && !slices.Equal(ids, now) { // MariaDB, with partitions
			full = "the server takes the clause, and rewrites the table all the same"
		}
		if full == "" {
			if full, err = s.storedAnew(ctx, st, rung, a.before); err != nil {
				return answer{}, err
			}
		}
		if full != "" {
			a.refusals = append(a.refusals, Refusal{Rung: rung, Reason: full})
			return s.again(ctx, st, a, rungs[i+1:]...)
		}
		a.rung, a.accepted = rung, true
		break
	}
	if !a.accepted {
		a.rung = Rung{}
		if !st.Kind.Laddered() {
			return answer{}, statementError{errors.New(a.refusals[0].Reason)}
		}
		// Execute it for the statements that follow, and to learn whether it is
		// possible at all.
		if err := s.try(ctx, st, Rung{}, a.before); err != nil {
			if code(err) == 0 {
				return answer{}, err
			}
			return answer{}, statementError{s.unmapped(err)}
		}
		// MariaDB accepts no clauses with partition actions; reads go on
		// (measured: waits of 10 to 60 ms at worst).
		if st.Partitions != "" && s.db.Server.Flavor == "MariaDB" && len(st.Rungs()) > 1 {
			a.accepted, a.shared = true, st.Partitions == sqltext.MovesRows
		}
	}
	after, err := s.ids(ctx, st)
	if err != nil {
		return answer{}, err
	}
	a.rebuild = st.Kind.Laddered() && !slices.Equal(ids, after)
	if a.rebuild {
		t := s.home(st.Tables[0].Table)
		past := s.pasts[t]
		past.versions, past.temporal = 0, nil
		s.pasts[t] = past
		if err := s.renewed(ctx, st); err != nil {
			return answer{}, err
		}
	}
	a.after, err = s.definitions(ctx, st)
	return a, err
}

// renewed gives a shadow the row format that its table gets when it is rewritten.
func (s *scratch) renewed(ctx context.Context, st sqltext.Statement) error {
	t := s.home(st.Tables[0].Table)
	past := s.pasts[t]
	if past.format == "" {
		return nil
	}
	past.format = ""
	s.pasts[t] = past
	err := s.exec(ctx, "ALTER TABLE "+sqltext.Table{Schema: ScratchSchema, Name: s.shadow(t)}.String()+" ROW_FORMAT=DEFAULT")
	if code(err) == codeUnknownTable {
		return nil // the statement has renamed it
	}
	return err
}

// storedAnew says why the real table would refuse what its shadow accepted: any
// change of a table with times in the format from before MySQL 5.6 stores them in
// the new format, which only COPY does. Exceptions are renaming the table,
// partition actions, and dropping all such columns. It returns "" if the table
// would not refuse.
func (s *scratch) storedAnew(ctx context.Context, st sqltext.Statement, rung Rung, before map[string]string) (string, error) {
	t := s.home(st.Tables[0].Table)
	kept := slices.DeleteFunc(slices.Clone(s.pasts[t].temporal), func(column string) bool {
		return slices.ContainsFunc(st.Loses, func(lost string) bool { return strings.EqualFold(lost, "DROP COLUMN "+column) })
	})
	if rung.Algorithm == "" || rung.Algorithm == "COPY" || st.Partitions != "" || len(kept) == 0 {
		return "", nil
	}
	if renamed, err := s.onlyRenamed(ctx, st, before); err != nil || renamed {
		return "", err
	}
	return fmt.Sprintf("the times in %s are stored as before MySQL 5.6, and any change rewrites them", strings.Join(kept, ", ")), nil
}

// onlyRenamed reports whether a statement that was tried on the shadow has only
// renamed it.
func (s *scratch) onlyRenamed(ctx context.Context, st sqltext.Statement, before map[string]string) (bool, error) {
	changed := st.Changed()
	if len(changed) != 2 {
		return false, nil
	}
	old, err := s.definition(ctx, changed[0])
	if err != nil || old != "" {
		return false, err
	}
	after, err := s.definition(ctx, changed[1])
	_, was, _ := strings.Cut(before[s.home(changed[0]).Name], "\n")
	_, is, _ := strings.Cut(after, "\n")
	return was != "" && was == is, err
}

// A statementError is a server's objection to the statement itself.
type statementError struct{ error }

// try runs a statement on the shadows.
func (s *scratch) try(ctx context.Context, st sqltext.Statement, rung Rung, before map[string]string) error {
	mapped := ""
	if len(st.Constraints) > 0 {
		var err error
		if mapped, err = showCreate(ctx, s.conn, ScratchSchema, s.shadow(s.home(st.Tables[0].Table))); err != nil {
			return err
		}
	}
	edits := s.edits(sqltext.Table{}, st, mapped)
	if e, ok := st.Charset(s.charset); ok {
		edits = append(edits, e)
	}
	return s.exec(ctx, st.With(rung, edits...))
}

// definitions returns the current definitions of the changed tables.
func (s *scratch) definitions(ctx context.Context, st sqltext.Statement) (map[string]string, error) {
	all := map[string]string{}
	for _, t := range st.Changed() {
		definition, err := s.definition(ctx, t)
		if err != nil {
			return nil, err
		}
		all[s.home(t).Name] = definition
	}
	return all, nil
}

// ids returns the table ids of the shadows of the changed tables.
func (s *scratch) ids(ctx context.Context, st sqltext.Statement) ([]int64, error) {
	var all []int64
	for _, t := range st.Changed() {
		ids, err := s.db.tableIDs(ctx, s.conn, ScratchSchema, s.shadow(s.home(t)))
		if err != nil {
			return nil, fmt.Errorf("reading the id of the shadow of %s: %w", t, err)
		}
		all = append(all, ids...)
	}
	slices.Sort(all)
	return all, nil
}

// restore gives the shadows of the changed tables their earlier definitions.
func (s *scratch) restore(ctx context.Context, st sqltext.Statement, before map[string]string) error {
	for _, t := range st.Changed() {
		shadow := sqltext.Quote(ScratchSchema) + "." + sqltext.Quote(s.shadow(s.home(t)))
		for _, statement := range []string{
			"SET @noren_fk = @@foreign_key_checks, foreign_key_checks = 0",
			"DROP TABLE IF EXISTS " + shadow,
			"SET foreign_key_checks = @noren_fk",
		} {
			if err := s.exec(ctx, statement); err != nil {
				return fmt.Errorf("resetting the shadow of %s: %w", t, err)
			}
		}
	}
	for _, t := range st.Changed() {
		if definition := before[s.home(t).Name]; definition != "" {
			if err := s.create(ctx, s.home(t), definition); err != nil {
				return err
			}
		}
	}
	return nil
}

// tooManyVersions says why the real table would refuse an INSTANT change that its
// shadow, which has no past, accepted; "" if it would not.
func (s *scratch) tooManyVersions(ctx context.Context, st sqltext.Statement, rung Rung) (string, error) {
	limit := s.db.Server.rowVersionLimit()
	t := s.home(st.Tables[0].Table)
	past := s.pasts[t]
	if rung.Algorithm != "INSTANT" || limit == 0 || past.versions == 0 {
		return "", nil
	}
	shadow, err := s.db.pastOf(ctx, ScratchSchema, s.shadow(t), "")
	if err != nil || shadow.versions == 0 || past.versions+shadow.versions <= limit {
		return "", err
	}
	why := fmt.Sprintf("the table has had %d INSTANT changes since it was last rebuilt, and %d are the most", past.versions+shadow.versions-1, limit)
	past.versions += shadow.versions - 1 // the shadow starts over
	s.pasts[t] = past
	return why, nil
}
