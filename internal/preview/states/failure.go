package states

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Names of errors that Step Functions itself reports.
const (
	AnyFailure       = "States.ALL"
	TaskFailure      = "States.TaskFailed"
	Timeout          = "States.Timeout"
	RuntimeFailure   = "States.Runtime"
	NoChoice         = "States.NoChoiceMatched"
	ParameterFailure = "States.ParameterPathFailure"
	ResultFailure    = "States.ResultPathMatchFailure"
	IntrinsicFailure = "States.IntrinsicFailure"
)

// Failure is the error of a state: a name that Retry and Catch match, and a
// cause.
type Failure struct {
	Name  string
	Cause string
}

// Error implements error.
func (f *Failure) Error() string { return fmt.Sprintf("%s: %s", f.Name, f.Cause) }

// failure converts the error of a task or of a state. An error without a name
// becomes a failure of the task.
func failure(err error, name string) *Failure {
	if f := (*Failure)(nil); errors.As(err, &f) {
		return f
	}
	return &Failure{Name: name, Cause: err.Error()}
}

// matches reports whether names, from Retry or Catch, match the failure.
func (f *Failure) matches(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		switch name {
		case AnyFailure:
			return f.Name != RuntimeFailure // not States.DataLimitExceeded, which has no limit here
		case TaskFailure:
			return f.Name != Timeout && f.Name != RuntimeFailure
		}
		return name == f.Name
	})
}

// retrier says how often, and after what time, a state is tried again.
type retrier struct {
	ErrorEquals     []string
	IntervalSeconds *float64
	MaxAttempts     *int
	BackoffRate     *float64
	MaxDelaySeconds float64
	JitterStrategy  string
}

func readRetrier(data []byte) (*retrier, error) {
	if _, err := fieldsOf(data, "Comment", "ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy"); err != nil {
		return nil, err
	}
	r := &retrier{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, err
	}
	switch {
	case len(r.ErrorEquals) == 0:
		return nil, errors.New("want ErrorEquals")
	case r.JitterStrategy != "" && r.JitterStrategy != "NONE" && r.JitterStrategy != "FULL":
		return nil, fmt.Errorf("JitterStrategy is %q: want NONE or FULL", r.JitterStrategy)
	case r.BackoffRate != nil && *r.BackoffRate < 1:
		return nil, fmt.Errorf("BackoffRate is %v: want 1 or more", *r.BackoffRate)
	}
	return r, nil
}

// pause returns how long to wait before the next attempt, and whether there is
// one, after this retrier has caused the given number of attempts.
func (r *retrier) pause(attempts int) (time.Duration, bool) {
	most, interval, rate := 3, 1.0, 2.0
	if r.MaxAttempts != nil {
		most = *r.MaxAttempts
	}
	if r.IntervalSeconds != nil {
		interval = *r.IntervalSeconds
	}
	if r.BackoffRate != nil {
		rate = *r.BackoffRate
	}
	if attempts >= most {
		return 0, false
	}
	wait := interval * math.Pow(rate, float64(attempts))
	if r.MaxDelaySeconds > 0 {
		wait = min(wait, r.MaxDelaySeconds)
	}
	if r.JitterStrategy == "FULL" {
		wait *= rand.Float64()
	}
	return seconds(wait), true
}

// catcher says where a failure leads.
type catcher struct {
	ErrorEquals []string
	Next        string
	ResultPath  json.RawMessage

	result *path
}

func readCatcher(data []byte) (*catcher, error) {
	if _, err := fieldsOf(data, "Comment", "ErrorEquals", "Next", "ResultPath"); err != nil {
		return nil, err
	}
	c := &catcher{}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, err
	}
	if len(c.ErrorEquals) == 0 || c.Next == "" {
		return nil, errors.New("want ErrorEquals and Next")
	}
	var err error
	c.result, err = optionalPath(c.ResultPath)
	return c, err
}
