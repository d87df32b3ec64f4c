package preflight

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

func load(t *testing.T, name string) environment.Environment {
	t.Helper()
	env, _, err := environment.Load("../../../environments", name)
	if err != nil {
		t.Fatal(err)
	}
	return env
}

// full returns prod with every optional part.
func full(t *testing.T) environment.Environment {
	env := load(t, "prod")
	env.HostedZone = environment.HostedZone{ID: "Z0123456789ABCDEFGHIJ", Name: "fieldreports.example"}
	env.WebACL.Site = "arn:aws:wafv2:us-east-1:111111111111:global/webacl/site/00000000-0000-0000-0000-000000000000"
	env.WebACL.API = "arn:aws:wafv2:ap-northeast-1:111111111111:regional/webacl/api/00000000-0000-0000-0000-000000000000"
	env.AlarmEmail = "ops@fieldreports.example"
	env.API.Image = "111111111111.dkr.ecr.ap-northeast-1.amazonaws.com/api:1.4"
	return env
}

// none is CloudFormation's answer for a stack that does not exist.
const none = "ValidationError: Stack with id fieldreports-prod does not exist"

var clock = time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)

// find returns the finding of a check.
func find(t *testing.T, findings []Finding, check string) Finding {
	t.Helper()
	i := slices.IndexFunc(findings, func(f Finding) bool { return f.Check == check })
	if i < 0 {
		t.Fatalf("no check %q", check)
	}
	return findings[i]
}

type says = map[string][]string

// expectation is what a check finds about an environment in an account.
type expectation struct {
	check string
	env   string // dev, or full, which has every optional part. Default: full
	edit  func(*environment.Environment)
	says  says
	runs  map[string]any
	state State
	found string
	do    string
}

func (e expectation) test(t *testing.T, ask func(s Subject) []Finding, client *http.Client) {
	t.Helper()
	s := newAccount(t, e.says)
	s.Env = full(t)
	if e.env != "" {
		s.Env = load(t, e.env)
	}
	if e.edit != nil {
		e.edit(&s.Env)
	}
	s.Run, s.Now, s.HTTP = machine(e.runs), func() time.Time { return clock }, client
	got := find(t, ask(s), e.check)
	if got.State != e.state || !strings.Contains(got.Found, e.found) || !strings.Contains(got.Do, e.do) {
		t.Errorf("got %+v, want %s: ...%s..., do ...%s...", got, e.state, e.found, e.do)
	}
	if got.State == Wrong && got.Do == "" {
		t.Errorf("%q is wrong, and nobody says what to do", got.Found)
	}
}

var goodPages = []string{"", "#last"}

// with returns the answers of an account without the stack, and more.
func with(more says) says {
	all := says{"cloudformation.DescribeStacks": {none}}
	maps.Copy(all, more)
	return all
}

