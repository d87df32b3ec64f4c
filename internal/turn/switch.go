// Package turn turns a deployed template from one mode to another, without CDK:
// from the deployed text and the wanted mode it makes the text to deploy, which
// equals a synthesis in that mode.
//
// It does not guess which properties carry the mode. The construct writes them
// into the template, under MetadataKey of a resource of the switch, each with its
// value in every mode. So turn reads what was reviewed and deployed.
package turn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/noren-cdk/noren/maintenance"
)

// MetadataKey is the key in a resource's Metadata under which a template
// describes a switch: a text with a Switch in JSON.
const MetadataKey = "noren:switch"

// Switch is a template's description of one of its switches.
type Switch struct {
	// Name is the path of the construct in its stack, such as "Maintenance".
	Name string `json:"Name"`

	// Responder is the logical id of the function that answers refused requests.
	Responder string `json:"Responder"`

	// Guard is the logical id of the custom resource that refuses to open by
	// accident. Empty if there is no guard.
	Guard string `json:"Guard,omitempty"`

	// Role is the logical id of the role with which CloudFormation turns the switch.
	Role string `json:"Role,omitempty"`

	// ByHand is the logical id of the parameter that records a turn without
	// CloudFormation.
	ByHand string `json:"ByHand,omitempty"`

	// Announcement is the logical id of the function that keeps
	// /maintenance.json. Empty if the stack does not keep it.
	Announcement string `json:"Announcement,omitempty"`

	// Monitors is the logical id of the function that keeps outside monitors
	// quiet. Empty if there is none.
	Monitors string `json:"Monitors,omitempty"`

	// ReadOnly says that the mode read-only is prepared.
	ReadOnly bool `json:"ReadOnly"`

	// Variables are the responder's environment variables for the message and the
	// end, with their values without a flag.
	Variables map[string]string `json:"Variables"`

	// Carriers are the logical ids of the listeners and rules that carry the
	// mode, in the order of the guard's digest.
	Carriers []string `json:"Carriers"`

	// Properties are the properties that carry the mode.
	Properties []Property `json:"Properties"`
}

// Property is a property of a resource that carries the mode.
type Property struct {
	// Resource is the logical id.
	Resource string `json:"Resource"`

	// Name is the name of the property, such as "DefaultActions".
	Name string `json:"Name"`

	// Open, ReadOnly and Closed are its values. ReadOnly is absent if that mode
	// is not prepared.
	Open     json.RawMessage `json:"Open"`
	ReadOnly json.RawMessage `json:"ReadOnly,omitempty"`
	Closed   json.RawMessage `json:"Closed"`
}

// Key returns the key under which the template has a property's value in the
// mode.
func Key(mode maintenance.Mode) string {
	switch mode {
	case maintenance.Open:
		return "Open"
	case maintenance.ReadOnly:
		return "ReadOnly"
	}
	return "Closed"
}

// Turns reports whether a flip may change an environment variable of the
// responder.
func Turns(variable string) bool {
	return variable == maintenance.MessageVariable || variable == maintenance.DefaultLanguageVariable || variable == maintenance.UntilVariable
}

// in returns the value of the property in the mode.
func (p Property) in(mode maintenance.Mode) json.RawMessage {
	switch mode {
	case maintenance.Open:
		return p.Open
	case maintenance.ReadOnly:
		return p.ReadOnly
	case maintenance.Closed:
		return p.Closed
	}
	return nil
}

// Modes returns the modes that the switch can be turned to.
func (s Switch) Modes() []maintenance.Mode {
	if s.ReadOnly {
		return []maintenance.Mode{maintenance.Open, maintenance.ReadOnly, maintenance.Closed}
	}
	return []maintenance.Mode{maintenance.Open, maintenance.Closed}
}

// switches returns the switches that the template describes, in its order. There
// are none if the template was not made by noren, or by a version whose switches
// cannot be turned.
func (t text) switches() ([]Switch, error) {
	resources, err := t.keys("Resources")
	if err != nil {
		return nil, fmt.Errorf("Resources: %w", err)
	}
	var switches []Switch
	for _, id := range resources {
		described, err := t.at("Resources", id, "Metadata", MetadataKey)
		if errors.Is(err, errAbsent) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var text string
		if err := json.Unmarshal(described, &text); err != nil {
			return nil, fmt.Errorf("%s: Metadata.%s: want a text, got %s", id, MetadataKey, described)
		}
		var s Switch
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&s); err != nil {
			return nil, fmt.Errorf("%s: Metadata.%s: %w: a later version of noren made this template", id, MetadataKey, err)
		}
		if err := s.validate(); err != nil {
			return nil, fmt.Errorf("%s: Metadata.%s: %w", id, MetadataKey, err)
		}
		switches = append(switches, s)
	}
	return switches, nil
}

func (s Switch) validate() error {
	if s.Name == "" || s.Responder == "" || len(s.Properties) == 0 {
		return errors.New("want Name, Responder and Properties")
	}
	for _, p := range s.Properties {
		for _, mode := range s.Modes() {
			if len(p.in(mode)) == 0 {
				return fmt.Errorf("%s.%s has no value for the mode %s", p.Resource, p.Name, string(mode))
			}
		}
	}
	return nil
}

// modeIn returns the mode of the switch in the template.
func (s Switch) modeIn(t text) (maintenance.Mode, error) {
	fits := s.Modes()
	var values []string
	for _, p := range s.Properties {
		value, err := t.at("Resources", p.Resource, "Properties", p.Name)
		if err != nil {
			return "", fmt.Errorf("%s.%s: %w", p.Resource, p.Name, err)
		}
		var left []maintenance.Mode
		var like []string
		for _, mode := range s.Modes() {
			if !same(value, p.in(mode)) {
				continue
			}
			like = append(like, string(mode))
			for _, m := range fits {
				if m == mode {
					left = append(left, m)
				}
			}
		}
		fits = left
		if len(like) == 0 {
			like = []string{"no mode"}
		}
		values = append(values, fmt.Sprintf("%s.%s is as in %s", p.Resource, p.Name, strings.Join(like, " and ")))
	}
	if len(fits) != 1 {
		return "", fmt.Errorf("switch %s is mixed: %s", s.Name, strings.Join(values, ", "))
	}
	return fits[0], nil
}

// same reports whether two values in JSON are equal, whatever their layout and
// the order of their keys.
func same(a, b json.RawMessage) bool {
	decode := func(data []byte) (value any, err error) {
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		err = d.Decode(&value)
		return value, err
	}
	x, errX := decode(a)
	y, errY := decode(b)
	return errX == nil && errY == nil && reflect.DeepEqual(x, y)
}
