package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/environment"
)

// Protection is right for an existing stack and wrong for one that is being
// created: what may not be deleted cannot be rolled back, and a stack whose first
// create failed can then be neither deleted nor created again. So the first
// deploy of a protected environment uses -c protection=false, which means
// deletionProtection: false for that deploy, and the second does not.

// removalPolicy returns what happens to data that is removed from the stack.
// Protected data stays, unless its own creation is rolled back.
func removalPolicy(env environment.Environment) awscdk.RemovalPolicy {
	if env.DeletionProtection {
		return awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE
	}
	return awscdk.RemovalPolicy_DESTROY
}

// newBucket defines a bucket that is kept if the environment is protected, and
// otherwise emptied and deleted with the stack. Whatever writes to it must wait
// for the custom resource that empties it: see awaitEmptying.
func newBucket(scope constructs.Construct, id string, env environment.Environment, props awss3.BucketProps) awss3.Bucket {
	props.RemovalPolicy = removalPolicy(env)
	props.AutoDeleteObjects = jsii.Bool(!env.DeletionProtection)
	return awss3.NewBucket(scope, &id, &props)
}

// awaitEmptying makes a writer of a bucket wait for the custom resource that
// empties it. Otherwise a create that fails between the two leaves objects in a
// bucket that nothing empties, and the rollback fails as well.
func awaitEmptying(writer constructs.IConstruct, bucket awss3.IBucket) {
	if emptying := bucket.Node().TryFindChild(jsii.String("AutoDeleteObjectsCustomResource")); emptying != nil {
		writer.Node().AddDependency(emptying)
	}
}
