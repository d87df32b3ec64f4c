// Package schemachange defines the one-off Fargate task that changes the database's
// schema with noren ddl while the application keeps reading.
package schemachange

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// Props configures a SchemaChange.
type Props struct {
	// Vpc has private subnets in which the task runs. Required.
	Vpc awsec2.IVpc

	// Cluster is where the task runs. Required.
	Cluster awsecs.ICluster

	// Database is the database to change. It needs IAM authentication, and User
	// must exist in it. Required.
	Database awsrds.DatabaseCluster

	// Readers says that the application reads from readers of the database. A run
	// then watches its effect on them. Default: false.
	Readers bool

	// DatabaseName is the schema to change. Required.
	DatabaseName string

	// User changes the schema of the database and of its clone. It logs in with
	// an IAM token. Default: schemachange.
	User string

	// Planner is the user who plans. It must exist, and must not be able to write
	// outside the scratch schema. It logs in with an IAM token. Default:
	// schemaplan.
	Planner string

	// Changes is the folder of .sql files and their rehearsals, which the image
	// holds as /changes. Required without Image.
	Changes string

	// Image is an ARM64 image with noren as its entry point, the changes, and
	// Amazon's certificates for RDS at /etc/ssl/certs/rds-global-bundle.pem.
	// Default: built on deploy, which needs a Docker engine.
	Image awsecs.ContainerImage

	// LogRetention is how long the log is kept. Default: one month.
	LogRetention awslogs.RetentionDays

	// EncryptionKey encrypts the log. Its policy must let CloudWatch Logs use it.
	// Default: a key of AWS.
	EncryptionKey awskms.IKey
}

// SchemaChange is a task definition and the resources needed to run it.
type SchemaChange struct {
	// Task runs noren ddl. Its command is given when it starts.
	Task awsecs.FargateTaskDefinition

	// SecurityGroup is the task's security group, which the database admits.
	SecurityGroup awsec2.SecurityGroup

	// SubnetIDs are the subnets in which it runs.
	SubnetIDs *[]*string

	// LogGroup receives noren's output.
	LogGroup awslogs.LogGroup

	// CopyRole is the role that the task assumes for a change of a copy, and for
	// nothing else: it creates, switches and deletes RDS Blue/Green deployments.
	CopyRole awsiam.Role

	// Commands are the steps of a change.
	Commands Commands
}

