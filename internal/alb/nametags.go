package alb

import (
	"regexp"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Rules for the names and tags of load balancers and target groups. Source: BC
// CreateLoadBalancer, CreateTargetGroup, AddTags.
const (
	maxName = 32
	maxTags = 50
)

var nameCharacters = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`)

// physicalName reads the name that a template gives a resource.
func (r *reader) physicalName(n cfn.Node) string {
	name := n.Text()
	if name != "" && !cfn.IsOpaque(name) && (len(name) > maxName || !nameCharacters.MatchString(name)) {
		r.problem(n, Error, "name %q is not allowed, want at most %d letters, digits and hyphens, no hyphen at the ends", name, maxName)
	}
	return name
}

// tags checks the tags of a resource.
func (r *reader) tags(n cfn.Node) {
	tags := n.Field("Tags")
	if len(tags.Open()) > 0 || tags.Opaque() {
		return // which tags exist is undecided, and nothing depends on it
	}
	seen := map[string]bool{}
	for _, tag := range tags.Items() {
		key := tag.Field("Key").Text()
		if seen[key] && !cfn.IsOpaque(key) {
			r.problem(tag, Error, "tag %q is there twice", key)
		}
		seen[key] = true
	}
	if len(seen) > maxTags {
		r.problem(tags, Error, "%d tags, AWS allows %d", len(seen), maxTags)
	}
}

// checkNames checks that no two load balancers, and no two target groups, have
// the same name.
func (t *Template) checkNames() []Problem {
	c := &checker{property: "Name"}
	taken := map[[2]string]string{}
	take := func(kind, name, id, path, condition string) {
		if name == "" || cfn.IsOpaque(name) || condition != "" {
			return
		}
		key := [2]string{kind, name}
		if other, ok := taken[key]; ok {
			c.logicalID, c.path = id, path
			c.errorf(name, "a name of its own", "name %q is taken by %s %q", name, kind, other)
		}
		taken[key] = id
	}
	for _, b := range t.LoadBalancers {
		take("load balancer", b.Physical, b.LogicalID, b.Path, b.If)
	}
	for _, g := range t.TargetGroups {
		take("target group", g.Physical, g.LogicalID, g.Path, g.If)
	}
	return c.problems
}
