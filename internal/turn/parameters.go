package turn

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/noren-cdk/noren/internal/cfn"
)

// unversioned matches a reference to a Systems Manager parameter without a
// version, for which CloudFormation reads the newest version in every update.
// Source:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-ssm.html
var unversioned = regexp.MustCompile(`\{\{resolve:(ssm|ssm-secure):[a-zA-Z0-9_./-]+\}\}`)

// Reread is what every update of a stack reads from Systems Manager again, so
// that turning a switch might change more than the switch.
type Reread struct {
	// Parameters are the template's parameters of type AWS::SSM::Parameter::Value
	// that a resource or a condition uses.
	Parameters []string

	// References are dynamic references without a version, by the logical id of
	// their resource.
	References map[string][]string
}

// ReadsAgain returns what an update with the template reads again.
func ReadsAgain(template []byte) (Reread, error) {
	data, err := cfn.JSON(template)
	if err != nil {
		return Reread{}, err
	}
	var document struct {
		Parameters map[string]struct{ Type string }
		Conditions map[string]any
		Resources  map[string]any
	}
	if err := json.Unmarshal(data, &document); err != nil {
		return Reread{}, fmt.Errorf("not a template: %w", err)
	}
	again := Reread{References: map[string][]string{}}
	used := cfn.References(document.Conditions)
	for id, resource := range document.Resources {
		used = append(used, cfn.References(resource)...)
		text, err := json.Marshal(resource)
		if err != nil {
			return Reread{}, err
		}
		if found := unversioned.FindAllString(string(text), -1); found != nil {
			again.References[id] = found
		}
	}
	for _, name := range slices.Sorted(maps.Keys(document.Parameters)) {
		if strings.HasPrefix(document.Parameters[name].Type, "AWS::SSM::Parameter::Value<") && slices.Contains(used, name) {
			again.Parameters = append(again.Parameters, name)
		}
	}
	return again, nil
}

// same fails unless the parameters of the change set resolve to the stack's
// current values, and nothing else is read again whose value CloudFormation does
// not show.
func (r Reread) same(now, next []types.Parameter) error {
	resolved := func(of []types.Parameter, name string) string {
		for _, p := range of {
			if aws.ToString(p.ParameterKey) == name {
				return aws.ToString(p.ResolvedValue)
			}
		}
		return ""
	}
	var errs []error
	for _, name := range r.Parameters {
		switch a, b := resolved(now, name), resolved(next, name); {
		case a == "" || b == "":
			errs = append(errs, fmt.Errorf("the parameter %s is read again from Systems Manager, and CloudFormation does not say what it is then", name))
		case a != b:
			errs = append(errs, fmt.Errorf("the parameter %s is read again from Systems Manager: it was %q and would be %q", name, a, b))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.References)) {
		errs = append(errs, fmt.Errorf("%s is read again from Systems Manager in every update (%s): give it a version", strings.Join(r.References[id], ", "), id))
	}
	return errors.Join(errs...)
}
