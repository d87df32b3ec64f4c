package environment

import (
	"regexp"
	"strings"

	"github.com/noren-cdk/noren/maintenance"
)

// cloudFrontRegion is the region where CloudFront looks for certificates and web
// ACLs.
const cloudFrontRegion = "us-east-1"

var (
	hostNamePattern   = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
	hostedZonePattern = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)

	certificatePattern = regexp.MustCompile(`^arn:aws:acm:([a-z0-9-]+):([0-9]{12}):certificate/[A-Za-z0-9-]+$`)
	webACLPattern      = regexp.MustCompile(`^arn:aws:wafv2:([a-z0-9-]+):([0-9]{12}):(global|regional)/webacl/[A-Za-z0-9_-]+/[A-Za-z0-9-]+$`)
)

func isHostName(text string) bool { return len(text) <= 253 && hostNamePattern.MatchString(text) }

func (c *checker) checkDomains() {
	env := c.env
	c.checkHostedZone()
	c.checkDomain("api", env.API.Domain, env.API.CertificateARN)
	c.checkDomain("site", env.Site.Domain, env.Site.CertificateARN)
	if env.API.Domain != "" && env.API.Domain == env.Site.Domain {
		c.fail("site.domain", "want another domain than api.domain, got %q twice", env.Site.Domain)
	}
	c.checkCertificate("api.certificateArn", env.API.CertificateARN, env.Region, "the environment's region")
	c.checkCertificate("site.certificateArn", env.Site.CertificateARN, cloudFrontRegion, "where CloudFront looks")
}

func (c *checker) checkHostedZone() {
	zone := c.env.HostedZone
	c.match("hostedZone.id", zone.ID, hostedZonePattern, "the id of a hosted zone such as Z0123456789ABCDEFGHIJ")
	if zone.Name != "" && !isHostName(zone.Name) {
		c.fail("hostedZone.name", "want a domain such as example.com, in lower case, got %q", zone.Name)
	}
	if zone.ID != "" && zone.Name == "" {
		c.fail("hostedZone.name", "missing: want the name of hosted zone %q, or neither id nor name", zone.ID)
	}
	if zone.ID == "" && zone.Name != "" {
		c.fail("hostedZone.id", "missing: want the id of hosted zone %q, or neither id nor name", zone.Name)
	}
}

// checkDomain checks the domain of a section and that it has a certificate.
func (c *checker) checkDomain(section, domain, certificate string) {
	domainKey, certificateKey := section+".domain", section+".certificateArn"
	zone := c.env.HostedZone.Name
	switch {
	case domain == "" && certificate != "" && c.decoder.sound(domainKey):
		c.fail(certificateKey, "want none without %s: it would be the certificate of nothing", domainKey)
	case domain == "":
	case !isHostName(domain):
		c.fail(domainKey, "want a host name such as %s.example.com, in lower case, got %q", section, domain)
	case certificate == "" && c.decoder.sound(certificateKey):
		c.fail(certificateKey, "missing: want the ARN of the ACM certificate of %s", domain)
	case zone != "" && domain != zone && !strings.HasSuffix(domain, "."+zone) && c.decoder.sound("hostedZone.name"):
		c.fail(domainKey, "want a name in the hosted zone %s, got %q", zone, domain)
	}
}

// checkCertificate checks an ARN and that it is in a region; why gives the reason
// for the region.
func (c *checker) checkCertificate(key, arn, region, why string) {
	if arn == "" {
		return
	}
	parts := certificatePattern.FindStringSubmatch(arn)
	switch {
	case parts == nil:
		c.fail(key, "want the ARN of an ACM certificate, arn:aws:acm:REGION:ACCOUNT:certificate/ID, got %q", arn)
	case parts[1] != region && c.regionSound(region):
		c.fail(key, "want a certificate in %s, %s, got one in %s", region, why, parts[1])
	default:
		c.checkAccount(key, "a certificate", parts[2])
	}
}

// checkAccount fails if what key names belongs to another account: not to the
// environment's or, without one, not to that of the first ARN in the file.
func (c *checker) checkAccount(key, what, account string) {
	switch own := c.env.Account; {
	case !c.decoder.sound("account"):
	case own != "" && own != account:
		c.fail(key, "want %s of account %s, the environment's, got one of %s", what, own, account)
	case own == "" && c.arnAccount == "":
		c.arnAccount, c.arnKey = account, key
	case own == "" && c.arnAccount != account:
		c.fail(key, "want %s of account %s, which is that of %s, got one of %s", what, c.arnAccount, c.arnKey, account)
	}
}

// regionSound reports whether a region can be compared with: it is fixed, or it
// is the environment's and usable.
func (c *checker) regionSound(region string) bool {
	return region == cloudFrontRegion || c.decoder.sound("region")
}

func (c *checker) checkWebACLs() {
	c.checkWebACL("webAcl.site", c.env.WebACL.Site, "global", "CLOUDFRONT", cloudFrontRegion)
	c.checkWebACL("webAcl.api", c.env.WebACL.API, "regional", "REGIONAL", c.env.Region)
	switch {
	case !c.env.WebACL.Create:
	case c.env.WebACL.API != "":
		c.fail("webAcl.create", "want none with webAcl.api: a load balancer has one web ACL; limit %s in that one", maintenance.UnlockPath)
	case c.env.Maintenance.Bypass.Cookie == "" && c.decoder.sound("maintenance.bypass.cookie"):
		c.fail("webAcl.create", "want none without maintenance.bypass.cookie: there is no page to limit")
	}
}

func (c *checker) checkWebACL(key, arn, path, scope, region string) {
	if arn == "" {
		return
	}
	parts := webACLPattern.FindStringSubmatch(arn)
	switch {
	case parts == nil || parts[3] != path:
		c.fail(key, "want the ARN of a web ACL of scope %s, arn:aws:wafv2:%s:ACCOUNT:%s/webacl/NAME/ID, got %q", scope, region, path, arn)
	case parts[1] != region && c.regionSound(region):
		c.fail(key, "want a web ACL in %s, got one in %s", region, parts[1])
	default:
		c.checkAccount(key, "a web ACL", parts[2])
	}
}
