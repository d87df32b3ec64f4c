package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/environment"
)

// Protection is right for a stack that is there and wrong for one that is being
// made: what may not be deleted cannot be rolled back, and a stack whose first
// create failed is neither deleted nor made again. So the first deploy of a
// protected environment is made with -c protection=false, which is
// deletionProtection: false for that deploy, and the second without.

// removalPolicy returns what becomes of data that leaves the stack. Protected
// data stays, unless its own creation is rolled back.
func removalPolicy(env environment.Environment) awscdk.RemovalPolicy {
	if env.DeletionProtection {
		return awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE
	}
	return awscdk.RemovalPolicy_DESTROY
}

// newBucket defines a bucket that is kept if the environment is protected, and
// else emptied and deleted with the stack. Whatever writes to it has to wait for
// what empties it: see awaitEmptying.
func newBucket(scope constructs.Construct, id string, env environment.Environment, props awss3.BucketProps) awss3.Bucket {
	props.RemovalPolicy = removalPolicy(env)
	props.AutoDeleteObjects = jsii.Bool(!env.DeletionProtection)
	return awss3.NewBucket(scope, &id, &props)
}

// awaitEmptying makes a writer of a bucket wait for the custom resource that
// empties it. Without that, a create that fails between the two leaves objects
// in a bucket that nothing empties, and the rollback fails as well.
func awaitEmptying(writer constructs.IConstruct, bucket awss3.IBucket) {
	if emptying := bucket.Node().TryFindChild(jsii.String("AutoDeleteObjectsCustomResource")); emptying != nil {
		writer.Node().AddDependency(emptying)
	}
}
