package preview

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Script is what happens to a product, on a timeline that begins when the product
// is ready. It is for tests of how clients react to flips and to an application
// that fails meanwhile.
type Script struct {
	Steps []Step
}

// Step is something that happens at a time.
type Step struct {
	At   time.Duration // since the beginning
	For  time.Duration // how long a fault or a delay lasts; 0 for the rest of the script
	Mode string        // the mode to flip to, or empty

	// Fail is a status with which the application answers everything, or "reset"
	// for connections that it closes without an answer; or empty.
	Fail string

	Delay time.Duration // how much longer than usual the application takes
	End   bool          // the script ends, and the preview with it
}

// ReadScript reads a script in YAML.
func ReadScript(data []byte) (Script, error) {
	var file struct {
		Steps []struct {
			At    string `yaml:"at"`
			For   string `yaml:"for"`
			Mode  string `yaml:"mode"`
			Fail  string `yaml:"fail"`
			Delay string `yaml:"delay"`
			End   bool   `yaml:"end"`
		} `yaml:"steps"`
	}
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(&file); err != nil {
		return Script{}, errors.New(yaml.FormatError(err, false, false))
	}
	if len(file.Steps) == 0 {
		return Script{}, errors.New("the script has no steps")
	}
	var script Script
	var errs []error
	for i, s := range file.Steps {
		step := Step{Mode: s.Mode, Fail: s.Fail, End: s.End}
		bad := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("step %d: %s", i+1, fmt.Sprintf(format, args...)))
		}
		for _, d := range []struct {
			name, text string
			to         *time.Duration
		}{{"at", s.At, &step.At}, {"for", s.For, &step.For}, {"delay", s.Delay, &step.Delay}} {
			if d.text == "" {
				continue
			}
			var err error
			if *d.to, err = time.ParseDuration(d.text); err != nil || *d.to < 0 || *d.to == 0 && d.name != "at" {
				bad("%s %q: want a duration such as 5s", d.name, d.text)
			}
		}
		if s.At == "" {
			bad("want at, the time since the beginning, such as 5s")
		}
		does := 0
		for _, given := range []bool{s.Mode != "", s.Fail != "", s.Delay != "", s.End} {
			if given {
				does++
			}
		}
		if does != 1 {
			bad("want one of mode, fail, delay and end")
		}
		if status, err := strconv.Atoi(s.Fail); s.Fail != "" && s.Fail != "reset" && (err != nil || status < 400 || http.StatusText(status) == "") {
			bad("fail %q: want a status such as 500, or reset", s.Fail)
		}
		if s.For != "" && s.Fail == "" && s.Delay == "" {
			bad("for belongs to fail and delay")
		}
		if i > 0 && step.At < script.Steps[i-1].At {
			bad("at %s is before the step above", s.At)
		}
		script.Steps = append(script.Steps, step)
	}
	return script, errors.Join(errs...)
}

// check reports modes for which there are no templates.
func (s Script) check(modes []string) error {
	for i, step := range s.Steps {
		if step.Mode != "" && !slices.Contains(modes, step.Mode) {
			return fmt.Errorf("step %d: there is no template of the mode %q, only of %s", i+1, step.Mode, strings.Join(modes, ", "))
		}
	}
	return nil
}

// moment is when a part of a script happens.
type moment struct {
	at time.Duration
	do func() error
}

// Play does what the configuration's script says and returns when it is over.
func (p *Preview) Play(ctx context.Context) error {
	var moments []moment
	last := time.Duration(0)
	ended := false
	for _, s := range p.config.Script.Steps {
		last = max(last, s.At+s.For)
		switch {
		case s.Mode != "":
			moments = append(moments, moment{s.At, func() error { return p.Flip(s.Mode) }})
		case s.End:
			ended = true
			last = s.At
		default:
			begin, end := s.fault()
			moments = append(moments, moment{s.At, func() error { p.fault(begin); return nil }})
			if s.For > 0 {
				moments = append(moments, moment{s.At + s.For, func() error { p.fault(end); return nil }})
			}
		}
		if ended {
			break
		}
	}
	slices.SortStableFunc(moments, func(a, b moment) int { return int(a.at - b.at) })
	start := time.Now()
	for _, m := range append(moments, moment{last, func() error { return nil }}) {
		if m.at > last {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(start.Add(m.at))):
		}
		if err := m.do(); err != nil {
			return err
		}
	}
	return nil
}

// fault returns functions that begin and end a fault.
func (s Step) fault() (begin, end func(*faults)) {
	if s.Delay > 0 {
		return func(f *faults) { f.delay = s.Delay }, func(f *faults) { f.delay = 0 }
	}
	status, _ := strconv.Atoi(s.Fail) // 0 for reset
	return func(f *faults) { f.status, f.reset = status, s.Fail == "reset" }, func(f *faults) { f.status, f.reset = 0, false }
}

func (p *Preview) fault(change func(*faults)) {
	p.faults.set(change)
	p.tell(Event{Event: "fault", Mode: p.Mode(), Fault: p.faults.text()})
}
