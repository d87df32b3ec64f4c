package preflight

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
)

// globalRegion is the region of CloudFront, its certificates and its web ACLs.
const globalRegion = "us-east-1"

// clients are the clients of services in the environment's region and in
// CloudFront's.
type clients struct {
	acm, globalACM       *acm.Client
	scaling              *applicationautoscaling.Client
	cloudformation       *cloudformation.Client
	cloudfront           *cloudfront.Client
	cloudtrail           *cloudtrail.Client
	cloudwatch           *cloudwatch.Client
	ec2                  ec2Client
	ecr                  *ecr.Client
	ecs                  *ecs.Client
	lambda               *lambda.Client
	rds                  *rds.Client
	route53              *route53.Client
	quotas, globalQuotas *servicequotas.Client
	sns                  *sns.Client
	ssm                  *ssm.Client
	sts                  *sts.Client
	waf, globalWAF       *wafv2.Client
}

func newClients(cfg aws.Config, region string) clients {
	cfg = cfg.Copy()
	cfg.Region = region
	global := cfg.Copy()
	global.Region = globalRegion
	return clients{
		acm: acm.NewFromConfig(cfg), globalACM: acm.NewFromConfig(global),
		scaling:        applicationautoscaling.NewFromConfig(cfg),
		cloudformation: cloudformation.NewFromConfig(cfg),
		cloudfront:     cloudfront.NewFromConfig(global),
		cloudtrail:     cloudtrail.NewFromConfig(cfg),
		cloudwatch:     cloudwatch.NewFromConfig(cfg),
		ec2:            ec2Client{cfg},
		ecr:            ecr.NewFromConfig(cfg),
		ecs:            ecs.NewFromConfig(cfg),
		lambda:         lambda.NewFromConfig(cfg),
		rds:            rds.NewFromConfig(cfg),
		route53:        route53.NewFromConfig(global),
		quotas:         servicequotas.NewFromConfig(cfg), globalQuotas: servicequotas.NewFromConfig(global),
		sns: sns.NewFromConfig(cfg),
		ssm: ssm.NewFromConfig(cfg),
		sts: sts.NewFromConfig(cfg),
		waf: wafv2.NewFromConfig(cfg), globalWAF: wafv2.NewFromConfig(global),
	}
}
