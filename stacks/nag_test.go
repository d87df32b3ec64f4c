package stacks

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/internal/environment"
)

// suppression is an accepted finding of AwsSolutions, on the narrowest construct,
// with the fact about this design that justifies it.
type suppression struct {
	path   string // below the stack
	rule   string // with what it applies to, if the rule says
	reason string
	when   func(environment.Environment) bool // nil: in every environment
}

const (
	uploader     = "/Custom::CDKBucketDeployment8693BB64968944B69AAFB0CC9EB8756C"
	logRetention = "/LogRetentionaae0aa3c5b4d4f87b02d85b201efdd8a"
)

var suppressions = []suppression{
	{"/Database/Resource", "AwsSolutions-RDS10", "An environment without deletionProtection is made to be thrown away.", func(env environment.Environment) bool { return !env.DeletionProtection }},
	{"/Database/Resource", "AwsSolutions-RDS11", "The port is reached from two security groups only and is not a secret; tools expect 3306.", nil},
	{"/Database/Resource", "AwsSolutions-RDS14", "Schema changes on a clone catch up by the binary log, which excludes Backtrack; point-in-time restore is there.", nil},
	{"/Database/Secret/Resource", "AwsSolutions-SMG4", "Rotated by scripts/rotate.sh: no workload uses it, only the setup task reads it, and RDS, which could rotate it, refuses to replicate from a cluster whose password it manages.", nil},
	{"/ApiTask/TaskRole/DefaultPolicy/Resource", "AwsSolutions-IAM5", "A clone, or the cluster that follows this one, has an identifier of its own, which is not known before; the user's name narrows it.", nil},
	{"/ApiTask/Resource", "AwsSolutions-ECS2", "The variables are the database's coordinates; there is no secret among them, the log-in is an IAM token.", nil},
	{"/DatabaseSetupTask/Resource", "AwsSolutions-ECS2", "The variables are coordinates and the ARN of a secret, which the task reads at run time with its role.", nil},
	{"/SchemaChange/Task/Resource", "AwsSolutions-ECS2", "The variables are the database's coordinates; there is no secret among them, the log-in is an IAM token.", nil},
	{"/SchemaChange/Task/TaskRole/DefaultPolicy/Resource", "AwsSolutions-IAM5", "A clone to rehearse on has an identifier of its own, which is not known before; the user's name narrows it.", nil},
	{"/SchemaChange/CopyRole/DefaultPolicy/Resource", "AwsSolutions-IAM5", "The names of a deployment and of what RDS makes for it are RDS's own, and known only then; the name of the stack narrows them, and describing knows no resource.", nil},
	{"/SchemaChange/Task/ExecutionRole/DefaultPolicy/Resource", "AwsSolutions-IAM5[Resource::*]", "ecr:GetAuthorizationToken knows no resource.", nil},
	{"/ApiTask/ExecutionRole/DefaultPolicy/Resource", "AwsSolutions-IAM5[Resource::*]", "ecr:GetAuthorizationToken knows no resource.", nil},
	{"/DatabaseSetupTask/ExecutionRole/DefaultPolicy/Resource", "AwsSolutions-IAM5[Resource::*]", "ecr:GetAuthorizationToken knows no resource.", nil},
	{"/Alb/SecurityGroup/Resource", "AwsSolutions-EC23", "The mobile app reaches the API over the internet; the listener is HTTPS and port 80 only redirects.", func(env environment.Environment) bool { return env.API.Domain != "" }},
	{"/Distribution/Resource", "AwsSolutions-CFR1", "People in the field may be in any country.", nil},
	{"/Distribution/Resource", "AwsSolutions-CFR2", "A web ACL is the account's, made elsewhere and given as webAcl.site.", func(env environment.Environment) bool { return env.WebACL.Site == "" }},
	{"/Distribution/Resource", "AwsSolutions-CFR4", "Without a certificate of one's own CloudFront takes no minimum TLS version.", func(env environment.Environment) bool { return env.Site.Domain == "" }},
	{logRetention + "/ServiceRole/Resource", "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]", "CDK's own function that sets the retention of the logs RDS makes.", nil},
	{logRetention + "/ServiceRole/DefaultPolicy/Resource", "AwsSolutions-IAM5", "CDK's own function: the log groups are named after the database and the cluster, which are not known before; it sets their retention, and deletes them with an environment that is not protected.", nil},
	{uploader + "/Resource", "AwsSolutions-L1", "CDK's own function that uploads the first page; its runtime is CDK's.", nil},
	{uploader + "/ServiceRole/Resource", "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]", "CDK's own function that uploads the first page; its role is CDK's.", nil},
	{uploader + "/ServiceRole/DefaultPolicy/Resource", "AwsSolutions-IAM5", "CDK's own function: it reads CDK's asset bucket and writes any object of the site's bucket, nothing else.", nil},
}

