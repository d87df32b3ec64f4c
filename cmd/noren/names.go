package main

import (
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
)

// shortName is a resource for a reader: its construct path without the stack
// and without what CDK adds to every path, or else its logical id.
func shortName(path, logicalID string) string {
	_, name, ok := strings.Cut(path, "/")
	if !ok {
		return logicalID
	}
	name = strings.TrimSuffix(name, "/Resource")
	return strings.TrimSuffix(name, "/Default")
}

// groupName is a target group for a reader: as short as tells it from the
// others of its template.
func groupName(t *alb.Template, ref alb.Ref) string {
	group := t.TargetGroup(ref)
	if group == nil {
		return ref.String()
	}
	name := groupPath(group)
	last := lastElement(name)
	for _, other := range t.TargetGroups {
		if other != group && lastElement(groupPath(other)) == last {
			return name
		}
	}
	return last
}

// groupPath is a target group's construct path; one that is called TargetGroup
// goes by the construct it is in.
func groupPath(g *alb.TargetGroup) string {
	name := shortName(g.Path, g.LogicalID)
	short := strings.TrimSuffix(strings.TrimSuffix(name, "TargetGroup"), "/")
	if g.Path == "" || short == "" {
		return name
	}
	return short
}

func lastElement(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// ruleName is a rule for a reader, without the construct it is in.
func ruleName(r *alb.Rule) string {
	if r.Default() {
		return "default"
	}
	return lastElement(shortName(r.Path, r.LogicalID))
}

// actionName is what a rule does, for a reader.
func actionName(t *alb.Template, r *alb.Rule) string {
	var parts []string
	for _, action := range r.Actions {
		switch a := action.(type) {
		case alb.Forward:
			parts = append(parts, forwardName(t, a))
		case alb.Redirect:
			parts = append(parts, a.String())
		case alb.FixedResponse:
			parts = append(parts, a.String())
		case alb.Authenticate:
			parts = append(parts, a.String())
		}
	}
	if len(parts) == 0 {
		return "not known"
	}
	return strings.Join(parts, ", ")
}

func forwardName(t *alb.Template, f alb.Forward) string {
	named := alb.Forward{Groups: make([]alb.WeightedGroup, len(f.Groups))}
	for i, g := range f.Groups {
		named.Groups[i] = alb.WeightedGroup{Group: alb.Ref{LogicalID: groupName(t, g.Group)}, Weight: g.Weight}
	}
	return strings.TrimPrefix(named.String(), "forward to ")
}

// listenerName is a listener for a reader, with its port.
func listenerName(l *alb.Listener) string {
	name := l.Ref.String()
	if !l.Foreign() {
		name = shortName(l.Path, l.Ref.LogicalID)
	}
	if l.Port == 0 {
		return name
	}
	return name + " " + l.Protocol + " " + strconv.Itoa(l.Port)
}