// expectations has each check before a deploy, both passing and failing.
func expectations() []expectation {
	return []expectation{
		{check: "AWS CLI", state: OK, found: "aws-cli/2.31.0"},
		{check: "AWS CLI", runs: map[string]any{"aws --version": "aws-cli/1.45.11 Python/3.11.7\n"}, state: Wrong, found: "aws-cli/1.45.11", do: "AWS CLI 2"},
		{check: "AWS CLI", runs: map[string]any{"aws --version": exec.ErrNotFound}, state: Wrong, found: "not on PATH"},
		{check: "AWS CLI", runs: map[string]any{"aws --version": "?"}, state: Unknown, found: `"?"`},
		{check: "Docker builder", env: "dev", state: OK, found: "v0.29.1"},
		{check: "Docker builder", env: "dev", runs: map[string]any{"docker buildx version": exec.ErrNotFound}, state: Wrong, do: "Docker 23"},
		{check: "Docker builder", env: "dev", runs: map[string]any{"docker version --format {{.Server.Version}}": errors.New("exit 1")}, state: Wrong, found: "cannot connect", do: "start Docker"},
		{check: "Node", state: OK, found: "24.11.0"},
		{check: "Node", runs: map[string]any{"node --version": "v20.20.2"}, state: Wrong, found: "20.20.2", do: "Node 22"},
		{check: "Node", runs: map[string]any{"node --version": exec.ErrNotFound}, state: Wrong, found: "not on PATH"},
		{check: "GitHub environments", state: OK, found: "prod with 1 reviewers, prod-plan"},
		{check: "GitHub environments", runs: map[string]any{"gh api repos/{owner}/{repo}/environments": exec.ErrNotFound}, state: Unknown, found: "gh is not on PATH"},
		{check: "GitHub environments", runs: map[string]any{"gh api repos/{owner}/{repo}/environments": errors.New("exit 1")}, state: Unknown, do: "gh auth login"},
		{check: "GitHub environments", runs: map[string]any{"gh api repos/{owner}/{repo}/environments": `{"environments":[{"name":"prod"}]}`}, state: Wrong, found: "no environment prod-plan"},
		{check: "GitHub environments", runs: map[string]any{"gh api repos/{owner}/{repo}/environments": `{"environments":[{"name":"prod"},{"name":"prod-plan"}]}`}, state: Wrong, found: "no reviewers"},

		{check: "identity", state: OK, found: "assumed-role/deploy/ko, in account 111111111111"},
		{check: "identity", says: says{"sts.GetCallerIdentity": {"#other"}}, state: Wrong, found: "account 222222222222", do: "111111111111"},
		{check: "identity", env: "dev", says: says{"sts.GetCallerIdentity": {"#other"}}, state: OK, found: "222222222222"},
		{check: "identity", says: says{"sts.GetCallerIdentity": {"ExpiredToken: expired"}}, state: Unknown, found: "ExpiredToken"},
		{check: "region", state: OK, found: "enabled"},
		{check: "region", says: says{"ec2.DescribeRegions": {"#off"}}, state: Wrong, found: "not enabled", do: "enable-region"},
		{check: "region", says: says{"ec2.DescribeRegions": {"#none"}}, state: Wrong, found: "no region"},
		{check: "bootstrap", state: OK, found: "version 32"},
		{check: "bootstrap", says: says{"ssm.GetParameter": {"#old"}}, state: Wrong, found: "version 5", do: "npx cdk bootstrap aws://111111111111/ap-northeast-1"},
		{check: "bootstrap", says: says{"ssm.GetParameter": {"ParameterNotFound"}}, state: Wrong, found: "not been bootstrapped"},
		{check: "stack", state: OK, found: "UPDATE_COMPLETE"},
		{check: "stack", says: with(nil), state: OK, found: "first deploy", do: "-c env=prod -c protection=false"},
		{check: "stack", env: "dev", says: with(nil), state: OK, found: "first deploy", do: "npx cdk deploy -c env=dev"},
		{check: "stack", says: says{"cloudformation.DescribeStacks": {"#review"}}, state: OK, found: "first deploy"},
		{check: "stack", says: says{"cloudformation.DescribeStacks": {"#busy"}}, state: Wrong, found: "IN_PROGRESS"},
		{check: "stack", says: says{"cloudformation.DescribeStacks": {"#failed"}}, state: Wrong, found: "Alb16C2F182", do: "A broken deploy"},
		{check: "stack", says: says{"cloudformation.DescribeStacks": {"#stuck"}}, state: Wrong, do: "continue-update-rollback"},
		{check: "stack", says: says{"cloudformation.DescribeStacks": {"ValidationError: bad name"}}, state: Unknown, found: "bad name"},
		{check: "protection", state: OK, found: "protected"},
		{check: "protection", says: with(nil), state: OK, found: "second deploy"},
		{check: "protection", says: says{"cloudformation.DescribeStacks": {"#bare"}}, state: Wrong, found: "without the protections", do: "npx cdk deploy -c env=prod"},
		{check: "CloudTrail trail", state: OK, found: "management"},
		{check: "CloudTrail trail", says: says{"cloudtrail.GetEventSelectors": {"#advanced"}}, state: OK, found: "management"},
		{check: "CloudTrail trail", says: says{"cloudtrail.DescribeTrails": {"#none"}}, state: Wrong, found: "no trail"},
		{check: "CloudTrail trail", says: says{"cloudtrail.GetTrailStatus": {"#off"}}, state: Wrong, found: "does not log"},
		{check: "CloudTrail trail", says: says{"cloudtrail.GetEventSelectors": {"#reads"}}, state: Wrong, found: "no management events that write"},

		{check: "zones", state: OK, found: "ap-northeast-1a, ap-northeast-1c, ap-northeast-1d"},
		{check: "zones", says: says{"ec2.DescribeAvailabilityZones": {"#few"}}, state: Wrong, found: "no zone ap-northeast-1c that is available"},
		{check: "zone ids", state: OK, found: "ap-northeast-1a is apne1-az4"},
		{check: "zone ids", says: says{"ec2.DescribeAvailabilityZones": {"#tokyo"}}, state: OK, found: "apne1-az3"},
		{check: "zone ids", env: "staging", says: says{"ec2.DescribeAvailabilityZones": {"#tokyo"}}, state: Wrong, found: "ap-northeast-1a is apne1-az3", do: "ap-northeast-1c, ap-northeast-1d"},
		{check: "zone ids", env: "dev", says: says{"ec2.DescribeAvailabilityZones": {"#excluded"}}, state: Wrong, found: "us-east-1a is use1-az3", do: "us-east-1b, us-east-1c"},
		{check: "prefix list", env: "dev", state: OK, found: "pl-3b927c52 is CloudFront's"},
		{check: "prefix list", env: "dev", says: says{"ec2.DescribeManagedPrefixLists": {"", "#moved", "InvalidPrefixListID.NotFound"}}, state: OK},
		{check: "prefix list", env: "dev", says: says{"ec2.DescribeManagedPrefixLists": {"#moved", "InvalidPrefixListID.NotFound"}}, state: Wrong, found: "no prefix list pl-3b927c52", do: "pl-00000001"},
		{check: "prefix list", env: "dev", says: says{"ec2.DescribeManagedPrefixLists": {"#moved", "#own"}}, state: Unknown, found: "a list of your own", do: "pl-00000001"},
		{check: "rules of a security group", env: "dev", state: OK, found: "55 rules of 200"},
		{check: "rules of a security group", env: "dev", says: says{"service-quotas.GetServiceQuota": {"#five"}}, state: Wrong, found: "a group takes 5", do: "L-0EA8095F"},
		{check: "VPCs", says: with(nil), state: OK, found: "1 VPCs of 200"},
		{check: "VPCs", says: with(says{"ec2.DescribeVpcs": {"#full"}, "service-quotas.GetServiceQuota": {"#five"}}), state: Wrong, found: "5 VPCs of 5 are used, 1 more", do: "L-F678F1CE"},
		{check: "VPCs", says: says{"ec2.DescribeVpcs": {"#full"}, "service-quotas.GetServiceQuota": {"#five"}}, state: OK, found: "0 more"},
		{check: "elastic addresses", says: with(nil), state: OK, found: "3 more are needed"},
		{check: "elastic addresses", says: with(says{"ec2.DescribeAddresses": {"#full"}, "service-quotas.GetServiceQuota": {"NoSuchResourceException"}, "service-quotas.GetAWSDefaultServiceQuota": {"#six"}}), state: Wrong, found: "5 elastic addresses of 6", do: "L-0263D0A3"},

		{check: "engine version", state: OK, found: "3.10.3 is available"},
		{check: "engine version", says: says{"rds.DescribeDBEngineVersions": {"#gone"}}, state: Wrong, found: "no version", do: "3.11.0"},
		{check: "engine version", says: says{"rds.DescribeDBEngineVersions": {"#deprecated"}}, state: Wrong, found: "deprecated"},
		{check: "engine version", says: says{"rds.DescribeDBEngineVersions": {"#small"}}, state: Wrong, found: "0.5 to 1 ACU"},
		{check: "instance class", state: OK, found: "3 zones"},
		{check: "instance class", says: says{"rds.DescribeOrderableDBInstanceOptions": {"#none"}}, state: Wrong, found: "cannot be had"},
		{check: "cluster parameters", says: says{"rds.DescribeEngineDefaultClusterParameters": goodPages}, state: OK, found: "RDS takes all 8"},
		{check: "cluster parameters", says: says{"rds.DescribeEngineDefaultClusterParameters": {"", "#narrow"}}, state: Wrong, found: "innodb_online_alter_log_max_size is 4294967296, and RDS takes 65536-2147483648; require_secure_transport cannot be modified; tls_version is TLSv1.2,TLSv1.3, and RDS takes TLSv1.1,TLSv1.2"},
		{check: "instance parameters", state: OK, found: "RDS takes all 4"},
		{check: "instance parameters", says: says{"rds.DescribeEngineDefaultParameters": {"#less"}}, state: Wrong, found: "aurora-mysql8.0 has no long_query_time; lock_wait_timeout is 60"},
		{check: "database quotas", says: with(nil), state: OK, found: "room"},
		{check: "database quotas", says: with(says{"rds.DescribeAccountAttributes": {"#full"}}), state: Wrong, found: "39 DBInstances of 40 are used, 3 more"},
		{check: "database quotas", says: says{"rds.DescribeAccountAttributes": {"#full"}}, state: OK},

		{check: "Fargate quota", state: OK, found: "61 vCPUs of 200"},
		{check: "Fargate quota", says: says{"service-quotas.GetServiceQuota": {"#five"}}, state: Wrong, found: "5 vCPUs; 30 tasks of 1 vCPU, twice while a deploy rolls, need 61", do: "L-3032A538"},
		{check: "Lambda concurrency", state: OK, found: "1000 executions"},
		{check: "Lambda concurrency", says: says{"lambda.GetAccountSettings": {"#new"}}, state: Wrong, found: "10 executions", do: "L-B99A9384"},
		{check: "Lambda concurrency", says: with(nil), edit: func(e *environment.Environment) { e.Maintenance.ReservedConcurrency = 901 }, state: Wrong, found: "901 are to be reserved"},
		{check: "API image", state: OK, found: "api:1.4 is there"},
		{check: "API image", says: says{"ecr.DescribeImages": {"ImageNotFoundException"}}, state: Wrong, found: "no image", do: "ARM64"},
		{check: "schema change image", edit: func(e *environment.Environment) { e.SchemaChange.Image = e.API.Image }, state: OK},
		{check: "schema change image", edit: func(e *environment.Environment) { e.SchemaChange.Image = e.API.Image }, says: says{"ecr.DescribeImages": {"RepositoryNotFoundException"}}, state: Wrong, found: "no image"},

		{check: "CloudFront", state: OK, found: "1 distributions of 200"},
		{check: "CloudFront", says: says{"cloudfront.ListDistributions": {"#none"}}, state: Unknown, found: "no distribution yet", do: "AWS Support"},
		{check: "CloudFront", says: with(says{"service-quotas.GetServiceQuota": {"#one"}}), state: Wrong, found: "1 distributions of 1", do: "L-24B04930"},
		{check: "VPC origins", env: "dev", state: OK, found: "0 VPC origins"},
		{check: "VPC origins", env: "dev", says: says{"cloudformation.DescribeStacks": {none}, "cloudfront.ListVpcOrigins": {"#full"}}, state: Wrong, found: "25 VPC origins of 25"},
		{check: "site alias", state: OK, found: "no other distribution"},
		{check: "site alias", says: says{"cloudfront.ListDistributions": {"#other"}}, state: Wrong, found: "an alias of the distribution EOLD"},
		{check: "site alias", says: with(nil), state: Wrong, found: "EOWN"},
		{check: "site certificate", state: OK, found: "issued for app.fieldreports.example"},
		{check: "site certificate", says: says{"acm.DescribeCertificate": {"#pending"}}, state: Wrong, found: "PENDING_VALIDATION"},
		{check: "site certificate", says: says{"acm.DescribeCertificate": {"ResourceNotFoundException"}}, state: Wrong, found: "no certificate"},
		{check: "API certificate", state: OK, found: "issued for api.fieldreports.example"},
		{check: "API certificate", says: says{"acm.DescribeCertificate": {"#apex"}}, state: Wrong, found: "not for"},
		{check: "API certificate", says: says{"acm.DescribeCertificate": {"#ending"}}, state: Wrong, found: "ends on 2026-12-01", do: "renew"},
		{check: "hosted zone", state: OK, found: "is fieldreports.example"},
		{check: "hosted zone", says: says{"route53.GetHostedZone": {"#other"}}, state: Wrong, found: "the zone other.example"},
		{check: "hosted zone", says: says{"route53.GetHostedZone": {"#private"}}, state: Wrong, found: "private"},
		{check: "hosted zone", says: says{"route53.GetHostedZone": {"NoSuchHostedZone"}}, state: Wrong, found: "no hosted zone"},
		{check: "DNS records", says: with(nil), state: OK, found: "no record is in the way"},
		{check: "DNS records", says: with(says{"route53.ListResourceRecordSets": {"#taken"}}), state: Wrong, found: "app.fieldreports.example has a record of type CNAME"},
		{check: "DNS records", says: says{"route53.ListResourceRecordSets": {"#taken"}}, state: OK, found: "the stack's"},
		{check: "site web ACL", state: OK, found: "site"},
		{check: "site web ACL", says: says{"wafv2.GetWebACL": {"WAFNonexistentItemException"}}, state: Wrong, found: "no web ACL"},
		{check: "API web ACL", state: OK, found: "site"},
		{check: "API web ACL", says: says{"wafv2.GetWebACL": {"WAFNonexistentItemException"}}, state: Wrong, found: "no web ACL"},
	}
}

