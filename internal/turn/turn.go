package turn

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/maintenance"
)

// Names of the guard's properties that turning changes. The guard decodes them
// in internal/function/guard.
const (
	guardMode     = "Mode"
	guardExplicit = "Explicit"
	guardDigest   = "Digest"
)

// Wish is what a template is to be turned to.
type Wish struct {
	// Mode is the mode. Required.
	Mode maintenance.Mode

	// Explicit is what the guard's property Explicit becomes: that somebody asks
	// for the mode now.
	Explicit string
}

// Result is a turned template.
type Result struct {
	// Template is the text to deploy.
	Template []byte

	// From is the mode that the template was in.
	From maintenance.Mode

	// Changed are the properties whose value has changed, as Resource.Property,
	// in the order of the template's description of the switch.
	Changed []string
}

// Turn turns the switch of that name in the deployed template. The name may be
// empty if the template has one switch. A template that is in the wanted mode
// already is returned as it is, with nothing changed. It fails for a template
// that has no such switch, that is in no mode, or whose text CloudFormation
// cannot have returned as it was deployed: what is not ASCII comes back as
// question marks, and deploying these would change the resources they are in.
func Turn(template []byte, name string, wish Wish) (Result, error) {
	if !wish.Mode.Valid() {
		return Result{}, fmt.Errorf("unknown mode %q: want open, read-only or closed", wish.Mode)
	}
	if i := slices.IndexFunc(template, func(b byte) bool { return b >= 0x80 }); i >= 0 {
		return Result{}, fmt.Errorf("the template has a character that is not ASCII at byte %d, which CloudFormation does not give back", i)
	}
	t, err := newText(template)
	if err != nil {
		return Result{}, err
	}
	s, err := t.named(name)
	if err != nil {
		return Result{}, err
	}
	if !slices.Contains(s.Modes(), wish.Mode) {
		return Result{}, fmt.Errorf("switch %s has no mode %s: want open or closed; set maintenance.readOnly and deploy to prepare it", s.Name, wish.Mode)
	}
	from, err := s.modeIn(t)
	if err != nil {
		return Result{}, err
	}
	result := Result{Template: template, From: from}
	if from == wish.Mode {
		return result, nil
	}
	put := func(resource, property string, value json.RawMessage) error {
		path := []string{"Resources", resource, "Properties", property}
		old, err := t.at(path...)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", resource, property, err)
		}
		if same(old, value) {
			return nil
		}
		result.Changed = append(result.Changed, resource+"."+property)
		t, err = t.put(value, path...)
		return err
	}
	for _, p := range s.Properties {
		if err := put(p.Resource, p.Name, p.in(wish.Mode)); err != nil {
			return Result{}, err
		}
	}
	if s.Guard != "" {
		digest, err := s.digest(t)
		if err != nil {
			return Result{}, err
		}
		for _, p := range []struct{ name, value string }{
			{guardMode, wish.Mode.Flag()}, {guardExplicit, wish.Explicit}, {guardDigest, digest},
		} {
			value, err := json.Marshal(p.value)
			if err != nil {
				return Result{}, err
			}
			if err := put(s.Guard, p.name, value); err != nil {
				return Result{}, err
			}
		}
	}
	result.Template = t.source
	return result, nil
}

// named returns the switch of the template with the name, or the only one.
func (t text) named(name string) (Switch, error) {
	switches, err := t.switches()
	if err != nil {
		return Switch{}, err
	}
	if len(switches) == 0 {
		return Switch{}, errors.New("the template has no switch that can be turned: deploy it once with this version of noren")
	}
	var names []string
	for _, s := range switches {
		if s.Name == name || name == "" && len(switches) == 1 {
			return s, nil
		}
		names = append(names, s.Name)
	}
	if name == "" {
		return Switch{}, fmt.Errorf("the template has several switches: name one of %s", strings.Join(names, ", "))
	}
	return Switch{}, fmt.Errorf("unknown switch %q: want %s", name, strings.Join(names, " or "))
}
