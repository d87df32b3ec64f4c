package turn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// names resolve references in the template of a deployed stack.
type names struct {
	physical map[string]string // physical ids of resources, by logical id
	values   map[string]string // of parameters and pseudo parameters
	exports  map[string]string
}

// names reads what references resolve to. It reads exports only if the switch
// imports any.
func (o *Operation) names(ctx context.Context, stack types.Stack, s Switch) (names, error) {
	id, err := arn.Parse(*stack.StackId)
	if err != nil {
		return names{}, fmt.Errorf("the stack's ARN %q: %w", *stack.StackId, err)
	}
	n := names{values: map[string]string{
		"AWS::Region": id.Region, "AWS::AccountId": id.AccountID, "AWS::Partition": id.Partition,
		"AWS::StackId": *stack.StackId, "AWS::StackName": aws.ToString(stack.StackName),
	}, exports: map[string]string{}}
	for _, p := range stack.Parameters {
		value := aws.ToString(p.ResolvedValue)
		if value == "" {
			value = aws.ToString(p.ParameterValue)
		}
		n.values[aws.ToString(p.ParameterKey)] = value
	}
	if n.physical, err = o.physical(ctx, *stack.StackId); err != nil || !s.imports() {
		return n, err
	}
	var token *string
	for {
		page, err := o.API.ListExports(ctx, &cloudformation.ListExportsInput{NextToken: token})
		if err != nil {
			return names{}, fmt.Errorf("reading the exports of other stacks: %w", err)
		}
		for _, e := range page.Exports {
			n.exports[aws.ToString(e.Name)] = aws.ToString(e.Value)
		}
		if token = page.NextToken; aws.ToString(token) == "" {
			return n, nil
		}
	}
}

// imports reports whether the switch refers to an export of another stack.
func (s Switch) imports() bool {
	for _, p := range s.Properties {
		for _, mode := range s.Modes() {
			if strings.Contains(string(p.in(mode)), `"Fn::ImportValue"`) {
				return true
			}
		}
	}
	return false
}

// resolve replaces references by their values.
func (n names) resolve(value any) (any, error) {
	switch v := value.(type) {
	case []any:
		list := make([]any, len(v))
		for i, entry := range v {
			var err error
			if list[i], err = n.resolve(entry); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[string]any:
		for name, argument := range v {
			if len(v) == 1 && (name == "Ref" || strings.HasPrefix(name, "Fn::")) {
				return n.call(name, argument)
			}
		}
		object := make(map[string]any, len(v))
		for name, entry := range v {
			var err error
			if object[name], err = n.resolve(entry); err != nil {
				return nil, err
			}
		}
		return object, nil
	}
	return value, nil
}

// call returns the value of an intrinsic function.
func (n names) call(function string, argument any) (any, error) {
	unknown := func() (any, error) {
		text, err := json.Marshal(argument)
		return nil, errors.Join(fmt.Errorf("what {%q: %s} is cannot be told from the deployed stack", function, text), err)
	}
	lookUp := func(in map[string]string, name string) (any, error) {
		if value, ok := in[name]; ok && value != "" {
			return value, nil
		}
		return unknown()
	}
	switch function {
	case "Ref":
		name, _ := argument.(string)
		if value, ok := n.values[name]; ok {
			return value, nil
		}
		return lookUp(n.physical, name)
	case "Fn::GetAtt":
		list, _ := argument.([]any)
		if len(list) == 2 && (list[1] == "TargetGroupArn" || list[1] == "ListenerArn" || list[1] == "RuleArn") {
			name, _ := list[0].(string)
			return lookUp(n.physical, name) // the name of such a resource is its ARN
		}
	case "Fn::ImportValue":
		name, err := n.resolve(argument)
		if err != nil {
			return nil, err
		}
		text, _ := name.(string)
		return lookUp(n.exports, text)
	case "Fn::Join":
		resolved, err := n.resolve(argument)
		if err != nil {
			return nil, err
		}
		list, _ := resolved.([]any)
		if len(list) != 2 {
			return unknown()
		}
		separator, ok := list[0].(string)
		parts, isList := list[1].([]any)
		if !ok || !isList {
			return unknown()
		}
		var texts []string
		for _, part := range parts {
			text, ok := part.(string)
			if !ok {
				return unknown()
			}
			texts = append(texts, text)
		}
		return strings.Join(texts, separator), nil
	}
	return unknown()
}
