// Package states runs a state machine of AWS Step Functions on this machine, from
// its deployed definition in the Amazon States Language with JSONPath. It
// supports the states and fields that noren's own state machine uses, and refuses
// a definition that has any other, by name, so that the definition that ran here
// is the one that was written.
package states

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Machine is a definition that can run. Make it with [Read].
type Machine struct {
	startAt string
	timeout time.Duration // 0 for none
	states  map[string]*state
}

// Read reads a definition. It fails for anything that this package does not
// support: a kind of state, a field, a path, a function.
func Read(definition []byte) (*Machine, error) {
	fields, err := fieldsOf(definition, "Comment", "Version", "StartAt", "TimeoutSeconds", "States")
	if err != nil {
		return nil, err
	}
	var d struct {
		Version        string
		StartAt        string
		TimeoutSeconds float64
		States         map[string]json.RawMessage
	}
	if err := json.Unmarshal(definition, &d); err != nil {
		return nil, err
	}
	if d.Version != "" && d.Version != "1.0" {
		return nil, fmt.Errorf("version %q: want 1.0", d.Version)
	}
	if _, given := fields["TimeoutSeconds"]; given && d.TimeoutSeconds <= 0 {
		return nil, fmt.Errorf("TimeoutSeconds is %v: want more than 0", d.TimeoutSeconds)
	}
	m := &Machine{startAt: d.StartAt, timeout: seconds(d.TimeoutSeconds), states: map[string]*state{}}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(d.States)) {
		s, err := readState(d.States[name])
		if err != nil {
			errs = append(errs, fmt.Errorf("state %q: %w", name, err))
			continue
		}
		s.name = name
		m.states[name] = s
	}
	if len(errs) == 0 {
		errs = m.unreachable()
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return m, nil
}

// Resources returns the services that the states call, such as "lambda:invoke",
// each once.
func (m *Machine) Resources() []string {
	found := map[string]bool{}
	for _, s := range m.states {
		if s.Type == "Task" {
			found[s.service] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// unreachable reports states that are named but do not exist, and states to which
// no other state leads.
func (m *Machine) unreachable() []error {
	var errs []error
	led := map[string]bool{}
	lead := func(from, to string) {
		if _, exists := m.states[to]; !exists {
			errs = append(errs, fmt.Errorf("%s leads to %q, which is not among the states", from, to))
		}
		led[to] = true
	}
	lead("StartAt", m.startAt)
	for _, name := range slices.Sorted(maps.Keys(m.states)) {
		for _, to := range m.states[name].next() {
			lead(fmt.Sprintf("state %q", name), to)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.states)) {
		if !led[name] {
			errs = append(errs, fmt.Errorf("no state leads to state %q", name))
		}
	}
	return errs
}

// fieldsOf returns the fields of an object. It fails for a field that is not
// known.
func fieldsOf(data []byte, known ...string) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("field %q is not supported here: want %s", name, strings.Join(known, ", "))
		}
	}
	return fields, nil
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
