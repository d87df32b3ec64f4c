package turn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// Need is what a role must be allowed to do to one resource.
type Need struct {
	// Actions are the actions, such as elasticloadbalancing:ModifyListener, and
	// Resource is the ARN of their resource.
	Actions  []string
	Resource string

	// Context has the condition keys of the request that the role's own policies
	// check.
	Context map[string]string
}

// Needs returns what the role of a plan needs so that CloudFormation can execute
// the change set. Turning back changes the same resources and needs the same.
func (o *Operation) Needs(ctx context.Context, plan Plan) ([]Need, error) {
	t, err := newText(plan.template)
	if err != nil {
		return nil, err
	}
	stack, err := arn.Parse(plan.Stack)
	if err != nil {
		return nil, fmt.Errorf("the stack's ARN %q: %w", plan.Stack, err)
	}
	physical, err := o.physical(ctx, plan.Stack)
	if err != nil {
		return nil, err
	}
	var needs []Need
	seen := map[string]bool{}
	for _, changed := range plan.Changed {
		id, _, _ := strings.Cut(changed, ".")
		if seen[id] {
			continue
		}
		seen[id] = true
		more, err := t.needs(id, physical, stack)
		if err != nil {
			return nil, fmt.Errorf("what changing %s needs is not known: %w", id, err)
		}
		needs = append(needs, more...)
	}
	for i := range needs { // when the role of a function is passed, this key is checked
		needs[i].Context = map[string]string{"iam:PassedToService": "lambda.amazonaws.com"}
	}
	return needs, nil
}

// needs returns what changing one resource needs.
func (t text) needs(id string, physical map[string]string, stack arn.ARN) ([]Need, error) {
	var kind string
	value, err := t.at("Resources", id, "Type")
	if err == nil {
		err = json.Unmarshal(value, &kind)
	}
	if err != nil {
		return nil, err
	}
	name := physical[id]
	if name == "" {
		return nil, errors.New("the stack has no resource of this name")
	}
	function := func(name string) string {
		return fmt.Sprintf("arn:%s:lambda:%s:%s:function:%s", stack.Partition, stack.Region, stack.AccountID, name)
	}
	switch {
	case kind == "AWS::ElasticLoadBalancingV2::Listener":
		return []Need{{Actions: []string{"elasticloadbalancing:ModifyListener"}, Resource: name}}, nil
	case kind == "AWS::ElasticLoadBalancingV2::ListenerRule":
		return []Need{{Actions: []string{"elasticloadbalancing:ModifyRule"}, Resource: name}}, nil
	case kind == "AWS::Lambda::Function":
		needs := []Need{{Actions: []string{"lambda:UpdateFunctionConfiguration"}, Resource: function(name)}}
		if role := t.attributeOf(id, "Role"); role != "" { // CloudFormation passes it along
			of, err := t.roleARN(role, physical, stack)
			if err != nil {
				return nil, err
			}
			needs = append(needs, Need{Actions: []string{"iam:PassRole"}, Resource: of})
		}
		return needs, nil
	case strings.HasPrefix(kind, "Custom::"):
		guard := physical[t.attributeOf(id, "ServiceToken")]
		if guard == "" {
			return nil, errors.New("its ServiceToken is not a function of the stack")
		}
		return []Need{{Actions: []string{"lambda:InvokeFunction"}, Resource: function(guard)}}, nil
	}
	return nil, fmt.Errorf("its type is %s", kind)
}

// attributeOf returns the logical id of the resource whose attribute a property
// is, or "" if the property is something else.
func (t text) attributeOf(id, property string) string {
	var value struct {
		Of []string `json:"Fn::GetAtt"`
	}
	raw, err := t.at("Resources", id, "Properties", property)
	if err != nil || json.Unmarshal(raw, &value) != nil || len(value.Of) != 2 {
		return ""
	}
	return value.Of[0]
}

// roleARN returns the ARN of a role of the stack.
func (t text) roleARN(id string, physical map[string]string, stack arn.ARN) (string, error) {
	name := physical[id]
	if name == "" {
		return "", fmt.Errorf("the stack has no resource %s", id)
	}
	path := "/"
	if value, err := t.at("Resources", id, "Properties", "Path"); err == nil {
		if err := json.Unmarshal(value, &path); err != nil {
			return "", fmt.Errorf("%s: Path: %w", id, err)
		}
	}
	return fmt.Sprintf("arn:%s:iam::%s:role/%s%s", stack.Partition, stack.AccountID, strings.TrimPrefix(path, "/"), name), nil
}