// New defines a SchemaChange in scope. It panics if props are invalid.
func New(scope constructs.Construct, id string, props Props) SchemaChange {
	path := *scope.Node().Path() + "/" + id
	if err := props.validate(); err != nil {
		panic(fmt.Errorf("schemachange %s: %w", path, err))
	}
	image := props.Image
	if image == nil {
		dir, err := buildContext(props.Changes)
		if err != nil {
			panic(fmt.Errorf("schemachange %s: %w", path, err))
		}
		image = imageOf(dir)
	}

	this := constructs.NewConstruct(scope, &id)
	user, planner := cmp.Or(props.User, "schemachange"), cmp.Or(props.Planner, "schemaplan")
	logs := awslogs.NewLogGroup(this, jsii.String("Logs"), &awslogs.LogGroupProps{
		Retention:     cmp.Or(props.LogRetention, awslogs.RetentionDays_ONE_MONTH),
		EncryptionKey: props.EncryptionKey,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	task := awsecs.NewFargateTaskDefinition(this, jsii.String("Task"), &awsecs.FargateTaskDefinitionProps{
		Cpu:             jsii.Number(256),
		MemoryLimitMiB:  jsii.Number(512),
		RuntimePlatform: &awsecs.RuntimePlatform{CpuArchitecture: awsecs.CpuArchitecture_ARM64(), OperatingSystemFamily: awsecs.OperatingSystemFamily_LINUX()},
	})
	copyRole := newCopyRole(this, task, props.Database)
	variables := map[string]*string{
		"AWS_REGION": awscdk.Stack_Of(this).Region(),
		"DB_HOST":    props.Database.ClusterEndpoint().Hostname(),
		"DB_PORT":    awscdk.Token_AsString(props.Database.ClusterEndpoint().Port(), nil),
		"DB_NAME":    &props.DatabaseName,
		"DB_USER":    &user,
		"DB_TLS_CA":  jsii.String("/etc/ssl/certs/rds-global-bundle.pem"),

		"PLAN_DB_USER": &planner,

		"COPY_ROLE_ARN": copyRole.RoleArn(),
	}
	if props.Readers {
		variables["DB_READER_HOST"] = props.Database.ClusterReadEndpoint().Hostname()
	}
	task.AddContainer(jsii.String("noren"), &awsecs.ContainerDefinitionOptions{
		Image:                  image,
		Command:                jsii.Strings("ddl", "--help"), // without a change it does nothing
		Environment:            &variables,
		ReadonlyRootFilesystem: jsii.Bool(true),
		// SIGTERM ends the ALTER and leaves a clean journal, which takes a
		// moment.
		StopTimeout: awscdk.Duration_Seconds(jsii.Number(120)),
		Logging:     awsecs.LogDrivers_AwsLogs(&awsecs.AwsLogDriverProps{LogGroup: logs, StreamPrefix: jsii.String("task")}),
	})
	users := []*string{LoginARN(this, user), LoginARN(this, planner)}
	task.AddToTaskRolePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Actions: jsii.Strings("rds-db:connect"), Resources: &users}))

	group := awsec2.NewSecurityGroup(this, jsii.String("SecurityGroup"), &awsec2.SecurityGroupProps{
		Vpc:         props.Vpc,
		Description: jsii.String("The task that changes the schema of the database"),
	})
	props.Database.Connections().AllowDefaultPortFrom(group, jsii.String("Changes the schema"))
	subnets := props.Vpc.SelectSubnets(&awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS}).SubnetIds
	return SchemaChange{
		Task: task, SecurityGroup: group, SubnetIDs: subnets, LogGroup: logs, CopyRole: copyRole,
		Commands: commands(this, props, task, subnets, group, *logs.LogGroupName()),
	}
}

// LoginARN returns the resource on which to grant rds-db:connect for a database
// user. It names the user on any cluster of the account and region, so that the
// right also holds for a clone and for the cluster that follows a switchover or a
// restore. Whether the user exists is up to the cluster.
func LoginARN(scope constructs.Construct, user string) *string {
	return awscdk.Stack_Of(scope).FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("rds-db"), Resource: jsii.String("dbuser"), ResourceName: jsii.String("cluster-*/" + user), ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
	})
}

func (p Props) validate() error {
	var errs []error
	for _, required := range []struct {
		name    string
		missing bool
	}{
		{"Vpc", p.Vpc == nil}, {"Cluster", p.Cluster == nil}, {"Database", p.Database == nil}, {"DatabaseName", p.DatabaseName == ""},
	} {
		if required.missing {
			errs = append(errs, fmt.Errorf("%s is required", required.name))
		}
	}
	switch {
	case p.Image != nil && p.Changes != "":
		errs = append(errs, errors.New("Changes are in the image that noren builds: give either Changes or Image"))
	case p.Image == nil && p.Changes == "":
		errs = append(errs, errors.New("Changes is required, the folder of .sql files, or an Image that holds them"))
	}
	for name, user := range map[string]string{"User": p.User, "Planner": p.Planner} {
		if strings.ContainsAny(user, "'\"` */") {
			errs = append(errs, fmt.Errorf("%s must be a plain MySQL user name, got %q", name, user))
		}
	}
	if cmp.Or(p.User, "schemachange") == cmp.Or(p.Planner, "schemaplan") {
		errs = append(errs, fmt.Errorf("User and Planner are both %q: want two users, or a plan could write", cmp.Or(p.User, "schemachange")))
	}
	return errors.Join(errs...)
}
