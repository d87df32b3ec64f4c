package alb

import (
	"fmt"
	"slices"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/maintenance"
)

// readUnseen finds out, of the listeners of a template, whether they may have
// more rules than are seen, and whether their target groups are swung.
func (t *Template) readUnseen(document *cfn.Template) {
	movers := t.movers(document)
	for _, l := range t.Listeners {
		if l.Foreign() {
			l.Unseen = append(l.Unseen, "the listener is not in the template: "+l.Ref.String())
			continue
		}
		for _, use := range document.Uses(l.Ref.LogicalID) {
			if why := leaves(use); why != "" {
				l.Unseen = append(l.Unseen, why)
			}
		}
		l.Moved = movers[l.Ref.LogicalID]
	}
	for _, g := range t.TargetGroups {
		g.Moved = movers[g.LogicalID]
	}
}

// harmless are the types of resources that are told which listener there is and
// add no rules that are not seen: rules are seen, and the others look only.
var harmless = []string{
	typeListenerRule,
	"AWS::ElasticLoadBalancingV2::ListenerCertificate",
	"AWS::ElasticLoadBalancingV2::TrustStoreRevocation",
	"AWS::ECS::Service", // see movers
	"AWS::CodeDeploy::DeploymentGroup",
	"AWS::CloudWatch::Alarm",
	"AWS::CloudWatch::Dashboard",
	"AWS::IAM::ManagedPolicy",
	"AWS::IAM::Policy",
	"AWS::IAM::Role",
	"AWS::Lambda::Function",
	"AWS::Lambda::Permission",
	"AWS::WAFv2::WebACLAssociation",
	maintenance.GuardType, // turns nothing
}

// leaves says how the name of a listener gets to where rules may be added to
// it, "" if it does not.
func leaves(use cfn.Use) string {
	switch {
	case use.Output != "":
		return fmt.Sprintf("the listener's ARN goes to output %s", use.Output)
	case slices.Contains(harmless, use.Resource.Type):
		return ""
	}
	return fmt.Sprintf("the listener's ARN goes to %s, of type %s", use.Resource.LogicalID, use.Resource.Type)
}

// movers are, by logical ids of listeners, rules and target groups, what swings
// target groups outside CloudFormation.
func (t *Template) movers(document *cfn.Template) map[string]string {
	movers := map[string]string{}
	note := func(id string) {
		for _, use := range document.Uses(id) {
			if why := swings(use.Resource); why != "" {
				movers[id] = why
			}
		}
	}
	for _, g := range t.TargetGroups {
		note(g.LogicalID)
	}
	for _, l := range t.Listeners {
		if !l.Foreign() {
			note(l.Ref.LogicalID)
		}
	}
	return movers
}

// swings says that a resource makes deployments that change where rules
// forward, "" if it does not.
func swings(r cfn.Resource) string {
	switch r.Type {
	case "AWS::CodeDeploy::DeploymentGroup":
		return fmt.Sprintf("CodeDeploy swings its target group (%s)", r.LogicalID)
	case "AWS::ECS::Service":
		controller, _ := r.Properties["DeploymentController"].(map[string]any)
		deployment, _ := r.Properties["DeploymentConfiguration"].(map[string]any)
		kind, strategy := controller["Type"], deployment["Strategy"]
		if kind != nil && kind != "ECS" || strategy != nil && strategy != "ROLLING" {
			return fmt.Sprintf("blue/green deployments of ECS swing its target group (%s)", r.LogicalID)
		}
	}
	return ""
}

// roomBefore reports whether a rule that is not seen may come before one of a
// priority: whether a lower one is free.
func (l *Listener) roomBefore(priority int) bool {
	taken := map[int]bool{}
	for _, r := range l.Rules {
		if r.If == "" && r.Priority < priority {
			taken[r.Priority] = true
		}
	}
	return len(taken) < min(priority-1, MaxPriority)
}
