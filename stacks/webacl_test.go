package stacks

import (
	"strings"
	"testing"

	"github.com/noren-cdk/noren/maintenance"
)

// TestTheUnlockPageIsLimited checks that webAcl.create puts a web ACL in front of
// the load balancer that limits one path, by address, and lets everything else
// through.
func TestTheUnlockPageIsLimited(t *testing.T) {
	for _, name := range []string{"dev", "prod"} {
		env := loadEnvironment(t, name)
		env.WebACL.Create = true
		made, err := synth(env, maintenance.Open)
		if err != nil {
			t.Fatal(err)
		}
		acl := made.template.only(t, "AWS::WAFv2::WebACL").Properties
		want(t, acl, `"Scope":"REGIONAL"`, `"DefaultAction":{"Allow":{}}`, `"Action":{"Block":{}}`, `"SampledRequestsEnabled":false`,
			`"AggregateKeyType":"IP"`, `"Limit":100`, `"SearchString":"/api/maintenance/unlock"`, `"PositionalConstraint":"EXACTLY"`, `"FieldToMatch":{"UriPath":{}}`)
		want(t, made.template.only(t, "AWS::WAFv2::WebACLAssociation").Properties, `"ResourceArn":{"Ref":"Alb`, `"WebACLArn":{"Fn::GetAtt":["WebAcl`)
		unlocks := false
		for _, id := range made.template.ofType("AWS::ElasticLoadBalancingV2::ListenerRule") {
			unlocks = unlocks || strings.Contains(text(made.template.Resources[id].Properties), `"/api/maintenance/unlock"`)
		}
		if !unlocks {
			t.Errorf("%s: no rule leads to the page that is limited", name)
		}
	}
}
