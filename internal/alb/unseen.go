package alb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/maintenance"
)

// readUnseen determines whether the listeners of templates that are read as one
// may have more rules than are visible, and what swaps target groups outside
// CloudFormation.
func (t *Template) readUnseen(all stacks) {
	macros, swung := all.expanded()
	for _, l := range t.Listeners {
		l.Unseen, l.Moved = nil, swung
		if l.Foreign() {
			l.Unseen = []string{"the listener is not in the template: " + l.Ref.String()}
			continue
		}
		var places []string
		from := t.origin(l.Ref.LogicalID)
		all.trace(from.stack, from.id, func(in Stack, use cfn.Use) {
			if place := leaves(in, use); place != "" && !slices.Contains(places, place) {
				places = append(places, place)
			}
			if why := swings(use.Resource); why != "" {
				l.Moved = why
			}
		})
		if len(places) > 0 {
			l.Unseen = []string{"the listener's ARN goes to " + list(places)}
		}
		if len(macros) > 0 {
			l.Unseen = append(l.Unseen, "CloudFormation expands the template with "+list(macros)+", which may add rules")
		}
	}
	for _, g := range t.TargetGroups {
		from := t.origin(g.LogicalID)
		g.Moved = ""
		all.trace(from.stack, from.id, func(_ Stack, use cfn.Use) {
			if why := swings(use.Resource); why != "" {
				g.Moved = why
			}
		})
	}
}

// knownMacros are macros that neither change a template's rules nor add any.
var knownMacros = []string{"AWS::CodeDeployBlueGreen", "AWS::LanguageExtensions", "AWS::SecretsManager-2020-07-23", "AWS::SecretsManager-2024-09-16", "AWS::Serverless-2016-10-31"}

// expanded returns the macros of the stacks that may add rules, and what swaps
// the target groups of all listeners, "" if nothing does.
func (s stacks) expanded() (macros []string, swung string) {
	for _, stack := range s {
		if stack.document == nil {
			continue
		}
		for _, macro := range stack.document.Macros() {
			if !slices.Contains(knownMacros, macro) && !slices.Contains(macros, macro) {
				macros = append(macros, macro)
			}
		}
		if slices.Contains(stack.document.Hooks(), "AWS::CodeDeploy::BlueGreen") {
			swung = "CodeDeploy swings its target group (a hook of the template)"
		}
	}
	return macros, swung
}

// list joins texts as in a sentence.
func list(texts []string) string {
	last := len(texts) - 1
	if last < 1 {
		return strings.Join(texts, "")
	}
	return strings.Join(texts[:last], ", ") + " and " + texts[last]
}

// harmless are the types of resources that may refer to a listener without adding
// invisible rules: rules are visible, and the others only read.
var harmless = []string{
	typeListenerRule,
	"AWS::ApplicationAutoScaling::ScalingPolicy",
	"AWS::AutoScaling::ScalingPolicy",
	"AWS::CloudWatch::Alarm",
	"AWS::CloudWatch::Dashboard",
	"AWS::CodeDeploy::DeploymentGroup", // see swings
	"AWS::ECS::Service",                // see swings
	"AWS::ElasticLoadBalancingV2::ListenerCertificate",
	"AWS::ElasticLoadBalancingV2::TrustStoreRevocation",
	"AWS::Events::Rule",
	"AWS::IAM::ManagedPolicy",
	"AWS::IAM::Policy",
	"AWS::IAM::Role",
	"AWS::Lambda::Function",
	"AWS::Lambda::Permission",
	"AWS::WAFv2::WebACLAssociation",
	maintenance.GuardType, // changes nothing
}

// leaves says where the name of a listener goes so that rules may be added to it,
// "" if nowhere. An output with text for people is not such a place.
func leaves(in Stack, use cfn.Use) string {
	name := use.Output
	if name == "" {
		name = use.Resource.LogicalID
	}
	if in.Parent != "" {
		name += " of " + in.Name
	}
	switch {
	case use.Output != "" && cfn.Prose(in.output(use.Output).Value):
		return ""
	case use.Output != "":
		return "output " + name
	case slices.Contains(harmless, use.Resource.Type):
		return ""
	case use.Resource.Type == "AWS::CloudFormation::Stack":
		return name + ", a nested stack that is not read"
	}
	return fmt.Sprintf("%s (%s)", name, use.Resource.Type)
}

// swings says how a resource's deployments change where rules forward, "" if they
// do not.
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

// roomBefore reports whether an invisible rule may come before one with the given
// priority: whether a lower priority is free.
func (l *Listener) roomBefore(priority int) bool {
	taken := map[int]bool{}
	for _, r := range l.Rules {
		if r.If == "" && r.Priority < priority {
			taken[r.Priority] = true
		}
	}
	return len(taken) < min(priority-1, MaxPriority)
}
