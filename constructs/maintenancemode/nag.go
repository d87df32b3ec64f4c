package maintenancemode

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// meant records on a resource that a finding of cdk-nag is accepted, and why.
// Importers of this module have nothing to suppress.
func meant(construct constructs.IConstruct, rule, reason string, appliesTo ...string) {
	suppression := map[string]any{"id": rule, "reason": reason}
	if len(appliesTo) > 0 {
		suppression["applies_to"] = appliesTo
	}
	resource := construct.Node().DefaultChild().(awscdk.CfnResource)
	resource.AddMetadata(jsii.String("cdk_nag"), map[string]any{"rules_to_suppress": []any{suppression}})
}

// meantWildcard accepts the finding about a function's rights on actions without
// resource-level permissions.
func meantWildcard(function awslambda.Function, reason string) {
	policy := function.Role().Node().FindChild(jsii.String("DefaultPolicy"))
	meant(policy, "AwsSolutions-IAM5", reason, "Resource::*")
}