func TestBefore(t *testing.T) {
	for _, e := range expectations() {
		t.Run(e.check+" "+e.env+string(e.state)+" "+e.found, func(t *testing.T) {
			if e.says == nil {
				e.says = says{}
			}
			if e.says["rds.DescribeEngineDefaultClusterParameters"] == nil {
				e.says["rds.DescribeEngineDefaultClusterParameters"] = goodPages
			}
			e.test(t, func(s Subject) []Finding { return Before(t.Context(), s) }, nil)
		})
	}
}

// product answers requests of the deployed product with statuses by path.
type product map[string]int

func (p product) RoundTrip(r *http.Request) (*http.Response, error) {
	status, known := p[r.Method+" "+r.URL.String()]
	if !known {
		return nil, errors.New("no such host")
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("x")), Request: r, Header: http.Header{}}, nil
}

// deployedExpectation is what a check finds about a deployed product.
type deployedExpectation struct {
	expectation
	product
}

// expectationsAfter has each check after a deploy, both passing and failing. The
// listener has a test of its own.
func expectationsAfter() []deployedExpectation {
	const site, api = "https://app.fieldreports.example", "https://api.fieldreports.example"
	example := func(e *environment.Environment) { e.API.Image = "" }
	return []deployedExpectation{
		{expectation{check: "stack", state: OK, found: "UPDATE_COMPLETE"}, nil},
		{expectation{check: "stack", says: says{"cloudformation.DescribeStacks": {none}}, state: Wrong, found: "does not exist", do: "-c protection=false"}, nil},
		{expectation{check: "outputs", state: OK, found: "all 16"}, nil},
		{expectation{check: "outputs", says: says{"cloudformation.DescribeStacks": {"#bare"}}, state: Wrong, found: "ApiUrl, SiteBucketName"}, nil},
		{expectation{check: "protection", state: OK}, nil},
		{expectation{check: "protection", says: says{"cloudformation.DescribeStacks": {"#bare"}}, state: Wrong}, nil},
		{expectation{check: "service", state: OK, found: "6 tasks of 6"}, nil},
		{expectation{check: "service", says: says{"ecs.DescribeServices": {"#few"}}, state: Wrong, found: "2 tasks of 6"}, nil},
		{expectation{check: "service", says: says{"ecs.DescribeServices": {"#failed"}}, state: Wrong, found: "circuit breaker"}, nil},
		{expectation{check: "service", says: says{"ecs.DescribeServices": {"#none"}}, state: Wrong, found: "no service service-1"}, nil},
		{expectation{check: "scaling", state: OK, found: "1 activities, none failed"}, nil},
		{expectation{check: "scaling", says: says{"application-autoscaling.DescribeScalingActivities": {"#failed"}}, state: Wrong, found: "Failed to set desired count"}, nil},
		{expectation{check: "scaling", says: says{"application-autoscaling.DescribeScalableTargets": {"#none"}}, state: Wrong, found: "nothing scales"}, nil},
		{expectation{check: "site", state: OK, found: "200"}, product{"GET " + site + "/": 200}},
		{expectation{check: "site", state: Wrong, found: "403"}, product{"GET " + site + "/": 403}},
		{expectation{check: "site", state: Unknown, found: "no such host"}, nil},
		{expectation{check: "API health", state: OK, found: "200"}, product{"GET " + api + "/api/health": 200}},
		{expectation{check: "API health", state: Wrong, found: "502", do: "ApiLog"}, product{"GET " + api + "/api/health": 502}},
		{expectation{check: "API health", env: "dev", state: Wrong, found: "504", do: "api.ingressPrefixList"}, product{"GET " + site + "/api/health": 504}},
		{expectation{check: "database log-in by token", edit: example, state: OK, found: "has asked the database"}, product{"POST " + api + "/api/login": 401}},
		{expectation{check: "database log-in by token", edit: example, state: Wrong, do: "DatabaseSetupCommand"}, product{"POST " + api + "/api/login": 503}},
		{expectation{check: "database log-in by token", edit: example, state: Unknown, found: "answers 404"}, product{"POST " + api + "/api/login": 404}},
		{expectation{check: "database log-in by token", state: Unknown, found: "your own"}, nil},
		{expectation{check: "metrics", state: OK, found: "3 metrics, all there"}, nil},
		{expectation{check: "metrics", says: says{"cloudwatch.ListMetrics": {"#none"}}, state: Wrong, found: "AWS/ApplicationELB HealthyHostCount, Noren Mode"}, nil},
		{expectation{check: "metrics", says: says{"cloudwatch.ListMetrics": {"", "", "#none"}}, state: OK, found: "HTTPCode_ELB_502_Count"}, nil},
		{expectation{check: "metrics", says: says{"cloudwatch.DescribeAlarms": {"#none"}}, state: Wrong, found: "no alarms"}, nil},
		{expectation{check: "alarms", state: OK, found: "4 alarms, none on"}, nil},
		{expectation{check: "alarms", says: says{"cloudwatch.DescribeAlarms": {"#on"}}, state: Wrong, found: "NoTaskAlarm-1, AppErrorsAlarm-1"}, nil},
		{expectation{check: "alarm mail", state: OK, found: "has confirmed"}, nil},
		{expectation{check: "alarm mail", says: says{"sns.ListSubscriptionsByTopic": {"#pending"}}, state: Wrong, found: "not confirmed"}, nil},
		{expectation{check: "alarm mail", says: says{"sns.ListSubscriptionsByTopic": {"#none"}}, state: Wrong, found: "not subscribed"}, nil},
		{expectation{check: "alarm mail", says: says{"cloudformation.ListStackResources": {"#none"}}, state: Wrong, found: "no topic"}, nil},
	}
}

