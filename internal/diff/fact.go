package diff

import "strings"

// fact is a single fact that a template states about rights, reach or protection.
type fact struct {
	id, resourceType string
	subject          string // whom or what it is about: facts about one subject may replace each other
	text             string

	statement *statement
	rule      *portRule
}

// factsOf returns the facts of all resources.
func factsOf(resources map[string]resource) []fact {
	var all []fact
	for _, id := range sortedIDs(resources) {
		r := resources[id]
		for _, f := range r.facts(id) {
			f.id, f.resourceType = id, r.Type
			all = append(all, f.under(show(r.Condition)))
		}
	}
	return all
}

// under returns a fact that depends on a condition of the template, "" for none.
func (f fact) under(condition string) fact {
	f.text = given(f.text, condition)
	if f.statement != nil {
		s := *f.statement
		s.when = both(condition, s.when)
		f.statement = &s
	}
	if f.rule != nil {
		rule := *f.rule
		rule.when = both(condition, rule.when)
		f.rule = &rule
	}
	return f
}

// facts returns the facts of a resource.
func (r resource) facts(id string) []fact {
	var all []fact
	documents := map[string][]policyDocument{}
	policyDocuments("", r.Properties, "", documents)
	for _, name := range sortedIDs(documents) {
		for _, who := range r.holders(id, name) {
			subject := who + "\x00" + r.partOf(name)
			for _, d := range documents[name] {
				for _, s := range d.statements() {
					all = append(all, fact{subject: subject, text: r.says(who, name) + s.String(), statement: &s})
				}
				for _, key := range d.more() {
					all = append(all, fact{subject: subject + "\x00" + key, text: given(r.says(who, name)+key+" "+readably(d.object[key]), d.when)})
				}
				if d.ignoresVariables() {
					all = append(all, fact{subject: subject + "\x00Version", text: given(r.says(who, name)+"${aws:...} is not replaced before Version 2012-10-17", d.when)})
				}
			}
		}
	}
	switch {
	case isPortRules(r.Type):
		return append(all, r.portFacts(id)...)
	case r.Type == "AWS::Lambda::Permission":
		s := callers(r.Properties)
		return append(all, fact{subject: readably(r.Properties["FunctionName"]), text: id + ": " + s.String(), statement: &s})
	case tellsInOne.MatchString(r.Type):
		return append(all, fact{subject: id, text: id + ": " + readably(r.Properties)})
	}
	for _, leaf := range leavesOf("", r.Properties) {
		if inDocument(documents, leaf) || !tells(r.Type, leaf.Name) {
			continue
		}
		all = append(all, fact{subject: id + "\x00" + leaf.Name, text: id + ": " + leaf.Name + " " + leaf.After})
	}
	if holdsData(r.Type) || r.DeletionPolicy != nil || r.UpdateReplacePolicy != nil {
		for _, policy := range []struct {
			name  string
			value any
		}{{"DeletionPolicy", r.DeletionPolicy}, {"UpdateReplacePolicy", r.UpdateReplacePolicy}} {
			if policy.value != nil {
				all = append(all, fact{subject: id + "\x00" + policy.name, text: id + ": " + policy.name + " " + show(policy.value)})
			}
		}
	}
	return all
}

// holders returns those who have the rights of an identity policy: the users,
// groups and roles that it is attached to. For other policies, it is the resource
// itself.
func (r resource) holders(id, document string) []string {
	if !strings.HasPrefix(r.Type, "AWS::IAM::") || document == "AssumeRolePolicyDocument" {
		return []string{id}
	}
	var all []string
	for _, property := range []string{"Roles", "Users", "Groups", "RoleName", "UserName", "GroupName"} {
		if strings.HasSuffix(property, "Name") && !strings.HasSuffix(r.Type, "Policy") {
			continue // the name of a role, a user or a group
		}
		if value, ok := r.Properties[property]; ok {
			for _, who := range listOf(value) {
				all = append(all, strings.TrimSuffix(strings.TrimPrefix(who, "${"), "}"))
			}
		}
	}
	if len(all) == 0 {
		return []string{id}
	}
	return all
}

// partOf returns what a policy document is for: two documents for the same part
// may replace each other.
func (r resource) partOf(document string) string {
	if strings.HasPrefix(r.Type, "AWS::IAM::") && document != "AssumeRolePolicyDocument" {
		return "identity"
	}
	return document
}

// says introduces a statement.
func (r resource) says(who, document string) string {
	switch {
	case document == "AssumeRolePolicyDocument":
		return who + " may be assumed: "
	case strings.HasPrefix(r.Type, "AWS::IAM::"):
		return who + ": "
	}
	return who + " (" + document + r.attachedTo(document) + "): "
}

// attachedTo returns what a resource that is only a policy is attached to, such
// as a bucket.
func (r resource) attachedTo(document string) string {
	if !strings.HasSuffix(r.Type, "Policy") {
		return ""
	}
	var all []string
	for _, name := range sortedIDs(r.Properties) {
		if name != document && !strings.HasPrefix(document, name+".") {
			all = append(all, listOf(r.Properties[name])...)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return " of " + strings.Join(all, ", ")
}

// inDocument reports whether a leaf is a part of a policy document, or its text.
func inDocument(documents map[string][]policyDocument, leaf Property) bool {
	for name := range documents {
		if leaf.Name == name && strings.HasPrefix(leaf.After, "{") && !strings.HasPrefix(leaf.After, `{"Fn::`) || strings.HasPrefix(leaf.Name, name+".") || strings.HasPrefix(leaf.Name, name+"[") {
			return true
		}
	}
	return false
}
