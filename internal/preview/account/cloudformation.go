package account

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

func init() {
	for name, do := range map[string]func(*Account, request) (any, error){
		"DescribeStacks":         (*Account).describeStacks,
		"GetTemplate":            (*Account).getTemplate,
		"ListStackResources":     (*Account).listStackResources,
		"DescribeStackResources": (*Account).describeStackResources,
		"DescribeStackEvents":    (*Account).describeStackEvents,
		"ListChangeSets":         (*Account).listChangeSets,
		"CreateChangeSet":        (*Account).createChangeSet,
		"DescribeChangeSet":      (*Account).describeChangeSet,
		"DeleteChangeSet":        (*Account).deleteChangeSet,
		"ExecuteChangeSet":       (*Account).executeChangeSet,
		"GetStackPolicy":         (*Account).getStackPolicy,
		"SetStackPolicy":         (*Account).setStackPolicy,
		"ListExports":            func(*Account, request) (any, error) { return map[string]any{"Exports": []any{}}, nil },
	} {
		operations["cloudformation:"+name] = func(a *Account, q request) (any, error) {
			if name := q.form.Get("StackName"); name != "" && name != a.config.Stack && name != a.StackID() {
				return nil, refuse("ValidationError", "Stack with id %s does not exist", name)
			}
			a.mu.Lock()
			defer a.mu.Unlock()
			return do(a, q)
		}
	}
}

func (a *Account) describeStacks(request) (any, error) {
	s := &a.stack
	return map[string]any{"Stacks": []any{map[string]any{
		"StackId": a.StackID(), "StackName": a.config.Stack, "StackStatus": s.status,
		"CreationTime": s.updated, "LastUpdatedTime": s.updated, "Parameters": s.given, "Outputs": s.outputs,
	}}}, nil
}

func (a *Account) getTemplate(request) (any, error) {
	ascii := strings.Map(func(r rune) rune { // as CloudFormation returns it
		if r >= 0x80 {
			return '?'
		}
		return r
	}, string(a.stack.template))
	return map[string]any{"TemplateBody": ascii, "StagesAvailable": []any{"Original", "Processed"}}, nil
}

func (a *Account) resourceList() []any {
	var all []any
	for _, id := range slices.Sorted(maps.Keys(a.stack.physical)) {
		all = append(all, map[string]any{
			"LogicalResourceId": id, "PhysicalResourceId": a.stack.physical[id], "ResourceType": a.stack.types[id],
			"ResourceStatus": "UPDATE_COMPLETE", "LastUpdatedTimestamp": a.stack.updated, "Timestamp": a.stack.updated,
		})
	}
	return all
}

func (a *Account) listStackResources(request) (any, error) {
	return map[string]any{"StackResourceSummaries": a.resourceList()}, nil
}

func (a *Account) describeStackResources(q request) (any, error) {
	all := a.resourceList()
	if id := q.form.Get("LogicalResourceId"); id != "" {
		all = slices.DeleteFunc(all, func(r any) bool { return r.(map[string]any)["LogicalResourceId"] != id })
	}
	return map[string]any{"StackResources": all}, nil
}

func (a *Account) describeStackEvents(request) (any, error) {
	events := []any{}
	for _, e := range a.stack.events {
		events = append(events, map[string]any{
			"StackId": a.StackID(), "StackName": a.config.Stack, "EventId": e.id, "LogicalResourceId": e.resource, "ResourceType": e.kind,
			"ResourceStatus": e.status, "ResourceStatusReason": e.reason, "ClientRequestToken": e.token, "Timestamp": e.at,
		})
	}
	return map[string]any{"StackEvents": events}, nil
}

func (a *Account) listChangeSets(request) (any, error) {
	sets := []any{}
	for _, name := range slices.Sorted(maps.Keys(a.stack.sets)) {
		sets = append(sets, map[string]any{"ChangeSetName": name, "StackName": a.config.Stack, "Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE"})
	}
	return map[string]any{"Summaries": sets}, nil
}