func TestAfter(t *testing.T) {
	for _, e := range expectationsAfter() {
		t.Run(e.check+" "+e.env+string(e.state)+" "+e.found, func(t *testing.T) {
			if e.says == nil {
				e.says = says{}
			}
			e.says["cloudformation.GetTemplate"] = []string{"ThrottlingException"} // the listener has its own tests
			e.test(t, func(s Subject) []Finding { return After(t.Context(), s) }, &http.Client{Transport: e.product})
		})
	}
}

// TestBefore_NoCredentials checks that missing credentials are reported once,
// with what to do, and that AWS is not called.
func TestBefore_NoCredentials(t *testing.T) {
	s := newAccount(t, nil)
	s.Env = full(t)
	s.Config.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("no profile")
	})
	findings := Before(t.Context(), s)
	if f := find(t, findings, "credentials"); f.State != Wrong || !strings.Contains(f.Found, "no profile") || !strings.Contains(f.Do, "AWS_PROFILE") {
		t.Errorf("got %+v, want what to do", f)
	}
	unasked := 0
	for _, f := range findings {
		if f.State == Unknown && strings.Contains(f.Found, "no AWS credentials") {
			unasked++
		} else if strings.Contains(f.Found, "no profile") && f.Check != "credentials" {
			t.Errorf("%+v repeats why", f)
		}
	}
	if unasked < 25 {
		t.Errorf("%d questions are said not to have been asked, want those of AWS", unasked)
	}
}

