package rules

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/maintenance"
)

// Found is a switch in a template.
type Found struct {
	Switch

	// Name is the path of the construct or, in a template without paths, the
	// prefix of the logical ids of its resources.
	Name string

	// Function is the logical id of the function that answers refused requests.
	Function string

	// Apps are the target groups that the standing rules forward to. Unlock is
	// the target group of the page that sets the cookie, empty if there is none.
	Apps   []string
	Unlock string

	// Record and Attribution are the logical ids of the parameters that remember
	// the mode. Empty without a guard.
	Record, Attribution string

	// ByHand is the logical id of the parameter that records a turn without
	// CloudFormation. Empty in templates of older releases.
	ByHand string

	// Told are the outlines that the probe has of the listeners, by name. They
	// include the rules that other stacks of the app add. Empty without a probe.
	Told map[string]Outline
}

const (
	typeFunction  = "AWS::Lambda::Function"
	typeAlias     = "AWS::Lambda::Alias"
	typeVersion   = "AWS::Lambda::Version"
	typeParameter = "AWS::SSM::Parameter"
)

// Ids of constructs within the switch.
const (
	recordID      = "ModeRecord"
	attributionID = "ModeAttribution"

	// ByHandID is the id of the parameter that records a turn without
	// CloudFormation.
	ByHandID = "ModeByHand"
)

// ErrNoSwitch says that a template has no switch.
var ErrNoSwitch = errors.New("no function that answers during maintenance: the function of no Lambda target group is the Responder of a construct, or has MAINTENANCE_ variables")

// Find finds the switches of a template by the functions that answer during
// maintenance: those of the construct or, failing that, those with the
// responder's variables. t is what the template says about load balancers.
func Find(data []byte, t *alb.Template) ([]Found, error) {
	f := &finder{template: t, resources: map[string]cfn.Resource{}}
	types := []string{typeFunction, typeAlias, typeVersion, typeParameter}
	document, err := cfn.Read(bytes.NewReader(data), cfn.Options{})
	if err != nil {
		return nil, err
	}
	for _, name := range types {
		document.Each(name, func(r cfn.Resource) {
			f.resources[r.LogicalID] = r
			f.ids = append(f.ids, r.LogicalID)
		})
	}
	slices.Sort(f.ids)
	var found []Found
	functions, called := f.functions()
	for _, group := range t.TargetGroups {
		for _, target := range group.Targets {
			id := f.function(target.LogicalID, 3)
			if group.Lambda() && slices.Contains(functions, id) {
				found = append(found, f.found(id, called[id], group.LogicalID))
			}
		}
	}
	if len(found) == 0 {
		return nil, ErrNoSwitch
	}
	return found, nil
}

// In returns the mode of each listener of the switch in the template in which it
// was found.
func (f Found) In(t *alb.Template) []Verdict {
	var all []Verdict
	for _, l := range t.Listeners {
		for _, at := range f.Listeners {
			if at.Name == l.Ref.String() {
				all = append(all, f.Mode(at, l))
			}
		}
	}
	return all
}

// Groups returns the target groups of the switch.
func (f Found) Groups() Groups {
	return Groups{Responder: f.Responder, Unlock: f.Unlock, Apps: f.Apps}
}

// finder looks for switches in a template.
type finder struct {
	template  *alb.Template
	resources map[string]cfn.Resource
	ids       []string
}

// scope identifies the resources that a construct has defined.
type scope struct {
	path   string // "" if the template has no paths
	prefix string // of logical ids
}

// has returns the id, relative to the construct, of the construct that a resource
// belongs to, such as "Allow0"; ok is false for other resources.
func (s scope) has(logicalID, path string) (id string, ok bool) {
	if s.path != "" {
		id, ok = strings.CutPrefix(path, s.path+"/")
		return strings.TrimSuffix(id, "/Resource"), ok
	}
	id, ok = strings.CutPrefix(logicalID, s.prefix)
	// The name of one construct may be a prefix of another's: Web, and Website.
	ok = ok && s.prefix != "" && id != "" && strings.ToLower(id[:1]) != id[:1]
	return withoutHash(id), ok
}

// withoutHash returns a logical id without the eight hex digits that CDK adds.
func withoutHash(id string) string {
	if at := len(id) - 8; at > 0 && strings.Trim(id[at:], "0123456789ABCDEF") == "" {
		return id[:at]
	}
	return id
}

// functions returns the functions that answer during maintenance, and the scopes
// of those that a construct has defined.
func (f *finder) functions() (functions []string, called map[string]scope) {
	called = map[string]scope{}
	var told []string
	for _, id := range f.ids {
		r := f.resources[id]
		if r.Type != typeFunction {
			continue
		}
		if path, ok := strings.CutSuffix(r.Path, "/"+maintenance.ResponderID+"/Function/Resource"); ok {
			called[id] = scope{path: path}
			functions = append(functions, id)
		} else if prefix, ok := strings.CutSuffix(withoutHash(id), maintenance.ResponderID+"Function"); ok && r.Path == "" {
			called[id] = scope{prefix: prefix}
			functions = append(functions, id)
		}
		environment, _ := r.Properties["Environment"].(map[string]any)
		variables, _ := environment["Variables"].(map[string]any)
		for name := range variables {
			if strings.HasPrefix(name, maintenance.AnswerVariables) {
				told = append(told, id)
				break
			}
		}
	}
	if len(functions) > 0 {
		return functions, called
	}
	return told, called
}

