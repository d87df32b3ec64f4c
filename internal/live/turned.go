package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// Word returns the mode, or why there is none.
func (f Finding) Word() string { return cmp.Or(string(f.Mode), f.Mixed, f.Problem, "nothing") }

// Of returns the status of the switch with a name, which is the path of its
// construct or the last part of it. Without a name, it returns the first switch.
func (r Report) Of(name string) (Status, error) {
	for _, s := range r.Switches {
		if called(s.Name, name) {
			return s, nil
		}
	}
	return Status{}, errNoSwitch
}

var errNoSwitch = errors.New("the deployed template has no switch that can be seen")

// called reports whether a name means a switch: it is its path, or the end of it.
// An empty name means any switch.
func called(path, name string) bool {
	return name == "" || path == name || strings.HasSuffix(path, "/"+name)
}

// Mode returns the mode of a switch of the stack, if the deployed template and
// every listener agree on it; otherwise the error says what they are. It sends no
// request, and calls only CloudFormation and Elastic Load Balancing.
func (q Query) Mode(ctx context.Context, name string) (maintenance.Mode, error) {
	d, err := readStack(ctx, cloudformation.NewFromConfig(q.AWS), q.Stack)
	if err == nil {
		err = d.err
	}
	if err != nil {
		return "", q.explain(err)
	}
	if d.status != "" && !atRest(d.status) {
		return "", fmt.Errorf("the stack is %s", d.status)
	}
	i := slices.IndexFunc(d.switches, func(s rules.Found) bool { return called(s.Name, name) })
	if i < 0 {
		return "", errNoSwitch
	}
	real, err := d.live(d.switches[i])
	if err != nil {
		return "", err
	}
	verdicts, err := Read(ctx, elbv2.NewFromConfig(q.AWS), real)
	if err != nil {
		return "", q.explain(err)
	}
	deployed := d.finding(d.switches[i], "")
	listener := Finding{}
	listener.Mode, listener.Mixed = rules.Together(verdicts)
	if deployed.Mode == "" || listener.Mode != deployed.Mode {
		return "", fmt.Errorf("the template says %s, the listener %s", deployed.Word(), listener.Word())
	}
	return listener.Mode, nil
}

// Still fails unless the switch is in the mode. other reports that the mode is
// known and different.
func (q Query) Still(ctx context.Context, name string, mode maintenance.Mode) (other bool, err error) {
	is, err := q.Mode(ctx, name)
	switch {
	case err != nil:
		return false, fmt.Errorf("whether the product is %s is not known: %w", mode, err)
	case is != mode:
		return true, fmt.Errorf("the product is %s, and not %s as this needs it: turn it to %s first", is, mode, mode)
	}
	return false, nil
}

// Agrees returns an error that says which of template, listener and request are
// not in the mode, or nil.
func (s Status) Agrees(mode maintenance.Mode) error {
	if v := s.Verdict(); v != Agree && v != Next {
		return fmt.Errorf("the template says %s, the listener %s, a request %s %s", s.Deployed.Word(), s.Listener.Word(), s.Request.Word(), s.Request.Problem)
	}
	return s.Turned(mode)
}

// Turned returns an error that says which of listener and request are not in the
// mode, whatever the template says, or nil.
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
