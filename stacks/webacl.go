package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/maintenance"
)

// unlockRate is how many requests an address may send in five minutes to the page
// that sets the bypass cookie. AWS WAF's minimum is ten.
const unlockRate = 100

// newWebACL defines a web ACL for the load balancer and returns its ARN. It
// limits requests for the page that sets the bypass cookie, since these use the
// account's Lambda concurrency, and lets everything else through. Behind
// CloudFront the address is CloudFront's.
func newWebACL(scope constructs.Construct) *string {
	visible := func(metric string) *awswafv2.CfnWebACL_VisibilityConfigProperty {
		return &awswafv2.CfnWebACL_VisibilityConfigProperty{
			CloudWatchMetricsEnabled: jsii.Bool(true), MetricName: &metric, SampledRequestsEnabled: jsii.Bool(false), // a sample would show the secret
		}
	}
	return awswafv2.NewCfnWebACL(scope, jsii.String("WebAcl"), &awswafv2.CfnWebACLProps{
		Description:      jsii.String("Limits requests to the page that gives the bypass cookie"),
		Scope:            jsii.String("REGIONAL"),
		DefaultAction:    &awswafv2.CfnWebACL_DefaultActionProperty{Allow: &awswafv2.CfnWebACL_AllowActionProperty{}},
		VisibilityConfig: visible("WebAcl"),
		Rules: []any{&awswafv2.CfnWebACL_RuleProperty{
			Name:             jsii.String("UnlockRate"),
			Priority:         jsii.Number(0),
			Action:           &awswafv2.CfnWebACL_RuleActionProperty{Block: &awswafv2.CfnWebACL_BlockActionProperty{}},
			VisibilityConfig: visible("UnlockRate"),
			Statement: &awswafv2.CfnWebACL_StatementProperty{RateBasedStatement: &awswafv2.CfnWebACL_RateBasedStatementProperty{
				AggregateKeyType:    jsii.String("IP"),
				Limit:               jsii.Number(unlockRate),
				EvaluationWindowSec: jsii.Number(300),
				ScopeDownStatement: &awswafv2.CfnWebACL_StatementProperty{ByteMatchStatement: &awswafv2.CfnWebACL_ByteMatchStatementProperty{
					FieldToMatch:         &awswafv2.CfnWebACL_FieldToMatchProperty{UriPath: map[string]any{}},
					PositionalConstraint: jsii.String("EXACTLY"),
					SearchString:         jsii.String(maintenance.UnlockPath),
					TextTransformations:  []any{&awswafv2.CfnWebACL_TextTransformationProperty{Priority: jsii.Number(0), Type: jsii.String("NONE")}},
				}},
			}},
		}},
	}).AttrArn()
}
