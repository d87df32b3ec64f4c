package account

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/cfn"
)

// stack is the state of the stack in CloudFormation.
type stack struct {
	template []byte
	status   string
	updated  time.Time
	sets     map[string]*changeSet
	events   []stackEvent // newest first
	policy   string
	physical map[string]string // by logical id
	types    map[string]string
	values   map[string]string // for cfn.Options
	outputs  []any
	given    []any // the template's parameters, in the form of DescribeStacks
}

type changeSet struct {
	template []byte
	changes  []any
	changed  []string // logical ids
}

type stackEvent struct {
	id, resource, kind, status, reason, token string
	at                                        time.Time
}

// StackID returns the ARN of the stack.
func (a *Account) StackID() string {
	return arn("cloudformation", "stack/"+a.config.Stack+"/00000000-0000-0000-0000-000000000001")
}

// deploy creates the stack from the template.
func (a *Account) deploy() error {
	s := &a.stack
	s.template, s.status, s.updated = a.config.Template, "CREATE_COMPLETE", time.Now().UTC()
	s.sets, s.physical, s.types, s.values = map[string]*changeSet{}, map[string]string{}, map[string]string{}, map[string]string{}
	plain, err := cfn.Read(bytes.NewReader(s.template), cfn.Options{Parameters: a.pseudo()})
	if err != nil {
		return err
	}
	var types []string
	for _, id := range plain.LogicalIDs() {
		if kind := plain.Type(id); !slices.Contains(types, kind) {
			types = append(types, kind)
		}
	}
	all, err := cfn.Resources(bytes.NewReader(s.template), cfn.Options{Parameters: a.pseudo()}, types...)
	if err != nil {
		return err
	}
	balancer, listener := map[string]string{}, map[string]string{}
	for _, r := range all {
		s.types[r.LogicalID] = r.Type
		of := func(name string) string {
			text, _ := r.Properties[name].(string)
			id, _, _ := cfn.Attribute(text)
			return id
		}
		switch r.Type {
		case "AWS::ElasticLoadBalancingV2::Listener":
			balancer[r.LogicalID] = of("LoadBalancerArn")
		case "AWS::ElasticLoadBalancingV2::ListenerRule":
			listener[r.LogicalID] = of("ListenerArn")
		}
	}
	for _, r := range all {
		l := listener[r.LogicalID]
		b := balancer[r.LogicalID]
		if l != "" {
			b = balancer[l]
		}
		name, amazon := physical(r.Type, r.LogicalID, b, l)
		s.physical[r.LogicalID] = name
		s.values[r.LogicalID] = name
		if amazon != "" {
			for _, attribute := range []string{"Arn", "TargetGroupArn", "ListenerArn", "LoadBalancerArn", "TopicArn", "RuleArn"} {
				s.values[r.LogicalID+"."+attribute] = amazon
			}
		}
		if _, full, ok := strings.Cut(amazon, ":loadbalancer/"); ok {
			s.values[r.LogicalID+".LoadBalancerFullName"] = full
		}
	}
	maps.Copy(s.values, a.config.Values)
	t, err := cfn.Read(bytes.NewReader(s.template), a.Options())
	if err != nil {
		return err
	}
	for _, o := range t.Outputs() {
		s.outputs = append(s.outputs, map[string]any{"OutputKey": o.Name, "OutputValue": cfn.Display(a.config.Localize(o.Value))})
	}
	parameters, err := a.deployed("AWS::SSM::Parameter")
	if err != nil {
		return err
	}
	for _, r := range parameters {
		value, _ := r.Properties["Value"].(string)
		if name, ok := r.Properties["Name"].(string); ok && !cfn.IsOpaque(name) {
			s.physical[r.LogicalID], s.values[r.LogicalID] = name, name
		}
		a.parameters[s.physical[r.LogicalID]] = value
	}
	return a.readParameters()
}

// readParameters returns the parameters of the template with their defaults.
func (a *Account) readParameters() error {
	var t struct {
		Parameters map[string]struct {
			Type    string
			Default any
		}
	}
	if err := json.Unmarshal(a.stack.template, &t); err != nil {
		return fmt.Errorf("the template: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(t.Parameters)) {
		value := fmt.Sprint(t.Parameters[name].Default)
		if given, ok := a.config.Parameters[name]; ok {
			value = given
		}
		p := map[string]any{"ParameterKey": name, "ParameterValue": value}
		if strings.HasPrefix(t.Parameters[name].Type, "AWS::SSM::Parameter::Value<") {
			p["ResolvedValue"] = "32" // the version of the bootstrap
			a.parameters[value] = "32"
		}
		a.stack.given = append(a.stack.given, p)
	}
	return nil
}

// Template returns the deployed template.
func (a *Account) Template() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stack.template
}

// compare lists what an update from one template to another changes.
func compare(before, after []byte) (changes []any, changed []string, err error) {
	type resource struct {
		Type       string
		Properties map[string]any
	}
	var old, next struct{ Resources map[string]resource }
	for text, to := range map[*[]byte]any{&before: &old, &after: &next} {
		if err := cfn.Decode(*text, to); err != nil {
			return nil, nil, refuse("ValidationError", "Template format error: %v", err)
		}
	}
	note := func(id, kind, action string, details []any) {
		changed = append(changed, id)
		change := map[string]any{"Action": action, "LogicalResourceId": id, "ResourceType": kind}
		if details != nil {
			change["Replacement"], change["Details"] = "False", details
		}
		changes = append(changes, map[string]any{"Type": "Resource", "ResourceChange": change})
	}
	for _, id := range slices.Sorted(maps.Keys(next.Resources)) {
		was, exists := old.Resources[id]
		is := next.Resources[id]
		if !exists {
			note(id, is.Type, "Add", nil)
			continue
		}
		names := map[string]bool{}
		for name := range was.Properties {
			names[name] = true
		}
		for name := range is.Properties {
			names[name] = true
		}
		var details []any
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if !reflect.DeepEqual(was.Properties[name], is.Properties[name]) {
				details = append(details, map[string]any{"Target": map[string]any{"Attribute": "Properties", "Name": name, "RequiresRecreation": "Never"}, "ChangeSource": "DirectModification", "Evaluation": "Static"})
			}
		}
		if details != nil {
			note(id, is.Type, "Modify", details)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(old.Resources)) {
		if _, stays := next.Resources[id]; !stays {
			note(id, old.Resources[id].Type, "Remove", nil)
		}
	}
	return changes, changed, nil
}
