package stacks

import (
	_ "embed"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	origins "github.com/aws/aws-cdk-go/awscdk/v2/awscloudfrontorigins"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3deployment"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/maintenance"
)

//go:embed spa_router.js
var spaRouter string

// site is the web application.
type site struct {
	bucket       awss3.Bucket
	distribution awscloudfront.Distribution
}

// newSite defines the bucket of the single-page app and the distribution in front
// of it, which forwards /api/* to the load balancer.
func newSite(scope constructs.Construct, env environment.Environment, logs awss3.IBucket, alb elbv2.ApplicationLoadBalancer) site {
	bucket := newBucket(scope, "Site", env, awss3.BucketProps{
		Encryption:             awss3.BucketEncryption_S3_MANAGED,
		BlockPublicAccess:      awss3.BlockPublicAccess_BLOCK_ALL(),
		EnforceSSL:             jsii.Bool(true),
		ServerAccessLogsBucket: logs,
		ServerAccessLogsPrefix: jsii.String("site/"),
		Versioned:              jsii.Bool(true), // an overwritten file can be restored
	})
	router := awscloudfront.NewFunction(scope, jsii.String("SpaRouter"), &awscloudfront.FunctionProps{
		Code:    awscloudfront.FunctionCode_FromInline(&spaRouter),
		Runtime: awscloudfront.FunctionRuntime_JS_2_0(),
		Comment: jsii.String("Answers the routes of the single-page app with index.html"),
	})
	files := origins.S3BucketOrigin_WithOriginAccessControl(bucket, nil)
	props := &awscloudfront.DistributionProps{
		DefaultRootObject: jsii.String("index.html"),
		DefaultBehavior: &awscloudfront.BehaviorOptions{
			Origin:                files,
			ViewerProtocolPolicy:  awscloudfront.ViewerProtocolPolicy_REDIRECT_TO_HTTPS,
			ResponseHeadersPolicy: newSecurityHeaders(scope, env),
			FunctionAssociations: &[]*awscloudfront.FunctionAssociation{
				{Function: router, EventType: awscloudfront.FunctionEventType_VIEWER_REQUEST},
			},
		},
		AdditionalBehaviors: &map[string]*awscloudfront.BehaviorOptions{
			"/api/*": {
				Origin:               apiOrigin(env, alb),
				ViewerProtocolPolicy: awscloudfront.ViewerProtocolPolicy_HTTPS_ONLY,
				AllowedMethods:       awscloudfront.AllowedMethods_ALLOW_ALL(),
				CachePolicy:          awscloudfront.CachePolicy_CACHING_DISABLED(),
				OriginRequestPolicy:  awscloudfront.OriginRequestPolicy_ALL_VIEWER_EXCEPT_HOST_HEADER(),
			},
			maintenance.StatusPath: {
				Origin:                files,
				ViewerProtocolPolicy:  awscloudfront.ViewerProtocolPolicy_HTTPS_ONLY,
				ResponseHeadersPolicy: newStatusHeaders(scope),
			},
		},
		ErrorResponses: uncachedErrors(),
		EnableLogging:  jsii.Bool(true),
		LogBucket:      logs,
		LogFilePrefix:  jsii.String("cloudfront/"),
		HttpVersion:    awscloudfront.HttpVersion_HTTP2_AND_3,
	}
	if env.Site.Domain != "" {
		props.DomainNames = jsii.Strings(env.Site.Domain)
		props.Certificate = awscertificatemanager.Certificate_FromCertificateArn(scope, jsii.String("SiteCertificate"), &env.Site.CertificateARN)
		props.MinimumProtocolVersion = awscloudfront.SecurityPolicyProtocol_TLS_V1_2_2021
	}
	if env.WebACL.Site != "" {
		props.WebAclId = &env.WebACL.Site
	}
	distribution := awscloudfront.NewDistribution(scope, jsii.String("Distribution"), props)
	awaitEmptying(distribution, logs)

	// A first page. Prune stays off, so what a team uploads itself is not
	// removed. The page is uploaded again only if it changes here; a team that
	// has a site of its own removes these lines.
	firstPage := awss3deployment.NewBucketDeployment(scope, jsii.String("FirstPage"), &awss3deployment.BucketDeploymentProps{
		DestinationBucket: bucket,
		Sources:           &[]awss3deployment.ISource{awss3deployment.Source_Asset(jsii.String("examples/fieldreports/web"), nil)},
		Prune:             jsii.Bool(false),
		CacheControl:      &[]awss3deployment.CacheControl{awss3deployment.CacheControl_NoCache()},
		LogGroup:          newLogGroup(scope, "FirstPageLogs", env),
	})
	awaitEmptying(firstPage, bucket)
	return site{bucket: bucket, distribution: distribution}
}

