package sessionstore_test

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/sessionstore"
)

// This example allows a service to reach the store, and to log in with its own
// role.
func ExampleNew() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Shop"), nil)
	vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{{Name: jsii.String("data"), SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED}},
	})
	service := awsec2.NewSecurityGroup(stack, jsii.String("Service"), &awsec2.SecurityGroupProps{Vpc: vpc})
	role := awsiam.NewRole(stack, jsii.String("ServiceRole"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(jsii.String("ecs-tasks.amazonaws.com"), nil)})

	store := sessionstore.New(stack, "Sessions", sessionstore.Props{Vpc: vpc})
	store.Allow(service, role)

	template := assertions.Template_FromStack(stack, nil)
	for _, resource := range *template.FindResources(jsii.String("AWS::ElastiCache::ReplicationGroup"), nil) {
		group := (*resource)["Properties"].(map[string]any)
		fmt.Println(group["Engine"], group["CacheNodeType"], group["TransitEncryptionMode"])
	}
	// Output:
	// valkey cache.t4g.small required
}
