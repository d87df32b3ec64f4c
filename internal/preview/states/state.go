package states

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// state is a state of a definition.
type state struct {
	name string

	Type           string
	Next           string
	End            bool
	Resource       string
	TimeoutSeconds *float64
	Retry          []json.RawMessage
	Catch          []json.RawMessage
	Choices        []json.RawMessage
	Default        string
	Error, Cause   string
	Seconds        *float64
	Timestamp      string
	InputPath      json.RawMessage
	OutputPath     json.RawMessage
	ResultPath     json.RawMessage
	SecondsPath    string
	TimestampPath  string
	ErrorPath      string
	CausePath      string
	Parameters     json.RawMessage
	ResultSelector json.RawMessage
	Result         json.RawMessage

	service, pattern     string // of a Task: "ecs:runTask", "sync"
	input, output        *path  // nil for none of it
	result               *path
	parameters           node // nil for the input as it is
	selector             node
	retries              []*retrier
	catches              []*catcher
	choices              []*choice
	secondsFrom, atFrom  *path
	errorFrom, causeFrom *path
}

// flow are the fields of every state that has a next state.
var flow = []string{"Type", "Comment", "Next", "End", "InputPath", "OutputPath"}

// known are the fields of each kind of state.
var known = map[string][]string{
	"Task":    append([]string{"Resource", "Parameters", "ResultSelector", "ResultPath", "TimeoutSeconds", "Retry", "Catch"}, flow...),
	"Pass":    append([]string{"Parameters", "Result", "ResultPath"}, flow...),
	"Wait":    append([]string{"Seconds", "SecondsPath", "Timestamp", "TimestampPath"}, flow...),
	"Choice":  {"Type", "Comment", "InputPath", "OutputPath", "Choices", "Default"},
	"Succeed": {"Type", "Comment", "InputPath", "OutputPath"},
	"Fail":    {"Type", "Comment", "Error", "Cause", "ErrorPath", "CausePath"},
}

func readState(data []byte) (*state, error) {
	var kind struct{ Type string }
	if err := json.Unmarshal(data, &kind); err != nil {
		return nil, err
	}
	names, ok := known[kind.Type]
	if !ok {
		return nil, fmt.Errorf("type %q is not supported here: want %s", kind.Type, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	}
	if _, err := fieldsOf(data, names...); err != nil {
		return nil, fmt.Errorf("%s: %w", kind.Type, err)
	}
	s := &state{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, err
	}
	return s, s.prepare()
}

// prepare parses the fields of a state.
func (s *state) prepare() error {
	var errs []error
	note := func(field string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", field, err))
		}
	}
	var err error
	s.input, err = optionalPath(s.InputPath)
	note("InputPath", err)
	s.output, err = optionalPath(s.OutputPath)
	note("OutputPath", err)
	s.result, err = optionalPath(s.ResultPath)
	note("ResultPath", err)
	s.parameters, err = readTemplate(s.Parameters)
	note("Parameters", err)
	s.selector, err = readTemplate(s.ResultSelector)
	note("ResultSelector", err)
	for _, p := range []struct {
		field, text string
		to          **path
	}{{"SecondsPath", s.SecondsPath, &s.secondsFrom}, {"TimestampPath", s.TimestampPath, &s.atFrom}, {"ErrorPath", s.ErrorPath, &s.errorFrom}, {"CausePath", s.CausePath, &s.causeFrom}} {
		if p.text != "" {
			*p.to, err = readPath(p.text)
			note(p.field, err)
		}
	}
	for i, data := range s.Retry {
		r, err := readRetrier(data)
		note(fmt.Sprintf("Retry %d", i+1), err)
		s.retries = append(s.retries, r)
	}
	for i, data := range s.Catch {
		c, err := readCatcher(data)
		note(fmt.Sprintf("Catch %d", i+1), err)
		s.catches = append(s.catches, c)
	}
	for i, data := range s.Choices {
		c, err := readChoice(data, true)
		note(fmt.Sprintf("choice %d", i+1), err)
		s.choices = append(s.choices, c)
	}
	errs = append(errs, s.check())
	return errors.Join(errs...)
}

// resource matches the resource of a Task. Source: Integrating services with Step
// Functions,
// https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
var resource = regexp.MustCompile(`^arn:[^:]+:states:[^:]*:[^:]*:((?:aws-sdk:)?[a-zA-Z0-9]+:[a-zA-Z0-9]+)(?:\.(sync|sync:2|waitForTaskToken))?$`)

// check reports fields that contradict each other.
func (s *state) check() error {
	var errs []error
	if slices.Contains(known[s.Type], "Next") && (s.Next == "") != s.End {
		errs = append(errs, errors.New("want either Next or End"))
	}
	switch s.Type {
	case "Task":
		parts := resource.FindStringSubmatch(s.Resource)
		if parts == nil {
			errs = append(errs, fmt.Errorf("resource %q is not supported here: want a service's, such as arn:aws:states:::lambda:invoke", s.Resource))
			break
		}
		s.service, s.pattern, _ = strings.Cut(parts[1]+"."+parts[2], ".")
		s.pattern, _, _ = strings.Cut(s.pattern, ":") // sync:2 differs in the output format of a nested execution
		if s.TimeoutSeconds != nil && *s.TimeoutSeconds <= 0 {
			errs = append(errs, fmt.Errorf("TimeoutSeconds is %v: want more than 0", *s.TimeoutSeconds))
		}
	case "Choice":
		if len(s.choices) == 0 {
			errs = append(errs, errors.New("want Choices"))
		}
	case "Wait":
		given := 0
		for _, is := range []bool{s.Seconds != nil, s.SecondsPath != "", s.Timestamp != "", s.TimestampPath != ""} {
			if is {
				given++
			}
		}
		if given != 1 {
			errs = append(errs, errors.New("want one of Seconds, SecondsPath, Timestamp and TimestampPath"))
		}
		if s.Timestamp != "" {
			if _, err := timestamp(s.Timestamp); err != nil {
				errs = append(errs, fmt.Errorf("Timestamp: %w", err))
			}
		}
	}
	return errors.Join(errs...)
}

// next returns the states that a state can lead to.
func (s *state) next() []string {
	var names []string
	for _, c := range s.choices {
		names = append(names, c.Next)
	}
	for _, c := range s.catches {
		names = append(names, c.Next)
	}
	for _, name := range []string{s.Next, s.Default} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}
