//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// TestDeploy_AnotherModulesApp deploys another module's app, which uses the
// construct on a load balancer shared with other services, and flips it. One of
// the others' rules was made by hand and is in no template.
func TestDeploy_AnotherModulesApp(t *testing.T) {
	dir := scratch(t)
	e := startEmulator(t, dir, "123456789012", "us-east-1")
	moduleOf(t, dir, "test/e2e/testdata/shop")
	program := filepath.Join(dir, "shop")
	run(t, "go mod tidy", dir, plainEnvironment(dir), "go", "mod", "tidy")
	run(t, "go build", dir, plainEnvironment(dir), "go", "build", "-o", program, ".")
	e.bootstrap(t)
	modes := map[string]assembly{}
	for _, mode := range []string{"false", "true"} {
		modes[mode] = e.synthesize(t, program, "Shop", mode)
	}
	printFiltered(t, modes["false"])
	e.deploy(t, "cdk deploy -c maintenance=false, the first", modes["false"].dir, "Shop")
	s := e.stack(t, "Shop")
	listener := modes["false"].listener.Ref.LogicalID
	shop, billing, responder := s.only(t, "ShopGroup"), s.only(t, "BillingGroup"), s.only(t, "MaintenanceTargetGroup")
	s.addRule(t, listener, billing, "partner.example.com", 20)

	others := []expected{
		{request{line: "GET /", host: "billing.example.com"}, billing},
		{request{line: "POST /invoices", host: "billing.example.com"}, billing},
		{request{line: "POST /orders", host: "partner.example.com"}, billing},
		{request{line: "GET /", host: "status.example.com"}, ""}, // the load balancer answers
		{request{line: "POST /", host: "elsewhere.example.com"}, shop},
		{request{line: "GET /cart/7", host: "shop.example.com"}, shop},
		{request{line: "HEAD /cart/7", host: "shop.example.com"}, shop},
	}
	refused := []request{{line: "GET /", host: "shop.example.com"}, {line: "POST /cart/7", host: "shop.example.com"}}
	for _, step := range []struct{ mode, goal string }{{"true", responder}, {"false", shop}, {"true", responder}} {
		before, eventsBefore := s.mustListener(t, listener), s.events(t)
		states := s.watch(t, listener, others, func() {
			e.deploy(t, "cdk deploy -c maintenance="+step.mode, modes[step.mode].dir, "Shop")
		})
		if len(states) != 2 {
			t.Errorf("the listener was in %d states, want the one before and the one after:\n%s", len(states), strings.Join(states, "\n\n"))
		}
		s = e.stack(t, "Shop")
		checkEvents(t, s.events(t)[len(eventsBefore):], "Shop", []string{closingRule(t, modes["true"])})
		live := s.mustListener(t, listener)
		for _, r := range refused {
			if goal := r.route(live).Target().String(); goal != step.goal {
				t.Errorf("maintenance=%s: %s goes to %s, want %s", step.mode, r, goal, step.goal)
			}
		}
		// Nothing of the others changes: all rules except the construct's one are
		// as they were, including the one made by hand.
		rest := func(state string) []string {
			return slices.DeleteFunc(strings.Split(state, "\n"), func(rule string) bool { return strings.HasPrefix(rule, "195 ") })
		}
		if before, after := rest(stateOf(before)), rest(stateOf(live)); !slices.Equal(before, after) {
			t.Errorf("the others' rules were\n%s\nand are\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
		}
	}
}

// closingRule returns the rule that closes the listener.
func closingRule(t *testing.T, a assembly) string {
	t.Helper()
	for i := range a.listener.Rules {
		if r := &a.listener.Rules[i]; strings.HasSuffix(r.ShortName(), "Close0") {
			return r.LogicalID
		}
	}
	t.Fatal("no rule closes the listener")
	return ""
}

// moduleOf turns dir into a module with the sources of a folder. It uses this
// tree's noren and the same version of CDK.
func moduleOf(t *testing.T, dir, sources string) {
	t.Helper()
	if err := os.CopyFS(dir, os.DirFS(sources)); err != nil {
		t.Fatal(err)
	}
	pins, err := exec.Command("go", "list", "-m", "-f", "\t{{.Path}} {{.Version}}",
		"github.com/aws/aws-cdk-go/awscdk/v2", "github.com/aws/constructs-go/constructs/v10", "github.com/aws/jsii-runtime-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	module := "module example.com/shop\n\ngo 1.26.0\n\nrequire (\n\tgithub.com/noren-cdk/noren v0.0.0\n" + string(pins) + ")\n\n" +
		"replace github.com/noren-cdk/noren => " + root + "\n"
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(module), 0o644); err != nil {
		t.Fatal(err)
	}
}

// addRule adds a rule like someone who does not know of the stack.
func (s *stack) addRule(t *testing.T, listener, group, host string, priority int32) {
	t.Helper()
	_, err := s.elbv2.CreateRule(t.Context(), &elbv2.CreateRuleInput{
		ListenerArn: aws.String(s.resources[listener]), Priority: &priority,
		Conditions: []types.RuleCondition{{Field: aws.String("host-header"), HostHeaderConfig: &types.HostHeaderConditionConfig{Values: []string{host}}}},
		Actions:    []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: aws.String(s.resources[group])}},
	})
	if err != nil {
		t.Fatal(err)
	}
}
