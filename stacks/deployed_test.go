package stacks

import (
	"fmt"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/maintenance"
)

// The tests in this file cover what `make e2e` cannot deploy: resource types that
// its AWS emulator does not know. They go through every environment.

// inEveryEnvironment runs a test on the open template of each environment.
func inEveryEnvironment(t *testing.T, test func(t *testing.T, template template, name string)) {
	for _, name := range environments {
		t.Run(name, func(t *testing.T) {
			test(t, synthesized(t, name, maintenance.Open).template, name)
		})
	}
}

// want reports the parts that are missing from a value in the template.
func want(t *testing.T, value any, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if got := text(value); !strings.Contains(got, part) {
			t.Errorf("no %s in %s", part, got)
		}
	}
}

func TestTheServiceScalesWithItsLoad(t *testing.T) {
	inEveryEnvironment(t, func(t *testing.T, template template, name string) {
		env := loadEnvironment(t, name)
		target := template.only(t, "AWS::ApplicationAutoScaling::ScalableTarget")
		want(t, target.Properties, fmt.Sprintf(`"MinCapacity":%d`, env.API.MinTasks), fmt.Sprintf(`"MaxCapacity":%d`, env.API.MaxTasks),
			`"ScalableDimension":"ecs:service:DesiredCount"`, `"Service`)
		policies := template.ofType("AWS::ApplicationAutoScaling::ScalingPolicy")
		if len(policies) != 2 {
			t.Fatalf("policies %q, want one by CPU and one by requests", policies)
		}
		want(t, template.Resources, `"PredefinedMetricType":"ECSServiceAverageCPUUtilization"`, `"PredefinedMetricType":"ALBRequestCountPerTarget"`)
	})
}

func TestTheSiteIsServedByCloudFrontOnly(t *testing.T) {
	inEveryEnvironment(t, func(t *testing.T, template template, name string) {
		distribution := template.only(t, "AWS::CloudFront::Distribution").Properties["DistributionConfig"].(map[string]any)
		want(t, distribution["DefaultCacheBehavior"], `"ViewerProtocolPolicy":"redirect-to-https"`, `"ResponseHeadersPolicyId"`, `"EventType":"viewer-request"`)
		want(t, distribution["Origins"], `"OriginAccessControlId"`)
		want(t, template.only(t, "AWS::CloudFront::OriginAccessControl").Properties, `"SigningBehavior":"always"`, `"OriginAccessControlOriginType":"s3"`)
		for _, id := range template.ofType("AWS::CloudFront::ResponseHeadersPolicy") {
			policy := []string{`"AccessControlMaxAgeSec":31536000`, `frame-ancestors 'none'`}
			if strings.HasPrefix(id, "StatusHeaders") {
				policy = []string{`"AccessControlMaxAgeSec":31536000`, `"AccessControlAllowOrigins":{"Items":["*"]}`, `"AccessControlAllowCredentials":false`, `"ETag"`}
			}
			want(t, template.Resources[id].Properties, policy...)
		}
		want(t, template.only(t, "AWS::CloudFront::Function").Properties, `"Runtime":"cloudfront-js-2.0"`, "index.html")
		origins := template.ofType("AWS::CloudFront::VpcOrigin")
		if internal := loadEnvironment(t, name).API.Domain == ""; internal != (len(origins) == 1) {
			t.Errorf("VPC origins %q, internal load balancer: %v", origins, internal)
		}
		for _, id := range origins {
			want(t, template.Resources[id].Properties, `"Arn":{"Ref":"Alb`, `"OriginProtocolPolicy":"http-only"`, `"HTTPPort":80`)
		}
	})
}

func TestBucketsAreReadOverTLSAndByWhomTheyAreFor(t *testing.T) {
	inEveryEnvironment(t, func(t *testing.T, template template, name string) {
		policies := template.ofType("AWS::S3::BucketPolicy")
		if buckets := template.ofType("AWS::S3::Bucket"); len(policies) != len(buckets) {
			t.Errorf("buckets %q, policies %q: want one for each", buckets, policies)
		}
		for _, id := range policies {
			want(t, template.Resources[id].Properties, `{"Bool":{"aws:SecureTransport":"false"}}`)
			if strings.HasPrefix(id, "Site") {
				want(t, template.Resources[id].Properties, `"Action":"s3:GetObject"`, `"Service":"cloudfront.amazonaws.com"`, `"AWS:SourceArn"`)
			}
		}
	})
}

