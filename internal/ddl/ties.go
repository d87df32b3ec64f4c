package ddl

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A Tied is a table that a statement locks although it changes another.
type Tied struct {
	// Table is its name, with the schema if that differs.
	Table string `json:"table"`

	// By says what ties them.
	By string `json:"by"`

	// Writes reports whether writes to it go on meanwhile, except for short
	// locks.
	Writes bool `json:"writes"`

	at sqltext.Table
}

// ties judges the tables that foreign keys and triggers tie to those that a
// statement changes.
func (p *planner) ties(ctx context.Context, step *Step) error {
	if !step.Kind.Shadowed() || step.Kind == sqltext.CreateTable {
		return nil
	}
	if err := p.parents(ctx, step); err != nil {
		return err
	}
	for _, name := range step.Tables {
		children, err := p.scratch.children(ctx, sqltext.Table{Name: p.origin(name)})
		if err != nil {
			return err
		}
		for _, child := range children {
			p.tie(step, child, fmt.Sprintf("its foreign key refers to %s", sqltext.Quote(name)), "")
		}
	}
	if err := p.firing(ctx, step); err != nil {
		return err
	}
	return p.reaching(ctx, step)
}

// stopsWrites reports whether writes to the changed tables wait as long as a
// statement takes.
func (s *Step) stopsWrites() bool {
	return s.Algorithm == "COPY" || s.Lock == "SHARED" || s.shared
}

// tie records a tied table; why says why writes to it wait, "" if they do not.
func (p *planner) tie(step *Step, t sqltext.Table, by, why string) {
	name := p.scratch.home(t)
	text := name.Name
	if name.Schema != "" {
		text = name.Schema + "." + name.Name
	}
	if slices.Contains(step.Tables, text) || name.Schema == "" && p.fresh[name.Name] {
		return
	}
	if p.isFresh(step) { // it has no rows
		why = ""
	}
	if i := slices.IndexFunc(step.Tied, func(t Tied) bool { return t.Table == text }); i < 0 {
		step.Tied = append(step.Tied, Tied{Table: text, By: by, Writes: why == "", at: name})
	} else if why != "" {
		step.Tied[i].By, step.Tied[i].Writes = by, false
	}
	if why == "" || p.options.judgedFor([]string{name.Name}) != Live {
		return
	}
	step.Writes = false
	step.waiting("writes to %s would wait as long as the change takes: %s", name, why)
}

// parents judges the tables that foreign keys of a changed table refer to. Each
// copied row locks its parent row until all are copied, so writers of the parent
// wait; without foreign_key_checks nothing is looked up. Whoever deletes there
// what a foreign key also deletes here waits for the changed table.
func (p *planner) parents(ctx context.Context, step *Step) error {
	checks, err := p.sessionVariable(ctx, "foreign_key_checks")
	if err != nil {
		return err
	}
	for _, name := range step.Tables {
		text := step.after[name]
		if text == "" {
			text = step.before[name]
		}
		if text == "" {
			continue
		}
		definition, err := sqltext.ParseDefinition(text, p.scratch.db.Dialect())
		if err != nil {
			return err
		}
		for _, t := range definition.Tables[1:] {
			why := ""
			switch {
			case step.Algorithm == "COPY" && checks == "1":
				why = "a foreign key refers to it, and every row that is copied locks its row there; with SET foreign_key_checks = 0 before it nothing is looked up there"
				if !strings.Contains(step.before[name], "REFERENCES "+sqltext.Quote(t.Name)) {
					why += ", and the server adds a foreign key INPLACE/NONE: look for rows without a parent yourself, before"
				}
			case step.stopsWrites() && cascades(text, t.Name):
				why = fmt.Sprintf("what is deleted or updated there is deleted or updated in %s, too, by a foreign key", sqltext.Quote(name))
			}
			p.tie(step, t.Table, fmt.Sprintf("a foreign key of %s refers to it", sqltext.Quote(name)), why)
		}
	}
	return nil
}

// cascades reports whether a foreign key in a definition writes rows when its
// parent is written.
func cascades(definition, parent string) bool {
	for line := range strings.Lines(definition) {
		if strings.Contains(line, "REFERENCES ") && strings.Contains(line, sqltext.Quote(parent)+" (") && writes(line) {
			return true
		}
	}
	return false
}

// writes reports whether a foreign key in a definition writes rows.
func writes(line string) bool {
	return strings.Contains(line, " CASCADE") || strings.Contains(line, " SET NULL") || strings.Contains(line, " SET DEFAULT")
}

// firing judges the tables whose triggers write to a changed table.
func (p *planner) firing(ctx context.Context, step *Step) error {
	all, err := p.dependents(ctx)
	if err != nil {
		return err
	}
	for _, one := range all {
		for _, name := range step.Tables {
			by, known := p.firedInto(one, sqltext.Table{Name: name})
			switch {
			case by == "" || slices.Contains(step.Tables, one.On.Name):
			case step.stopsWrites():
				p.tie(step, one.On, by, by)
			case known:
				p.tie(step, one.On, by, "")
			}
		}
	}
	return nil
}

// firedInto returns the statement by which a trigger writes to a table, "" if it
// does not, and whether that is known.
func (p *planner) firedInto(one *dependent, t sqltext.Table) (by string, known bool) {
	if one.Type != "TRIGGER" {
		return "", true
	}
	targets, all := p.writtenBy(one)
	for _, target := range targets {
		if strings.EqualFold(p.scratch.home(target).String(), t.String()) {
			return fmt.Sprintf("its trigger %s writes to %s", one.Table, t), true
		}
	}
	if !all {
		return fmt.Sprintf("its trigger %s calls what may write to %s", one.Table, t), false
	}
	return "", true
}

// reaching judges the tables whose writers must wait because their writes lead,
// through a trigger or a foreign key, to a table whose writers wait.
func (p *planner) reaching(ctx context.Context, step *Step) error {
	for i := 0; i < len(step.Tied); i++ { // step.Tied grows
		waits := step.Tied[i]
		if waits.Writes {
			continue
		}
		for _, one := range p.known {
			if by, _ := p.firedInto(one, waits.at); by != "" && one.On != waits.at {
				p.tie(step, one.On, by, by)
			}
		}
		if err := p.scratch.load(ctx, waits.at); err != nil {
			if code(err) == codeTableDenied || code(err) == codeSchemaDenied { // in another schema that cannot be read
				continue
			}
			return err
		}
		text, err := p.scratch.definition(ctx, waits.at)
		if err != nil {
			return err
		}
		if text == "" {
			continue
		}
		definition, err := sqltext.ParseDefinition(text, p.scratch.db.Dialect())
		if err != nil {
			return err
		}
		for _, parent := range definition.Tables[1:] {
			if !cascades(text, parent.Name) {
				continue
			}
			by := fmt.Sprintf("what is deleted or updated there is deleted or updated in %s, too, by a foreign key", waits.at)
			p.tie(step, p.scratch.from(waits.at, parent.Table), by, by)
		}
	}
	return nil
}

func (p *planner) sessionVariable(ctx context.Context, name string) (value string, err error) {
	err = p.scratch.conn.QueryRowContext(ctx, "SELECT @@SESSION."+name).Scan(&value)
	return value, err
}
