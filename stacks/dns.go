package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53targets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/environment"
)

// addRecords points the domains at the load balancer and the distribution, in the
// hosted zone if there is one. Without a zone, outputs list the records to
// create.
func addRecords(scope constructs.Construct, env environment.Environment, lb loadBalancer, site site) {
	type record struct {
		id, domain, host string
		target           awsroute53.IAliasRecordTarget
	}
	records := []record{
		{"ApiRecord", env.API.Domain, *lb.alb.LoadBalancerDnsName(), awsroute53targets.NewLoadBalancerTarget(lb.alb, nil)},
		{"SiteRecord", env.Site.Domain, *site.distribution.DistributionDomainName(), awsroute53targets.NewCloudFrontTarget(site.distribution)},
	}
	var zone awsroute53.IHostedZone
	if env.HostedZone.ID != "" {
		zone = awsroute53.HostedZone_FromHostedZoneAttributes(scope, jsii.String("HostedZone"), &awsroute53.HostedZoneAttributes{
			HostedZoneId: &env.HostedZone.ID,
			ZoneName:     &env.HostedZone.Name,
		})
	}
	for _, r := range records {
		switch {
		case r.domain == "":
		case zone == nil:
			output(scope, r.id, "DNS record to make: "+r.domain+" CNAME (or ALIAS)", r.host)
		default:
			target := awsroute53.RecordTarget_FromAlias(r.target)
			awsroute53.NewARecord(scope, &r.id, &awsroute53.ARecordProps{Zone: zone, RecordName: jsii.String(r.domain + "."), Target: target})
		}
	}
	if zone != nil && env.Site.Domain != "" { // CloudFront also answers over IPv6
		awsroute53.NewAaaaRecord(scope, jsii.String("SiteRecordIpv6"), &awsroute53.AaaaRecordProps{
			Zone:       zone,
			RecordName: jsii.String(env.Site.Domain + "."),
			Target:     awsroute53.RecordTarget_FromAlias(awsroute53targets.NewCloudFrontTarget(site.distribution)),
		})
	}
}
