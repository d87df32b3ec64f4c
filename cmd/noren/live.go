package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
)

// loadLive reads what the AWS CLI prints of load balancers that exist.
func (f templateFlags) loadLive() (source, error) {
	var described alb.Described
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
		default:
			return source{}, fmt.Errorf("%s: want what aws elbv2 describe-listeners, describe-rules or describe-target-groups prints", file)
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
