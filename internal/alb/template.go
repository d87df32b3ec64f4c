package alb

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Template is what a CloudFormation template says of load balancers.
type Template struct {
	LoadBalancers []*LoadBalancer
	Listeners     []*Listener // those in the template first, then those its rules name
	TargetGroups  []*TargetGroup
}

// Options say what a template leaves open.
type Options struct {
	// Parameters are values for the template's parameters, and for pseudo
	// parameters such as "AWS::Region". Default: the parameters' own defaults;
	// those of NoEcho parameters stay unknown. What is given is shown.
	Parameters map[string]string

	// Reveal returns the value to take for what is known only after a deploy,
	// such as a secret; name is as [Display] shows it. Default: nothing is
	// revealed, and conditions on it are uncertain. What is revealed is a
	// value like any other, shown where conditions are.
	Reveal func(name string) (value string, ok bool)
}

// Types of resources that are ALB's business.
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

// Read reads a CloudFormation template in JSON. Its error names, for all that
// cannot be read, the logical id and the property. Network and gateway load
// balancers, their listeners, and resources whose condition is false in the
// template are left out.
func Read(r io.Reader, options Options) (*Template, error) {
	doc, err := readDocument(r, isALB)
	if err != nil {
		return nil, err
	}
	reader := &reader{
		resolver: &resolver{doc: doc, options: options, truths: map[string]truth{}},
		template: &Template{},
	}
	for _, step := range []struct {
		resourceType string
		read         func(node)
	}{
		{typeLoadBalancer, reader.loadBalancer},
		{typeTargetGroup, reader.targetGroup},
		{typeListener, reader.listener},
		{typeListenerRule, reader.listenerRule},
	} {
		reader.each(step.resourceType, step.read)
	}
	if err := errors.Join(reader.faults...); err != nil {
		return nil, err
	}
	reader.template.arrange()
	return reader.template, nil
}

// arrange sorts rules by priority.
func (t *Template) arrange() {
	for _, l := range t.Listeners {
		slices.SortStableFunc(l.Rules, func(a, b Rule) int { return cmp.Compare(a.Priority, b.Priority) })
	}
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

// reader builds a Template and notes what cannot be read.
type reader struct {
	*resolver
	template *Template
	id       string // of the resource being read
	resource resource
	unsureIf string // the resource's condition, if it cannot be decided
	values   int    // condition values read so far
	regexes  int    // those of them that are regexes
	problems []Problem
	faults   []error
}

// These bound the condition values of a template, and the regexes among them:
// what all rules of a load balancer may have, many times over.
const (
	maxValues  = 20_000
	maxRegexes = 1000
)

// maxFaults bounds how much is said about a template that cannot be read.
const maxFaults = 50

func (r *reader) fault(at string, err error) {
	if at != "" {
		err = fmt.Errorf("%s: %w", at, err)
	}
	err = fmt.Errorf("resource %q: %w", r.id, err)
	switch n := len(r.faults); {
	case n > 0 && r.faults[n-1].Error() == err.Error(): // as when each field of what is no object is asked for
	case n == maxFaults:
		r.faults = append(r.faults, errors.New("and more"))
	case n < maxFaults:
		r.faults = append(r.faults, err)
	}
}

// each reads the resources of a type in the order of their logical ids.
func (r *reader) each(resourceType string, read func(node)) {
	for _, id := range slices.Sorted(maps.Keys(r.doc.Resources)) {
		res := r.doc.Resources[id]
		if res.Type != resourceType || len(r.faults) > maxFaults {
			continue
		}
		r.id, r.resource, r.unsureIf, r.problems = id, res, "", nil
		if !r.isThere(res.Condition) {
			continue
		}
		value, err := r.properties(res)
		if err != nil {
			r.fault("", err)
			continue
		}
		read(node{reader: r, value: value})
	}
}

// properties are a resource's properties, intrinsic functions evaluated.
func (r *resolver) properties(res resource) (map[string]any, error) {
	var raw any = map[string]any{}
	if len(res.Properties) > 0 {
		if err := decode(res.Properties, &raw); err != nil {
			return nil, err
		}
	}
	value, err := r.resolve(raw)
	if err != nil {
		return nil, err
	}
	properties, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("want an object as Properties, got %s", kind(value))
	}
	return properties, nil
}

// isThere reports whether a resource with a condition exists, as far as that
// can be decided.
func (r *reader) isThere(condition string) bool {
	if condition == "" {
		return true
	}
	t, err := r.truth(condition)
	if err != nil {
		r.fault("Condition", err)
		return false
	}
	if t == unsure {
		r.unsureIf = condition
	}
	return t != untrue
}

// revealed replaces the parts of a text that the caller knows.
func (r *resolver) revealed(text string) string {
	if r.options.Reveal == nil || !IsOpaque(text) {
		return text
	}
	var b strings.Builder
	for {
		start, end := nextOpaque(text)
		if start < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:start])
		part := text[start:end]
		if value, ok := r.options.Reveal(Display(part)); ok {
			part = value
		}
		b.WriteString(part)
		text = text[end:]
	}
}

// reference is what a property says of a resource: its logical id if the
// template has such a resource of a type ("" for any), or else the text.
func (n node) reference(resourceType string) Ref {
	if !n.exists() {
		return Ref{}
	}
	text, err := asText(n.value)
	if err != nil {
		n.fault("%w", err)
	}
	if id, ok := strings.CutPrefix(text, openRef); ok {
		id, _, _ = strings.Cut(strings.TrimSuffix(id, "}}"), ".") // the ARN by Ref, or as an attribute
		res, ok := n.reader.doc.Resources[id]
		if ok && (resourceType == "" || res.Type == resourceType) {
			return Ref{LogicalID: id}
		}
	}
	return Ref{External: text}
}
