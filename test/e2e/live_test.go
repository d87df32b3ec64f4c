//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/noren-cdk/noren/internal/alb"
)

// stack is a deployed stack as the API describes it.
type stack struct {
	name      string
	resources map[string]string // physical ids by logical id
	names     map[string]string // logical ids by physical id
	elbv2     *elbv2.Client
	formation *cloudformation.Client
}

// stack looks up the resources of the stack with the given name.
func (e *emulator) stack(t *testing.T, name string) *stack {
	t.Helper()
	cfg := e.config(t)
	s := &stack{name, map[string]string{}, map[string]string{}, elbv2.NewFromConfig(cfg), cloudformation.NewFromConfig(cfg)}
	for pages := cloudformation.NewListStackResourcesPaginator(s.formation, &cloudformation.ListStackResourcesInput{StackName: &name}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.StackResourceSummaries {
			if r.LogicalResourceId == nil || r.PhysicalResourceId == nil {
				continue
			}
			s.resources[*r.LogicalResourceId] = *r.PhysicalResourceId
			s.names[*r.PhysicalResourceId] = *r.LogicalResourceId
		}
	}
	return s
}

// only returns the logical id of the one resource whose logical id begins with
// prefix.
func (s *stack) only(t *testing.T, prefix string) string {
	t.Helper()
	var found []string
	for id := range s.resources {
		if strings.HasPrefix(id, prefix) {
			found = append(found, id)
		}
	}
	if len(found) != 1 {
		t.Fatalf("resources %q of stack %s start with %q, want one", found, s.name, prefix)
	}
	return found[0]
}

// template returns the template that was deployed.
func (s *stack) template(t *testing.T) string {
	t.Helper()
	out, err := s.formation.GetTemplate(t.Context(), &cloudformation.GetTemplateInput{StackName: &s.name})
	if err != nil {
		t.Fatal(err)
	}
	return *out.TemplateBody
}

// event is a change to a resource, or to the stack itself.
type event struct{ resource, status string }

// events returns the changes to the stack, in order.
func (s *stack) events(t *testing.T) []event {
	t.Helper()
	out, err := s.formation.DescribeStackEvents(t.Context(), &cloudformation.DescribeStackEventsInput{StackName: &s.name})
	if err != nil {
		t.Fatal(err)
	}
	var events []event
	for _, e := range slices.Backward(out.StackEvents) {
		events = append(events, event{*e.LogicalResourceId, string(e.ResourceStatus)})
	}
	return events
}

// listener reads a listener, its rules and all target groups from the API.
func (s *stack) listener(ctx context.Context, logicalID string) (*alb.Listener, error) {
	arn, ok := s.resources[logicalID]
	if !ok {
		return nil, fmt.Errorf("stack %s has no listener %s", s.name, logicalID)
	}
	described := alb.Described{Names: s.names}
	listeners, err := s.elbv2.DescribeListeners(ctx, &elbv2.DescribeListenersInput{ListenerArns: []string{arn}})
	if err != nil {
		return nil, err
	}
	groups, err := s.elbv2.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{})
	if err != nil {
		return nil, err
	}
	for pages := elbv2.NewDescribeRulesPaginator(s.elbv2, &elbv2.DescribeRulesInput{ListenerArn: &arn}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		if err := add(&described.Rules, page); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(add(&described.Listeners, listeners), add(&described.TargetGroups, groups)); err != nil {
		return nil, err
	}
	template, err := alb.ReadDescribed(described)
	if err != nil {
		return nil, err
	}
	if l := template.Listener(alb.Ref{LogicalID: logicalID}); l != nil {
		return l, nil
	}
	return nil, fmt.Errorf("the API does not describe listener %s", arn)
}

// mustListener reads a listener that must exist.
func (s *stack) mustListener(t *testing.T, logicalID string) *alb.Listener {
	t.Helper()
	l, err := s.listener(t.Context(), logicalID)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// add adds an answer of the API as JSON.
func add(answers *[][]byte, answer any) error {
	data, err := json.Marshal(answer)
	*answers = append(*answers, data)
	return err
}
