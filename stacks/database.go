package stacks

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/schemachange"
	"github.com/noren-cdk/noren/internal/diff"
	"github.com/noren-cdk/noren/internal/environment"
)

const (
	// databasePort is MySQL's port. Only the service and the one-off tasks reach
	// it.
	databasePort = 3306

	// masterUser creates the other users.
	masterUser = "admin"

	// apiUser, schemaChangeUser and schemaPlanUser log in with IAM tokens; the
	// setup task creates them.
	apiUser          = "api"
	schemaChangeUser = "schemachange"
	schemaPlanUser   = "schemaplan"
)

// parameters converts values for CDK.
func parameters(values map[string]string) *map[string]*string {
	all := map[string]*string{}
	for name, value := range values {
		all[name] = &value
	}
	return &all
}

// databaseLogs are the logs that the database sends to CloudWatch.
var databaseLogs = []string{"audit", "error", "slowquery"}

// newSchemaChange defines the task that changes the schema. It logs in as a user
// of its own, which the setup task creates.
func newSchemaChange(scope constructs.Construct, env environment.Environment, vpc awsec2.IVpc, cluster awsecs.ICluster, database awsrds.DatabaseCluster) schemachange.SchemaChange {
	props := schemachange.Props{
		Vpc: vpc, Cluster: cluster, Database: database, Readers: env.Database.Readers > 0, DatabaseName: env.Database.Name,
		User: schemaChangeUser, Planner: schemaPlanUser, Changes: env.SchemaChange.Changes, LogRetention: retention(env),
		EncryptionKey: encryptionKey(scope, "SchemaChange", env),
	}
	if env.SchemaChange.Image != "" {
		props.Image = registryImage(scope, "SchemaChangeRepository", env.SchemaChange.Image)
	}
	return schemachange.New(scope, "SchemaChange", props)
}

// newDatabase defines the Aurora MySQL cluster in the isolated subnets. The
// master user's password is in a secret of the stack that only the setup task
// reads. RDS does not manage it, since RDS refuses to replicate from a cluster
// whose master password it manages, and both ways of changing a copy replicate.
func newDatabase(scope constructs.Construct, env environment.Environment, vpc awsec2.IVpc) awsrds.DatabaseCluster {
	engine := awsrds.DatabaseClusterEngine_AuroraMysql(&awsrds.AuroraMysqlClusterEngineProps{
		Version: awsrds.AuroraMysqlEngineVersion_Of(&env.Database.EngineVersion, jsii.String(env.Database.MajorVersion())),
	})
	clusterParameters := awsrds.NewParameterGroup(scope, jsii.String("DatabaseClusterParameters"), &awsrds.ParameterGroupProps{
		Engine:      engine,
		Description: jsii.String("TLS required, binary log for schema changes, utf8mb4, audit log"),
		Parameters:  parameters(env.Database.ClusterParameters()),
	})
	instanceParameters := awsrds.NewParameterGroup(scope, jsii.String("DatabaseInstanceParameters"), &awsrds.ParameterGroupProps{
		Engine:      engine,
		Description: jsii.String("Metadata locks can be watched and are not waited for all year, slow query log"),
		Parameters:  parameters(env.Database.InstanceParameters()),
	})
	instance := func(name string, scaleWithWriter bool) awsrds.IClusterInstance {
		return awsrds.ClusterInstance_ServerlessV2(&name, &awsrds.ServerlessV2ClusterInstanceProps{
			ParameterGroup:            instanceParameters,
			CaCertificate:             awsrds.CaCertificate_RDS_CA_RSA2048_G1(),
			EnablePerformanceInsights: jsii.Bool(true),
			AutoMinorVersionUpgrade:   jsii.Bool(false), // the engine version decides what an ALTER locks
			ScaleWithWriter:           &scaleWithWriter,
			PubliclyAccessible:        jsii.Bool(false),
		})
	}
	var readers []awsrds.IClusterInstance
	for i := range env.Database.Readers {
		// The first reader is the failover target, so it is as large as the
		// writer.
		readers = append(readers, instance(fmt.Sprintf("Reader%d", i), i == 0))
	}
	cluster := awsrds.NewDatabaseCluster(scope, jsii.String("Database"), &awsrds.DatabaseClusterProps{
		Engine:                  engine,
		Writer:                  instance("Writer", false),
		Readers:                 &readers,
		ServerlessV2MinCapacity: &env.Database.MinCapacity,
		ServerlessV2MaxCapacity: &env.Database.MaxCapacity,
		DefaultDatabaseName:     &env.Database.Name,
		Port:                    jsii.Number(databasePort),
		Vpc:                     vpc,
		VpcSubnets:              &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED},
		Credentials:             awsrds.Credentials_FromGeneratedSecret(jsii.String(masterUser), &awsrds.CredentialsBaseOptions{EncryptionKey: encryptionKey(scope, "Database", env)}),
		IamAuthentication:       jsii.Bool(true),
		StorageEncrypted:        jsii.Bool(true),
		ParameterGroup:          clusterParameters,
		CloudwatchLogsExports:   jsii.Strings(databaseLogs...),
		Backup: &awsrds.BackupProps{
			Retention: awscdk.Duration_Days(jsii.Number(env.Database.BackupDays)),
		},
		CopyTagsToSnapshot: jsii.Bool(true),
		// There are no windows: RDS picks half an hour of the region's night.
		DeletionProtection: &env.DeletionProtection,
		RemovalPolicy:      removalPolicy(env),
	})
	for _, kind := range databaseLogs {
		adoptLogGroup(scope, "Database"+strings.ToUpper(kind[:1])+kind[1:]+"Logs", env, "/aws/rds/cluster/"+*cluster.ClusterIdentifier()+"/"+kind)
	}
	resource := cluster.Node().DefaultChild().(awsrds.CfnDBCluster)
	// For another major version, RDS needs the new groups of the instances
	// together with that of the cluster; CloudFormation would set them later.
	resource.SetDbInstanceParameterGroupName(instanceParameters.BindToInstance(&awsrds.ParameterGroupInstanceBindOptions{}).ParameterGroupName)
	if env.Database.MajorUpgrade != "" {
		resource.AddMetadata(jsii.String(diff.MajorUpgradeKey), env.Database.MajorUpgrade)
	}
	// CDK deletes the subnet group and the instances with the stack unless the
	// policy is RETAIN itself, and a cluster that stays needs both.
	for _, part := range *cluster.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		switch part := part.(type) {
		case awsrds.CfnDBSubnetGroup:
			part.ApplyRemovalPolicy(removalPolicy(env), nil)
		case awsrds.CfnDBInstance:
			part.ApplyRemovalPolicy(removalPolicy(env), nil)
		case awssecretsmanager.CfnSecret:
			part.ApplyRemovalPolicy(removalPolicy(env), nil)
		}
	}
	return cluster
}
