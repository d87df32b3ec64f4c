package diff

import (
	"slices"
	"strings"
)

// Right is a part of who may do what, who may reach what, or what protects data,
// that is not the same in both templates.
type Right struct {
	LogicalID string `json:"logicalId"` // of the resource that says it
	Type      string `json:"type"`
	Change    Shift  `json:"change"`
	Before    string `json:"before,omitempty"` // in full; "" if it is new
	After     string `json:"after,omitempty"`  // in full; "" if it is gone

	deny  bool // it is a statement that denies
	broad bool // it is for everyone, or for everything
}

// Shift is how a right changes.
type Shift string

const (
	Granted  Shift = "added"
	Revoked  Shift = "removed"
	Widened  Shift = "widened"  // all that was matched is, and more
	Narrowed Shift = "narrowed" // nothing is matched that was not
	Altered  Shift = "changed"
)

// fact is one thing that a template says of rights, reach or protection.
type fact struct {
	id, resourceType string
	subject          string // whom or what it is of: facts of one subject may take each other's place
	text             string

	statement *statement
	rule      *portRule
}

// compareRights compares what two templates say of rights, reach and protection.
func compareRights(old, next map[string]resource) []Right {
	before, after := factsOf(old), factsOf(next)
	keep := func(facts []fact, others []fact) []fact {
		count := map[string]int{}
		for _, f := range others {
			count[f.key()]++
		}
		return slices.DeleteFunc(slices.Clone(facts), func(f fact) bool { count[f.key()]--; return count[f.key()] >= 0 })
	}
	gone, come := keep(before, after), keep(after, before)
	rights := []Right{}
	for _, f := range come {
		i := slices.IndexFunc(gone, func(g fact) bool { return g.replacedBy(f) })
		if i < 0 {
			rights = append(rights, Right{f.id, f.resourceType, Granted, "", f.text, f.denies(), f.broad()})
			continue
		}
		rights = append(rights, Right{f.id, f.resourceType, gone[i].shiftTo(f), gone[i].text, f.text, f.denies(), f.broad()})
		gone = slices.Delete(gone, i, i+1)
	}
	for _, g := range gone {
		rights = append(rights, Right{g.id, g.resourceType, Revoked, g.text, "", g.denies(), g.denies() && g.broad()})
	}
	slices.SortStableFunc(rights, func(a, b Right) int { return a.rank() - b.rank() })
	return rights
}

// denies reports whether a fact is a statement that denies.
func (f fact) denies() bool { return f.statement != nil && f.statement.effect == "Deny" }

// broad reports whether a fact is for everyone, or for everything.
func (f fact) broad() bool {
	switch {
	case f.statement != nil:
		s := f.statement
		return s.notActions != nil || s.notPrincipals != nil || slices.Contains(s.actions, "*") || slices.Contains(s.principals, "*") || slices.Contains(s.principals, "AWS *")
	case f.rule != nil:
		return strings.Contains(f.rule.peer, "0.0.0.0/0") || strings.Contains(f.rule.peer, "::/0")
	}
	return strings.Contains(f.text, "AdministratorAccess")
}

// rank orders rights: what widens first, then what cannot be told, then the rest,
// and of those what is for everyone or everything.
func (r Right) rank() int {
	if r.broad {
		return 2 * r.order()
	}
	return 2*r.order() + 1
}

func (r Right) order() int {
	switch {
	case r.deny && r.Change == Revoked:
		return 0
	case r.deny && r.Change == Granted:
		return 4
	}
	return slices.Index([]Shift{Widened, Granted, Altered, Revoked, Narrowed}, r.Change)
}

// key is what two facts have in common that say the same of the same.
func (f fact) key() string { return f.subject + "\x00" + f.text }

// replacedBy reports whether another fact takes the place of this one.
func (f fact) replacedBy(other fact) bool {
	if f.subject != other.subject {
		return false
	}
	switch {
	case f.statement != nil && other.statement != nil:
		a, b := f.statement, other.statement
		if a.effect != b.effect {
			return false
		}
		return a.sid != "" && a.sid == b.sid || shares(a.actions, b.actions) || shares(a.resources, b.resources) && !slices.Equal(a.resources, []string{"*"}) || a.covers(*b) || b.covers(*a)
	case f.rule != nil && other.rule != nil:
		return f.rule.peer == other.rule.peer || f.rule.ports == other.rule.ports
	}
	return f.statement == nil && other.statement == nil && f.rule == nil && other.rule == nil
}

func shares(a, b []string) bool {
	return slices.ContainsFunc(a, func(value string) bool { return slices.Contains(b, value) })
}

// shiftTo is how a fact changes that another takes the place of.
func (f fact) shiftTo(other fact) Shift {
	var wider, narrower bool
	switch {
	case f.statement != nil && other.statement != nil:
		wider, narrower = other.statement.covers(*f.statement), f.statement.covers(*other.statement)
		if f.statement.effect == "Deny" {
			wider, narrower = narrower, wider
		}
	case f.rule != nil && other.rule != nil:
		wider, narrower = other.rule.covers(*f.rule), f.rule.covers(*other.rule)
	}
	switch {
	case wider && !narrower:
		return Widened
	case narrower && !wider:
		return Narrowed
	}
	return Altered
}

// factsOf are the facts of all resources.
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

// under is a fact that a condition of the template decides, "" for none.
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

// facts are the facts of a resource.
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

// holders are those who have what an identity policy says: the users, groups and
// roles that it is attached to. Of another policy it is the resource itself.
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

// partOf is what a policy document is for: two of one part may take each other's
// place.
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

// attachedTo is what a resource is attached to that is nothing but a policy, such
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
