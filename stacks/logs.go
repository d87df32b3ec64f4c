package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/environment"
)

// newLogGroup defines a log group with the retention of the environment.
func newLogGroup(scope constructs.Construct, id string, env environment.Environment) awslogs.LogGroup {
	return awslogs.NewLogGroup(scope, &id, &awslogs.LogGroupProps{
		Retention:     retention(env),
		RemovalPolicy: removalPolicy(env),
		EncryptionKey: encryptionKey(scope, id, env),
	})
}

// encryptionKey returns the key of the environment as a construct for id in
// scope. Nil if the environment has none.
func encryptionKey(scope constructs.Construct, id string, env environment.Environment) awskms.IKey {
	if env.EncryptionKey == "" {
		return nil
	}
	return awskms.Key_FromKeyArn(scope, jsii.String(id+"Key"), &env.EncryptionKey)
}

// adoptLogGroup gives a log group that an AWS service creates under its own name
// the retention of the environment, and deletes it with the stack like the
// others. It is not encrypted with the environment's key: the resource that
// adopts it does not support one.
func adoptLogGroup(scope constructs.Construct, id string, env environment.Environment, name string) {
	policy := awscdk.RemovalPolicy_RETAIN
	if !env.DeletionProtection {
		policy = awscdk.RemovalPolicy_DESTROY
	}
	awslogs.NewLogRetention(scope, &id, &awslogs.LogRetentionProps{
		LogGroupName: &name, Retention: retention(env), RemovalPolicy: policy,
	})
}

// adoptHandlers gives log groups of the stack to the functions that CDK adds for
// its own custom resources. Otherwise these functions would create log groups on
// their first run, which are never deleted.
func adoptHandlers(stack awscdk.Stack, env environment.Environment) {
	for _, provider := range *stack.Node().Children() {
		for _, id := range []string{"Handler", "Resource"} {
			handler, ok := provider.Node().TryFindChild(&id).(awscdk.CfnResource)
			if _, typed := handler.(awslambda.CfnFunction); !ok || typed || *handler.CfnResourceType() != "AWS::Lambda::Function" {
				continue
			}
			group := newLogGroup(stack, *provider.Node().Id()+"Logs", env)
			handler.AddPropertyOverride(jsii.String("LoggingConfig.LogGroup"), group.LogGroupName())
		}
	}
}

// newAccessLogs defines the bucket for the access logs of the load balancer, the
// distribution and the site's bucket.
func newAccessLogs(scope constructs.Construct, env environment.Environment) awss3.Bucket {
	return newBucket(scope, "AccessLogs", env, awss3.BucketProps{
		Encryption:        awss3.BucketEncryption_S3_MANAGED, // load balancers support no other
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		EnforceSSL:        jsii.Bool(true),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_PREFERRED, // CloudFront writes with an ACL
		LifecycleRules:    &[]*awss3.LifecycleRule{{Expiration: awscdk.Duration_Days(jsii.Number(env.LogDays))}},
	})
}

// retention returns LogDays as CDK's type.
func retention(env environment.Environment) awslogs.RetentionDays {
	return retentions[env.LogDays]
}

var retentions = map[int]awslogs.RetentionDays{
	1:    awslogs.RetentionDays_ONE_DAY,
	3:    awslogs.RetentionDays_THREE_DAYS,
	5:    awslogs.RetentionDays_FIVE_DAYS,
	7:    awslogs.RetentionDays_ONE_WEEK,
	14:   awslogs.RetentionDays_TWO_WEEKS,
	30:   awslogs.RetentionDays_ONE_MONTH,
	60:   awslogs.RetentionDays_TWO_MONTHS,
	90:   awslogs.RetentionDays_THREE_MONTHS,
	120:  awslogs.RetentionDays_FOUR_MONTHS,
	150:  awslogs.RetentionDays_FIVE_MONTHS,
	180:  awslogs.RetentionDays_SIX_MONTHS,
	365:  awslogs.RetentionDays_ONE_YEAR,
	400:  awslogs.RetentionDays_THIRTEEN_MONTHS,
	545:  awslogs.RetentionDays_EIGHTEEN_MONTHS,
	731:  awslogs.RetentionDays_TWO_YEARS,
	1096: awslogs.RetentionDays_THREE_YEARS,
	1827: awslogs.RetentionDays_FIVE_YEARS,
	2192: awslogs.RetentionDays_SIX_YEARS,
	2557: awslogs.RetentionDays_SEVEN_YEARS,
	2922: awslogs.RetentionDays_EIGHT_YEARS,
	3288: awslogs.RetentionDays_NINE_YEARS,
	3653: awslogs.RetentionDays_TEN_YEARS,
}
