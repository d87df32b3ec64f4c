//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"
	"pgregory.net/rapid"

	"github.com/noren-cdk/noren/internal/testing/elb"
)

// motoKnows are the rules of elb that moto has as well. moto allows a second
// listener on a port, and a target group on two load balancers.
var motoKnows = []string{elb.PriorityInUse, elb.DuplicateTargetGroupName, elb.ResourceInUse}

// balancing is a set of load balancers in moto, and the state that elb has of
// them.
type balancing struct {
	api     *elbv2.Client
	subnets []string
	state   elb.State
	arns    map[string]string // by physical ids of elb
	made    int               // makes names unique
	refused map[string]int
}

// TestELB_RefusesAsMoto checks the API of load balancers that the tests of noren
// diff deploy against: where moto knows a rule, that API refuses exactly what
// moto refuses.
func TestELB_RefusesAsMoto(t *testing.T) {
	e := startEmulator(t, scratch(t), "123456789012", "us-east-1")
	b := &balancing{api: elbv2.NewFromConfig(e.config(t)), refused: map[string]int{}}
	formation := cloudformation.NewFromConfig(e.config(t))
	if _, err := formation.CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: aws.String("network"), TemplateBody: aws.String(`{"Resources": {
		"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
		"A": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "us-east-1a"}},
		"B": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "us-east-1b"}}}}`)}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"A", "B"} {
		found, err := formation.DescribeStackResource(t.Context(), &cloudformation.DescribeStackResourceInput{StackName: aws.String("network"), LogicalResourceId: &id})
		if err != nil {
			t.Fatal(err)
		}
		b.subnets = append(b.subnets, *found.StackResourceDetail.PhysicalResourceId)
	}
	rapid.Check(t, func(t *rapid.T) {
		b.state, b.arns = elb.State{}, map[string]string{}
		b.made++ // another round uses other names
		b.put(t, "Balancer", elb.Resource{Type: elb.LoadBalancer, Properties: map[string]any{}})
		b.put(t, "Group", elb.Resource{Type: elb.TargetGroup, Properties: map[string]any{"Name": fmt.Sprintf("n%d", b.made)}})
		b.put(t, "Listener", elb.Resource{Type: elb.Listener, Properties: map[string]any{"LoadBalancerArn": "Balancer", "Port": 80, "TargetGroup": "Group"}})
		b.meet(t)
		for range rapid.IntRange(4, 20).Draw(t, "steps") {
			b.step(t)
		}
		for _, kind := range []string{elb.LoadBalancer, elb.TargetGroup} { // a balancer includes its listeners and rules
			for _, id := range b.ids(kind) {
				if err := b.remove(t, id); err != nil {
					t.Fatalf("cleaning up %s: %v", id, err)
				}
			}
		}
	})
	t.Logf("refused by both: %v", b.refused)
	for _, why := range motoKnows {
		if b.refused[why] == 0 {
			t.Errorf("%s was never met", why)
		}
	}
}

// meet provokes each refusal that moto knows, which the random steps may miss.
func (b *balancing) meet(t *rapid.T) {
	b.put(t, "SameName", elb.Resource{Type: elb.TargetGroup, Properties: map[string]any{"Name": b.state["Group"].Properties["Name"]}})
	for _, id := range []string{"First", "SamePriority"} {
		b.put(t, id, elb.Resource{Type: elb.Rule, Properties: map[string]any{"ListenerArn": "Listener", "Priority": 5, "TargetGroup": "Group"}})
	}
	if b.agree(t, b.state.RefusesDeletion("Group"), b.remove(t, "Group")) {
		t.Fatal("a target group was deleted that a listener forwards to")
	}
}

// ids returns the resources of a type.
func (b *balancing) ids(kind string) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(b.state)) {
		if b.state[id].Type == kind {
			ids = append(ids, id)
		}
	}
	return ids
}

// step creates, changes or deletes a resource in both, unless elb refuses it by a
// rule that moto does not know.
func (b *balancing) step(t *rapid.T) {
	kind := rapid.SampledFrom([]string{elb.LoadBalancer, elb.Listener, elb.Rule, elb.Rule, elb.Rule, elb.TargetGroup, elb.TargetGroup}).Draw(t, "kind")
	ids := b.ids(kind)
	what := rapid.SampledFrom([]string{"make", "make", "change", "delete"}).Draw(t, "what")
	if len(ids) == 0 && what != "make" {
		return
	}
	pick := func(ids []string) string { return rapid.SampledFrom(ids).Draw(t, "id") }
	if what == "delete" {
		id := pick(ids)
		if kind == elb.LoadBalancer || kind == elb.Listener && slices.ContainsFunc(b.ids(elb.Rule), func(r string) bool { return b.state[r].Properties["ListenerArn"] == id }) {
			return // its contents are deleted as well
		}
		if b.agree(t, b.state.RefusesDeletion(id), b.remove(t, id)) {
			delete(b.state, id)
		}
		return
	}
	r := elb.Resource{Type: kind, Properties: map[string]any{}}
	switch kind {
	case elb.TargetGroup:
		r.Properties["Name"] = fmt.Sprintf("n%d-%d", b.made, rapid.IntRange(1, 4).Draw(t, "name"))
	case elb.Listener:
		if len(b.ids(elb.LoadBalancer)) == 0 || len(b.ids(elb.TargetGroup)) == 0 {
			return
		}
		r.Properties["LoadBalancerArn"], r.Properties["Port"] = pick(b.ids(elb.LoadBalancer)), rapid.IntRange(80, 83).Draw(t, "port")
		r.Properties["TargetGroup"] = pick(b.ids(elb.TargetGroup))
	case elb.Rule:
		if len(b.ids(elb.Listener)) == 0 || len(b.ids(elb.TargetGroup)) == 0 {
			return
		}
		r.Properties["ListenerArn"], r.Properties["Priority"] = pick(b.ids(elb.Listener)), rapid.IntRange(1, 4).Draw(t, "priority")
		r.Properties["TargetGroup"] = pick(b.ids(elb.TargetGroup))
	}
	id := fmt.Sprintf("%s%d", kind[strings.LastIndex(kind, ":")+1:], len(b.arns))
	if what == "change" {
		if kind == elb.LoadBalancer || kind == elb.TargetGroup {
			return // created with what it has
		}
		id = pick(ids)
		for _, within := range []string{"LoadBalancerArn", "ListenerArn"} {
			r.Properties[within] = b.state[id].Properties[within]
			if r.Properties[within] == nil {
				delete(r.Properties, within)
			}
		}
	}
	b.put(t, id, r)
}