// TestRefusedQuestionsAreNotKnown checks that a refused call is reported as not
// known, with the action, and never as ok or wrong.
func TestRefusedQuestionsAreNotKnown(t *testing.T) {
	denied := says{}
	for name := range wire() {
		operation, _, _ := strings.Cut(name, "#")
		code := "AccessDeniedException"
		if strings.HasPrefix(name, "ec2.") {
			code = "UnauthorizedOperation"
		}
		denied[operation] = []string{code + ": no"}
	}
	s := newAccount(t, denied)
	s.Env = full(t)
	s.Env.SchemaChange.Image = s.Env.API.Image
	s.HTTP = &http.Client{Transport: product{}}
	denied["cloudformation.GetTemplate"] = []string{"AccessDenied: no"}
	asked := 0
	for _, f := range slices.Concat(Before(t.Context(), s), After(t.Context(), s)) {
		c := slices.IndexFunc(slices.Concat(before, after), func(c check) bool { return c.name == f.Check })
		if slices.Concat(before, after)[c].actions == nil {
			continue
		}
		asked++
		if f.State != Unknown {
			t.Errorf("%+v, though nothing may be asked", f)
		}
		if f.Check != "listener rules" && !strings.Contains(f.Do, "--policy") {
			t.Errorf("%+v does not say what to allow", f)
		}
	}
	if asked < 25 {
		t.Errorf("%d questions of AWS", asked)
	}
}

