package preflight

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/environment"
)

// zonesOf returns the zones of the region that every account has, by name.
func (i *inspector) zonesOf() (map[string]zone, []string, error) {
	all, err := i.aws.ec2.zones(i.ctx)
	if err != nil {
		return nil, nil, err
	}
	zones := map[string]zone{}
	var names []string
	for _, zone := range all {
		zones[zone.Name] = zone
		names = append(names, zone.Name)
	}
	slices.Sort(names)
	return zones, names, nil
}

// usedZones returns the configured zones, or the first two of the account.
func (i *inspector) usedZones(names []string) []string {
	if configured := i.Env.Network.AvailabilityZones; len(configured) > 0 {
		return configured
	}
	return names[:min(2, len(names))]
}

func (i *inspector) zones() (Finding, error) {
	zones, names, err := i.zonesOf()
	if err != nil {
		return Finding{}, err
	}
	used := i.usedZones(names)
	for _, name := range used {
		zone, exists := zones[name]
		if !exists || zone.State != "available" {
			return wrong("set network.availabilityZones to some of "+strings.Join(names, ", "), "this account has no zone %s that is available", name)
		}
	}
	if len(used) < 2 {
		return wrong("choose another region", "this account has %d zones in %s", len(used), i.Env.Region)
	}
	return ok("%s", strings.Join(used, ", "))
}

// Zones that services do not support, by id, since names mean a different zone in
// each account. Sources: CloudFront, Restrict access with VPC origins; ECS, ARM64
// on Fargate.
var (
	withoutVPCOrigins = []string{"use1-az3", "usw1-az2", "apne1-az3", "apne2-az1", "cac1-az3"}
	withoutARM64      = []string{"use1-az3"}
)

func (i *inspector) zoneIDs() (Finding, error) {
	zones, names, err := i.zonesOf()
	if err != nil {
		return Finding{}, err
	}
	var ids, good []string
	for _, name := range names {
		if id := zones[name].ID; !i.excluded(id) {
			good = append(good, name)
		}
	}
	do := "set network.availabilityZones to some of " + strings.Join(good, ", ")
	for _, name := range i.usedZones(names) {
		id := zones[name].ID
		if i.excluded(id) {
			return wrong(do, "%s is %s here, where CloudFront has no VPC origins or Fargate no ARM64", name, id)
		}
		ids = append(ids, name+" is "+id)
	}
	return ok("%s", strings.Join(ids, ", "))
}

func (i *inspector) excluded(id string) bool {
	return slices.Contains(withoutARM64, id) || internal(i) && slices.Contains(withoutVPCOrigins, id)
}

// cloudFrontList returns CloudFront's prefix list in the region.
func (i *inspector) cloudFrontList() (prefixList, error) {
	lists, err := i.aws.ec2.prefixLists(i.ctx, url.Values{"Filter.1.Name": {"prefix-list-name"}, "Filter.1.Value.1": {environment.CloudFrontPrefixList}})
	if err != nil {
		return prefixList{}, err
	}
	if len(lists) == 0 {
		return prefixList{}, fmt.Errorf("AWS lists no %s in %s", environment.CloudFrontPrefixList, i.Env.Region)
	}
	return lists[0], nil
}

func (i *inspector) prefixList() (Finding, error) {
	list, err := i.cloudFrontList()
	if err != nil {
		return Finding{}, err
	}
	id, given := list.ID, i.Env.API.IngressPrefixList
	if id == given {
		return ok("%s is CloudFront's", id)
	}
	lists, err := i.aws.ec2.prefixLists(i.ctx, url.Values{"PrefixListId.1": {given}})
	if isMissing(err, "InvalidPrefixListID.NotFound", "InvalidPrefixListId.NotFound") || err == nil && len(lists) == 0 {
		return wrong("set api.ingressPrefixList to "+id+", CloudFront's here", "there is no prefix list %s in %s", given, i.Env.Region)
	}
	if err != nil {
		return Finding{}, err
	}
	return notKnown("compare its entries with those of "+id+", CloudFront's here", "%s (%s) is a list of your own", given, lists[0].Name)
}

// securityGroupRules checks the quota of rules: a prefix list counts as many
// rules as its maximum number of entries.
func (i *inspector) securityGroupRules() (Finding, error) {
	list, err := i.cloudFrontList()
	if err != nil {
		return Finding{}, err
	}
	quota, err := i.quota(i.aws.quotas, "vpc", "L-0EA8095F")
	if err != nil {
		return Finding{}, err
	}
	weight := float64(cmp.Or(list.MaxEntries, 55))
	if weight > quota {
		return wrong("raise the quota L-0EA8095F of VPC, inbound or outbound rules per security group", "the prefix list counts as %v rules, a group takes %v", weight, quota)
	}
	return ok("the prefix list counts as %v rules of %v", weight, quota)
}

func (i *inspector) vpcs() (Finding, error) {
	used, err := i.aws.ec2.vpcs(i.ctx)
	if err != nil {
		return Finding{}, err
	}
	return i.room(used, 1, "VPCs", "vpc", "L-F678F1CE")
}

func (i *inspector) addresses() (Finding, error) {
	used, err := i.aws.ec2.addresses(i.ctx)
	if err != nil {
		return Finding{}, err
	}
	return i.room(used, i.Env.Network.NATGateways, "elastic addresses", "ec2", "L-0263D0A3")
}

// room reports whether a quota of the region has room for what a first deploy
// adds. A deployed stack has its share already.
func (i *inspector) room(used, more int, what, service, code string) (Finding, error) {
	stack, err := i.deployed()
	if err != nil {
		return Finding{}, err
	}
	quota, err := i.quota(i.aws.quotas, service, code)
	if err != nil {
		return Finding{}, err
	}
	if stack != nil {
		more = 0
	}
	if float64(used+more) > quota {
		return wrong(fmt.Sprintf("raise the quota %s of %s, or delete some", code, service), "%d %s of %v are used, %d more are needed", used, what, quota, more)
	}
	return ok("%d %s of %v are used, %d more are needed", used, what, quota, more)
}
