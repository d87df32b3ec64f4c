//go:build e2e

package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/internal/environment/preflight"
)

// TestPreflight asks the emulator what preflight asks AWS: about an empty
// account, and about an account in which someone has worked. The package's tests
// cover what the emulator lacks, with answers built from the models of the API.
func TestPreflight(t *testing.T) {
	dir, err := os.MkdirTemp("", "noren-preflight-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	e := startEmulator(t, dir, "111111111111", "ap-northeast-1")
	env, _, err := environment.Load("environments", "prod")
	if err != nil {
		t.Fatal(err)
	}
	env.API.Image = "111111111111.dkr.ecr.ap-northeast-1.amazonaws.com/api:1.4"
	env.WebACL.API = "arn:aws:wafv2:ap-northeast-1:111111111111:regional/webacl/api/00000000-0000-0000-0000-000000000000"
	env.HostedZone = environment.HostedZone{ID: "Z0123456789ABCDEFGHIJ", Name: "fieldreports.example"}
	ask := func() map[string]preflight.Finding {
		found := map[string]preflight.Finding{}
		for _, f := range preflight.Before(t.Context(), preflight.Subject{Env: env, Config: e.config(t), Run: nobodyRuns}) {
			found[f.Check] = f
		}
		return found
	}

	bare := ask()
	e.settle(t, &env)
	settled := ask()
	e.stackOf(t, env.StackName)
	deployed := ask()

	for _, test := range []struct {
		check string
		found map[string]preflight.Finding
		state preflight.State
		says  string
	}{
		{"identity", bare, preflight.OK, "in account 111111111111"},
		{"region", bare, preflight.OK, "ap-northeast-1 is enabled"},
		{"zones", bare, preflight.OK, "ap-northeast-1a"},
		{"zone ids", bare, preflight.OK, "apne1-az4"},
		{"bootstrap", bare, preflight.Wrong, "has not been bootstrapped"},
		{"bootstrap", settled, preflight.OK, "version 32"},
		{"stack", bare, preflight.OK, "this is the first deploy"},
		{"stack", deployed, preflight.OK, "CREATE_COMPLETE"},
		{"protection", bare, preflight.OK, "comes with the second deploy"},
		{"protection", deployed, preflight.Wrong, "without the protections"},
		{"CloudTrail trail", bare, preflight.Wrong, "there is no trail"},
		{"CloudTrail trail", settled, preflight.OK, "records management events"},
		{"VPCs", bare, preflight.OK, "1 VPCs of 5"},
		{"VPCs", settled, preflight.Wrong, "5 VPCs of 5"},
		{"API image", bare, preflight.Wrong, "there is no image"},
		{"API image", settled, preflight.OK, "api:1.4 is there"},
		{"site certificate", bare, preflight.Wrong, "there is no certificate"},
		{"site certificate", settled, preflight.Wrong, "PENDING_VALIDATION"},
		{"API certificate", bare, preflight.Wrong, "there is no certificate"},
		{"API certificate", settled, preflight.OK, "issued for api.fieldreports.example"},
		{"site alias", bare, preflight.OK, "on no other distribution"},
		{"site alias", settled, preflight.Wrong, "is an alias of the distribution"},
		{"hosted zone", bare, preflight.Wrong, "there is no hosted zone"},
		{"hosted zone", settled, preflight.OK, "is fieldreports.example"},
		{"DNS records", settled, preflight.Wrong, "has a record of type CNAME"},
		{"DNS records", deployed, preflight.OK, "they are the stack's"},
		{"API web ACL", bare, preflight.Wrong, "there is no web ACL"},
		{"API web ACL", settled, preflight.OK, "api"},
		{"AWS CLI", bare, preflight.Unknown, "nobody runs"},
	} {
		if f := test.found[test.check]; f.State != test.state || !strings.Contains(f.Found, test.says) {
			t.Errorf("%s: got %+v, want %s: ...%s...", test.check, f, test.state, test.says)
		}
	}
	for check, f := range settled {
		if f.State == preflight.Wrong && f.Do == "" {
			t.Errorf("%s: %q is wrong, and nothing says what to do", check, f.Found)
		}
	}
}

// nobodyRuns returns a machine that runs nothing.
func nobodyRuns(context.Context, string, ...string) (string, error) {
	return "", errors.New("nobody runs anything here")
}

// settle creates what an environment needs in its account, and some things that
// are in its way.
func (e *emulator) settle(t *testing.T, env *environment.Environment) {
	t.Helper()
	ctx, cfg := t.Context(), e.config(t)
	global := cfg.Copy()
	global.Region = "us-east-1"
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(ssm.NewFromConfig(cfg).PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/cdk-bootstrap/hnb659fds/version"), Value: aws.String("32"), Type: ssmtypes.ParameterTypeString}))

	must(s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("trail"),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(e.region)}}))
	trails := cloudtrail.NewFromConfig(cfg)
	must(trails.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: aws.String("all"), S3BucketName: aws.String("trail")}))
	must(trails.PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{TrailName: aws.String("all"), // AWS's default for a new trail
		EventSelectors: []cloudtrailtypes.EventSelector{{IncludeManagementEvents: aws.Bool(true), ReadWriteType: cloudtrailtypes.ReadWriteTypeAll}}}))
	must(trails.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: aws.String("all")}))

	images := ecr.NewFromConfig(cfg)
	must(images.CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String("api")}))
	must(images.PutImage(ctx, &ecr.PutImageInput{RepositoryName: aws.String("api"), ImageTag: aws.String("1.4"), ImageManifest: aws.String(`{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1, "digest": "sha256:0"}, "layers": []}`)}))

	asked, err := acm.NewFromConfig(global).RequestCertificate(ctx, &acm.RequestCertificateInput{DomainName: &env.Site.Domain, ValidationMethod: "DNS"})
	must(asked, err)
	env.Site.CertificateARN = *asked.CertificateArn
	certificate, key := selfSigned(t, env.API.Domain)
	imported, err := acm.NewFromConfig(cfg).ImportCertificate(ctx, &acm.ImportCertificateInput{Certificate: certificate, PrivateKey: key})
	must(imported, err)
	env.API.CertificateARN = *imported.CertificateArn

	zones := route53.NewFromConfig(global)
	zone, err := zones.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: &env.HostedZone.Name, CallerReference: aws.String("1")})
	must(zone, err)
	env.HostedZone.ID = strings.TrimPrefix(*zone.HostedZone.Id, "/hostedzone/")
	must(zones.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{HostedZoneId: &env.HostedZone.ID, ChangeBatch: &route53types.ChangeBatch{Changes: []route53types.Change{{
		Action: route53types.ChangeActionCreate, ResourceRecordSet: &route53types.ResourceRecordSet{
			Name: &env.Site.Domain, Type: route53types.RRTypeCname, TTL: aws.Int64(60), ResourceRecords: []route53types.ResourceRecord{{Value: aws.String("old.example")}},
		},
	}}}}))

	must(cloudfront.NewFromConfig(global).CreateDistribution(ctx, &cloudfront.CreateDistributionInput{DistributionConfig: &cloudfronttypes.DistributionConfig{
		CallerReference: aws.String("1"), Comment: aws.String("old"), Enabled: aws.Bool(true),
		Aliases: &cloudfronttypes.Aliases{Quantity: aws.Int32(1), Items: []string{env.Site.Domain}},
		Origins: &cloudfronttypes.Origins{Quantity: aws.Int32(1), Items: []cloudfronttypes.Origin{{Id: aws.String("o"), DomainName: aws.String("old.example"),
			CustomOriginConfig: &cloudfronttypes.CustomOriginConfig{HTTPPort: aws.Int32(80), HTTPSPort: aws.Int32(443), OriginProtocolPolicy: cloudfronttypes.OriginProtocolPolicyHttpsOnly}}}},
		DefaultCacheBehavior: &cloudfronttypes.DefaultCacheBehavior{TargetOriginId: aws.String("o"), ViewerProtocolPolicy: cloudfronttypes.ViewerProtocolPolicyHttpsOnly},
	}}))

	acl, err := wafv2.NewFromConfig(cfg).CreateWebACL(ctx, &wafv2.CreateWebACLInput{Name: aws.String("api"), Scope: waftypes.ScopeRegional,
		DefaultAction:    &waftypes.DefaultAction{Allow: &waftypes.AllowAction{}},
		VisibilityConfig: &waftypes.VisibilityConfig{MetricName: aws.String("api"), CloudWatchMetricsEnabled: false, SampledRequestsEnabled: false}})
	must(acl, err)
	env.WebACL.API = *acl.Summary.ARN

	e.deployTemplate(t, "networks", `{"Resources": {`+strings.Join([]string{
		`"A": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.1.0.0/16"}}`, `"B": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.2.0.0/16"}}`,
		`"C": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.3.0.0/16"}}`, `"D": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.4.0.0/16"}}`,
	}, ",")+`}}`)
}

// stackOf deploys a nearly empty stack with the given name.
func (e *emulator) stackOf(t *testing.T, name string) {
	t.Helper()
	e.deployTemplate(t, name, `{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}`)
}

func (e *emulator) deployTemplate(t *testing.T, name, template string) {
	t.Helper()
	formation := cloudformation.NewFromConfig(e.config(t))
	if _, err := formation.CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: &name, TemplateBody: &template}); err != nil {
		t.Fatal(err)
	}
	if err := cloudformation.NewStackCreateCompleteWaiter(formation).Wait(t.Context(), &cloudformation.DescribeStacksInput{StackName: &name}, time.Minute); err != nil {
		t.Fatal(err)
	}
}

// selfSigned returns a certificate of a domain for a year, and its key.
func selfSigned(t *testing.T, domain string) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: domain}, DNSNames: []string{domain}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}