// put creates or changes a resource in both, unless elb refuses it by a rule that
// moto does not know.
func (b *balancing) put(t *rapid.T, id string, r elb.Resource) {
	why := b.state.Refuses(id, r)
	if why != "" && !slices.Contains(motoKnows, why) {
		return
	}
	if b.agree(t, why, b.call(t, id, r)) {
		b.state[id] = r
	}
}

// agree checks that moto refuses what elb refuses, and reports whether the step
// was done.
func (b *balancing) agree(t *rapid.T, why string, err error) bool {
	got := ""
	var refusal smithy.APIError
	if errors.As(err, &refusal) {
		got = refusal.ErrorCode()
	} else if err != nil {
		t.Fatal(err)
	}
	if got != why {
		t.Fatalf("moto refuses by %q, elb by %q: %v\n%v", got, why, err, b.state)
	}
	if got != "" {
		b.refused[got]++
	}
	return got == ""
}

// call creates or changes a resource in moto.
func (b *balancing) call(t *rapid.T, id string, r elb.Resource) error {
	ctx, p := t.Context(), r.Properties
	_, change := b.state[id]
	arn := func(property string) *string { return aws.String(b.arns[fmt.Sprint(p[property])]) }
	forward := []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: arn("TargetGroup")}}
	switch r.Type {
	case elb.LoadBalancer:
		out, err := b.api.CreateLoadBalancer(ctx, &elbv2.CreateLoadBalancerInput{Name: aws.String(fmt.Sprintf("b%d-%s", b.made, strings.ToLower(id))), Subnets: b.subnets})
		if err != nil {
			return err
		}
		b.arns[id] = *out.LoadBalancers[0].LoadBalancerArn
	case elb.TargetGroup:
		out, err := b.api.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{Name: aws.String(p["Name"].(string)), TargetType: types.TargetTypeEnumLambda})
		if err != nil {
			return err
		}
		b.arns[id] = *out.TargetGroups[0].TargetGroupArn
	case elb.Listener:
		port := aws.Int32(int32(p["Port"].(int)))
		if change {
			_, err := b.api.ModifyListener(ctx, &elbv2.ModifyListenerInput{ListenerArn: aws.String(b.arns[id]), Port: port, DefaultActions: forward})
			return err
		}
		out, err := b.api.CreateListener(ctx, &elbv2.CreateListenerInput{LoadBalancerArn: arn("LoadBalancerArn"), Protocol: types.ProtocolEnumHttp, Port: port, DefaultActions: forward})
		if err != nil {
			return err
		}
		b.arns[id] = *out.Listeners[0].ListenerArn
	case elb.Rule:
		conditions := []types.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/a"}}}
		priority := int32(p["Priority"].(int))
		if !change {
			out, err := b.api.CreateRule(ctx, &elbv2.CreateRuleInput{ListenerArn: arn("ListenerArn"), Priority: &priority, Conditions: conditions, Actions: forward})
			if err != nil {
				return err
			}
			b.arns[id] = *out.Rules[0].RuleArn
			return nil
		}
		if p["Priority"] != b.state[id].Properties["Priority"] { // moto takes its own priority for another rule's
			if _, err := b.api.SetRulePriorities(ctx, &elbv2.SetRulePrioritiesInput{RulePriorities: []types.RulePriorityPair{{RuleArn: aws.String(b.arns[id]), Priority: &priority}}}); err != nil {
				return err
			}
		}
		_, err := b.api.ModifyRule(ctx, &elbv2.ModifyRuleInput{RuleArn: aws.String(b.arns[id]), Actions: forward})
		return err
	}
	return nil
}

// remove deletes a resource in moto.
func (b *balancing) remove(t *rapid.T, id string) (err error) {
	arn := b.arns[id]
	switch b.state[id].Type {
	case elb.LoadBalancer:
		_, err = b.api.DeleteLoadBalancer(t.Context(), &elbv2.DeleteLoadBalancerInput{LoadBalancerArn: &arn})
	case elb.Listener:
		_, err = b.api.DeleteListener(t.Context(), &elbv2.DeleteListenerInput{ListenerArn: &arn})
	case elb.Rule:
		_, err = b.api.DeleteRule(t.Context(), &elbv2.DeleteRuleInput{RuleArn: &arn})
	case elb.TargetGroup:
		_, err = b.api.DeleteTargetGroup(t.Context(), &elbv2.DeleteTargetGroupInput{TargetGroupArn: &arn})
	}
	return err
}
