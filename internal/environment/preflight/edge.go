package preflight

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// allDistributions returns the distributions of the account.
func (i *inspector) allDistributions() ([]cftypes.DistributionSummary, error) {
	var all []cftypes.DistributionSummary
	pages := cloudfront.NewListDistributionsPaginator(i.aws.cloudfront, &cloudfront.ListDistributionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(i.ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, page.DistributionList.Items...)
	}
	return all, nil
}

func (i *inspector) distributions() (Finding, error) {
	all, err := i.allDistributions()
	if err != nil {
		return Finding{}, err
	}
	quota, err := i.quota(i.aws.globalQuotas, "cloudfront", "L-24B04930")
	if err != nil {
		return Finding{}, err
	}
	stack, err := i.deployed()
	if err != nil {
		return Finding{}, err
	}
	switch {
	case stack == nil && float64(len(all)+1) > quota:
		return wrong("raise the quota L-24B04930 of cloudfront, or delete some", "%d distributions of %v", len(all), quota)
	case len(all) == 0:
		return notKnown("if the create says that the account must be verified, open a case with AWS Support, account and billing, and deploy again",
			"there is no distribution yet: whether the account may make one shows at the first")
	}
	return ok("%d distributions of %v", len(all), quota)
}

// mostVPCOrigins is CloudFront's default quota for an account.
const mostVPCOrigins = 25

func (i *inspector) vpcOrigins() (Finding, error) {
	count := 0
	in := &cloudfront.ListVpcOriginsInput{}
	for {
		out, err := i.aws.cloudfront.ListVpcOrigins(i.ctx, in)
		if err != nil {
			return Finding{}, err
		}
		count += len(out.VpcOriginList.Items)
		if in.Marker = out.VpcOriginList.NextMarker; aws.ToString(in.Marker) == "" {
			break
		}
	}
	stack, err := i.deployed()
	if err != nil {
		return Finding{}, err
	}
	if stack == nil && count >= mostVPCOrigins {
		return wrong("delete one, or raise the quota of VPC origins", "%d VPC origins of %d", count, mostVPCOrigins)
	}
	return ok("%d VPC origins of %d", count, mostVPCOrigins)
}

// siteAlias looks for the site's domain on another distribution, which CloudFront
// refuses late in a create. It cannot see distributions of other accounts.
func (i *inspector) siteAlias() (Finding, error) {
	domain := i.Env.Site.Domain
	all, err := i.allDistributions()
	if err != nil {
		return Finding{}, err
	}
	stack, err := i.deployed()
	if err != nil {
		return Finding{}, err
	}
	own := outputOf(stack, "DistributionId")
	for _, distribution := range all {
		id := aws.ToString(distribution.Id)
		if id == own || distribution.Aliases == nil {
			continue
		}
		for _, alias := range distribution.Aliases.Items {
			if strings.EqualFold(alias, domain) {
				return wrong("take it off there first: CloudFront refuses it on a second one", "%s is an alias of the distribution %s", domain, id)
			}
		}
	}
	return ok("%s is on no other distribution of this account; of other accounts only a deploy shows it", domain)
}

func (i *inspector) siteCertificate() (Finding, error) {
	return i.certificate(i.aws.globalACM, i.Env.Site.CertificateARN, i.Env.Site.Domain)
}

func (i *inspector) apiCertificate() (Finding, error) {
	return i.certificate(i.aws.acm, i.Env.API.CertificateARN, i.Env.API.Domain)
}

// shortValidity is the remaining validity below which a certificate is reported.
const shortValidity = 30 * 24 * time.Hour

func (i *inspector) certificate(client *acm.Client, arn, domain string) (Finding, error) {
	out, err := client.DescribeCertificate(i.ctx, &acm.DescribeCertificateInput{CertificateArn: &arn})
	if isMissing(err, "ResourceNotFoundException") {
		return wrong("request one for "+domain+" there, or correct the ARN", "there is no certificate %s", arn)
	}
	if err != nil {
		return Finding{}, err
	}
	certificate := out.Certificate
	names := append([]string{aws.ToString(certificate.DomainName)}, certificate.SubjectAlternativeNames...)
	switch {
	case certificate.Status != types.CertificateStatusIssued:
		return wrong("make the DNS records that it asks for, and wait", "the certificate of %s is %s", domain, certificate.Status)
	case !slices.ContainsFunc(names, func(name string) bool { return covers(name, domain) }):
		return wrong("request one for "+domain, "the certificate is for %s, not for %s", strings.Join(slices.Compact(names), ", "), domain)
	case certificate.NotAfter != nil && certificate.NotAfter.Before(i.Now().Add(shortValidity)):
		return wrong("renew it", "the certificate of %s ends on %s", domain, certificate.NotAfter.Format(time.DateOnly))
	}
	return ok("issued for %s", domain)
}

// covers reports whether a name in a certificate, whose first label may be *, is
// valid for a domain.
func covers(name, domain string) bool {
	if rest, wild := strings.CutPrefix(name, "*."); wild {
		_, parent, _ := strings.Cut(domain, ".")
		return strings.EqualFold(rest, parent)
	}
	return strings.EqualFold(name, domain)
}
