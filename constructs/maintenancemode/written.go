package maintenancemode

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/term"
	"github.com/noren-cdk/noren/internal/turn"
)

// written checks the written templates for what no construct shows: properties
// that the app overrides without CDK's props, listeners and rules that it defines
// without their classes, and texts that CloudFormation does not give back
// unchanged. It implements awscdk.IPolicyValidationPlugin.
type written struct {
	validation *validation
	mode       *MaintenanceMode
	dir        string // of the templates
	templates  map[string]*writtenTemplate
	violations []*awscdk.PolicyViolation
}

// writtenTemplate is the part of a template that is checked.
type writtenTemplate struct {
	path      string
	all       any
	turned    map[string]string // the responder of the switch that turns a property, by Resource.Property
	Resources map[string]struct {
		Type       string
		Properties map[string]any
		Metadata   map[string]any
	}
}

// Name implements awscdk.IPolicyValidationPlugin.
func (w *written) Name() *string { return jsii.String("MaintenanceMode") }

// RuleIds implements awscdk.IPolicyValidationPlugin.
func (w *written) RuleIds() *[]*string { return nil }

// Version implements awscdk.IPolicyValidationPlugin.
func (w *written) Version() *string { return nil }

// Validate implements awscdk.IPolicyValidationPlugin.
func (w *written) Validate(context awscdk.IPolicyValidationContext) *awscdk.PolicyValidationPluginReport {
	w.violations, w.templates = nil, map[string]*writtenTemplate{}
	for _, s := range *context.StackTemplates() {
		w.dir = filepath.Dir(*s.TemplatePath)
		if _, err := os.Stat(w.file(w.validation.this)); err == nil {
			break // the templates of nested stacks are beside that of the stack
		}
	}
	for _, l := range w.validation.loadBalancerListeners() {
		w.compare(l, map[string]any{"DefaultActions": l.DefaultActions(), "Port": l.Port(), "Protocol": l.Protocol(), "LoadBalancerArn": l.LoadBalancerArn()})
	}
	for _, r := range w.rules() {
		w.compare(r, map[string]any{"Actions": r.Actions(), "Conditions": r.Conditions(), "Priority": r.Priority(), "ListenerArn": r.ListenerArn()})
	}
	w.untypedRules()
	failed := len(w.violations) > 0
	w.notASCII()
	return &awscdk.PolicyValidationPluginReport{Success: jsii.Bool(!failed), Violations: &w.violations}
}

// responder returns the logical id of the function that answers refused requests.
// It identifies the switch within the template.
func (w *written) responder() string {
	return *awscdk.Stack_Of(w.validation.this).GetLogicalId(w.mode.Function.Node().DefaultChild().(awscdk.CfnElement))
}

// rules returns the rules on the listeners of the switch and on the other
// listeners of their load balancer.
func (w *written) rules() []elbv2.CfnListenerRule {
	v := w.validation
	listeners := v.loadBalancerListeners()
	return slices.DeleteFunc(listenerRules(v.this), func(r elbv2.CfnListenerRule) bool {
		return !slices.ContainsFunc(v.listeners, func(t turned) bool { return t.has(r) }) &&
			!slices.ContainsFunc(listeners, func(l elbv2.CfnListener) bool { return turned{resource: l}.isOn(r) })
	})
}

// file returns the path of the template that a construct is in.
func (w *written) file(of constructs.IConstruct) string {
	return filepath.Join(w.dir, *awscdk.Stack_Of(of).TemplateFile())
}

// template returns the template that a construct is in. It is empty if the
// construct is in another stage.
func (w *written) template(of constructs.IConstruct) *writtenTemplate {
	path := w.file(of)
	if w.templates[path] == nil {
		read := &writtenTemplate{path: path, turned: map[string]string{}}
		if data, err := os.ReadFile(path); err == nil && json.Unmarshal(data, &read.all) == nil {
			_ = json.Unmarshal(data, read) // CDK reports a malformed resource
		}
		for id, r := range read.Resources {
			described, _ := r.Metadata[turn.MetadataKey].(string)
			var s turn.Switch
			_ = json.Unmarshal([]byte(described), &s) // it is not a switch
			for _, p := range s.Properties {
				read.turned[p.Resource+"."+p.Name] = id
			}
		}
		w.templates[path] = read
	}
	return w.templates[path]
}

