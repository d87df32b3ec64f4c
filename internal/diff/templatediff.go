// Package diff describes the effect of a change of a CloudFormation template: on
// clients, as classes of requests whose outcome changes, each with an example
// request, and on resources.
package diff

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// Template is a template that is compared.
type Template struct {
	*alb.Template
	data      []byte // in JSON
	source    *cfn.Template
	options   cfn.Options
	sections  map[string]any // other than resources
	resources map[string]resource
	switches  []rules.Found
}

// Read reads a CloudFormation template in JSON or YAML. Faults holds the parts
// that could not be read but may not matter.
func Read(data []byte, options cfn.Options) (Template, error) {
	data, err := cfn.JSON(data)
	if err != nil {
		return Template{}, err
	}
	read, err := alb.ReadPart(bytes.NewReader(data), options)
	if err != nil {
		return Template{}, err
	}
	t := Template{Template: read, data: data, options: options}
	if err := json.Unmarshal(data, &t.sections); err != nil {
		return Template{}, err
	}
	delete(t.sections, "Resources")
	var body struct{ Resources map[string]resource }
	if err := json.Unmarshal(data, &body); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			err = fmt.Errorf("%s: unexpected JSON %s", wrong.Field, wrong.Value)
		}
		return Template{}, fmt.Errorf("not a CloudFormation template: %w", err)
	}
	t.resources = body.Resources
	if t.source, err = cfn.Read(bytes.NewReader(data), options); err != nil {
		return Template{}, err
	}
	t.readExistence()
	for _, r := range t.resources {
		if typed, ok := r.Properties["Explicit"].(string); ok && r.Type == maintenance.GuardType && typed != "" {
			r.Properties["Explicit"] = typedMode
		}
	}
	if t.switches, err = rules.Find(data, read); err != nil && !errors.Is(err, rules.ErrNoSwitch) {
		return Template{}, err
	}
	return t, nil
}

// typedMode replaces the time at which a mode was typed, the only value that
// depends on the time of synthesis. It matters only that someone typed the mode.
const typedMode = "typed"

// Diff is what differs between two templates.
type Diff struct {
	Rights    []Right    `json:"rights"` // those that widen first
	Clients   []Change   `json:"clients"`
	Beside    []string   `json:"beside"`    // changes for clients that no rule shows
	Resources []Resource `json:"resources"` // first those that hold data, then by severity
	Sections  []Property `json:"sections"`  // of the template, without resources
	Warnings  []string   `json:"warnings"`
	Deploy    []Hazard   `json:"deploy"` // what goes wrong during the deploy
	Mode      ModeChange `json:"mode"`

	// StillOpen are the rules outside a switch that serve requests which the
	// switch would refuse, for each switch that is closed in the second template.
	StillOpen []string `json:"stillOpen"`

	// Night is the plan of the maintenances that only the second template has, in
	// lines.
	Night []string `json:"night,omitempty"`

	// Complete is false if there were more combinations of conditions than were
	// looked at, so that requests may change without a witness.
	Complete bool `json:"complete"`

	old, next     Template
	possibilities []possibility // at least one
}

// ModeChange has the modes of the two templates, empty for a template without a
// mode.
type ModeChange struct {
	Before maintenance.Mode `json:"before"`
	After  maintenance.Mode `json:"after"`
}

// Empty reports whether there is no difference.
func (d Diff) Empty() bool {
	return len(d.Clients) == 0 && len(d.Resources) == 0 && len(d.Sections) == 0
}

// Compare compares two templates.
func Compare(old, next Template) Diff {
	old, back := old.readBack(next)
	d := Diff{Clients: []Change{}, Warnings: []string{}, old: old, next: next}
	if back > 0 {
		d.Warnings = append(d.Warnings, mangledWarning(back))
	}
	d.Mode.Before, _ = old.Mode()
	d.Mode.After, _ = next.Mode()
	d.StillOpen = next.stillOpen()
	d.Night = planned(old, next)
	all, complete := possibilities(old, next)
	d.possibilities, d.Complete = all, complete
	d.Clients = inEach(all, func(p possibility) []Change {
		changes, complete := compareClients(p.old, p.next)
		d.Complete = d.Complete && complete
		return changes
	}, func(c Change) string { c.Summary = ""; return exactly(c) }, func(c Change, when string) Change { c.When = when; return c })
	was, is := existing(old, next)
	before, after := settled(was, is)
	d.Rights = compareRights(before, after)
	d.Resources = compareResources(before, after)
	d.Sections = compareSections(old.sections, next.sections)
	if d.transformed() {
		d.Warnings = append(d.Warnings, "the transform of the template changes: what it makes of the resources cannot be seen here")
	}
	d.Warnings = append(d.Warnings, movedListeners(old, next)...)
	d.Beside = besideRules(old, next, d.Resources)
	d.Deploy = inEach(all, func(p possibility) []Hazard {
		if len(p.assumed) == 0 {
			return newDeploy(was, is, d.Resources).hazards()
		}
		was, is := existing(p.old, p.next)
		return newDeploy(was, is, compareResources(settled(was, is))).hazards()
	}, Hazard.String, Hazard.under)
	return d
}

// transformed reports whether CloudFormation transforms the templates into
// something other than what is written in them.
func (d Diff) transformed() bool {
	return !reflect.DeepEqual(d.old.sections["Transform"], d.next.sections["Transform"])
}

// readBack is a template with the texts of another instead of those that
// CloudFormation may have given back mangled, and how many these are.
func (t Template) readBack(other Template) (Template, int) {
	data, texts := readBack(t.data, other.data)
	if texts == 0 {
		return t, 0
	}
	read, err := Read(data, t.options)
	if err != nil {
		return t, 0 // it stays as it was read
	}
	return read, texts
}

// Nothing returns a template without resources, with which an added or removed
// template is compared.
func Nothing() Template {
	t, err := Read([]byte(`{"Resources": {}}`), cfn.Options{})
	if err != nil {
		panic(errors.Join(errors.New("templatediff: the empty template"), err))
	}
	return t
}
