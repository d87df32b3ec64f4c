package maintenancemode

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
)

// referred are the references in the properties of the carriers of the mode, in
// any mode. If what one of them refers to is replaced, such as a target group or
// a certificate, CloudFormation changes the carrier although its text in the
// template stays the same, and with it whatever was done to it by hand. The guard
// has the values among its properties, so that it is called then, too.
type referred struct{ by *carriers }

// Produce implements awscdk.IAnyProducer.
func (r *referred) Produce(awscdk.IResolveContext) any {
	found := references{carriers: map[string]bool{}, all: map[string]any{}}
	for _, l := range r.by.listeners {
		found.carriers[logicalID(l)] = true
	}
	for _, rule := range r.by.rules {
		found.carriers[logicalID(rule)] = true
	}
	for _, properties := range r.by.properties() {
		found.add(properties)
	}
	for _, d := range r.by.described {
		found.add(json.RawMessage(resolved(d.of, d.values())))
	}
	list := []any{}
	for _, key := range slices.Sorted(maps.Keys(found.all)) {
		list = append(list, found.all[key])
	}
	return list
}

func logicalID(of awscdk.CfnElement) string {
	var id string
	_ = json.Unmarshal([]byte(resolved(of, of.LogicalId())), &id) // it is a text
	return id
}

// references are values that only a deploy knows.
type references struct {
	carriers map[string]bool // which wait for the guard, so that it cannot refer to them
	all      map[string]any  // by their text
}

func (r references) add(properties json.RawMessage) {
	var value any
	if err := json.Unmarshal(properties, &value); err != nil {
		panic(err) // it is JSON
	}
	r.collect(value)
}

// collect adds the references in a value. It leaves out secrets: the guard
// receives its properties in plain text.
func (r references) collect(value any) {
	switch v := value.(type) {
	case []any:
		for _, entry := range v {
			r.collect(entry)
		}
	case map[string]any:
		for name, inner := range v {
			switch {
			case name == "ClientSecret":
			case len(v) == 1 && r.refers(name, inner):
				if whole := text(v); !strings.Contains(whole, "{{resolve:") {
					r.all[whole] = v
				}
			default:
				r.collect(inner)
			}
		}
	}
}

// refers reports whether an intrinsic function refers to something whose value
// may change while the text of the template does not.
func (r references) refers(function string, argument any) bool {
	switch function {
	case "Ref":
		name, _ := argument.(string)
		return !strings.HasPrefix(name, "AWS::") && !r.carriers[name]
	case "Fn::GetAtt":
		list, _ := argument.([]any)
		name, _ := append(list, "")[0].(string)
		return !r.carriers[name]
	case "Fn::ImportValue", "Fn::If", "Fn::Sub":
		return true
	}
	return false
}
