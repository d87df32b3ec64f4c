package maintenancemode

import (
	"encoding/json"

	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"

	"github.com/noren-cdk/noren/internal/alb"
)

// hostsOf returns the host names of a rule's conditions; nil if it may be any,
// or if only a deploy knows.
func hostsOf(r elbv2.CfnListenerRule) []string {
	var parsed []struct {
		Field            string
		Values           []string
		HostHeaderConfig struct{ Values []string }
	}
	// What does not parse, such as a reference among the values, may be any host.
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

// matchesAny tells whether a request for one of the hosts can have one of a
// rule's; no hosts of a rule are all.
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