func (a *Account) createChangeSet(q request) (any, error) {
	name := q.form.Get("ChangeSetName")
	if !strings.HasSuffix(a.stack.status, "_COMPLETE") {
		return nil, refuse("ValidationError", "Stack:%s is in %s state and can not be updated.", a.StackID(), a.stack.status)
	}
	if a.stack.sets[name] != nil {
		return nil, refuse("AlreadyExistsException", "ChangeSet %s cannot be created due to a mismatch with existing attribute Template", name)
	}
	template := []byte(q.form.Get("TemplateBody"))
	if address := q.form.Get("TemplateURL"); address != "" {
		_, key, _ := strings.Cut(strings.TrimPrefix(address, "https://"), "/")
		object, ok := a.object(key)
		if !ok {
			return nil, refuse("ValidationError", "S3 error: %s is not there", key)
		}
		template = object
	} else if len(template) > 51_200 {
		return nil, refuse("ValidationError", "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200")
	}
	changes, changed, err := compare(a.stack.template, template)
	if err != nil {
		return nil, err
	}
	a.stack.sets[name] = &changeSet{template: template, changes: changes, changed: changed}
	return map[string]any{"Id": arn("cloudformation", "changeSet/"+name+"/1"), "StackId": a.StackID()}, nil
}

func (a *Account) describeChangeSet(q request) (any, error) {
	name := q.form.Get("ChangeSetName")
	set := a.stack.sets[name]
	if set == nil {
		return nil, refuse("ChangeSetNotFound", "ChangeSet [%s] does not exist", name)
	}
	answer := map[string]any{
		"ChangeSetName": name, "StackId": a.StackID(), "StackName": a.config.Stack, "Parameters": a.stack.given,
		"Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE", "Changes": set.changes,
	}
	if len(set.changes) == 0 {
		answer["Status"], answer["ExecutionStatus"] = "FAILED", "UNAVAILABLE"
		answer["StatusReason"] = "The submitted information didn't contain changes. Submit different information to create a change set."
	}
	return answer, nil
}

func (a *Account) deleteChangeSet(q request) (any, error) {
	delete(a.stack.sets, q.form.Get("ChangeSetName"))
	return nil, nil
}

func (a *Account) getStackPolicy(request) (any, error) {
	if a.stack.policy == "" {
		return nil, nil
	}
	return map[string]any{"StackPolicyBody": a.stack.policy}, nil
}

func (a *Account) setStackPolicy(q request) (any, error) {
	a.stack.policy = q.form.Get("StackPolicyBody")
	return nil, nil
}

// executeChangeSet begins an update, and deletes all change sets.
func (a *Account) executeChangeSet(q request) (any, error) {
	s := &a.stack
	name, token := q.form.Get("ChangeSetName"), q.form.Get("ClientRequestToken")
	set := s.sets[name]
	switch {
	case set == nil:
		return nil, refuse("ChangeSetNotFound", "ChangeSet [%s] does not exist", name)
	case len(set.changes) == 0:
		return nil, refuse("InvalidChangeSetStatus", "ChangeSet [%s] cannot be executed in its current status of [FAILED]", name)
	case !strings.HasSuffix(s.status, "_COMPLETE"):
		return nil, refuse("ValidationError", "Stack:%s is in %s state and can not be updated.", a.StackID(), s.status)
	}
	s.sets = map[string]*changeSet{}
	s.status = "UPDATE_IN_PROGRESS"
	a.event(a.config.Stack, "AWS::CloudFormation::Stack", s.status, "", token)
	a.updating.Go(func() { a.update(set, token) })
	return nil, nil
}

// event records what CloudFormation does. The caller holds a.mu.
func (a *Account) event(resource, kind, status, reason, token string) {
	s := &a.stack
	e := stackEvent{id: fmt.Sprint(len(s.events) + 1), resource: resource, kind: kind, status: status, reason: reason, token: token, at: time.Now().UTC()}
	s.events = slices.Insert(s.events, 0, e)
}

// update executes the change set, or leaves everything unchanged.
func (a *Account) update(set *changeSet, token string) {
	each := func(status string) {
		for _, id := range set.changed {
			time.Sleep(a.config.Pace)
			a.mu.Lock()
			a.event(id, a.stack.types[id], status, "", token)
			a.mu.Unlock()
		}
	}
	each("UPDATE_IN_PROGRESS")
	var err error
	if a.config.Apply != nil {
		err = a.config.Apply(a.Template(), set.template)
	}
	if err == nil {
		each("UPDATE_COMPLETE")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s := &a.stack
	s.updated = time.Now().UTC()
	if err != nil {
		for _, id := range set.changed {
			a.event(id, s.types[id], "UPDATE_FAILED", err.Error(), token)
		}
		s.status = "UPDATE_ROLLBACK_COMPLETE"
	} else {
		s.status, s.template = "UPDATE_COMPLETE", set.template
	}
	a.event(a.config.Stack, "AWS::CloudFormation::Stack", s.status, "", token)
}
