package status

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/diff"
	"github.com/noren-cdk/noren/internal/function/probe"
	"github.com/noren-cdk/noren/maintenance"
)

// assembly is the mode of the template of the stack in the assembly.
func (q Query) assembly() Finding {
	if q.Assembly == "" {
		return Finding{Detail: "none was looked at"}
	}
	file := filepath.Join(q.Assembly, q.Stack+".template.json")
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return Finding{Detail: "no " + file}
	}
	var mode maintenance.Mode
	if err == nil {
		mode, _, err = modeOf(data)
	}
	if err != nil {
		return Finding{Detail: file, Problem: err.Error()}
	}
	return Finding{Mode: mode, Detail: file}
}

// modeOf is the mode that a template is in.
func modeOf(data []byte) (maintenance.Mode, diff.Template, error) {
	template, err := diff.Read(data, cfn.Options{})
	if err != nil {
		return "", template, fmt.Errorf("the template cannot be read: %w", err)
	}
	mode, err := template.Mode()
	return mode, template, err
}

// deployed is the stack as CloudFormation has it.
type deployed struct {
	stack     string
	status    string
	outputs   map[string]string
	physical  map[string]string // by logical id
	mode      maintenance.Mode
	template  diff.Template
	resources map[string]resource
	err       error // of the template
}

// resource is what counts of a resource of the template.
type resource struct {
	Type       string
	Properties struct {
		Environment struct{ Variables map[string]any }
	}
}

// read reads the stack. The error is that of the stack itself; that of its
// template is kept.
func read(ctx context.Context, api *cloudformation.Client, stack string) (*deployed, error) {
	out, err := api.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if err != nil {
		return nil, err
	}
	if len(out.Stacks) != 1 {
		return nil, fmt.Errorf("%d stacks are called %q", len(out.Stacks), stack)
	}
	d := &deployed{stack: stack, status: string(out.Stacks[0].StackStatus), outputs: map[string]string{}, physical: map[string]string{}}
	for _, o := range out.Stacks[0].Outputs {
		d.outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	d.err = d.readTemplate(ctx, api)
	return d, nil
}

func (d *deployed) readTemplate(ctx context.Context, api *cloudformation.Client) error {
	out, err := api.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &d.stack, TemplateStage: types.TemplateStageProcessed})
	if err != nil {
		return err
	}
	data := []byte(aws.ToString(out.TemplateBody))
	if d.mode, d.template, err = modeOf(data); err != nil {
		return err
	}
	// The properties of many resources are not of this shape: they say nothing here.
	var body struct{ Resources map[string]json.RawMessage }
	if err := json.Unmarshal(data, &body); err != nil {
		return fmt.Errorf("the template cannot be read: %w", err)
	}
	d.resources = map[string]resource{}
	for id, text := range body.Resources {
		var r resource
		if json.Unmarshal(text, &r) == nil {
			d.resources[id] = r
		}
	}
	for pages := cloudformation.NewListStackResourcesPaginator(api, &cloudformation.ListStackResourcesInput{StackName: &d.stack}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, r := range page.StackResourceSummaries {
			d.physical[aws.ToString(r.LogicalResourceId)] = aws.ToString(r.PhysicalResourceId)
		}
	}
	return nil
}

// probe returns the environment variables of the probe.
func (d *deployed) probe() map[string]any {
	for _, r := range d.resources {
		if v := r.Properties.Environment.Variables; r.Type == "AWS::Lambda::Function" && v[probe.ListenerVariable] != nil {
			return v
		}
	}
	return nil
}

// settings are those of the probe, which looks at the same listener.
func (d *deployed) settings() (probe.Settings, error) {
	if d.err != nil {
		return probe.Settings{}, errors.New("not known without the deployed template")
	}
	variables := d.probe()
	if variables == nil {
		return probe.Settings{}, fmt.Errorf("no function of the stack has MODEPROBE_ variables: the probe that knows the listener comes with the next deploy")
	}
	settings := probe.ParseEnvironment(func(name string) string { return d.resolve(variables[name]) })
	if settings.Err != nil {
		return probe.Settings{}, fmt.Errorf("the probe of the stack is not as this release knows it: %s", strings.ReplaceAll(settings.Err.Error(), "\n", "; "))
	}
	return settings, nil
}

// resolve returns a value as it is deployed: a text, or the physical id of the
// resource that it refers to. What it cannot resolve is empty.
func (d *deployed) resolve(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case map[string]any:
		if id, ok := v["Ref"].(string); ok && len(v) == 1 {
			if id == "AWS::StackName" {
				return d.stack
			}
			return d.physical[id]
		}
	}
	return ""
}

// listenerID is the logical id of the listener, empty if the stack does not
// define it.
func (d *deployed) listenerID() string {
	if reference, ok := d.probe()[probe.ListenerVariable].(map[string]any); ok {
		id, _ := reference["Ref"].(string)
		return id
	}
	return ""
}
