package alb

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// ShortName returns the name of a resource for display: its construct path
// without the stack and without what CDK adds to every path, or its logical id.
func ShortName(path, logicalID string) string {
	_, name, ok := strings.Cut(path, "/")
	if !ok {
		return logicalID
	}
	name = strings.TrimSuffix(name, "/Resource")
	return strings.TrimSuffix(name, "/Default")
}

// GroupName returns the shortest name of a target group that is unique in its
// template.
func (t *Template) GroupName(ref Ref) string {
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

// groupPath returns a target group's construct path. If its last element is
// TargetGroup, the path is that of the parent.
func groupPath(g *TargetGroup) string {
	name := ShortName(g.Path, g.LogicalID)
	short := strings.TrimSuffix(strings.TrimSuffix(name, "TargetGroup"), "/")
	if g.Path == "" || short == "" {
		return name
	}
	return short
}

func lastElement(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// ShortName returns the name of a rule for display, without the construct it is
// in.
func (r *Rule) ShortName() string {
	if r.Default() {
		return "default"
	}
	return lastElement(ShortName(r.Path, r.LogicalID))
}

// ActionName describes what a rule does. It names only the target of a forward.
func (t *Template) ActionName(r *Rule) string {
	var parts []string
	if r.Unread != "" {
		return "not known"
	}
	for _, action := range r.Actions {
		switch a := action.(type) {
		case Forward:
			parts = append(parts, t.forwardName(a))
		case Redirect:
			parts = append(parts, a.shortName())
		case fmt.Stringer:
			parts = append(parts, a.String())
		}
	}
	if len(parts) == 0 {
		return "not known"
	}
	return strings.Join(parts, ", ")
}

// shortName describes the redirect by what it changes in the URL, such as
// "redirect 301 to https".
func (r Redirect) shortName() string {
	to := ""
	protocol := strings.ToLower(r.Protocol)
	if r.Host != "" && r.Host != "#{host}" {
		to = cfn.Display(r.Host)
	}
	if r.Port != "" && r.Port != "#{port}" && r.Port != map[string]string{"http": "80", "https": "443"}[protocol] {
		to += ":" + cfn.Display(r.Port)
	}
	if r.Path != "" && r.Path != "/#{path}" {
		to += cfn.Display(r.Path)
	}
	if r.Query != "" && r.Query != "#{query}" {
		to += "?" + cfn.Display(r.Query)
	}
	if protocol != "" && protocol != "#{protocol}" {
		to = strings.TrimSuffix(protocol+"://"+to, "://")
	}
	if to == "" {
		return fmt.Sprintf("redirect %d", r.Status)
	}
	return fmt.Sprintf("redirect %d to %s", r.Status, to)
}

func (t *Template) forwardName(f Forward) string {
	named := Forward{Groups: make([]WeightedGroup, len(f.Groups))}
	for i, g := range f.Groups {
		named.Groups[i] = WeightedGroup{Group: Ref{LogicalID: t.GroupName(g.Group)}, Weight: g.Weight}
	}
	return strings.TrimPrefix(named.String(), "forward to ")
}

// Name returns the listener's name for display, with its port.
func (l *Listener) Name() string {
	name := l.Ref.String()
	if !l.Foreign() {
		name = ShortName(l.Path, l.Ref.LogicalID)
	}
	if l.Port == 0 {
		return name
	}
	return name + " " + l.Protocol + " " + strconv.Itoa(l.Port)
}
