package live

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/noren-cdk/noren/maintenance"
)

// Word is the mode, or why there is none.
func (f Finding) Word() string { return cmp.Or(string(f.Mode), f.Mixed, f.Problem, "nothing") }

// Of is the status of the switch of a name, the path of its construct or the last
// part of it, or of the first without a name.
func (r Report) Of(name string) (Status, error) {
	for _, s := range r.Switches {
		if name == "" || s.Name == name || strings.HasSuffix(s.Name, "/"+name) {
			return s, nil
		}
	}
	return Status{}, errors.New("the deployed template has no switch that can be seen")
}

// Agrees reports what of template, listener and request is not in the mode.
func (s Status) Agrees(mode maintenance.Mode) error {
	if v := s.Verdict(); v != Agree && v != Next {
		return fmt.Errorf("the template says %s, the listener %s, a request %s %s", s.Deployed.Word(), s.Listener.Word(), s.Request.Word(), s.Request.Problem)
	}
	return s.Turned(mode)
}

// Turned reports what of the listener and a request is not in the mode, whatever
// the template says.
func (s Status) Turned(mode maintenance.Mode) error {
	switch {
	case s.Listener.Mode != mode:
		return fmt.Errorf("the listener is %s", s.Listener.Word())
	case s.Request.Problem != "" || s.Request.Mixed != "":
		return fmt.Errorf("a request: %s", cmp.Or(s.Request.Problem, s.Request.Mixed))
	case s.Request.Mode != "" && (s.Request.Mode == maintenance.Closed) != (mode == maintenance.Closed):
		return fmt.Errorf("the listener is %s, a request says %s", mode, s.Request.Word())
	}
	return nil
}
