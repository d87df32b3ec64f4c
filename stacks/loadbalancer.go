package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/environment"
)

// loadBalancer is the ALB and the listener that maintenance switches.
type loadBalancer struct {
	alb      elbv2.ApplicationLoadBalancer
	listener elbv2.ApplicationListener
}

// newLoadBalancer defines the ALB in front of the app. With an API domain it is
// internet-facing over HTTPS, for the mobile app and for CloudFront. Without one
// it is internal, and CloudFront reaches it through a VPC origin, so there is
// never a public API without encryption.
func newLoadBalancer(scope constructs.Construct, env environment.Environment, vpc awsec2.IVpc, logs awss3.IBucket, app elbv2.ApplicationTargetGroup) loadBalancer {
	public := env.API.Domain != ""
	subnets := awsec2.SubnetType_PRIVATE_WITH_EGRESS
	if public {
		subnets = awsec2.SubnetType_PUBLIC
	}
	alb := elbv2.NewApplicationLoadBalancer(scope, jsii.String("Alb"), &elbv2.ApplicationLoadBalancerProps{
		Vpc:                     vpc,
		VpcSubnets:              &awsec2.SubnetSelection{SubnetType: subnets},
		InternetFacing:          &public,
		DropInvalidHeaderFields: jsii.Bool(true),
		DeletionProtection:      &env.DeletionProtection,
	})
	alb.LogAccessLogs(logs, jsii.String("alb"))
	awaitEmptying(alb, logs)
	webACL := &env.WebACL.API
	if env.WebACL.Create {
		webACL = newWebACL(scope)
	}
	if *webACL != "" {
		awswafv2.NewCfnWebACLAssociation(scope, jsii.String("AlbWebAcl"), &awswafv2.CfnWebACLAssociationProps{
			ResourceArn: alb.LoadBalancerArn(),
			WebAclArn:   webACL,
		})
	}

	props := &elbv2.BaseApplicationListenerProps{
		Port:          jsii.Number(80),
		Protocol:      elbv2.ApplicationProtocol_HTTP,
		Open:          &public, // true would be CDK's default for an internal one too
		DefaultAction: elbv2.ListenerAction_Forward(&[]elbv2.IApplicationTargetGroup{app}, nil),
	}
	if public {
		alb.AddRedirect(nil) // 80 to 443
		props.Port = jsii.Number(443)
		props.Protocol = elbv2.ApplicationProtocol_HTTPS
		props.Certificates = &[]elbv2.IListenerCertificate{elbv2.ListenerCertificate_FromArn(&env.API.CertificateARN)}
		props.SslPolicy = elbv2.SslPolicy_TLS13_12_RES_PQ
	} else {
		// The requests of a VPC origin come from CloudFront's own addresses, not
		// from those of its network interfaces in the VPC.
		alb.Connections().AllowFrom(awsec2.Peer_PrefixList(&env.API.IngressPrefixList), awsec2.Port_Tcp(jsii.Number(80)), jsii.String("CloudFront VPC origin"))
	}
	return loadBalancer{alb: alb, listener: alb.AddListener(jsii.String("Listener"), props)}
}