// add suppresses the finding in the stack.
func (s suppression) add(stack awscdk.Stack) {
	id, appliesTo, narrowed := strings.Cut(strings.TrimSuffix(s.rule, "]"), "[")
	nag := &cdknag.NagPackSuppression{Id: &id, Reason: &s.reason}
	if narrowed {
		nag.AppliesTo = &[]any{appliesTo}
	}
	path := "/" + *stack.StackName() + s.path
	cdknag.NagSuppressions_AddResourceSuppressionsByPath(stack, &path, &[]*cdknag.NagPackSuppression{nag}, nil)
}

func TestNoFindingOfCdkNagIsUnexplained(t *testing.T) {
	for _, name := range append([]string{"with everything"}, environments...) {
		t.Run(name, func(t *testing.T) {
			env := outfitted(t)
			if name != "with everything" {
				env = loadEnvironment(t, name)
			}
			var meant []suppression
			for _, s := range suppressions {
				if s.when == nil || s.when(env) {
					meant = append(meant, s)
				}
			}
			for _, finding := range nag(t, env, meant) {
				t.Error("unexplained: ", finding)
			}
		})
	}
}

func TestEverySuppressionIsNeeded(t *testing.T) {
	needed, decided := map[string]bool{}, map[int]bool{}
	for _, name := range environments {
		for _, finding := range findings(t, loadEnvironment(t, name), nil) {
			if i := decision(finding); i >= 0 {
				decided[i] = true
			}
			_, finding, _ = strings.Cut(finding, "/") // the stack's name
			path, rule, _ := strings.Cut(finding, " ")
			needed["/"+path+" "+rule] = true
		}
	}
	for _, s := range suppressions {
		found := false
		for finding := range needed {
			found = found || strings.HasPrefix(finding, s.path+" "+s.rule)
		}
		if !found {
			t.Errorf("%s: %s is found in no environment", s.path, s.rule)
		}
	}
	for i, d := range nist {
		if !decided[i] {
			t.Errorf("%s of %s is found in no environment", d.rule, d.of)
		}
	}
}

// nag returns the findings of AwsSolutions and NIST in the environment that no
// one has decided on, each as path and rule.
func nag(t *testing.T, env environment.Environment, meant []suppression) []string {
	t.Helper()
	return slices.DeleteFunc(findings(t, env, meant), func(finding string) bool { return decision(finding) >= 0 })
}

// findings returns the findings of AwsSolutions and NIST in the environment.
func findings(t *testing.T, env environment.Environment, meant []suppression) []string {
	t.Helper()
	outdir := t.TempDir()
	app := newTestApp(outdir)
	stack := Build(app, env, maintenancemode.Flags{}).Stack
	for _, s := range meant {
		s.add(stack)
	}
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Reports: jsii.Bool(false)}), nil)
	awscdk.Aspects_Of(app).Add(cdknag.NewNIST80053R5Checks(&cdknag.NagPackProps{Reports: jsii.Bool(false)}), nil)
	func() {
		defer func() { _ = recover() }() // a finding fails the synthesis; the report says more
		app.Synth(nil)
	}()

	data, err := os.ReadFile(filepath.Join(outdir, "validation-report.json"))
	if os.IsNotExist(err) {
		return nil // CDK writes no report if there are no findings
	}
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		PluginReports []struct {
			Violations []struct {
				Description         string
				ViolatingConstructs []struct{ ConstructPath string }
			}
		}
	}
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	var findings []string
	for _, plugin := range report.PluginReports {
		for _, violation := range plugin.Violations {
			rule, _, _ := strings.Cut(violation.Description, ": ")
			for _, construct := range violation.ViolatingConstructs {
				if strings.HasPrefix(rule, "AwsSolutions-") || strings.HasPrefix(rule, "NIST.800.53.R5-") || strings.HasPrefix(rule, "CdkNag") {
					findings = append(findings, construct.ConstructPath+" "+rule)
				}
			}
		}
	}
	return findings
}