func TestWhoMayTellTheTopic(t *testing.T) {
	inEveryEnvironment(t, func(t *testing.T, template template, name string) {
		policy := template.only(t, "AWS::SNS::TopicPolicy").Properties
		want(t, policy, `"Service":"cloudwatch.amazonaws.com"`, `"aws:SourceAccount"`, `{"Bool":{"aws:SecureTransport":"false"}}`)
	})
}

func TestTheProbeRunsEveryMinute(t *testing.T) {
	inEveryEnvironment(t, func(t *testing.T, template template, name string) {
		schedule := template.only(t, "AWS::Scheduler::Schedule").Properties
		want(t, schedule, `"ScheduleExpression":"rate(1 minute)"`, `"MaximumRetryAttempts":0`, `"Arn":{"Fn::GetAtt":["MaintenanceProbe`)
		if state := schedule["State"]; state != nil && state != "ENABLED" {
			t.Errorf("the schedule is %v", state)
		}
	})
}

func TestTheLoadBalancerReachesTheServiceAndNothingElse(t *testing.T) {
	inEveryEnvironment(t, func(t *testing.T, template template, name string) {
		port := loadEnvironment(t, name).API.Port
		egress := template.only(t, "AWS::EC2::SecurityGroupEgress").Properties
		want(t, egress, `"GroupId":{"Fn::GetAtt":["AlbSecurityGroup`, `"DestinationSecurityGroupId":{"Fn::GetAtt":["ServiceSecurityGroup`,
			fmt.Sprintf(`"FromPort":%d`, port), fmt.Sprintf(`"ToPort":%d`, port))
	})
}

func TestTheDatabaseIsPrivateAndHoldsNoPasswordOfOurs(t *testing.T) {
	inEveryEnvironment(t, func(t *testing.T, template template, name string) {
		env := loadEnvironment(t, name)
		want(t, template.only(t, "AWS::RDS::DBCluster").Properties, `"MasterUserPassword":{"Fn::Join":["",["{{resolve:secretsmanager:"`, `"EnableIAMDatabaseAuthentication":true`,
			`"StorageEncrypted":true`, fmt.Sprintf(`"BackupRetentionPeriod":%d`, env.Database.BackupDays), env.Database.EngineVersion)
		want(t, template.only(t, "AWS::SecretsManager::SecretTargetAttachment").Properties, `"TargetType":"AWS::RDS::DBCluster"`)
		instances := template.ofType("AWS::RDS::DBInstance")
		if len(instances) != 1+env.Database.Readers {
			t.Errorf("instances %q, want a writer and %d readers", instances, env.Database.Readers)
		}
		for _, id := range instances {
			want(t, template.Resources[id].Properties, `"PubliclyAccessible":false`, `"DBInstanceClass":"db.serverless"`, `"AutoMinorVersionUpgrade":false`)
		}
	})
}

func TestSecretsAreGenerated(t *testing.T) {
	inEveryEnvironment(t, func(t *testing.T, template template, name string) {
		for _, id := range template.ofType("AWS::SecretsManager::Secret") {
			generate := template.Resources[id].Properties["GenerateSecretString"]
			if strings.Contains(id, "Bypass") {
				want(t, generate, `"ExcludePunctuation":true`) // ALB reads * and ? as wildcards
			} else {
				want(t, generate, `"PasswordLength":`)
			}
			if template.Resources[id].Properties["SecretString"] != nil {
				t.Errorf("%s has its value in the template", id)
			}
		}
	})
}

func TestCustomResourcesAreCDKsOwn(t *testing.T) {
	known := map[string]string{
		"Custom::VpcRestrictDefaultSG": `"DefaultSecurityGroupId"`,
		"Custom::LogRetention":         `"RetentionInDays"`,
		"Custom::S3AutoDeleteObjects":  `"BucketName"`,
		"Custom::CDKBucketDeployment":  `"Prune":false`,
	}
	inEveryEnvironment(t, func(t *testing.T, template template, name string) {
		for id, r := range template.Resources {
			if !strings.HasPrefix(r.Type, "Custom::") {
				continue
			}
			property, ok := known[r.Type]
			if !ok {
				continue // it has a test of its own, under the name that make e2e gives
			}
			want(t, r.Properties, property, `"ServiceToken":{"Fn::GetAtt":[`)
			if r.Type == "Custom::S3AutoDeleteObjects" && loadEnvironment(t, name).DeletionProtection {
				t.Errorf("%s empties a bucket that is to be kept", id)
			}
		}
	})
}