func TestEveryCheckIsAskedInBothDirections(t *testing.T) {
	states := map[string]map[State]bool{}
	for _, e := range expectations() {
		if states[e.check] == nil {
			states[e.check] = map[State]bool{}
		}
		states[e.check][e.state] = true
	}
	statesAfter := map[string]map[State]bool{"listener rules": {OK: true, Wrong: true}} // TestAfter_Listener
	for _, e := range expectationsAfter() {
		if statesAfter[e.check] == nil {
			statesAfter[e.check] = map[State]bool{}
		}
		statesAfter[e.check][e.state] = true
	}
	for _, c := range before {
		if !states[c.name][OK] || !states[c.name][Wrong] {
			t.Errorf("%q is tested as %v, want ok and wrong", c.name, states[c.name])
		}
	}
	for _, c := range after {
		if !statesAfter[c.name][OK] || !statesAfter[c.name][Wrong] {
			t.Errorf("after a deploy, %q is tested as %v, want ok and wrong", c.name, statesAfter[c.name])
		}
	}
	if len(before) < 25 {
		t.Errorf("%d checks before a deploy, want 25 or more", len(before))
	}
}

func TestPolicyOnlyReads(t *testing.T) {
	actions := Policy()["Statement"].([]map[string]any)[0]["Action"].([]string)
	for _, action := range actions {
		_, verb, _ := strings.Cut(action, ":")
		if !strings.HasPrefix(verb, "Get") && !strings.HasPrefix(verb, "List") && !strings.HasPrefix(verb, "Describe") && !strings.HasPrefix(verb, "Lookup") {
			t.Errorf("%s does not only read", action)
		}
	}
	if !slices.IsSorted(actions) || len(actions) < 30 {
		t.Errorf("policy: %q", actions)
	}
}

