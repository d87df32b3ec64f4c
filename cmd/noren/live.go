package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
)

// loadLive reads the AWS CLI's output about existing load balancers.
func (f templateFlags) loadLive() (source, error) {
	described := alb.Described{Names: map[string]string{}}
	for _, file := range f.live {
		data, err := os.ReadFile(file)
		if err != nil {
			return source{}, err
		}
		var answer map[string]json.RawMessage
		if err := json.Unmarshal(data, &answer); err != nil {
			return source{}, fmt.Errorf("%s: %w", file, err)
		}
		switch {
		case answer["Listeners"] != nil:
			described.Listeners = append(described.Listeners, data)
		case answer["Rules"] != nil:
			described.Rules = append(described.Rules, data)
		case answer["TargetGroups"] != nil:
			described.TargetGroups = append(described.TargetGroups, data)
		case answer["StackResources"] != nil, answer["StackResourceSummaries"] != nil:
			if err := nameResources(data, described.Names); err != nil {
				return source{}, fmt.Errorf("%s: %w", file, err)
			}
		default:
			return source{}, fmt.Errorf("%s: want what aws elbv2 describe-listeners, describe-rules or describe-target-groups prints, or aws cloudformation describe-stack-resources", file)
		}
	}
	template, err := alb.ReadDescribed(described)
	if err != nil {
		return source{}, fmt.Errorf("%s: %w", strings.Join(f.live, ", "), err)
	}
	if len(template.Listeners) == 0 {
		return source{}, fmt.Errorf("%s: no listener: want what aws elbv2 describe-listeners prints too", strings.Join(f.live, ", "))
	}
	return source{mode: "live", file: strings.Join(f.live, ", "), Template: template}, nil
}

// nameResources adds the logical ids of a stack's resources to names, by ARN.
func nameResources(answer []byte, names map[string]string) error {
	type resource struct{ LogicalResourceId, PhysicalResourceId string } //nolint:revive // AWS's names
	var stack struct{ StackResources, StackResourceSummaries []resource }
	if err := json.Unmarshal(answer, &stack); err != nil {
		return err
	}
	for _, r := range slices.Concat(stack.StackResources, stack.StackResourceSummaries) {
		if r.PhysicalResourceId != "" {
			names[r.PhysicalResourceId] = r.LogicalResourceId
		}
	}
	return nil
}
