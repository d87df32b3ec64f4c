package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/rules"
)

// template is what a template says about its switches.
type template struct {
	*alb.Template
	switches []rules.Found
}

func readTemplate(data []byte) (template, error) {
	read, err := alb.Read(bytes.NewReader(data), cfn.Options{})
	if err != nil {
		return template{}, fmt.Errorf("the template cannot be read: %w", err)
	}
	switches, err := rules.Find(data, read)
	return template{read, switches}, err
}

// finding returns the mode of a switch in the template.
func (t template) finding(s rules.Found, detail string) Finding {
	mode, mixed := rules.Together(s.In(t.Template))
	return Finding{Mode: mode, Mixed: mixed, Detail: detail}
}

// assembly returns the mode of a switch in the template of the assembly.
func (q Query) assembly(name string) Finding {
	if q.Assembly == "" {
		return Finding{Detail: "none was looked at"}
	}
	file := filepath.Join(q.Assembly, q.Stack+".template.json")
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return Finding{Detail: "no " + file}
	}
	if err != nil {
		return Finding{Detail: file, Problem: err.Error()}
	}
	t, err := readTemplate(data)
	if err != nil {
		return Finding{Detail: file, Problem: err.Error()}
	}
	for _, s := range t.switches {
		if s.Name == name {
			return t.finding(s, file)
		}
	}
	return Finding{Detail: file, Problem: fmt.Sprintf("the assembly has no switch %q: its deploy would take it away", name)}
}

// deployed is the deployed stack, according to CloudFormation.
type deployed struct {
	template
	stack    string
	status   string
	outputs  map[string]string
	physical map[string]string // by logical id
	err      error             // of the template
}

// readStack reads the stack. It returns errors of the stack itself, and keeps the
// error of its template.
func readStack(ctx context.Context, api *cloudformation.Client, stack string) (*deployed, error) {
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
	d.err = d.read(ctx, api)
	return d, nil
}

func (d *deployed) read(ctx context.Context, api *cloudformation.Client) error {
	out, err := api.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &d.stack, TemplateStage: types.TemplateStageProcessed})
	if err != nil {
		return err
	}
	if d.template, err = readTemplate([]byte(aws.ToString(out.TemplateBody))); err != nil {
		return err
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

// live returns the switch with the names that the API uses.
func (d *deployed) live(s rules.Found) (rules.Switch, error) {
	var missing []string
	arn := func(name string) string {
		if physical, ok := d.physical[name]; ok {
			return physical
		}
		if !strings.HasPrefix(name, "arn:") {
			missing = append(missing, name)
		}
		return name
	}
	real := rules.Switch{Responder: arn(s.Responder)}
	for _, at := range s.Listeners {
		if name := d.listenerOfRules(at); name != "" {
			at.Name = name
		} else {
			at.Name = arn(at.Name)
		}
		at.Apps = slices.Clone(at.Apps)
		for i, app := range at.Apps {
			at.Apps[i] = arn(app)
		}
		real.Listeners = append(real.Listeners, at)
	}
	if len(real.Listeners) == 0 {
		return real, errors.New("the template has no listener with a rule of the switch")
	}
	if len(missing) > 0 {
		return real, fmt.Errorf("the stack does not say what these are: %s", strings.Join(missing, ", "))
	}
	return real, nil
}

// listenerOfRules returns the ARN of a listener to which the stack only adds
// rules, derived from the ARN of a rule. It is empty if the stack has no such
// rule.
func (d *deployed) listenerOfRules(at rules.Listener) string {
	for _, l := range d.Listeners {
		if l.Ref.String() != at.Name || !l.Foreign() {
			continue
		}
		for _, r := range l.Rules {
			if arn, ok := alb.ListenerOfRule(d.physical[r.LogicalID]); ok {
				return arn
			}
		}
	}
	return ""
}

// drift returns how a switch's load balancers differ from the template.
func (d *deployed) drift(s rules.Found, seen Seen) []rules.Drift {
	g := s.Groups()
	var all []rules.Drift
	var others []*alb.Listener
	unknown := false
	for i, at := range s.Listeners {
		for _, l := range d.Listeners {
			if l.Ref.String() == at.Name {
				for _, drift := range rules.Compare(l, seen.Listeners[i], g) {
					if ofAnotherStack(s, l, drift.Rule, g) {
						continue
					}
					// What a turning rule does is the mode, which the rest of the
					// status compares with the template.
					drift.Opens = drift.Opens && !turns(at, l, drift.Rule)
					all = append(all, drift)
				}
				unknown = unknown || l.Foreign() || l.Balancer == nil
			}
		}
	}
	for _, l := range d.Listeners {
		mine := slices.ContainsFunc(s.Listeners, func(at rules.Listener) bool { return at.Name == l.Ref.String() })
		if !mine && !l.Foreign() && d.sameBalancer(s, l) {
			others = append(others, l)
		}
	}
	return append(all, rules.CompareOthers(seen.Others, unknown, others, g,
		func(l *alb.Listener) int { return l.Port },
		func(l, now *alb.Listener) []rules.Drift { return rules.Compare(l, now, g) })...)
}

// ofAnotherStack reports whether a rule was added to this stack's listener by
// another stack of the app: the template does not have it, and the probe knows
// it.
func ofAnotherStack(s rules.Found, l *alb.Listener, r *alb.Rule, g rules.Groups) bool {
	if r == nil || r.Default() || slices.ContainsFunc(l.Rules, func(own alb.Rule) bool { return own.Priority == r.Priority }) {
		return false
	}
	return s.Told[l.Ref.String()].Has(r, g)
}

// turns reports whether a rule carries the mode, under the conditions that it was
// deployed with.
func turns(at rules.Listener, l *alb.Listener, r *alb.Rule) bool {
	if r.Default() {
		return len(at.Apps) > 0
	}
	return slices.Contains(at.Turning, r.Priority) && slices.ContainsFunc(l.Rules, func(deployed alb.Rule) bool {
		return deployed.Priority == r.Priority && rules.Digest(deployed.Conditions) == rules.Digest(r.Conditions)
	})
}

// sameBalancer reports whether a listener is on a load balancer of the switch.
func (d *deployed) sameBalancer(s rules.Found, l *alb.Listener) bool {
	for _, other := range d.Listeners {
		if other.LoadBalancer == l.LoadBalancer && slices.ContainsFunc(s.Listeners, func(at rules.Listener) bool { return at.Name == other.Ref.String() }) {
			return true
		}
	}
	return false
}
