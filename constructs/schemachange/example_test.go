package schemachange_test

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/schemachange"
)

// This example defines a task that changes the schema shop of an Aurora cluster.
// Its image has the changes; Changes, instead of Image, would build one.
func ExampleNew() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Shop"), nil)
	vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), nil)
	task := schemachange.New(stack, "SchemaChange", schemachange.Props{
		Vpc:     vpc,
		Cluster: awsecs.NewCluster(stack, jsii.String("Cluster"), &awsecs.ClusterProps{Vpc: vpc}),
		Database: awsrds.NewDatabaseCluster(stack, jsii.String("Database"), &awsrds.DatabaseClusterProps{
			Engine: awsrds.DatabaseClusterEngine_AuroraMysql(&awsrds.AuroraMysqlClusterEngineProps{Version: awsrds.AuroraMysqlEngineVersion_VER_3_10_3()}),
			Writer: awsrds.ClusterInstance_ServerlessV2(jsii.String("Writer"), nil),
			Vpc:    vpc, IamAuthentication: jsii.Bool(true),
		}),
		DatabaseName: "shop",
		Image:        awsecs.ContainerImage_FromRegistry(jsii.String("registry.example/shop-changes:1"), nil),
	})
	// The command that runs a change; its values are known after the deploy.
	awscdk.NewCfnOutput(stack, jsii.String("SchemaChangeCommand"), &awscdk.CfnOutputProps{Value: &task.Commands.Run})

	for _, resource := range *assertions.Template_FromStack(stack, nil).FindResources(jsii.String("AWS::ECS::TaskDefinition"), nil) {
		container := (*resource)["Properties"].(map[string]any)["ContainerDefinitions"].([]any)[0].(map[string]any)
		for _, variable := range container["Environment"].([]any) {
			v := variable.(map[string]any)
			if name := v["Name"].(string); strings.HasSuffix(name, "DB_USER") || name == "DB_NAME" {
				fmt.Println(name, v["Value"])
			}
		}
	}
	// Unordered output:
	// DB_NAME shop
	// DB_USER schemachange
	// PLAN_DB_USER schemaplan
}
