package alb

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Template is what a CloudFormation template says about load balancers.
type Template struct {
	LoadBalancers []*LoadBalancer
	Listeners     []*Listener // first those in the template, then those its rules name
	TargetGroups  []*TargetGroup

	// Faults are the parts that could not be read. Only [ReadPart] sets it.
	Faults []cfn.Fault

	// Parameters and Resources are the names of the template's parameters and
	// resources.
	Parameters, Resources []string

	problems []Problem         // of load balancers and target groups, found while they were read
	document *cfn.Template     // nil if it was not read from one
	stacks   stacks            // from which it was joined
	origins  map[string]origin // in the stacks, by logical id
}

// Types of resources that concern ALB.
const (
	typeLoadBalancer = "AWS::ElasticLoadBalancingV2::LoadBalancer"
	typeListener     = "AWS::ElasticLoadBalancingV2::Listener"
	typeListenerRule = "AWS::ElasticLoadBalancingV2::ListenerRule"
	typeTargetGroup  = "AWS::ElasticLoadBalancingV2::TargetGroup"
)

func isALB(resourceType string) bool {
	switch resourceType {
	case typeLoadBalancer, typeListener, typeListenerRule, typeTargetGroup:
		return true
	}
	return false
}

// Read reads a CloudFormation template. Its error names the logical id and
// property of everything that cannot be read. It leaves out network and gateway
// load balancers, their listeners, and resources whose condition is false in the
// template. Rule conditions on values that the options do not reveal are
// uncertain.
func Read(r io.Reader, options cfn.Options) (*Template, error) {
	t, err := ReadPart(r, options)
	if err != nil {
		return nil, err
	}
	errs := make([]error, len(t.Faults))
	for i, f := range t.Faults {
		errs[i] = f
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return t, nil
}

// ReadPart reads a CloudFormation template as [Read] does. Of a template with
// faults, it reads the rest: answers are uncertain where an unread part could
// change them. It returns an error only if nothing in the template can be read.
func ReadPart(r io.Reader, options cfn.Options) (*Template, error) {
	document, err := cfn.Read(r, options)
	if err != nil {
		return nil, err
	}
	reader := &reader{template: &Template{Parameters: document.Parameters(), Resources: document.LogicalIDs()}, document: document}
	for _, step := range []struct {
		resourceType string
		read         func(cfn.Node)
	}{
		{typeLoadBalancer, reader.loadBalancer},
		{typeTargetGroup, reader.targetGroup},
		{typeListener, reader.listener},
		{typeListenerRule, reader.listenerRule},
	} {
		document.Each(step.resourceType, func(resource cfn.Resource) {
			reader.resource, reader.problems, reader.left = resource, nil, false
			step.read(resource.Node())
			if step.resourceType == typeLoadBalancer || step.resourceType == typeTargetGroup || reader.left {
				reader.template.problems = append(reader.template.problems, reader.problems...)
			}
		})
	}
	reader.template.Faults = document.Faults()
	reader.template.document = document
	reader.template.readUnseen(stacks{{Template: reader.template}})
	reader.template.arrange()
	return reader.template, nil
}

// Nested returns the nested stacks of the template.
func (t *Template) Nested() []cfn.Nested {
	if t.document == nil {
		return nil
	}
	return t.document.Nested()
}

// Place returns where a property of a resource is written: the name of its stack
// ("" if the template is not joined), its logical id there, and the line and
// column, 0 if they are not known.
func (t *Template) Place(logicalID, property string) (stack, id string, line, column int) {
	from := t.origin(logicalID)
	in, ok := t.stacks.named(from.stack)
	document := t.document
	if ok {
		document = in.document
	}
	if document != nil {
		line, column = document.Position(from.id, property)
	}
	return from.stack, from.id, line, column
}

// origin returns a resource in the template that it was read from.
func (t *Template) origin(logicalID string) origin {
	if t.origins == nil {
		return origin{id: logicalID}
	}
	return t.origins[logicalID]
}

// uses returns the places that refer to a resource, including those of other
// stacks.
func (t *Template) uses(logicalID string) []cfn.Use {
	var uses []cfn.Use
	from := t.origin(logicalID)
	all := t.stacks
	if all == nil {
		all = stacks{{Template: t}}
	}
	all.trace(from.stack, from.id, func(_ Stack, use cfn.Use) { uses = append(uses, use) })
	return uses
}

// has reports whether the template, or one that it was joined from, has a
// resource of one of the types.
func (t *Template) has(types ...string) bool {
	if t.document != nil {
		return t.document.Has(types...)
	}
	return slices.ContainsFunc(t.stacks, func(s Stack) bool { return s.has(types...) })
}

// written reports whether the template was read, so that references between its
// resources are known.
func (t *Template) written() bool { return t.document != nil || t.stacks != nil }

// arrange sorts rules by priority, and relates target groups to rules.
func (t *Template) arrange() {
	for _, l := range t.Listeners {
		slices.SortStableFunc(l.Rules, func(a, b Rule) int { return cmp.Compare(a.Priority, b.Priority) })
		for i := range l.Rules {
			l.Rules[i].Moved = t.moved(l, &l.Rules[i])
		}
		l.Default.Moved = t.moved(l, &l.Default)
	}
}

// moved says what swaps the target group of a rule, "" if nothing does.
func (t *Template) moved(l *Listener, r *Rule) string {
	forward, ok := r.Final().(Forward)
	if !ok {
		return ""
	}
	for _, g := range forward.Groups {
		if group := t.TargetGroup(g.Group); group != nil && group.Moved != "" {
			return group.Moved
		}
	}
	return l.Moved
}

// Listener returns the listener that ref names, or nil.
func (t *Template) Listener(ref Ref) *Listener {
	for _, l := range t.Listeners {
		if l.Ref == ref {
			return l
		}
	}
	return nil
}

// TargetGroup returns the target group that ref names, or nil if it is not in
// the template.
func (t *Template) TargetGroup(ref Ref) *TargetGroup {
	for _, g := range t.TargetGroups {
		if ref.LogicalID != "" && g.LogicalID == ref.LogicalID {
			return g
		}
	}
	return nil
}

// reader builds a Template.
type reader struct {
	template *Template
	document *cfn.Template
	resource cfn.Resource // the resource that is being read
	values   int          // condition values read so far
	regexes  int          // those of them that are regexes
	problems []Problem    // of the resource
	left     bool         // the resource is left out, its problems are not
}

// Limits for the condition values of a template, and for the regexes among them:
// many times what all rules of a load balancer may have.
const (
	maxValues  = 20_000
	maxRegexes = 1000
)

// reference returns what a property says about a resource of a type ("" for any).
func (r *reader) reference(n cfn.Node, resourceType string) Ref {
	id, text := n.Reference(resourceType)
	return Ref{LogicalID: id, External: text}
}

// problem reports something that can be read, but not deployed.
func (r *reader) problem(n cfn.Node, severity Severity, format string, args ...any) {
	r.problems = append(r.problems, Problem{
		Severity:  severity,
		LogicalID: r.resource.LogicalID,
		Path:      r.resource.Path,
		Property:  n.At(),
		Message:   fmt.Sprintf(format, args...),
	})
}
