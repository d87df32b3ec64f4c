package maintenancemode

import (
	"encoding/json"

	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"

	"github.com/noren-cdk/noren/internal/alb"
)

// hostsOf returns the host names of a rule's conditions. It is nil if any host
// may match, or if only a deploy knows.
func hostsOf(r elbv2.CfnListenerRule) []string {
	var parsed []struct {
		Field            string
		Values           []string
		HostHeaderConfig struct{ Values []string }
	}
	// A value that does not parse, such as a reference, may be any host.
	if err := json.Unmarshal([]byte(resolved(r, r.Conditions())), &parsed); err != nil {
		return nil
	}
	for _, condition := range parsed {
		if condition.Field == "host-header" {
			return append(condition.Values, condition.HostHeaderConfig.Values...)
		}
	}
	return nil
}

// matchesAny reports whether a request for one of the hosts can match a rule with
// the hosts in rule. A rule without hosts matches all.
func matchesAny(rule, hosts []string) bool {
	if len(rule) == 0 {
		return true
	}
	for _, a := range rule {
		for _, b := range hosts {
			if alb.Overlap(a, b) {
				return true
			}
		}
	}
	return false
}