// function returns the function that a resource is, or that an alias or a version
// belongs to.
func (f *finder) function(id string, depth int) string {
	r := f.resources[id]
	if depth > 0 && (r.Type == typeAlias || r.Type == typeVersion) {
		text, _ := r.Properties["FunctionName"].(string)
		if inner, _, ok := cfn.Attribute(text); ok {
			return f.function(inner, depth-1)
		}
	}
	return id
}

// found returns the switch whose function answers through a target group.
func (f *finder) found(function string, in scope, responder string) Found {
	found := Found{Switch: Switch{Responder: responder}, Name: in.path + in.prefix, Function: function}
	for _, l := range f.template.Listeners {
		if at, ok := f.listener(l, in, &found); ok {
			found.Listeners = append(found.Listeners, at)
		}
	}
	for _, id := range f.ids {
		switch r := f.resources[id]; is(in, r) {
		case recordID:
			found.Record = id
		case attributionID:
			found.Attribution = id
		case ByHandID:
			found.ByHand = id
		}
	}
	found.Told = f.told(in)
	return found
}

// told returns the outlines that the probe of a switch has, by listener. It
// leaves out what only a deploy knows.
func (f *finder) told(in scope) map[string]Outline {
	all := map[string]Outline{}
	for _, id := range f.ids {
		r := f.resources[id]
		if _, own := in.has(r.LogicalID, r.Path); !own || r.Type != typeFunction {
			continue
		}
		environment, _ := r.Properties["Environment"].(map[string]any)
		variables, _ := environment["Variables"].(map[string]any)
		for i := 0; variables[ProbeVariable(i, "Listener")] != nil; i++ {
			name, _ := variables[ProbeVariable(i, "Listener")].(string)
			if logicalID, _, ok := cfn.Attribute(name); ok {
				name = logicalID
			}
			text, _ := variables[ProbeVariable(i, "Deployed")].(string)
			if outline, err := ParseOutline(text); err == nil {
				all[name] = outline
			}
		}
	}
	return all
}

// is returns the id of a parameter within the construct.
func is(in scope, r cfn.Resource) string {
	id, ok := in.has(r.LogicalID, r.Path)
	if !ok || r.Type != typeParameter {
		return ""
	}
	return id
}

// listener returns the part of a listener that belongs to a switch; ok is false
// if none does.
func (f *finder) listener(l *alb.Listener, in scope, found *Found) (at Listener, ok bool) {
	at.Name = l.Ref.String()
	var apps []string
	hosts := [][]string{}
	uses := func(r *alb.Rule) bool {
		return slices.ContainsFunc((alb.Decision{Rule: r}).Targets(), func(t alb.Target) bool { return t.Group.LogicalID == found.Responder })
	}
	ok = uses(&l.Default)
	byRule := false
	for i := range l.Rules {
		r := &l.Rules[i]
		id, own := in.has(r.LogicalID, r.Path)
		ok = ok || own || in == scope{} && uses(r)
		switch {
		case !own:
		case turns.MatchString(id):
			at.Turning = append(at.Turning, r.Priority)
			byRule = byRule || closes.MatchString(id)
		default:
			at.Standing = append(at.Standing, Standing{r.Priority, Digest(r.Conditions)})
			if unlocks.MatchString(id) {
				found.Unlock = strings.Join(groups(r), "")
			} else {
				apps = append(apps, groups(r)...)
			}
		}
		if own && (!r.Disarmed() || len(r.Hosts()) > 0) {
			hosts = append(hosts, r.Hosts())
		}
	}
	if !slices.ContainsFunc(hosts, func(of []string) bool { return len(of) == 0 }) {
		for _, of := range hosts {
			for _, host := range of {
				if !slices.Contains(at.Hosts, host) {
					at.Hosts = append(at.Hosts, host)
				}
			}
		}
	}
	slices.Sort(apps)
	apps = slices.Compact(apps)
	for _, app := range apps {
		if !slices.Contains(found.Apps, app) {
			found.Apps = append(found.Apps, app)
		}
	}
	if len(at.Hosts) == 0 && !l.Foreign() && !byRule {
		at.Apps = apps
	}
	return at, ok
}

// Patterns for the ends of the ids of rules: each additional listener and service
// has its own scope in front.
var (
	turns   = regexp.MustCompile("(" + maintenance.ReadID + "|" + maintenance.CloseID + "|" + maintenance.UpgradeID + ")[0-9]*$")
	closes  = regexp.MustCompile(maintenance.CloseID + "[0-9]*$")
	unlocks = regexp.MustCompile(maintenance.UnlockID + "[0-9]*$")
)

// groups returns the target groups that a rule forwards to.
func groups(r *alb.Rule) []string {
	var names []string
	for _, t := range (alb.Decision{Rule: r}).Targets() {
		names = append(names, t.Group.String())
	}
	return names
}
