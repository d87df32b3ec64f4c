package preview

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/preview/edge"
	"github.com/noren-cdk/noren/internal/preview/lambdaruntime"
	"github.com/noren-cdk/noren/maintenance"
)

// targets returns the targets of the target groups: functions of the template,
// and the application for all others.
func (p *Preview) targets(ctx context.Context) (map[string]edge.Target, error) {
	functions, err := p.functions()
	if err != nil {
		return nil, err
	}
	targets := map[string]edge.Target{}
	for _, group := range p.targetGroups() {
		if !group.Lambda() {
			address, err := p.appOf(ctx, group)
			if err != nil {
				return nil, err
			}
			if address != "" && p.config.Script != nil {
				server, faulty, err := p.faults.before(address)
				if err != nil {
					return nil, err
				}
				p.closers = append(p.closers, func() { server.Close() })
				address = faulty
			}
			if address != "" {
				targets[group.LogicalID] = edge.Target{URLs: []string{address}}
			}
			continue
		}
		if len(group.Targets) == 0 {
			continue
		}
		resource, ok := functions[group.Targets[0].LogicalID]
		if !ok {
			p.note("target group %s: its function %s is not in the template: it answers 503", alb.ShortName(group.Path, group.LogicalID), group.Targets[0])
			continue
		}
		function, err := p.answer(resource)
		if err != nil {
			return nil, err
		}
		targets[group.LogicalID] = edge.Target{Function: function}
		p.unlocks[group.LogicalID] = p.environment(resource)[secretsEndpoint] != ""
	}
	for name := range p.config.Apps {
		if name != "" && !slices.ContainsFunc(p.targetGroups(), func(g *alb.TargetGroup) bool { return isGroup(g, name) }) {
			return nil, fmt.Errorf("no template has a target group %q: want one of %s", name, strings.Join(p.appGroups(), ", "))
		}
	}
	for name := range p.config.Functions {
		if f, ok := functions[name]; !ok || f.LogicalID != name {
			return nil, fmt.Errorf("no template has a function %q: want one of %s", name, strings.Join(functionNames(functions), ", "))
		}
	}
	return targets, nil
}

// targetGroups returns the target groups of all modes, without duplicates.
func (p *Preview) targetGroups() []*alb.TargetGroup {
	var groups []*alb.TargetGroup
	for _, t := range p.templates {
		for _, group := range t.TargetGroups {
			if !slices.ContainsFunc(groups, func(g *alb.TargetGroup) bool { return g.LogicalID == group.LogicalID }) {
				groups = append(groups, group)
			}
		}
	}
	return groups
}

// appGroups returns the names of the target groups of applications.
func (p *Preview) appGroups() []string {
	var names []string
	for _, g := range p.targetGroups() {
		if !g.Lambda() {
			names = append(names, alb.ShortName(g.Path, g.LogicalID))
		}
	}
	return names
}

func isGroup(g *alb.TargetGroup, name string) bool {
	return name == g.LogicalID || name == g.Path || name == alb.ShortName(g.Path, g.LogicalID)
}

// functions returns the template's functions by logical id, and by the ids of
// their aliases and versions. A later template takes precedence.
func (p *Preview) functions() (map[string]function, error) {
	found := map[string]function{}
	for _, t := range p.sources {
		resources, err := p.resources(t, "AWS::Lambda::Function", "AWS::Lambda::Alias", "AWS::Lambda::Version")
		if err != nil {
			return nil, err
		}
		for _, resource := range resources {
			if resource.Type == "AWS::Lambda::Function" {
				found[resource.LogicalID] = function{resource, t}
			}
		}
		for _, resource := range resources {
			name, _ := resource.Properties["FunctionName"].(string)
			if id, _, ok := cfn.Attribute(name); ok && resource.Type != "AWS::Lambda::Function" {
				if f, ok := found[id]; ok {
					found[resource.LogicalID] = f
				}
			}
		}
	}
	return found, nil
}