// TestAfter_Listener checks what noren status finds about the listener.
func TestAfter_Listener(t *testing.T) {
	found := func(edit func(*live.Status)) live.Report {
		s := live.Status{Deployed: live.Finding{Mode: maintenance.Open}, Listener: live.Finding{Mode: maintenance.Open}}
		edit(&s)
		return live.Report{Switches: []live.Status{s}}
	}
	i := &inspector{Subject: Subject{Env: load(t, "prod")}}
	for _, test := range []struct {
		name   string
		report live.Report
		state  State
		says   string
	}{
		{"as deployed", found(func(*live.Status) {}), OK, "has the rules of the template, and is open"},
		{"no switch", live.Report{}, Wrong, "no switch"},
		{"by hand", found(func(s *live.Status) { s.Listener.Mode = maintenance.Closed }), Wrong, "the listener is closed, the template says open"},
		{"half of it", found(func(s *live.Status) { s.Listener.Mode, s.Listener.Mixed = "", "one of two" }), Wrong, "one of two"},
		{"a rule is missing", found(func(s *live.Status) { s.Drift = []string{"rule 101 is missing"} }), Wrong, "rule 101 is missing"},
		{"a rule too many", found(func(s *live.Status) { s.Notes = []string{"rule 7 lets /x through"} }), Wrong, "rule 7"},
		{"unread", found(func(s *live.Status) { s.Listener = live.Finding{Problem: "throttled"} }), Unknown, "throttled"},
	} {
		f, err := i.judge(test.report)
		if err != nil || f.State != test.state || !strings.Contains(f.Found, test.says) || f.State != OK && f.Do == "" {
			t.Errorf("%s: got %+v, %v, want %s: ...%s...", test.name, f, err, test.state, test.says)
		}
	}
}
