package stacks

import (
	"strings"
	"testing"

	"github.com/noren-cdk/noren/maintenance"
)

// TestTheAnnouncementIsServedInEveryMode checks that the site serves the object,
// which only its function writes, and that a rule redirects from the API's domain
// to it, the same in every mode.
func TestTheAnnouncementIsServedInEveryMode(t *testing.T) {
	for _, name := range environments {
		env := loadEnvironment(t, name)
		rules := map[string]bool{}
		for _, mode := range []maintenance.Mode{maintenance.Open, maintenance.Closed} {
			template := synthesized(t, name, mode).template
			config := template.only(t, "AWS::CloudFront::Distribution").Properties["DistributionConfig"].(map[string]any)
			want(t, config["CacheBehaviors"], `"PathPattern":"/maintenance.json"`, `"ResponseHeadersPolicyId":{"Ref":"StatusHeaders`)
			for _, id := range template.ofType("AWS::ElasticLoadBalancingV2::ListenerRule") {
				if r := text(template.Resources[id].Properties); strings.Contains(r, "/maintenance.json") {
					rules[r] = true
				}
			}
			want(t, template.only(t, "Custom::NorenAnnouncement").Properties, `"From":""`, `"ServiceToken":{"Fn::GetAtt":["MaintenanceAnnouncementFunction`)
			upload := text(template.only(t, "Custom::CDKBucketDeployment").Properties)
			if !strings.Contains(upload, `"Prune":false`) || strings.Contains(upload, "maintenance.json") {
				t.Errorf("%s: the upload of the first page may take the announcement away: %s", name, upload)
			}
			for id, r := range template.Resources {
				if r.Type == "AWS::Lambda::Function" && strings.HasPrefix(id, "MaintenanceResponder") {
					want(t, r.Properties, `"MAINTENANCE_STATUS":"/maintenance.json"`)
				}
			}
		}
		redirect := 0
		for r := range rules {
			redirect++
			if !strings.Contains(r, `"Type":"redirect"`) || !strings.Contains(r, `"StatusCode":"HTTP_302"`) || !strings.Contains(r, `"Host":"`+env.Site.Domain+`"`) {
				t.Errorf("%s: %s", name, r)
			}
		}
		if want := env.API.Domain != ""; want != (redirect == 1) {
			t.Errorf("%s: %d rules for the announcement in two modes, want one with a domain of the API, and none without", name, redirect)
		}
	}
}