// apiOrigin returns the origin through which CloudFront reaches the load
// balancer: the API's domain, whose certificate matches, or an origin inside the
// VPC.
func apiOrigin(env environment.Environment, alb elbv2.ApplicationLoadBalancer) awscloudfront.IOrigin {
	if env.API.Domain != "" {
		return origins.NewHttpOrigin(&env.API.Domain, &origins.HttpOriginProps{
			ProtocolPolicy:     awscloudfront.OriginProtocolPolicy_HTTPS_ONLY,
			OriginSslProtocols: &[]awscloudfront.OriginSslPolicy{awscloudfront.OriginSslPolicy_TLS_V1_2},
		})
	}
	return origins.VpcOrigin_WithApplicationLoadBalancer(alb, &origins.VpcOriginWithEndpointProps{
		HttpPort:       jsii.Number(80),
		ProtocolPolicy: awscloudfront.OriginProtocolPolicy_HTTP_ONLY,
	})
}

// uncachedErrors sets the caching time of every error that CloudFront would cache
// to zero. By default it keeps errors for 10 seconds, a 503 even against
// no-store, and clients would still see maintenance after it has ended.
func uncachedErrors() *[]*awscloudfront.ErrorResponse {
	var responses []*awscloudfront.ErrorResponse
	for _, status := range []int{400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504} {
		responses = append(responses, &awscloudfront.ErrorResponse{
			HttpStatus: jsii.Number(status),
			Ttl:        awscdk.Duration_Seconds(jsii.Number(0)),
		})
	}
	return &responses
}

// newSecurityHeaders defines the security headers of the site's answers. A site
// that loads from elsewhere must allow this in the content security policy.
func newSecurityHeaders(scope constructs.Construct, env environment.Environment) awscloudfront.ResponseHeadersPolicy {
	connect := "'self'"
	if env.API.Domain != "" {
		connect += " https://" + env.API.Domain
	}
	yes := jsii.Bool(true)
	return awscloudfront.NewResponseHeadersPolicy(scope, jsii.String("SecurityHeaders"), &awscloudfront.ResponseHeadersPolicyProps{
		SecurityHeadersBehavior: &awscloudfront.ResponseSecurityHeadersBehavior{
			ContentSecurityPolicy: &awscloudfront.ResponseHeadersContentSecurityPolicy{
				ContentSecurityPolicy: jsii.String("default-src 'self'; img-src 'self' data:; connect-src " + connect + "; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"),
				Override:              yes,
			},
			ContentTypeOptions: &awscloudfront.ResponseHeadersContentTypeOptions{Override: yes},
			FrameOptions:       &awscloudfront.ResponseHeadersFrameOptions{FrameOption: awscloudfront.HeadersFrameOption_DENY, Override: yes},
			ReferrerPolicy: &awscloudfront.ResponseHeadersReferrerPolicy{
				ReferrerPolicy: awscloudfront.HeadersReferrerPolicy_STRICT_ORIGIN_WHEN_CROSS_ORIGIN, Override: yes,
			},
			StrictTransportSecurity: &awscloudfront.ResponseHeadersStrictTransportSecurity{
				AccessControlMaxAge: awscdk.Duration_Days(jsii.Number(365)), Override: yes,
			},
		},
	})
}

// newStatusHeaders defines the headers of /maintenance.json: scripts of every
// origin may read it, without credentials.
func newStatusHeaders(scope constructs.Construct) awscloudfront.ResponseHeadersPolicy {
	yes := jsii.Bool(true)
	return awscloudfront.NewResponseHeadersPolicy(scope, jsii.String("StatusHeaders"), &awscloudfront.ResponseHeadersPolicyProps{
		CorsBehavior: &awscloudfront.ResponseHeadersCorsBehavior{
			AccessControlAllowCredentials: jsii.Bool(false),
			AccessControlAllowHeaders:     jsii.Strings("*"),
			AccessControlAllowMethods:     jsii.Strings("GET", "HEAD"),
			AccessControlAllowOrigins:     jsii.Strings("*"),
			AccessControlExposeHeaders:    jsii.Strings("Date", "ETag"),
			OriginOverride:                yes,
		},
		SecurityHeadersBehavior: &awscloudfront.ResponseSecurityHeadersBehavior{
			ContentTypeOptions: &awscloudfront.ResponseHeadersContentTypeOptions{Override: yes},
			StrictTransportSecurity: &awscloudfront.ResponseHeadersStrictTransportSecurity{
				AccessControlMaxAge: awscdk.Duration_Days(jsii.Number(365)), Override: yes,
			},
		},
	})
}
