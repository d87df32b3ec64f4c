package preflight

import (
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

// outputOf returns an output of a stack, empty if stack is nil.
func outputOf(stack *cfntypes.Stack, key string) string {
	if stack == nil {
		return ""
	}
	for _, output := range stack.Outputs {
		if aws.ToString(output.OutputKey) == key {
			return aws.ToString(output.OutputValue)
		}
	}
	return ""
}

func (i *inspector) hostedZone() (Finding, error) {
	zone := i.Env.HostedZone
	out, err := i.aws.route53.GetHostedZone(i.ctx, &route53.GetHostedZoneInput{Id: &zone.ID})
	if isMissing(err, "NoSuchHostedZone") {
		return wrong("correct hostedZone.id", "there is no hosted zone %s", zone.ID)
	}
	if err != nil {
		return Finding{}, err
	}
	name := strings.TrimSuffix(aws.ToString(out.HostedZone.Name), ".")
	switch {
	case name != zone.Name:
		return wrong("correct hostedZone", "%s is the zone %s, not %s", zone.ID, name, zone.Name)
	case out.HostedZone.Config != nil && out.HostedZone.Config.PrivateZone:
		return wrong("name the public zone", "%s is a private zone", zone.ID)
	}
	return ok("%s is %s", zone.ID, name)
}

// records looks for records that conflict with those of a first deploy: Route 53
// refuses a second record with the same name.
func (i *inspector) records() (Finding, error) {
	stack, err := i.deployed()
	if err != nil {
		return Finding{}, err
	}
	if stack != nil {
		return ok("they are the stack's")
	}
	for _, domain := range []string{i.Env.API.Domain, i.Env.Site.Domain} {
		if domain == "" {
			continue
		}
		out, err := i.aws.route53.ListResourceRecordSets(i.ctx, &route53.ListResourceRecordSetsInput{
			HostedZoneId: &i.Env.HostedZone.ID, StartRecordName: aws.String(domain + "."), MaxItems: aws.Int32(10),
		})
		if err != nil {
			return Finding{}, err
		}
		for _, record := range out.ResourceRecordSets {
			same := strings.EqualFold(strings.TrimSuffix(aws.ToString(record.Name), "."), domain)
			switch record.Type {
			case types.RRTypeA, types.RRTypeAaaa, types.RRTypeCname:
				if same {
					return wrong("delete it in the minute before the deploy, or leave hostedZone out and point it at the outputs afterwards", "%s has a record of type %s already", domain, record.Type)
				}
			}
		}
	}
	return ok("no record is in the way")
}

func (i *inspector) siteWebACL() (Finding, error) {
	return i.webACL(i.aws.globalWAF, i.Env.WebACL.Site, waftypes.ScopeCloudfront)
}

func (i *inspector) apiWebACL() (Finding, error) {
	return i.webACL(i.aws.waf, i.Env.WebACL.API, waftypes.ScopeRegional)
}

func (i *inspector) webACL(client *wafv2.Client, arn string, scope waftypes.Scope) (Finding, error) {
	parts := strings.Split(arn, "/") // arn:...:SCOPE, webacl, NAME, ID; the reader has checked it
	out, err := client.GetWebACL(i.ctx, &wafv2.GetWebACLInput{Name: &parts[2], Id: &parts[3], Scope: scope})
	if isMissing(err, "WAFNonexistentItemException") {
		return wrong("correct the ARN, or make it", "there is no web ACL %s", arn)
	}
	if err != nil {
		return Finding{}, err
	}
	return ok("%s", aws.ToString(out.WebACL.Name))
}

// ecrImage matches an image in a private registry of Amazon ECR.
var ecrImage = regexp.MustCompile(`^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+)(?::([^@]+))?(?:@(sha256:[0-9a-f]{64}))?$`)

func apiInECR(i *inspector) bool          { return ecrImage.MatchString(i.Env.API.Image) }
func schemaChangeInECR(i *inspector) bool { return ecrImage.MatchString(i.Env.SchemaChange.Image) }

func (i *inspector) apiImage() (Finding, error)          { return i.image(i.Env.API.Image) }
func (i *inspector) schemaChangeImage() (Finding, error) { return i.image(i.Env.SchemaChange.Image) }

func (i *inspector) image(name string) (Finding, error) {
	parts := ecrImage.FindStringSubmatch(name)
	image := ecrtypes.ImageIdentifier{ImageTag: aws.String(firstOf(parts[4], "latest"))}
	if parts[5] != "" {
		image = ecrtypes.ImageIdentifier{ImageDigest: &parts[5]}
	}
	_, err := i.aws.ecr.DescribeImages(i.ctx, &ecr.DescribeImagesInput{
		RegistryId: &parts[1], RepositoryName: &parts[3], ImageIds: []ecrtypes.ImageIdentifier{image},
	}, func(o *ecr.Options) { o.Region = parts[2] })
	if isMissing(err, "ImageNotFoundException", "RepositoryNotFoundException") {
		return wrong("push it, built for ARM64", "there is no image %s", name)
	}
	if err != nil {
		return Finding{}, err
	}
	return ok("%s is there; that it is for ARM64 is not looked at", name)
}