// function is a function of a template.
type function struct {
	cfn.Resource
	template source
}

func (f function) text(name string) string {
	s, _ := f.Properties[name].(string)
	return s
}

// functionNames returns the logical ids of functions, whether they answer
// requests or not.
func functionNames(functions map[string]function) []string {
	var names []string
	for id, f := range functions {
		if id == f.LogicalID {
			names = append(names, id)
		}
	}
	slices.Sort(names)
	return names
}

// startFunction makes a function that can be invoked. One that does not run on
// this machine is noted, and says so to its callers.
func (p *Preview) startFunction(f function) (edge.Invoker, error) {
	config, err := p.program(f)
	if _, named := p.config.Functions[f.LogicalID]; named && err != nil {
		return nil, err
	}
	if err != nil {
		p.note("function %s does not run here, and its requests are answered by a 501 with its name: %v", f.LogicalID, err)
		return absent{f.LogicalID, err}, nil
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(f.text(name))
		return n
	}
	config.FunctionName, config.Environment, config.Log = f.LogicalID, p.environment(f), p.log
	config.Memory, config.Timeout = number("MemorySize"), time.Duration(number("Timeout"))*time.Second
	config.Concurrency = number("ReservedConcurrentExecutions")
	if config.Concurrency == 0 && f.text("ReservedConcurrentExecutions") == "0" {
		config.Concurrency = -1
	}
	running, err := lambdaruntime.New(config)
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, running.Close)
	return running, nil
}

// environment returns a function's variables, with this machine's addresses, and
// with the endpoint of the secrets that it may read.
func (p *Preview) environment(f function) map[string]string {
	variables := map[string]string{}
	environment, _ := f.Properties["Environment"].(map[string]any)
	given, _ := environment["Variables"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		value, _ := given[name].(string)
		if id, _, ok := cfn.Attribute(value); ok && p.isSecret(f.template, id) {
			value = secretARN(id)
			variables[secretsEndpoint] = p.secrets.url
			variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"] = "preview", "preview"
		}
		variables[name] = p.addresses.localize(value)
	}
	if _, tells := variables[retryAfterVariable]; tells && p.config.Quick {
		variables[retryAfterVariable] = "1"
	}
	return variables
}

// retryAfterVariable is the responder's variable for how long clients are told to
// wait.
const retryAfterVariable = maintenance.AnswerVariables + "RETRY_AFTER"

// secretsEndpoint is the variable through which the SDKs find Secrets Manager.
const secretsEndpoint = "AWS_ENDPOINT_URL_SECRETS_MANAGER"

func (p *Preview) isSecret(t source, id string) bool {
	secrets, err := p.resources(t, "AWS::SecretsManager::Secret")
	return err == nil && slices.ContainsFunc(secrets, func(r cfn.Resource) bool { return r.LogicalID == id })
}

// appOf returns the address of the application of a target group, empty if there
// is none. It starts the example on first use.
func (p *Preview) appOf(ctx context.Context, group *alb.TargetGroup) (string, error) {
	for name, address := range p.config.Apps {
		if name != "" && isGroup(group, name) {
			return checked(address)
		}
	}
	if address := p.config.Apps[""]; address != "" {
		return checked(address)
	}
	if p.config.Example == "" || len(p.config.Apps) > 0 {
		p.note("target group %s: no application: it answers 503", alb.ShortName(group.Path, group.LogicalID))
		return "", nil
	}
	if p.config.ExampleLater {
		return "", nil
	}
	if p.app == nil {
		app, err := p.startExample(ctx)
		if err != nil {
			return "", err
		}
		p.app = app
		p.closers = append(p.closers, app.close)
	}
	return p.app.address, nil
}

// checked validates an application's address and removes what no load balancer
// sends.
func checked(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return "", fmt.Errorf("application %q: want its address, such as http://127.0.0.1:3000", address)
	}
	return u.Scheme + "://" + u.Host, nil
}
