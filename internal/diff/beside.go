package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// besideRules returns the changes for clients that no rule shows: how they
// connect, where to, and who may.
func besideRules(old, next Template, changed []Resource) []string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	guards := append(next.guards(), old.guards()...)
	for _, r := range changed {
		for _, p := range r.Changes {
			switch {
			case r.Fate == Added || r.Fate == Removed:
			case r.Type == typeListener && p.top() == "SslPolicy":
				text := fmt.Sprintf("TLS policy of %s: %s", r.LogicalID, changeOf(orNone(p.Before), orNone(p.After)))
				if from, to := oldestTLS(p.Before), oldestTLS(p.After); from < to {
					text += fmt.Sprintf(": clients that do not know TLS %s are cut off", to)
				} else {
					text += ": clients that know none of its ciphers are cut off"
				}
				all = append(all, text)
			case r.Type == typeListener && p.top() == "Certificates":
				add("certificate of %s: %s", r.LogicalID, changeOf(orNone(p.Before), orNone(p.After)))
			case r.Type == typeListener && p.top() == "MutualAuthentication":
				text := fmt.Sprintf("mutual TLS of %s: %s %s", r.LogicalID, p.Name, changeOf(orNone(p.Before), orNone(p.After)))
				if p.After == "verify" {
					text += ": clients without a certificate are cut off"
				}
				all = append(all, text)
			case r.Type == typeLoadBalancer && slices.Contains([]string{"Subnets", "SubnetMappings", "IpAddressType", "SecurityGroups", "EnableCapacityReservation", "LoadBalancerAttributes"}, p.top()):
				add("load balancer %s: %s", r.LogicalID, changeText(p, false))
			case r.Type == typeListener && p.top() == "ListenerAttributes":
				add("listener %s: %s", r.LogicalID, changeText(p, false))
			case r.Type == typeDistribution && !slices.ContainsFunc(besideClients, func(part string) bool { return strings.HasPrefix(p.Name, part) }):
				add("distribution %s: %s", r.LogicalID, changeText(p, false))
			case strings.HasPrefix(r.Type, "AWS::Route53::Record"):
				add("DNS record %s: %s", r.LogicalID, changeText(p, false))
			}
		}
		switch {
		case r.Type == typeLoadBalancer && (r.Fate == Replaced || r.Fate == MaybeReplaced):
			add("load balancer %s %s: its address changes", r.LogicalID, isFate(r.Fate))
		case r.Type == typeDistribution && r.Fate != Changed && r.Fate != Added:
			add("distribution %s: %s", r.LogicalID, fateWord(r))
		case slices.Contains(edgeTypes, r.Type) && r.Fate != Added:
			add("%s (%s): %s", r.LogicalID, r.Type, fateWord(r))
		case r.Type == "AWS::ElasticLoadBalancingV2::ListenerCertificate", strings.HasPrefix(r.Type, "AWS::ElasticLoadBalancingV2::TrustStore"):
			add("%s (%s): %s", r.LogicalID, r.Type, fateWord(r))
		case strings.HasPrefix(r.Type, "AWS::Route53::Record") && r.Fate != Changed:
			add("DNS record %s: %s", r.LogicalID, fateWord(r))
		case isPortRules(r.Type) && slices.ContainsFunc(guards, func(id string) bool { return id == r.LogicalID || r.rulesOf(old, next, id) }):
			add("security group of a load balancer: %s %s", r.LogicalID, fateWord(r))
		}
	}
	return slices.Compact(all)
}

const typeDistribution = "AWS::CloudFront::Distribution"

// besideClients are the parts of a distribution that do not affect clients.
var besideClients = []string{"Tags", "DistributionConfig.Comment", "DistributionConfig.Logging", "DistributionConfig.PriceClass"}

// edgeTypes are the types with which distributions answer requests, or forward
// them.
var edgeTypes = []string{
	"AWS::CloudFront::CachePolicy", "AWS::CloudFront::Function", "AWS::CloudFront::KeyValueStore", "AWS::CloudFront::OriginRequestPolicy",
	"AWS::CloudFront::ResponseHeadersPolicy", "AWS::CloudFront::VpcOrigin",
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// guards returns the security groups of the load balancers.
func (t Template) guards() []string {
	var all []string
	for _, id := range sortedIDs(t.resources) {
		if r := t.resources[id]; r.Type == typeLoadBalancer {
			all = append(all, cfn.References(r.Properties["SecurityGroups"])...)
		}
	}
	return all
}

// rulesOf reports whether a resource is a rule of a security group.
func (r Resource) rulesOf(old, next Template, group string) bool {
	for _, t := range []Template{old, next} {
		if slices.Contains(cfn.References(t.resources[r.LogicalID].Properties["GroupId"]), group) {
			return true
		}
	}
	return false
}

// oldestTLS returns the oldest version of TLS that an ELB policy accepts, "" if
// it is not known. Policies that name none, and the default, accept 1.0.
func oldestTLS(policy string) string {
	if policy == "" {
		return "1.0"
	}
	name, ok := strings.CutPrefix(policy, "ELBSecurityPolicy-")
	if !ok {
		return ""
	}
	for _, version := range []string{"1.3", "1.2", "1.1", "1.0"} {
		ending := "1-" + version[2:]
		if strings.Contains(name, "TLS13-"+ending) || !strings.Contains(name, "TLS13-") && (strings.Contains(name, "TLS-"+ending) || strings.Contains(name, "FS-"+ending)) {
			return version
		}
	}
	return "1.0"
}
