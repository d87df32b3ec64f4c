package diff

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// portRule is a rule of a security group.
type portRule struct {
	peer     string // an address range, a group or a prefix list
	ports    string // protocol and ports, for people
	protocol string
	from, to float64 // from is -1 if they are not known
	when     string  // the condition of the template under which it exists
}

// isPortRules reports whether resources of a type are security group rules, of
// which all properties are shown.
func isPortRules(resourceType string) bool {
	return slices.Contains([]string{"AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"}, resourceType)
}

// portFacts returns the facts of a resource with security group rules.
func (r resource) portFacts(id string) []fact {
	var all []fact
	add := func(group, direction string, value any) {
		for value, when := range entriesOf(value) {
			entry, ok := value.(map[string]any)
			if !ok || isReference(entry) {
				all = append(all, fact{subject: group + direction, text: given(fmt.Sprintf("%s %s: %s", group, direction, readably(value)), when)})
				continue
			}
			rule := readPortRule(entry)
			rule.when = when
			all = append(all, fact{subject: group + direction, rule: &rule, text: given(fmt.Sprintf("%s %s %s, %s", group, direction, rule.peer, rule.ports), when)})
		}
	}
	switch r.Type {
	case "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress":
		direction := "may be reached from"
		if r.Type == "AWS::EC2::SecurityGroupEgress" {
			direction = "may reach"
		}
		group := r.Properties["GroupId"]
		if group == nil {
			group = r.Properties["GroupName"]
		}
		add(groupName(group), direction, r.Properties)
	default:
		add(id, "may be reached from", r.Properties["SecurityGroupIngress"])
		egress, ok := r.Properties["SecurityGroupEgress"]
		if !ok {
			egress = map[string]any{"Ref": "AWS::NoValue"}
		}
		add(id, "may reach", orEverywhere(egress))
	}
	return all
}

// orEverywhere returns the egress rules of a group, or the rule that EC2 adds if
// there are none.
func orEverywhere(egress any) any {
	if condition, yes, no, ok := branchesOf(egress); ok {
		return map[string]any{"Fn::If": []any{condition, orEverywhere(yes), orEverywhere(no)}}
	}
	if isNoValue(egress) {
		return map[string]any{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
	}
	return egress
}

// groupName returns the logical id of the resource that a group is, if it is one.
func groupName(value any) string {
	object, _ := value.(map[string]any)
	if name, ok := object["Ref"].(string); ok && len(object) == 1 {
		return name
	}
	if path, ok := object["Fn::GetAtt"].([]any); ok && len(object) == 1 && len(path) == 2 && path[1] == "GroupId" {
		return show(path[0])
	}
	return readably(value)
}

func readPortRule(entry map[string]any) portRule {
	rule := portRule{from: -1, to: -1, protocol: show(entry["IpProtocol"])}
	for _, key := range []string{"CidrIp", "CidrIpv6", "SourceSecurityGroupId", "DestinationSecurityGroupId", "SourceSecurityGroupName", "SourcePrefixListId", "DestinationPrefixListId", "SourceSecurityGroupOwnerId"} {
		if value, ok := entry[key]; ok {
			text := readably(value)
			if strings.HasSuffix(key, "GroupId") {
				text = groupName(value)
			}
			if rule.peer != "" {
				text = rule.peer + " " + key + " " + text
			}
			rule.peer = text
		}
	}
	if rule.peer == "" {
		rule.peer = readably(entry)
	}
	if rule.protocol == "-1" {
		rule.ports = "all protocols and ports"
		rule.from, rule.to = 0, 65535
		return rule
	}
	from, to := show(entry["FromPort"]), show(entry["ToPort"])
	rule.ports = rule.protocol + " " + from
	if from != to {
		rule.ports += " to " + to
	}
	if rule.from, rule.to = number(entry["FromPort"]), number(entry["ToPort"]); rule.from < 0 || rule.to < 0 {
		rule.from = -1
	}
	return rule
}

func number(value any) float64 {
	switch v := value.(type) {
	case float64:
		return v
	case string:
		var n float64
		if _, err := fmt.Sscanf(v, "%g", &n); err == nil {
			return n
		}
	}
	return -1
}

// covers reports whether a rule certainly lets through everything that another
// does.
func (r portRule) covers(other portRule) bool {
	if r.when != "" && r.when != other.when {
		return false
	}
	if r.peer != other.peer {
		outer, err := netip.ParsePrefix(r.peer)
		inner, innerErr := netip.ParsePrefix(other.peer)
		if err != nil || innerErr != nil || outer.Bits() > inner.Bits() || !outer.Contains(inner.Addr()) {
			return false
		}
	}
	if r.protocol == "-1" {
		return true
	}
	return r.protocol == other.protocol && (r.ports == other.ports || r.from >= 0 && other.from >= 0 && r.from <= other.from && r.to >= other.to)
}
