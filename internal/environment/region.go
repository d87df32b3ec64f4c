package environment

import (
	"maps"
	"slices"

	"github.com/noren-cdk/noren/internal/term"
)

// prefixLists maps the regions to which the product can be deployed to the ids of
// the managed prefix list com.amazonaws.global.cloudfront.origin-facing, which
// are the same in every account. An id is empty if it has not been published. The
// regions are those of the partition aws: the site's certificate is in us-east-1,
// and other partitions have no such region.
//
// Regions: the AWS SDK's partitions, November 2026. Ids: published templates that
// were deployed to the regions, two or more for most, one for three. noren
// preflight looks up the account's own.
var prefixLists = map[string]string{
	"af-south-1":     "pl-c0aa4fa9",
	"ap-east-1":      "pl-14b2577d",
	"ap-east-2":      "",
	"ap-northeast-1": "pl-58a04531",
	"ap-northeast-2": "pl-22a6434b",
	"ap-northeast-3": "pl-31a14458",
	"ap-south-1":     "pl-9aa247f3",
	"ap-south-2":     "",
	"ap-southeast-1": "pl-31a34658",
	"ap-southeast-2": "pl-b8a742d1",
	"ap-southeast-3": "",
	"ap-southeast-4": "",
	"ap-southeast-5": "",
	"ap-southeast-6": "",
	"ap-southeast-7": "",
	"ca-central-1":   "pl-38a64351",
	"ca-west-1":      "",
	"eu-central-1":   "pl-a3a144ca",
	"eu-central-2":   "",
	"eu-north-1":     "pl-fab65393",
	"eu-south-1":     "pl-1bbc5972",
	"eu-south-2":     "",
	"eu-west-1":      "pl-4fa04526",
	"eu-west-2":      "pl-93a247fa",
	"eu-west-3":      "pl-75b1541c",
	"il-central-1":   "",
	"me-central-1":   "",
	"me-south-1":     "pl-17b2577e",
	"mx-central-1":   "",
	"sa-east-1":      "pl-5da64334",
	"us-east-1":      "pl-3b927c52",
	"us-east-2":      "pl-b6a144df",
	"us-west-1":      "pl-4ea04527",
	"us-west-2":      "pl-82a045eb",
}

// CloudFrontPrefixList is the name of the managed prefix list of the addresses
// from which CloudFront sends requests to origins, including VPC origins.
const CloudFrontPrefixList = "com.amazonaws.global.cloudfront.origin-facing"

func (c *checker) checkRegion() {
	region := c.env.Region
	if _, ok := prefixLists[region]; ok || region == "" {
		return
	}
	names := slices.Sorted(maps.Keys(prefixLists))
	if near := term.Nearest(region, names); near != "" {
		c.fail("region", "want a region of the partition aws, such as %s, got %q", near, region)
		return
	}
	c.fail("region", "want a region of the partition aws, where CloudFront and its certificates in us-east-1 are: %s; got %q", alternatives(names), region)
}

// checkPrefixList checks who may reach an internal load balancer: CloudFront,
// through its list. Its requests do not come from the private network.
func (c *checker) checkPrefixList() {
	const key = "api.ingressPrefixList"
	api, region := c.env.API, c.env.Region
	c.match(key, api.IngressPrefixList, prefixListPattern, "a prefix list such as pl-0123456789abcdef0")
	if !c.decoder.sound("api.domain", "region") {
		return
	}
	known := prefixLists[region]
	want := "CloudFront's in " + region + ", " + known
	if known == "" {
		want = "the id that this prints: aws ec2 describe-managed-prefix-lists --region " + region +
			" --filters Name=prefix-list-name,Values=" + CloudFrontPrefixList + " --query 'PrefixLists[].PrefixListId' --output text"
	}
	switch {
	case api.Domain != "" && api.IngressPrefixList != "":
		c.fail(key, "want none with api.domain: the load balancer is then internet-facing and open to everyone")
	case api.Domain != "":
	case api.IngressPrefixList == "":
		c.fail(key, "missing: without api.domain the load balancer is internal, and CloudFront reaches it only if its prefix list is admitted: want %s", want)
	case api.IngressPrefixList != known:
		for other, id := range prefixLists {
			if id == api.IngressPrefixList {
				c.fail(key, "want %s; %s is CloudFront's list in %s, and each region has its own", want, id, other)
			}
		}
	}
}