// compare compares the properties of a listener or rule that the construct has
// checked with those that are deployed.
func (w *written) compare(of awscdk.CfnResource, properties map[string]any) {
	id := *awscdk.Stack_Of(of).GetLogicalId(of)
	template := w.template(of)
	resource, ok := template.Resources[id]
	if !ok {
		return
	}
	seen := rendered(of, properties)
	if turned := w.mode.carriers.turned[*of.Node().Path()]; turned != nil {
		for _, name := range []string{"Actions", "DefaultActions"} {
			if _, ok := seen[name]; ok {
				var actions any
				_ = json.Unmarshal([]byte(resolved(of, turned.actions())), &actions)
				seen[name] = actions
			}
		}
	}
	maps.DeleteFunc(properties, func(name string, _ any) bool {
		by := template.turned[id+"."+name]
		return by != "" && (by != w.responder() || template != w.template(w.validation.this)) // another switch
	})
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if text(seen[name]) != text(withoutEmpty(resource.Properties[name])) {
			w.say("overridden", "error", of, id, fmt.Sprintf("%s of %s is overridden past the props of CDK, so that MaintenanceMode has not checked it: set it by Set%s of the resource, or by the props", name, pathOf(of), name), name)
		}
	}
}

// untypedRules finds rules on listeners of the switch that are defined without
// the class for rules, so that they were never checked.
func (w *written) untypedRules() {
	for _, node := range *awscdk.ConstructSelector_ResourcesOfType(elbv2.CfnListenerRule_CFN_RESOURCE_TYPE_NAME()).Select(w.validation.this.Node().Root()) {
		rule, ok := node.(awscdk.CfnResource)
		if _, typed := node.(elbv2.CfnListenerRule); typed || !ok {
			continue
		}
		id := *awscdk.Stack_Of(rule).GetLogicalId(rule)
		on := text(w.template(rule).Resources[id].Properties["ListenerArn"])
		if slices.ContainsFunc(w.validation.listeners, func(t turned) bool { return on == resolved(rule, t.listener.ListenerArn()) }) {
			w.say("untyped", "error", rule, id, fmt.Sprintf("%s is a rule of a listener that MaintenanceMode cannot read: define it with elbv2.NewCfnListenerRule or by the listener", pathOf(rule)))
		}
	}
}

// notASCII finds texts that CloudFormation gives back with question marks, so
// that noren close, open and read-only refuse the template.
func (w *written) notASCII() {
	this := w.validation.this
	template := w.template(this)
	for id, r := range template.Resources {
		if r.Metadata[turn.MetadataKey] != nil && id < w.responder() {
			return // the first switch of the template reports it
		}
	}
	places := map[string][]string{}
	eachText("", template.all, func(place, text string) {
		if strings.ContainsFunc(text, func(r rune) bool { return r > 0x7f }) {
			places[text] = append(places[text], place)
		}
	})
	for _, text := range slices.SortedFunc(maps.Keys(places), func(a, b string) int { return cmp.Compare(places[a][0], places[b][0]) }) {
		at := places[text][0]
		if others := len(places[text]) - 1; others > 0 {
			at += " and " + term.Plural(others, "other place")
		}
		w.say("ascii", "info", awscdk.Stack_Of(this), "", fmt.Sprintf("%q in %s is not ASCII: CloudFormation gives it back with question marks, and noren close, open and read-only refuse the template", text, at))
	}
}

// eachText calls found, in order, with every text of a value, property names
// included, and with its place.
func eachText(place string, value any, found func(place, text string)) {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			within := strings.TrimPrefix(place+"."+name, ".")
			found(within, name)
			eachText(within, v[name], found)
		}
	case []any:
		for i, inner := range v {
			eachText(fmt.Sprintf("%s[%d]", place, i), inner, found)
		}
	case string:
		found(place, v)
	}
}

// say adds a violation of a construct.
func (w *written) say(rule, severity string, of constructs.IConstruct, id, description string, properties ...string) {
	locations := []*string{}
	for _, name := range properties {
		locations = append(locations, jsii.String("Properties/"+name))
	}
	resource := &awscdk.PolicyViolatingResource{Locations: &locations, ConstructPath: of.Node().Path()}
	if id != "" {
		resource = &awscdk.PolicyViolatingResource{Locations: &locations, ResourceLogicalId: &id, TemplatePath: jsii.String(w.file(of))}
	}
	w.violations = append(w.violations, &awscdk.PolicyViolation{
		RuleName: &rule, Description: &description, Severity: &severity, ViolatingResources: &[]*awscdk.PolicyViolatingResource{resource},
	})
}
