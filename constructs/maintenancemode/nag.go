package maintenancemode

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// meant tells cdk-nag, in the resource that a construct makes, that a finding is
// meant. Whoever imports this module has nothing to suppress.
func meant(construct constructs.IConstruct, rule, reason string, appliesTo ...string) {
	suppression := map[string]any{"id": rule, "reason": reason}
	if len(appliesTo) > 0 {
		suppression["applies_to"] = appliesTo
	}
	resource := construct.Node().DefaultChild().(awscdk.CfnResource)
	resource.AddMetadata(jsii.String("cdk_nag"), map[string]any{"rules_to_suppress": []any{suppression}})
}

// meantWildcard is meant for the rights of a function on actions that know no
// resource.
func meantWildcard(function awslambda.Function, reason string) {
	policy := function.Role().Node().FindChild(jsii.String("DefaultPolicy"))
	meant(policy, "AwsSolutions-IAM5", reason, "Resource::*")
}
