package turn

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// Wish is the state to which a template is turned.
type Wish struct {
	// Mode is the mode. Required.
	Mode maintenance.Mode

	// Message is what clients are told in every language. Default: what the
	// template says without a flag.
	Message string

	// Until is the end that people are told. Default: what the template says
	// without a flag.
	Until time.Time

	// Typed is when the mode was asked for, which the guard is told. Default: it
	// was not asked for, and the guard may refuse to open.
	Typed time.Time
}

// Result is a turned template.
type Result struct {
	// Template is the text to deploy.
	Template []byte

	// Switch is the name of the switch.
	Switch string

	// From is the mode of the original template.
	From maintenance.Mode

	// Changed are the properties whose value has changed, as Resource.Property,
	// in the order of the template's description of the switch.
	Changed []string

	text  text // of Template
	found Switch
}

// Turn turns the switch with a name in the deployed template. The name may be
// empty if the template has one switch. A template that is already as wished is
// returned unchanged. It fails if the template has no such switch, if the
// switch's mode is mixed, or if CloudFormation cannot have returned the text as
// it was deployed: non-ASCII characters come back as question marks, and
// deploying these would change the resources that contain them.
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
	result := Result{Template: template, Switch: s.Name, From: from, text: t, found: s}
	put := func(value json.RawMessage, resource string, property ...string) error {
		path := append([]string{"Resources", resource, "Properties"}, property...)
		old, err := t.at(path...)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", resource, strings.Join(property, "."), err)
		}
		if same(old, value) {
			return nil
		}
		if changed := resource + "." + property[0]; !slices.Contains(result.Changed, changed) {
			result.Changed = append(result.Changed, changed)
		}
		t, err = t.put(value, path...)
		return err
	}
	for _, p := range s.Properties {
		if err := put(p.in(wish.Mode), p.Resource, p.Name); err != nil {
			return Result{}, err
		}
	}
	variables, err := s.variables(wish)
	if err != nil {
		return Result{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if err := put(quoted(variables[name]), s.Responder, "Environment", "Variables", name); err != nil {
			return Result{}, err
		}
	}
	if len(result.Changed) == 0 {
		return result, nil // nothing changes, so the guard is not asked
	}
	if s.Guard != "" {
		digest, err := s.digest(t)
		if err != nil {
			return Result{}, err
		}
		until, err := readTime(variables[maintenance.UntilVariable])
		if err != nil {
			return Result{}, fmt.Errorf("switch %s: %s: %w", s.Name, maintenance.UntilVariable, err)
		}
		properties := map[string]string{
			"Mode": string(wish.Mode), "Explicit": timeText(wish.Typed), "Digest": digest,
			"Message": wish.Message, "Until": timeText(until),
		}
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			if err := put(quoted(properties[name]), s.Guard, name); err != nil {
				return Result{}, err
			}
		}
	}
	result.Template, result.text = t.written(), t
	return result, nil
}

// variables returns the variables of the responder that a flip may change.
func (s Switch) variables(wish Wish) (map[string]string, error) {
	variables := maps.Clone(s.Variables)
	if wish.Message != "" {
		var texts map[string]string
		if base := variables[maintenance.MessageVariable]; base != "" {
			if err := json.Unmarshal([]byte(base), &texts); err != nil {
				return nil, fmt.Errorf("switch %s: %s: %w", s.Name, maintenance.MessageVariable, err)
			}
		}
		texts, language := maintenance.ForEverybody(wish.Message, texts, variables[maintenance.DefaultLanguageVariable])
		variables[maintenance.MessageVariable] = maintenance.JSON(texts)
		variables[maintenance.DefaultLanguageVariable] = language
	}
	if !wish.Until.IsZero() {
		variables[maintenance.UntilVariable] = wish.Until.Format(time.RFC3339Nano)
	}
	return variables, nil
}

// timeText returns a time as the guard has it, empty for the zero time.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func readTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, text)
}

// quoted returns a text quoted as in a synthesized template.
func quoted(text string) json.RawMessage { return json.RawMessage(maintenance.JSON(text)) }

// named returns the switch of the template with the name or, without a name, the
// only one.
func (t text) named(name string) (Switch, error) {
	switches, err := t.switches()
	if err != nil {
		return Switch{}, err
	}
	if len(switches) == 0 {
		if nested := t.nested(); len(nested) > 0 {
			return Switch{}, fmt.Errorf("the template has no switch that can be turned: a switch in a nested stack (%s) changes with a deploy, or with --now and --stack, the name of the nested stack", strings.Join(nested, ", "))
		}
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

// nested returns the logical IDs of the template's nested stacks.
func (t text) nested() (ids []string) {
	all, _ := t.keys("Resources")
	for _, id := range all {
		if kind, err := t.at("Resources", id, "Type"); err == nil && string(kind) == `"AWS::CloudFormation::Stack"` {
			ids = append(ids, id)
		}
	}
	return ids
}
