package stacks

import (
	"slices"
	"strings"
	"testing"
)

// TestEveryLogGoesWithTheStack checks that no function creates its own log group,
// and that those of AWS services are adopted. Where the environment is protected,
// the product's logs stay, and nothing is kept forever.
func TestEveryLogGoesWithTheStack(t *testing.T) {
	inEveryMode(t, func(t *testing.T, template template) {
		want := "Delete"
		if template.only(t, "AWS::RDS::DBCluster").Properties["DeletionProtection"] == true {
			want = "RetainExceptOnCreate"
		}
		groups := template.ofType("AWS::Logs::LogGroup")
		for _, id := range groups {
			r := template.Resources[id]
			// The constructs' log groups are deleted with their functions in
			// every environment.
			ofConstruct := r.DeletionPolicy == "Delete" && (strings.HasPrefix(id, "Maintenance") || strings.HasPrefix(id, "SchemaChange"))
			if r.DeletionPolicy != want && !ofConstruct || r.Properties["RetentionInDays"] == nil {
				t.Errorf("%s: deletion policy %s, want %s; kept for %v days", id, r.DeletionPolicy, want, r.Properties["RetentionInDays"])
			}
		}
		functions := template.ofType("AWS::Lambda::Function")
		for _, id := range functions {
			logging := template.references(template.Resources[id].Properties["LoggingConfig"])
			if !slices.ContainsFunc(groups, func(group string) bool { return logging[group] }) {
				t.Errorf("%s makes a log group of its own, which stays for ever", id)
			}
		}
		if len(functions) < 5 {
			t.Errorf("functions %q: is this test looking at the right thing?", functions)
		}

		adopted := ""
		for _, id := range template.ofType("Custom::LogRetention") {
			properties := template.Resources[id].Properties
			adopted += text(properties["LogGroupName"])
			if destroyed := properties["RemovalPolicy"] == "destroy"; destroyed != (want == "Delete") {
				t.Errorf("%s goes with the stack: %v", id, destroyed)
			}
		}
		for _, name := range []string{"/audit", "/error", "/slowquery", "/aws/ecs/containerinsights/"} {
			if !strings.Contains(adopted, name) {
				t.Errorf("nobody adopts the log group %s", name)
			}
		}
	})
}
