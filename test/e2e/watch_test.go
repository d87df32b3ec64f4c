//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
)

// watch reads a listener repeatedly while something is done, and checks that each
// request goes where it should, all the time. It returns the successive states of
// the listener.
func (s *stack) watch(t *testing.T, listener string, requests []expected, while func()) []string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	var states, wrong []string
	polls := 0
	var failure error
	go func() {
		defer close(done)
		for ; ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
			l, err := s.listener(context.WithoutCancel(ctx), listener)
			if err != nil {
				failure = err
				return
			}
			polls++
			state := stateOf(l)
			if len(states) == 0 || states[len(states)-1] != state {
				states = append(states, state)
			}
			for _, r := range requests {
				if goal := r.route(l).Target().String(); goal != r.goal {
					wrong = append(wrong, fmt.Sprintf("%s goes to %s, not to %s, while the listener is\n%s", r.request, goal, r.goal, state))
				}
			}
		}
	}()
	defer func() {
		stop()
		<-done
	}()
	while()
	time.Sleep(100 * time.Millisecond) // one more look at the end
	stop()
	<-done
	if failure != nil {
		t.Fatalf("reading the listener during the deploy: %v", failure)
	}
	for _, w := range slices.Compact(wrong) {
		t.Error(w)
	}
	t.Logf("         the listener was read %d times meanwhile and was in %d states; %d requests went their way in each", polls, len(states), len(requests))
	return states
}

// stateOf returns a listener's rules and its default action as text.
func stateOf(l *alb.Listener) string {
	var b strings.Builder
	for i := range l.Rules {
		b.WriteString(ruleText(&l.Rules[i]) + "\n")
	}
	return b.String() + ruleText(&l.Default)
}

func ruleText(r *alb.Rule) string {
	var conditions, actions []string
	for _, c := range r.Conditions {
		conditions = append(conditions, c.String())
	}
	for _, a := range r.Actions {
		actions = append(actions, fmt.Sprint(a))
	}
	return fmt.Sprintf("%s %s: %s: %s", r.Name(), r.LogicalID, strings.Join(conditions, ", "), strings.Join(actions, ", "))
}
